"""Shares far too small to be counted: multilevel splitting.

Points move about in a domain. Level by level, those that miss the pattern least are kept and
multiplied, and the shares kept are multiplied up. A first run finds the levels. With levels that
are fixed beforehand, the product that another run finds is right on average, however slowly its
points move; runs that are independent of each other therefore tell how far off it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mbh_utils.blankets.unit_cube import Shortfall, UnitCube

#: The share of points that a level keeps.
KEPT = 0.25
#: The share of moves that shall succeed.
_ACCEPTED = 0.3
#: Smaller moves than this do not help.
_SMALLEST = 1e-9
#: Rounds of moves after which a level without progress is the last one.
_ROUNDS = 5
#: Shares below 1e-100 are not looked for.
_LOWEST = -100 * np.log(10)


@dataclass
class Schedule:
    """Levels, and how large moves are on the way to each.

    Attributes
    ----------
    thresholds : list of float
        The largest shortfall that each level lets pass; they decrease, to 0 at last.
    sizes : list of float
        Of the moves, see ``UnitCube.block``.
    log_share : float
        What the run that found it makes of the share at the last level.
    """

    thresholds: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)
    log_share: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether the last level is the blanket itself."""
        return bool(self.thresholds) and self.thresholds[-1] <= 0


class _Crowd:
    """Points on their way, as columns."""

    def __init__(self, cube: UnitCube, shortfall: Shortfall, n: int, rng: np.random.Generator):
        self.cube = cube
        self.shortfall = shortfall
        self.rng = rng
        self.passes = 0
        self.put(cube.draw(n, rng))

    def put(self, u: np.ndarray) -> None:
        """These points in place of those."""
        self.u = u
        self.z = self.cube.first_layer(u)
        self.short = self.shortfall.of(self.z)
        self.passes += len(self.short)
        self.waiting = self.rng.permutation(self.cube.k)

    def move(self, size: float, threshold: float) -> float:
        """Move every point that stays at or below the threshold so -> the share that moved.

        A move changes some coordinates of all points, in turn until all had theirs.
        """
        n, reach = self.cube.block(size)
        if len(self.waiting) < n:
            self.waiting = self.rng.permutation(self.cube.k)
        rows = self.waiting[:n]
        self.waiting = self.waiting[n:]
        before = self.u[rows]
        after = self.cube.moved(before, reach, self.rng)
        change = self.cube.values(after, rows) - self.cube.values(before, rows)
        z = self.cube.weight[:, rows] @ change
        z += self.z
        short = self.shortfall.of(z)
        self.passes += len(short)
        stays = short <= threshold
        if (inside := self.cube.allows(after)) is not None:
            stays &= inside
        self.u[rows] = np.where(stays, after, before)
        np.copyto(self.z, z, where=stays)
        np.copyto(self.short, short, where=stays)
        return float(stays.mean())


def find_schedule(
    cube: UnitCube,
    shortfall: Shortfall,
    points: int,
    steps: int,
    rng: np.random.Generator,
    tell: Callable[[float], None],
) -> tuple[Schedule, int]:
    """Levels that keep a quarter each, and moves that succeed often enough -> and forward passes.

    Levels end short of the blanket where no point comes nearer, or at a share of 1e-100.
    """
    crowd = _Crowd(cube, shortfall, points, rng)
    found = Schedule()
    size = cube.largest()
    visited = crowd.short
    first = None
    while not found.is_complete and found.log_share > _LOWEST:
        now = found.thresholds[-1] if found.thresholds else np.inf
        threshold = _next_threshold(visited, crowd.short, now)
        if threshold is None:
            break
        first = first or threshold
        tell(1 - max(threshold, 0) / first if first > 0 else 1.0)
        found.log_share += float(np.log((visited <= threshold).mean()))
        found.thresholds.append(threshold)
        if found.is_complete:
            break
        kept = np.flatnonzero(crowd.short <= threshold)
        crowd.put(crowd.u[:, kept[rng.integers(len(kept), size=points)]])
        for _ in range(_ROUNDS):
            size, visited = _settle(crowd, size, threshold, steps)
            if (visited < threshold).any() and (crowd.short < threshold).any():
                break
        found.sizes.append(size)
    return found, crowd.passes


def _settle(crowd: _Crowd, size: float, threshold: float, steps: int) -> tuple[float, np.ndarray]:
    """Move the points so often -> the size that fits, and the shortfalls of the second half."""
    visited = []
    for step in range(steps):
        moved = crowd.move(size, threshold)
        size *= float(np.exp(0.5 * (moved - _ACCEPTED)))
        size = min(max(size, _SMALLEST), crowd.cube.largest())
        if step >= steps // 2:
            visited.append(crowd.short.copy())
    return size, np.concatenate(visited)


def _next_threshold(visited: np.ndarray, here: np.ndarray, now: float) -> float | None:
    """The next level, which points that are here can reach; None where none is below this one."""
    threshold = max(float(np.quantile(visited, KEPT)), float(here.min()), 0.0)
    if threshold < now:
        return threshold
    below = here[here < now]  # more than a quarter have exactly the present shortfall
    return float(below.max()) if len(below) else None


def run(
    cube: UnitCube,
    shortfall: Shortfall,
    schedule: Schedule,
    points: int,
    steps: int,
    rng: np.random.Generator,
    tell: Callable[[float], None],
) -> tuple[np.ndarray, int]:
    """Logarithms of the shares at each level of a schedule, by one run -> and forward passes.

    All points that are visited on the way count for the next level's share, and it begins from a
    random choice of those that pass. Where none passes the rest is -inf.
    """
    crowd = _Crowd(cube, shortfall, points, rng)
    logs = np.full(len(schedule.thresholds), -np.inf)
    sizes = [max(cube.largest() / 5, 1.0), *schedule.sizes]
    now = np.inf
    log_share = 0.0
    for i, (threshold, size) in enumerate(zip(schedule.thresholds, sizes, strict=False)):
        tell(i / len(logs))
        passed, kept = _visit(crowd, size, now, threshold, steps)
        if not passed:
            break
        log_share += float(np.log(passed / (points * steps)))
        logs[i] = log_share
        if i + 1 < len(logs):
            crowd.put(kept)
        now = threshold
    return logs, crowd.passes


def _visit(
    crowd: _Crowd, size: float, now: float, threshold: float, steps: int
) -> tuple[int, np.ndarray]:
    """Move on below ``now`` -> how many visited points pass the threshold, and a choice of them.

    The choice has as many as there are points, each drawn from all that pass: a place keeps what it
    holds, or takes one of those that come, by how many they are.
    """
    kept = np.empty_like(crowd.u)
    n = kept.shape[1]
    passed = 0
    for _ in range(steps):
        crowd.move(size, now)
        new = np.flatnonzero(crowd.short <= threshold)
        passed += len(new)
        if len(new):
            places = np.flatnonzero(crowd.rng.random(n) * passed < len(new))
            kept[:, places] = crowd.u[:, new[crowd.rng.integers(len(new), size=len(places))]]
    return passed, kept
