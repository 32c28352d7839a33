"""The integer programme behind optimal patterns: which constraints exclude most area.

A constraint (a neuron with a state) *excludes* the regions where the neuron has the other state,
and *drops* the samples that dissent. Chosen are constraints that together drop few samples, and
exclude as much area as they can. Before HiGHS is asked, a programme is made small: equal rows are
merged, constraints that another one makes needless are left out, and so are those that no choice
as good as one found by local search can contain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Areas are shares of the domain; smaller differences are rounding.
_SMALL = 1e-9
#: Weights of samples are whole numbers: sums differ from them by less.
_HALF = 0.5
#: Rounds of local search; each improves what was found.
_MOST_ROUNDS = 50


class Programme(NamedTuple):
    """Constraints to choose from, and what each does to samples and regions.

    Attributes
    ----------
    dissent : ndarray of bool, shape (n, k)
        Which samples each constraint drops.
    samples : ndarray of float, shape (n,)
        How many samples each row stands for.
    outside : ndarray of bool, shape (r, k)
        Which regions each constraint excludes.
    areas : ndarray of float, shape (r,)
        Their areas, as shares of all.
    inside : float
        The area that no constraint excludes.
    allowed : int
        How many samples may be dropped.
    most : int or None
        How many constraints may be chosen.
    names : ndarray of int, shape (k,)
        The number of each constraint where the programme comes from.
    """

    dissent: np.ndarray
    samples: np.ndarray
    outside: np.ndarray
    areas: np.ndarray
    inside: float
    allowed: int
    most: int | None
    names: np.ndarray

    @property
    def total(self) -> float:
        """The area with no constraint."""
        return self.inside + float(self.areas.sum())

    def dropped(self, chosen: list[int]) -> float:
        """How many samples these constraints drop together."""
        return float(self.samples[self.dissent[:, chosen].any(axis=1)].sum())

    def excluded(self, chosen: list[int]) -> float:
        """The area that they exclude together."""
        return float(self.areas[self.outside[:, chosen].any(axis=1)].sum())

    def share(self, chosen: list[int]) -> float:
        """The area that they leave."""
        left = ~self.outside[:, chosen].any(axis=1)
        return self.inside + float(self.areas[left].sum())

    def closed(self, chosen: list[int]) -> list[int]:
        """All constraints that drop no other samples than these do together."""
        covered = ~self.dissent[:, chosen].any(axis=1)
        return np.flatnonzero(~self.dissent[covered].any(axis=0)).tolist()


def merged_rows(rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of a bit matrix, and the sum of the weights of each."""
    if not rows.shape[1]:
        return rows[:1], weights.sum(keepdims=True)[: len(rows)]
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    sums = np.bincount(number.ravel(), weights=weights, minlength=len(first))
    return rows[first], sums


def merged(programme: Programme) -> Programme:
    """The same with equal samples and equal regions as one, without those that nothing touches."""
    dissent, samples = merged_rows(programme.dissent, programme.samples)
    is_dropped = dissent.any(axis=1)
    outside, areas = merged_rows(programme.outside, programme.areas)
    is_excluded = outside.any(axis=1)
    return programme._replace(
        dissent=dissent[is_dropped],
        samples=samples[is_dropped],
        outside=outside[is_excluded],
        areas=areas[is_excluded],
        inside=programme.inside + float(areas[~is_excluded].sum()),
    )


def _of(programme: Programme, kept: np.ndarray) -> Programme:
    """The programme with these of its constraints only."""
    return merged(
        programme._replace(
            dissent=programme.dissent[:, kept],
            outside=programme.outside[:, kept],
            names=programme.names[kept],
        )
    )


def _subsets(columns: np.ndarray) -> np.ndarray:
    """Whether column i of a bit matrix is a subset of column j, (k, k) bool."""
    ones = columns.astype(np.float32)
    return ones.T @ (1 - ones) < _HALF


def reduced(programme: Programme) -> Programme:
    """The same optimum with fewer constraints.

    While their number is free, a constraint brings with it all those that drop no other samples. A
    constraint that excludes no more than another, and drops no fewer, is left out.
    """
    programme = merged(programme)
    drops_less = _subsets(programme.dissent)
    if programme.most is None:
        brings = programme.outside.astype(np.float32) @ drops_less.astype(np.float32)
        programme = programme._replace(outside=brings > _HALF)
    excludes_less = _subsets(programme.outside)
    is_beaten = excludes_less & drops_less.T  # [i, j]: constraint j is at least as good as i
    k = len(programme.names)
    is_first = np.arange(k)[None, :] < np.arange(k)[:, None]  # of equally good ones
    beaten = (is_beaten & (~is_beaten.T | is_first)).any(axis=1)
    kept = np.flatnonzero(~beaten & programme.outside.any(axis=0))
    return _of(programme, kept)


# ------------------------------------------------------------------------------------ local search


def _completed(
    programme: Programme, chosen: list[int], per_sample: bool, without: int | None = None
) -> list[int]:
    """Constraints added one by one, each time the one that excludes most area (per sample)."""
    chosen = list(chosen)
    most = len(programme.names) if programme.most is None else programme.most
    while len(chosen) < most:
        covered = ~programme.dissent[:, chosen].any(axis=1)
        left = ~programme.outside[:, chosen].any(axis=1)
        room = programme.allowed - programme.samples[~covered].sum()
        cost = programme.samples[covered] @ programme.dissent[covered]
        gain = programme.areas[left] @ programme.outside[left]
        can_be = (cost < room + _HALF) & (gain > 0)
        if without is not None:
            can_be[without] = False
        if not can_be.any():
            break
        worth = gain / np.maximum(cost, _HALF) if per_sample else gain
        chosen.append(int(np.where(can_be, worth, -1.0).argmax()))
    return chosen


def searched(programme: Programme) -> list[int]:
    """A good choice of constraints, by local search; the same each time."""
    best: list[int] = []
    most_area = 0.0

    def is_better(start: list[int], without: int | None = None) -> bool:
        """Whether a start leads to a better choice, which is kept then."""
        nonlocal best, most_area
        found = False
        for per_sample in (True, False):
            chosen = _completed(programme, start, per_sample, without)
            if (area := programme.excluded(chosen)) > most_area + _SMALL:
                best = chosen
                most_area = area
                found = True
        return found

    every = range(len(programme.names))
    if programme.most == 0:
        return best
    for one in every:
        if programme.dropped([one]) <= programme.allowed:
            is_better([one])
    for _ in range(_MOST_ROUNDS):
        if not _is_improved_by_a_swap(programme, best, every, is_better):
            break
    return best


def _is_improved_by_a_swap(programme: Programme, best: list[int], every, is_better) -> bool:
    """Whether the choice gets better when one of its constraints makes room for others."""
    for gone in best:
        rest = [one for one in best if one != gone]
        if is_better(rest, without=gone):
            return True
        for new in every:
            fits = new not in best and programme.dropped([*rest, new]) <= programme.allowed
            if fits and is_better([*rest, new]):
                return True
    return False


# -------------------------------------------------------------- what no good choice can contain


def conflicts(programme: Programme, excluded: float) -> np.ndarray:
    """Pairs of constraints that no choice contains which excludes at least so much area.

    (k, k) bool; on the diagonal the constraints that no such choice contains. Either a pair drops
    too many samples, or even all constraints that still fit beside it exclude too little.
    """
    drops = programme.dissent.astype(np.float64)
    weighted = drops * programme.samples[:, None]
    alone = weighted.sum(axis=0)
    together = alone[:, None] + alone - weighted.T @ drops
    found = together > programme.allowed + _HALF
    n_known = -1
    while n_known != (n_known := int(found.sum())):
        for one in range(len(found)):
            if not found[one, one]:
                _add_conflicts_of(programme, found, one, together, excluded)
    return found


def _add_conflicts_of(
    programme: Programme,
    found: np.ndarray,
    one: int,
    together: np.ndarray,
    excluded: float,
) -> None:
    """Enter what cannot stand beside one constraint; all, if it cannot be chosen itself."""
    beside = np.flatnonzero(~found[one])
    covered = ~programme.dissent[:, one]
    drops = programme.dissent[covered][:, beside].astype(np.float32)
    samples = programme.samples[covered].astype(np.float32)
    costs = samples @ drops
    # Row j: what constraint j beside the first one costs, and what each other one then costs more.
    pairs = drops.T @ (drops * samples[:, None])
    costs_more = costs[None, :] - pairs
    room = programme.allowed - together[one, beside]
    fits = costs_more < room[:, None] + _HALF
    fits &= ~found[np.ix_(beside, beside)]
    reached = _reachable(programme, one, beside, fits)
    too_little = reached < excluded - _SMALL
    found[one, beside[too_little]] = True
    found[beside[too_little], one] = True
    if found[one, one]:  # a constraint beside itself: it alone
        found[one] = True
        found[:, one] = True


def _reachable(programme: Programme, one: int, beside: np.ndarray, fits: np.ndarray) -> np.ndarray:
    """The most area that can be excluded by one constraint, each one beside it, and what fits."""
    left = ~programme.outside[:, one]
    outside = programme.outside[left][:, beside].astype(np.float32)
    areas = programme.areas[left]
    gone = programme.areas[~left].sum()
    if programme.most is None:
        return gone + areas @ (outside @ fits.T.astype(np.float32) > _HALF)
    by_each = areas @ outside
    by_pair = outside.T @ (outside * areas[:, None])
    thirds = np.where(fits, by_each[None, :] - by_pair, 0.0)
    best = np.cumsum(-np.sort(-thirds, axis=1), axis=1)
    best = np.concatenate([np.zeros((len(best), 1)), best], axis=1)
    is_alone = beside == one
    n_more = np.minimum(programme.most - np.where(is_alone, 1, 2), len(beside))
    reached = gone + by_each + best[np.arange(len(best)), np.maximum(n_more, 0)]
    return np.where(n_more < 0, -np.inf, reached)


# --------------------------------------------------------------------------------- HiGHS is asked


class Solved(NamedTuple):
    """What HiGHS found.

    Attributes
    ----------
    chosen : list of int or None
        The constraints; None where time ran out before it found a choice.
    bound : float
        No choice leaves less area, among those that no conflict forbids.
    proven : bool
        Whether the choice is the best one.
    nodes : int
        Of its search tree.
    """

    chosen: list[int] | None
    bound: float
    proven: bool
    nodes: int


def solved(
    programme: Programme,
    forbidden: np.ndarray,
    *,
    known_share: float = 1.0,
    time_limit: float = np.inf,
    node_limit: int | None = None,
) -> Solved:
    """The best choice of constraints, by ``scipy.optimize.milp`` (HiGHS).

    ``known_share`` is the area that a known choice leaves: HiGHS stops within a millionth of it.
    Variables are y (a constraint is chosen), d (a sample is dropped) and r (a region is excluded);
    where y are whole numbers, so are the best d and r.
    """
    from scipy.optimize import Bounds, milp

    n, k = programme.dissent.shape
    scale = 1 / max(known_share, 1e-3)
    gain = np.concatenate([np.zeros(k + n), programme.areas * scale])
    options: dict = {"mip_rel_gap": 0.0, "time_limit": time_limit}
    if node_limit is not None:
        options["node_limit"] = node_limit
    found = milp(
        -gain,
        integrality=np.arange(len(gain)) < k,
        bounds=Bounds(0, 1),
        constraints=_rows(programme, forbidden),
        options=options,
    )
    bound = programme.inside
    if found.mip_dual_bound is not None and np.isfinite(found.mip_dual_bound):
        bound = max(bound, programme.total + found.mip_dual_bound / scale)
    chosen = None if found.x is None else np.flatnonzero(found.x[:k] > 0.5).tolist()
    return Solved(chosen, bound, found.status == 0, int(found.mip_node_count or 0))


def _rows(programme: Programme, forbidden: np.ndarray) -> list:
    """The rows of the programme, each of the kind: a sum of variables is at most a number."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    n, k = programme.dissent.shape
    r = len(programme.areas)
    dropped, by = np.nonzero(programme.dissent)
    which = np.arange(len(dropped))
    # Who dissents is dropped: y_k - d_i <= 0.
    ones = np.ones(len(dropped))
    drops = hstack(
        [
            csr_array((ones, (which, by)), shape=(len(which), k)),
            csr_array((-ones, (which, dropped)), shape=(len(which), n)),
            csr_array((len(which), r)),
        ]
    )
    # A region is excluded by a chosen constraint: r_j - sum of y_k <= 0.
    excludes = hstack(
        [-csr_array(programme.outside.astype(float)), csr_array((r, n)), eye_array(r)]
    )
    room = csr_array(np.concatenate([np.zeros(k), programme.samples, np.zeros(r)])[None, :])
    rows = [drops, excludes, room]
    limits = [np.zeros(len(which)), np.zeros(r), [programme.allowed]]
    first, second = np.nonzero(np.triu(forbidden, 1))
    if len(first):
        pair = np.arange(len(first))
        places = (np.concatenate([pair, pair]), np.concatenate([first, second]))
        rows.append(csr_array((np.ones(2 * len(first)), places), shape=(len(first), k + n + r)))
        limits.append(np.ones(len(first)))
    if programme.most is not None:
        rows.append(csr_array((np.arange(k + n + r) < k)[None, :].astype(float)))
        limits.append([programme.most])
    upper = np.concatenate(limits)
    lower = np.full(len(upper), -np.inf)
    return [LinearConstraint(vstack(rows).tocsc(), lower, upper)]  # pyright: ignore


def best_choice(
    programme: Programme, *, time_limit: float = np.inf, node_limit: int | None = None
) -> Solved:
    """The best choice, by the names of its constraints: local search, then HiGHS on what is left.

    Where their number is free, those that drop no other samples belong to it, named or not. At a
    limit it is the best one found so far. HiGHS is not asked where nothing is left to choose.
    """
    small = reduced(programme)
    chosen = searched(small)
    names = small.names[chosen].tolist()
    share = small.share(chosen)
    excluded = small.excluded(chosen)
    forbidden = conflicts(small, excluded)
    possible = np.flatnonzero(~np.diag(forbidden))
    rest = _of(small, possible)
    if not len(rest.areas) or share <= rest.inside + _SMALL:
        return Solved(names, share, True, 0)
    forbidden = forbidden[np.ix_(possible, possible)]
    found = solved(rest, forbidden, known_share=share, time_limit=time_limit, node_limit=node_limit)
    if found.chosen is not None and rest.dropped(found.chosen) <= rest.allowed:
        their_share = rest.share(found.chosen)
        if their_share < share:
            names = rest.names[found.chosen].tolist()
            share = their_share
    return found._replace(chosen=names, bound=min(found.bound, share))
