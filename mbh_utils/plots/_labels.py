"""Labels beside points that lie near each other: each gets the freest of the places around it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

#: Places to try: directions in degrees, and distances from the point in points of print.
_DIRECTIONS = (-45, 225, 45, 135, 0, 180, -90, 90)
_DISTANCES = (7, 12, 18, 25)

#: From this distance on, a line leads from the label to its point.
_FAR = 15

#: What a place costs: by overlap with another label, a marker, a bar, the rim; by lying
#: nearer to another point than to its own; and by distance.
_COSTS = {"label": 60, "marker": 40, "bar": 6, "rim": 30, "strange": 12, "distance": 0.25}


def spread_labels(ax: Axes, labels: list[Annotation], bars: Sequence | None = None) -> None:
    """Move annotations, in print units around their points, to where they cover least.

    Parameters
    ----------
    ax : Axes
        With its final limits.
    labels : list of Annotation
        Each at ``xy`` in data coordinates, with its text in offset points.
    bars : sequence of pairs of points, optional
        Lines in data coordinates that labels should keep off.
    """
    ax.autoscale_view()  # matplotlib puts it off until it draws
    scale = ax.figure.dpi / 72
    points = ax.transData.transform([label.xy for label in labels])
    markers = [
        Bbox.from_bounds(u - 4 * scale, v - 4 * scale, 8 * scale, 8 * scale) for u, v in points
    ]
    lines = [ax.transData.transform(np.asarray(bar, dtype=float)) for bar in bars or []]
    frame = ax.get_window_extent()
    placed: list[Bbox] = []
    # The most crowded first: they have the fewest places to go to.
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    order = np.argsort(np.sort(distances, axis=1)[:, 1:3].sum(axis=1))
    for i in order:
        drawn = Text.get_window_extent(labels[i])  # without the line to its point
        size = (drawn.width, drawn.height)
        options = [
            (distance, direction, _box(points[i], size, distance * scale, direction))
            for distance in _DISTANCES
            for direction in _DIRECTIONS
        ]
        costs = [
            _cost(box, placed, markers, lines, frame)
            + _COSTS["strange"] * _is_strange(box, points, i)
            + _COSTS["distance"] * distance
            for distance, _, box in options
        ]
        distance, _, box = options[int(np.argmin(costs))]
        placed.append(box)
        _move(labels[i], (np.array([box.x0, box.y0]) - points[i]) / scale, distance)


def _box(point, size, distance: float, direction: float) -> Bbox:
    """Where a text of this size lies, whose nearest point has this distance from ``point``."""
    angle = np.deg2rad(direction)
    u = np.cos(angle)
    v = np.sin(angle)
    width, height = size
    x = point[0] + distance * u + width * (np.sign(np.round(u, 6)) - 1) / 2
    y = point[1] + distance * v + height * (np.sign(np.round(v, 6)) - 1) / 2
    return Bbox.from_bounds(x, y, width, height)


def _cost(box: Bbox, placed, markers, lines, frame: Bbox) -> float:
    area = box.width * box.height
    cost = _COSTS["label"] * sum(_shared(box, other) for other in placed) / area
    cost += _COSTS["marker"] * sum(_shared(box, other) for other in markers) / area
    cost += _COSTS["bar"] * sum(_crosses(box, line) for line in lines)
    return cost + _COSTS["rim"] * (1 - _shared(box, frame) / area)


def _is_strange(box: Bbox, points: np.ndarray, i: int) -> bool:
    """Whether a label would lie nearer to another point than to point ``i``, which is its own."""
    low = np.array([box.x0, box.y0])
    high = np.array([box.x1, box.y1])
    distances = np.linalg.norm(points - points.clip(low, high), axis=1)
    return bool((np.delete(distances, i) < distances[i]).any())


def _shared(a: Bbox, b: Bbox) -> float:
    """Area that two boxes have in common."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(width, 0) * max(height, 0)


def _crosses(box: Bbox, line: np.ndarray) -> bool:
    """Whether a horizontal or vertical line meets a box."""
    (x0, y0), (x1, y1) = np.sort(line, axis=0)
    return x0 <= box.x1 and x1 >= box.x0 and y0 <= box.y1 and y1 >= box.y0


def _move(label: Annotation, place, distance: float) -> None:
    label.set(position=tuple(place), ha="left", va="bottom")
    arrow = label.arrow_patch
    if arrow is not None:
        arrow.set_visible(distance >= _FAR)
