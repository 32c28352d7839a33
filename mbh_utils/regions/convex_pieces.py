"""Of how few convex polygons unions of regions can be made up: bounds from both sides."""

import numpy as np

#: A union counts as convex if its hull is larger by no more than this share.
_SLACK = 1e-7


def convex_pieces(
    polygons: list[np.ndarray], pairs: np.ndarray, parts: np.ndarray
) -> tuple[int, int]:
    """How many convex pieces the parts need: a number that is enough, and one that is needed.

    polygons: corners (k, 2) of each region, convex.
    pairs: (m, 2) regions of the same part that have an edge in common.
    parts: number of the connected part that each region is in, (n_regions,).

    Examples
    --------
    An L of three squares needs two convex pieces.

    >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    >>> three = [square, square + [1, 0], square + [0, 1]]
    >>> convex_pieces(three, np.array([[0, 1], [0, 2]]), np.zeros(3, dtype=int))
    (2, 2)
    """
    enough = 0
    needed = 0
    order = np.argsort(parts, kind="stable")
    starts = np.searchsorted(parts[order], np.arange(parts.max() + 2))
    of_part = _pairs_of_parts(pairs, parts)
    for part in range(len(starts) - 1):
        regions = order[starts[part] : starts[part + 1]].tolist()
        if len(regions) == 1:
            enough += 1
            needed += 1
            continue
        whole = np.concatenate([polygons[i] for i in regions])
        total = sum(area_of(polygons[i]) for i in regions)
        if _is_convex(hull_of(whole), total):
            enough += 1
            needed += 1
            continue
        enough += max(_merged(polygons, regions, of_part[part]), 2)
        needed += 2
    return enough, needed


def _pairs_of_parts(pairs: np.ndarray, parts: np.ndarray) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for one, other in pairs.tolist():
        found.setdefault(int(parts[one]), []).append((one, other))
    return found


def _merged(polygons: list[np.ndarray], regions: list[int], pairs: list[tuple[int, int]]) -> int:
    """Pieces that are left when neighbours are merged for as long as one pair stays convex."""
    hull = {i: polygons[i] for i in regions}
    area = {i: area_of(polygons[i]) for i in regions}
    members = {i: [i] for i in regions}
    piece = {i: i for i in regions}
    refused: set[tuple[int, int]] = set()
    new = max(regions)
    went_on = True
    while went_on:
        went_on = False
        for one, other in pairs:
            a = min(piece[one], piece[other])
            b = max(piece[one], piece[other])
            if a == b or (a, b) in refused:
                continue
            union = hull_of(np.concatenate([hull[a], hull[b]]))
            total = area[a] + area[b]
            if not _is_convex(union, total):
                refused.add((a, b))
                continue
            new += 1  # a number of its own: what was refused stays refused
            hull[new] = union
            area[new] = total
            members[new] = members.pop(a) + members.pop(b)
            piece.update(dict.fromkeys(members[new], new))
            went_on = True
    return len(members)


def _is_convex(hull: np.ndarray, area: float) -> bool:
    return area_of(hull) <= area * (1 + _SLACK)


def area_of(polygon: np.ndarray) -> float:
    """Area of a counter-clockwise polygon (k, 2)."""
    x, y = (polygon - polygon[0]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def hull_of(points: np.ndarray) -> np.ndarray:
    """Corners of the convex hull of points (n, 2), counter-clockwise.

    Examples
    --------
    >>> hull_of(np.array([[0.0, 0], [2, 0], [1, 0.5], [2, 2], [0, 2]])).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    sorted_points = np.unique(points, axis=0).tolist()
    if len(sorted_points) < 3:
        return np.array(sorted_points)
    lower = _half_hull(sorted_points)
    upper = _half_hull(sorted_points[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _half_hull(points: list) -> list:
    hull: list = []
    for x, y in points:
        while len(hull) > 1:
            (a, b), (c, d) = hull[-2:]
            if (c - a) * (y - b) - (d - b) * (x - a) > 0:
                break
            hull.pop()
        hull.append([x, y])
    return hull
