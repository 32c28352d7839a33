"""The hypervolume of a blanket in any dimension, however small, with an honest interval."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from mbh_utils.blankets import splitting
from mbh_utils.blankets.sampled import sampled_shares, shares_of_draws
from mbh_utils.blankets.unit_cube import Shortfall, UnitCube
from mbh_utils.computing import require
from mbh_utils.computing.progress import told_seconds
from mbh_utils.computing.screen import ChangingLine
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.blocks import Block
from mbh_utils.regions.lines import Line
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Plane

#: What random points are distributed like.
MEASURES = ("uniform", "marginals")
#: Shares from here on are counted.
_COUNTED_FROM = 0.01
#: Points of the first look, at least.
_LOOK = 2_000
#: Where the logarithms of the coarser runs spread wider than this, finer ones are needed.
_WIDEST = 1.2
#: Confidence of the intervals, and of the test whether two settings agree.
_CONFIDENCE = 0.95
_AGREEING = 0.99
#: Seconds until a progress line appears that nobody asked for.
_PATIENCE = 3.0


@dataclass(frozen=True)
class Hypervolume:
    """The share of a domain that a blanket takes, and how it was found.

    Attributes
    ----------
    share, low, high : float
        The share, and the limits of its 95 % interval.
    log10_share, log10_low, log10_high : float
        Their decimal logarithms; -inf of 0.
    method : {"exact", "counted", "splitting"}
        "exact": bounds of the pre-activations decide all. "counted": the points inside were
        counted. "splitting": multilevel splitting.
    levels : int
        Of splitting, the last one being the blanket; else 0.
    points, steps : int
        The numbers that it ended with, perhaps doubled.
    agrees : bool
        Whether two settings of splitting agree; if not, the interval reaches over both.
    passes : int
        Points that went through the network.
    seconds : float
        CPU seconds of this process.
    """

    share: float
    low: float
    high: float
    log10_share: float
    log10_low: float
    log10_high: float
    method: str
    levels: int
    points: int
    steps: int
    agrees: bool
    passes: int
    seconds: float

    def __repr__(self) -> str:
        how = {
            "exact": "exact",
            "counted": "counted",
            "splitting": f"splitting, {self.levels} levels",
        }[self.method]
        doubt = "" if self.agrees else ", settings disagree"
        return (
            f"Hypervolume({self.share:.3g}, 95 % from {self.low:.3g} to {self.high:.3g}; "
            f"{how}{doubt}, {self.passes:,} forward passes)"
        )


def hypervolume(
    network,
    pattern: DecisionPattern,
    domain: Plane | Line | Block,
    *,
    runs: int = 5,
    points: int = 1_000,
    steps: int = 20,
    doublings: int = 2,
    seed: int = 0,
    output_layer: bool = True,
    measure: str = "uniform",
    samples: Samples | ArrayLike | None = None,
    progress: bool | Callable[[float], None] | None = None,
) -> Hypervolume:
    """Share of a domain of any dimension that a blanket takes, be it 1/2 or 1e-20.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    pattern : DecisionPattern
        Its blanket is measured.
    domain : Plane, Line or Block
        ``Block.whole(data)`` is the whole input box of a data set.
    runs : int, default 5
        Independent runs of splitting, from 3 on. Their spread makes the interval.
    points : int, default 1000
        That each run moves, from 20 on.
    steps : int, default 20
        How often it moves them at each level, from 2 on.
    doublings : int, default 2
        How often points and steps are doubled at most, where two settings disagree.
    seed : int, default 0
        Of the random numbers; equal seeds give equal results.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.
    measure : {"uniform", "marginals"}, default "uniform"
        What a share is a share of. "uniform": of the domain's hypervolume. "marginals": of random
        images in which each pixel takes, independently of the others, a value that this pixel has
        in one of the samples.
    samples : Samples or array_like, shape (n, d), optional
        Of "marginals".
    progress : bool or callable, optional
        None: a line when it takes longer than a few seconds; True; False; or a function of the
        share of the work that is done.

    Returns
    -------
    Hypervolume
        share, low and high, their logarithms, and what it cost.

    Raises
    ------
    MBHError
        For a network, a pattern and a domain that do not fit each other, numbers too small for an
        interval, and samples that "marginals" wants and does not get, or "uniform" does not want;
        and for "marginals" on planes, lines and subspaces, where pixels have no values of their
        own.

    See Also
    --------
    sampled_shares : which counts many blankets with the same points, and sees none below 1e-5.

    Notes
    -----
    The share is V(B) / V(R_in) of Definition 4.7 of the thesis; for a maximal pattern, 1 - share is
    the specialization. Exact areas exist on planes only, :meth:`mbh_utils.Partition.blanket`.

    **Counting.** Shares from about 1 % on are counted by :func:`sampled_shares`, with
    runs x points x steps points and its exact binomial interval.

    **Splitting.** The shortfall of a point is the sum, over the constraints, of what a
    pre-activation is short of its state, over its standard deviation in the domain; it is 0 in the
    blanket. Each level lets a quarter of the points pass, those with the least shortfall; they are
    multiplied and move on, by new values of some coordinates, so many that about 30 % of the moves
    stay below the level. The share is the product of the shares that passed. A first run finds
    levels and moves. The others have them fixed: the mean of what they find is then right exactly,
    whatever the moves are, and all points that they visit count (waste-free sequential Monte
    Carlo; Au and Beck 2001, Cerou et al. 2012, Dau and Chopin 2022).

    **Interval.** A run's result is a product and spreads like a lognormal number. The interval is
    Cox's for the mean of one, with the quantile of t (Olsson 2005). Runs of half the points and
    half the steps are made before; where the two disagree, or the logarithms of those spread by
    more than 1.2, points and steps are doubled, and the finer runs become the coarse ones. What no
    interval can know of is a part of the blanket that no run has come to.

    **Empty blankets.** Where no point reaches the blanket, share and low are 0 and high is the
    upper limit of the share at the last level, within which the blanket lies. Cubes of more than 64
    dimensions are computed in float32.

    Examples
    --------
    Five coordinates of a cube, all of them above 0.99:

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(5), np.full(5, -0.99))]
    >>> cube = mbh.Block(np.zeros(5), None, low=np.zeros(5), high=np.ones(5))
    >>> found = mbh.hypervolume(layers, mbh.DecisionPattern(range(5), [True] * 5), cube, points=200)
    >>> found.method, bool(found.low < 0.01**5 < found.high), bool(found.high < 2 * found.low)
    ('splitting', True, True)
    """
    runs = require.whole("runs", runs, 3, 1_000)
    points = require.whole("points", points, 20, 10**6)
    steps = require.whole("steps", steps, 2, 10**5)
    doublings = require.whole("doublings", doublings, 0, 10)
    seed = require.whole("seed", seed, 0)
    output_layer = require.flag("output_layer", output_layer)
    require.choice("measure", measure, MEASURES)
    require.kind_of("pattern", pattern, DecisionPattern, "a DecisionPattern")
    require.kind_of("domain", domain, Plane | Line | Block, "a Plane, a Line or a Block")
    layers = read_network(network, output_layer=output_layer).layers()
    values = _checked_samples(measure, samples, domain)
    n_inputs = layers[0][0].shape[1]
    if len(domain.origin) != n_inputs:
        raise MBHError(
            f"domain lies in a space of {len(domain.origin)} dimensions, but the network takes "
            f"{n_inputs} inputs"
        )
    search = _Search(layers, pattern, domain, values, (runs, points, steps, doublings), seed)
    with _Line(progress) as line:
        return search.result(line)


def _checked_samples(measure: str, samples, domain) -> np.ndarray | None:
    """The images (n, d) that "marginals" takes values from."""
    if measure == "uniform":
        if samples is not None:
            raise MBHError('samples belong to measure="marginals"; "uniform" takes none')
        return None
    if samples is None:
        raise MBHError('measure="marginals" takes the values of pixels from samples: give them')
    if not isinstance(domain, Block) or domain.basis is not None:
        raise MBHError(
            'measure="marginals" needs the whole input box as domain, such as Block.whole(data): '
            "on a plane, a line or a subspace pixels have no values of their own"
        )
    images = require.numbers("samples", samples, (None, len(domain.origin)))
    if not len(images):
        raise MBHError("samples are empty: there is no value to take")
    if (images < domain.low).any() or (images > domain.high).any():
        raise MBHError("samples have values beyond the limits of domain")
    return images


class _Line:
    """How far the work is: a line, or calls of a function."""

    def __init__(self, wanted):
        if not (wanted is None or isinstance(wanted, bool | np.bool_) or callable(wanted)):
            raise MBHError(
                f"progress is {require.shown(wanted)}; expected None, True, False or a function of "
                "the share that is done"
            )
        self.call = wanted if callable(wanted) else None
        is_quiet = self.call is not None or wanted is False
        self.line = None if is_quiet else ChangingLine("hypervolume", 0.0 if wanted else _PATIENCE)
        self.started = time.perf_counter()

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_) -> None:
        if self.line is not None:
            self.line.__exit__()

    def part(self, begin: float, end: float) -> Callable[[float], None]:
        """What tells of a part of the work how far it is."""
        return lambda share: self.show(begin + share * (end - begin))

    def show(self, share: float) -> None:
        """So much is done."""
        if self.call is not None:
            self.call(share)
        elif self.line is not None:
            spent = told_seconds(time.perf_counter() - self.started)
            self.line.show(share, f"{share:.0%} of the runs, {spent}", last=share >= 1)


class _Search:
    """One call: a pattern, its domain, and the numbers of the search."""

    def __init__(self, layers, pattern, domain, values, sizes, seed):
        self.started = time.process_time()
        self.layers = layers
        self.pattern = pattern
        self.domain = domain
        self.values = values
        self.runs, self.points, self.steps, self.doublings = sizes
        self.seed = seed
        self.cube = UnitCube(layers[0], domain, values)
        self.shortfall = Shortfall(layers, pattern, self.cube)
        self.passes = 0

    def result(self, line: _Line) -> Hypervolume:
        """By bounds, else by counting, else by splitting."""
        certain = self._certain()
        if certain is not None:
            found = self._found("exact", [certain] * 3)
        elif self._look() >= _COUNTED_FROM:
            found = self._counted()
        else:
            found = self._split(line)
        line.show(1.0)
        return found

    def _stream(self, *numbers: int) -> np.random.Generator:
        return stream(self.seed, "splitting", *numbers)

    def _certain(self) -> float | None:
        """The share, where bounds decide it."""
        if self.shortfall.is_impossible:
            return 0.0
        if not self.shortfall.n_open:
            return 1.0
        if not self.cube.k:
            z = self.cube.first_layer(np.zeros((0, 1), self.cube.dtype))
            return float(self.shortfall.of(z)[0] <= 0)
        return None

    def _look(self) -> float:
        """A first guess of the share; the spread of pre-activations is found with it."""
        n = max(self.runs * self.points, _LOOK)
        z = self.cube.first_layer(self.cube.draw(n, self._stream(1)))
        self.shortfall.fit(z)
        self.passes += n
        return float((self.shortfall.of(z) <= 0).mean())

    def _counted(self) -> Hypervolume:
        n = self.runs * self.points * self.steps
        self.passes += n
        if self.values is None:
            whole = [self.pattern]
            table = sampled_shares(self.layers, whole, self.domain, n=n, seed=self.seed)
        else:
            rng = stream(self.seed, "pixel marginals")
            table = shares_of_draws(self.layers, [self.pattern], self._draw, n, _CONFIDENCE, rng)
        return self._found("counted", table[["share", "low", "high"]].to_numpy()[0])

    def _draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Images (n, d) of independent pixels."""
        assert self.values is not None
        chosen = rng.integers(len(self.values), size=(n, self.values.shape[1]))
        return np.take_along_axis(self.values, chosen, axis=0)

    # -------------------------------------------------------------------------------- splitting

    def _split(self, line: _Line) -> Hypervolume:
        """Runs of two settings, doubled until they agree.

        Whether the finer setting is good enough is told by the coarser one's spread: by its own,
        runs that happen to lie close together would be preferred, and their intervals be too small.
        """
        doubling = 0
        schedule = self._schedule(0, line.part(0, 0.1))
        half = (self.points // 2, max(self.steps // 2, 1))
        coarse = self._estimate(schedule, half, 0, line.part(0.1, 0.2))
        while True:
            sizes = (self.points << doubling, self.steps << doubling)
            is_last = doubling == self.doublings
            done = 1 - 0.8 * 0.25**doubling
            now = line.part(done, 1.0 if is_last else 1 - 0.2 * 0.25**doubling)
            fine = self._estimate(schedule, sizes, doubling + 1, now)
            is_fine = coarse.spread <= _WIDEST or not schedule.is_complete
            agrees = is_fine and _agree(coarse, fine, self.runs)
            if agrees or is_last:
                break
            doubling += 1
            coarse = fine
            schedule = self._schedule(doubling, line.part(done, done))
        logs = [fine.log_share, fine.log_low, fine.log_high]
        if not agrees:
            logs[1] = min(fine.log_low, coarse.log_low)
            logs[2] = max(fine.log_high, coarse.log_high)
        return self._found(
            "splitting",
            list(np.exp(logs)),
            logs10=[x / np.log(10) for x in logs],
            levels=len(schedule.thresholds),
            sizes=sizes,
            agrees=agrees,
        )

    def _schedule(self, doubling: int, tell) -> splitting.Schedule:
        sizes = (self.points << doubling, self.steps << doubling)
        rng = self._stream(2, doubling + 1)
        found, passes = splitting.find_schedule(self.cube, self.shortfall, *sizes, rng, tell)
        self.passes += passes
        return found

    def _estimate(self, schedule, sizes: tuple[int, int], which: int, tell) -> _Estimate:
        """What independent runs of one setting say together."""
        logs = []
        for i in range(self.runs):
            rng = self._stream(3, which + 1, i + 1)
            found, passes = splitting.run(
                self.cube,
                self.shortfall,
                schedule,
                *sizes,
                rng,
                lambda x, i=i: tell((i + x) / self.runs),
            )
            logs.append(found)
            self.passes += passes
        return _together(np.array(logs), schedule.is_complete)

    def _found(
        self, method: str, shares, logs10=None, levels=0, sizes=None, agrees=True
    ) -> Hypervolume:
        if logs10 is None:
            with np.errstate(divide="ignore"):
                logs10 = np.log10(shares)
        points, steps = sizes or (self.points, self.steps)
        return Hypervolume(
            *map(float, shares),
            *map(float, logs10),
            method=method,
            levels=levels,
            points=points,
            steps=steps,
            agrees=agrees,
            passes=self.passes,
            seconds=time.process_time() - self.started,
        )


@dataclass(frozen=True)
class _Estimate:
    """What the runs of one setting say, in natural logarithms."""

    log_share: float
    log_low: float
    log_high: float
    centre: float = np.nan
    variance: float = np.nan  # of the centre
    spread: float = np.inf  # standard deviation of the runs


def _together(logs: np.ndarray, is_complete: bool) -> _Estimate:
    """The estimate of runs (runs, levels), which may have died before the last level."""
    reached = np.isfinite(logs).all(axis=0)
    if not reached.any():
        return _Estimate(-np.inf, -np.inf, 0.0)
    last = int(np.flatnonzero(reached)[-1])
    centre, variance, spread = _cox(logs[:, last])
    wide = stats.t.ppf((1 + _CONFIDENCE) / 2, len(logs) - 1) * np.sqrt(variance)
    high = min(centre + wide, 0.0)
    with np.errstate(divide="ignore"):
        share = float(np.logaddexp.reduce(logs[:, -1]) - np.log(len(logs)))
    if not is_complete:
        return _Estimate(-np.inf, -np.inf, high)
    if last + 1 < logs.shape[1]:
        return _Estimate(share, -np.inf, high)
    low = min(centre - wide, share)
    return _Estimate(share, low, max(high, share), centre, variance, spread)


def _cox(logs: np.ndarray) -> tuple[float, float, float]:
    """The log of a lognormal number's mean, the variance of that, and the spread of the logs."""
    n = len(logs)
    variance = float(logs.var(ddof=1))
    of_centre = variance / n + variance**2 / (2 * (n - 1))
    return float(logs.mean()) + variance / 2, of_centre, float(np.sqrt(variance))


def _agree(coarse: _Estimate, fine: _Estimate, runs: int) -> bool:
    """Whether two settings say the same; where neither reaches the blanket, they do."""
    if np.isneginf(fine.log_low) or np.isneginf(coarse.log_low):
        return bool(np.isneginf([fine.log_share, coarse.log_share]).all())
    allowed = stats.t.ppf((1 + _AGREEING) / 2, 2 * (runs - 1))
    apart = abs(coarse.centre - fine.centre)
    return bool(apart <= allowed * np.sqrt(coarse.variance + fine.variance))
