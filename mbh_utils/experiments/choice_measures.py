"""Specialization where every network has equally many neurons to choose from, and of heaps.

The maximal pattern of a wide layer has more neurons to choose from. So specialization is measured
once more: with as many random candidates in every network, with its best few neurons, with the few
that a class's images agree on most; and of a heap, which is several separate networks taken as one.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from mbh_utils import datasets
from mbh_utils.blankets.candidates import (
    among_candidates,
    best_few,
    blanket_shares,
    joined,
    masks_of,
    on_samples,
    random_sets,
    weight_under,
)
from mbh_utils.blankets.maximal_pattern import Constraints, greedy_constraints
from mbh_utils.computing.seeds import stream
from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run
from mbh_utils.networks import Setup, hidden_layers, layer_widths
from mbh_utils.regions.bits import pack_words, unpack_words, words_of
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.patterns import preactivations
from mbh_utils.regions.planes import Plane

#: How the neurons are chosen that a pattern may constrain.
METHODS = ("random", "varying", "first", "best")
#: Decimals that are kept of shares: more would make tables large and tell nothing.
_DECIMALS = 3


class Phenomenon(NamedTuple):
    """Images whose maximal pattern is looked for: those of a class, or random ones."""

    is_class: bool
    images: np.ndarray  # which ones, (n,) bool


def phenomena_of(samples: datasets.Samples, n_random: int) -> list[Phenomenon]:
    """Every class, and so many random sets of as many images as a class has."""
    n = len(samples)
    classes = np.unique(samples.labels)
    found = [Phenomenon(True, samples.labels == c) for c in classes]
    for i in range(n_random):
        drawn = stream(i, "random phenomenon").choice(n, n // len(classes), replace=False)
        found.append(Phenomenon(False, np.isin(np.arange(n), drawn)))
    return found


def other_planes(
    dataset: str, planes: int, domain: str = "square", margin: float | None = 1.5
) -> list[Plane]:
    """Planes through other images than those of :class:`PlaneSet`, to choose neurons on."""
    data = datasets.load(dataset)
    finite: dict = {"margin": margin}
    if domain == "box":
        finite = {"domain": "box", "low": data.low, "high": data.high}
    found = []
    for i in range(planes):
        rng = stream(i, "other planes")
        classes = rng.permutation(data.n_classes)[:3]
        images = np.stack([rng.choice(data.validation.of_class(int(c)).images) for c in classes])
        found.append(Plane.through(images, **finite))
    return found


# ------------------------------------------------------------------------- patterns of few neurons


class _Chooser(NamedTuple):
    """How neurons are chosen, and among which."""

    method: str
    bits: np.ndarray  # states of the neurons in scope on all samples, (n, k)
    coverages: Sequence[float]
    sizes: list[int]
    draws: int
    seed: int
    regions: tuple[np.ndarray, np.ndarray]  # patterns on other planes, and their areas

    def constraints(self, images: np.ndarray) -> Iterator[tuple[int, int, Constraints]]:
        """For each size and c_P, by their places, the constraints for these samples."""
        bits = self.bits[images]
        if self.method == "best":
            for j, c in enumerate(self.coverages):
                found = best_few(bits, *self.regions, coverage=c, sizes=self.sizes)
                yield from ((i, j, one) for i, one in enumerate(found))
        elif self.method == "first":
            for j, whole in enumerate(greedy_constraints(bits, self.coverages)):
                states = 2 * bits.sum(axis=0) > len(bits)
                for i, size in enumerate(self.sizes):
                    yield i, j, on_samples(bits, whole.neurons[:size], states)
        else:
            for i, chosen in self._sets:
                found = among_candidates(bits, chosen, self.coverages)
                yield from ((i, j, one) for j, one in enumerate(found))

    @property
    def _sets(self) -> list[tuple[int, np.ndarray]]:
        """Random sets of candidates, of all neurons or of those whose state varies."""
        pool = np.arange(self.bits.shape[1])
        if self.method == "varying":
            pool = np.flatnonzero(self.bits.any(axis=0) & ~self.bits.all(axis=0))
        found = []
        for i, size in enumerate(self.sizes):
            sets = random_sets(len(pool), size, self.draws, self.seed)
            found += [(i, pool[chosen]) for chosen in sets]
        return found


def _patterns_on(layers: list[tuple], planes: Sequence[Plane]) -> tuple[np.ndarray, np.ndarray]:
    """Last-layer patterns (r, k) float32 on some planes, and the share of the planes of each."""
    width = layer_widths(layers)[-1]
    words = [np.zeros((0, words_of(width)), np.uint64)]
    shares = [np.zeros(0)]
    with closing(partitions(layers, planes, keep=("areas", "patterns"))) as found:
        for regions in found:
            last = regions.packed[:, -words_of(width) :]
            merged, areas = joined(last, regions.areas / (regions.plane.area * len(planes)))
            words.append(merged)
            shares.append(areas)
    (states,) = unpack_words((width,), np.concatenate(words))
    return states.astype(np.float32), np.concatenate(shares).astype(np.float32)


def choice_table(
    layers: list[tuple],
    samples: datasets.Samples,
    planes: Sequence[Plane],
    coverages: Sequence[float],
    *,
    method: str,
    candidates: Sequence[int],
    draws: int,
    phenomena: int = 0,
    scope: str = "last",
    seed: int = 0,
    others: Sequence[Plane] = (),
) -> pd.DataFrame:
    """Specialization with so many neurons to choose from; a row per number x c_P x plane.

    method: "random" candidates; random ones of the neurons whose state is "varying" over the
    samples; at most so many constraints, those that Algorithm 3 takes "first", or those that are
    "best" on the planes ``others``. More candidates than there are neurons are left out.

    Columns: candidates, coverage, plane; means over classes and draws of s, own and others (shares
    of the class's samples and of all others that satisfy the pattern) and n_constraints; s_chance,
    the s of ``phenomena`` sets of random images, NaN without any.
    """
    by_layer = [z > 0 for z in preactivations(layers, samples.images)]
    widths = layer_widths(layers)
    first = 0 if scope == "all" else sum(widths[:-1])
    bits = np.concatenate(by_layer, axis=1)[:, first:]
    sizes = [k for k in candidates if k <= bits.shape[1]]
    regions = _patterns_on(layers, others)
    chooser = _Chooser(method, bits, coverages, sizes, draws, seed, regions)
    facts = []
    constraints = []
    for phenomenon in phenomena_of(samples, phenomena):
        n_own = int(phenomenon.images.sum())
        for i, j, found in chooser.constraints(phenomenon.images):
            facts.append((i * len(coverages) + j, phenomenon.is_class, n_own))
            constraints.append(found)
    cell, is_class, n_own = np.array(facts).T
    masks, values = masks_of(widths, first, constraints)
    with closing(partitions(layers, planes, keep=("areas", "patterns"))) as partition:
        s = 1 - blanket_shares(partition, masks, values)
    words = np.concatenate([pack_words(layer) for layer in by_layer], axis=1)
    inside = weight_under(words, np.ones(len(words)), masks, values)
    own = np.array([c.share for c in constraints])
    lengths = np.array([len(c.neurons) for c in constraints])
    seen = np.stack([own, (inside - own * n_own) / (len(words) - n_own), lengths])
    means = _means(np.concatenate([s, seen]), cell, is_class == 1)
    chance = _means(s, cell, is_class == 0, n_cells=means.shape[1])
    cells = pd.MultiIndex.from_product([sizes, coverages], names=["candidates", "coverage"])
    tables = []
    for plane in range(len(s)):
        table = pd.DataFrame({"plane": plane, "s": means[plane]}, index=cells)
        more = dict(zip(("own", "others", "n_constraints"), means[len(s) :], strict=True))
        tables.append(table.assign(s_chance=chance[plane], **more).reset_index())
    keys = ["candidates", "coverage", "plane"]
    return pd.concat(tables).sort_values(keys, ignore_index=True).round(_DECIMALS)


def _means(
    values: np.ndarray, cell: np.ndarray, here: np.ndarray, n_cells: int | None = None
) -> np.ndarray:
    """The mean of each row (r, m) in each cell, over those that count; NaN where there are none."""
    n_cells = int(cell.max()) + 1 if n_cells is None else n_cells
    counts = np.bincount(cell[here], minlength=n_cells)
    sums = [np.bincount(cell[here], weights=row[here], minlength=n_cells) for row in values]
    with np.errstate(invalid="ignore"):
        return np.array(sums) / counts


# ------------------------------------------------------------------------------------- the measure


def _choice(
    subject: Subject,
    *,
    method: str,
    scope: str,
    planes: int,
    domain: str,
    coverages: Sequence[float],
    candidates: Sequence[int],
    draws: int,
    phenomena: int,
    others: int = 0,
    margin: float | None = None,
) -> pd.DataFrame:
    dataset = subject.raw.name
    table = choice_table(
        subject.layers,
        subject.raw.validation,
        PlaneSet(planes, domain, margin).of(dataset),
        coverages,
        method=method,
        candidates=candidates,
        draws=draws,
        phenomena=phenomena,
        scope=scope,
        seed=subject.case.run.seed,
        others=other_planes(dataset, others, domain, margin),
    )
    facts = {"method": method, "scope": scope, "domain": domain}
    return table.assign(**facts)[[*facts, *table]]


def _choice_seconds(case: Case, planes: int, candidates: Sequence[int], **options) -> float:
    tried = sum(k for k in candidates if k <= sum(case.run.hidden))
    patterns = 0.2 + 5e-3 * tried
    return estimates.pattern_seconds(case) + estimates.partition_seconds(case, planes) + patterns


CHOICE = register(
    Measure(
        name="choice",
        columns=(
            "method",
            "scope",
            "domain",
            "candidates",
            "coverage",
            "plane",
            "s",
            "s_chance",
            "own",
            "others",
            "n_constraints",
        ),
        compute=_choice,
        seconds=_choice_seconds,
    )
)


def _widths(profile: Profile, scope: str) -> tuple[int, ...]:
    """The last layers' widths of the family, or all its hidden neurons; and 1 or the narrowest."""
    last = {hidden[-1] for hidden in profile.family.architectures}
    if scope == "last":
        return (1, *sorted(last))
    neurons = {sum(hidden) for hidden in profile.family.architectures}
    return tuple(sorted({min(last)} | neurons))


def _options(
    profile: Profile,
    method: str,
    coverages: Sequence[float],
    *,
    scope: str = "last",
    phenomena: int = 0,
    others: int = 0,
) -> list[dict]:
    """In both domains, on all planes."""
    return [
        {
            **PlaneSet(profile.planes, domain=domain).settings,
            "method": method,
            "scope": scope,
            "coverages": tuple(coverages),
            "candidates": _widths(profile, scope),
            "draws": profile.candidate_draws,
            "phenomena": phenomena,
            **({"others": others} if others else {}),
        }
        for domain in ("square", "box")
    ]


#: Minimum coverages of the main comparison, and of its variants.
COVERAGES = (0.5, 0.8, 0.95, 1.0)
FEW_COVERAGES = (0.8, 0.95)


def random_options(profile: Profile) -> list[dict]:
    """Random candidates of the last layer, beside random phenomena."""
    return _options(profile, "random", COVERAGES, phenomena=profile.random_phenomena)


def other_pool_options(profile: Profile) -> list[dict]:
    """Random candidates whose state varies, and of all hidden layers."""
    varying = _options(profile, "varying", FEW_COVERAGES)
    return [*varying, *_options(profile, "random", FEW_COVERAGES, scope="all")]


def few_constraint_options(profile: Profile) -> list[dict]:
    """Few constraints: the best ones, and the first ones of Algorithm 3."""
    best = _options(profile, "best", FEW_COVERAGES, others=profile.few_planes)
    return [*best, *_options(profile, "first", FEW_COVERAGES)]


# ------------------------------------------------------------------------------------------- heaps


class Heap(NamedTuple):
    """Several separate networks of one set-up, as large together as one network of another."""

    like: int  # number of the set-up that they are as large as
    setup: int
    hidden: tuple[int, ...]
    parameters: int
    members: int


def heaps_of(setups: Sequence[Setup]) -> list[Heap]:
    """The heaps that have nearly as many neurons in each layer, and parameters, as a set-up has.

    "Nearly" is up to 11 % off. Of several heaps like one set-up that with the fewest members is
    taken; where no set-up has one, the heap that is least off.
    """
    found = []
    for like in setups:
        for one in setups:
            for members in (2, 3, 4):
                sizes = [members * n / m for n, m in zip(one.hidden, like.hidden, strict=True)]
                sizes.append(members * one.parameters / like.parameters)
                off = max(abs(size - 1) for size in sizes)
                heap = Heap(like.number, one.number, one.hidden, one.parameters, members)
                found.append((off, heap))
    near = [heap for off, heap in found if off <= 0.11]
    fewest = {heap.like: heap for heap in sorted(near, key=lambda heap: -heap.members)}
    return [fewest[number] for number in sorted(fewest)] or [min(found)[1]]


def side_by_side(networks: Sequence[list[tuple]]) -> list[tuple]:
    """The hidden layers of several networks as those of one, whose parts are not connected."""
    first = [layers[0] for layers in networks]
    merged = [(np.concatenate([w for w, _ in first]), np.concatenate([b for _, b in first]))]
    for depth in range(1, len(networks[0])):
        here = [layers[depth] for layers in networks]
        biases = np.concatenate([bias for _, bias in here])
        merged.append((np.asarray(block_diag(*(weight for weight, _ in here))), biases))
    return merged


def _runs_of_heap(case: Case, heap: Sequence, models: int) -> list[Run]:
    """Its networks: those of as many models, beginning with the case's own number."""
    found = Heap(*heap)
    seeds = [(case.run.seed + i) % models for i in range(found.members)]
    changes = {"hidden": tuple(found.hidden), "parameters": found.parameters}
    return [replace(case.run, seed=seed, **changes) for seed in seeds]


def _heaps(
    subject: Subject,
    *,
    heaps: Sequence[Sequence],
    models: int,
    planes: int,
    domain: str,
    coverages: Sequence[float],
    margin: float | None = None,
) -> pd.DataFrame:
    (heap,) = (heap for heap in heaps if heap[0] == subject.case.setup.number)
    members = [
        hidden_layers(subject.network_of(subject.case._replace(run=run)))
        for run in _runs_of_heap(subject.case, heap, models)
    ]
    tables = []
    for layers in (subject.layers, side_by_side(members)):
        table = choice_table(
            layers,
            subject.raw.validation,
            PlaneSet(planes, domain, margin).of(subject.raw.name),
            coverages,
            method="random",
            candidates=[layer_widths(layers)[-1]],
            draws=1,
        )
        tables.append(table)
    one, several = tables
    return pd.DataFrame(
        {
            "members": Heap(*heap).members,
            "member_setup": Heap(*heap).setup,
            "domain": domain,
            "coverage": one["coverage"],
            "plane": one["plane"],
            "s": one["s"],
            "s_heap": several["s"],
            "others": one["others"],
            "others_heap": several["others"],
        }
    )


def _heap_members(case: Case, heaps: Sequence[Sequence], models: int, **options) -> list[Case]:
    (heap,) = (heap for heap in heaps if heap[0] == case.setup.number)
    return [case._replace(run=run) for run in _runs_of_heap(case, heap, models)]


def _heap_seconds(case: Case, planes: int, **options) -> float:
    return 2 * (estimates.pattern_seconds(case) + estimates.partition_seconds(case, planes))


HEAPS = register(
    Measure(
        name="heaps",
        columns=(
            "members",
            "member_setup",
            "domain",
            "coverage",
            "plane",
            "s",
            "s_heap",
            "others",
            "others_heap",
        ),
        compute=_heaps,
        seconds=_heap_seconds,
        needs=_heap_members,
    )
)


def heap_options(profile: Profile) -> list[dict]:
    """All heaps of the profile, in both domains."""
    heaps = tuple(tuple(heap) for heap in heaps_of(profile.setups))
    return [
        {
            **PlaneSet(profile.planes, domain=domain).settings,
            "coverages": FEW_COVERAGES,
            "heaps": heaps,
            "models": profile.models,
        }
        for domain in ("square", "box")
    ]
