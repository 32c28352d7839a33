"""Random networks and planes, and what must hold for every partition of one by the other."""

import numpy as np
import pytest

from mbh_utils.regions import bounds
from mbh_utils.regions.patterns import activation_patterns
from mbh_utils.regions.planes import Plane


def random_layers(seed: int, n_inputs: int, widths, bias: float = 0.3, density: float = 1.0):
    """He-normal hidden layers with biases of a given size, a share of the weights kept."""
    rng = np.random.default_rng(seed)
    layers = []
    for n in widths:
        weight = rng.standard_normal((n, n_inputs)) * np.sqrt(2 / n_inputs)
        kept = rng.random((n, n_inputs)) < density
        layers.append((weight * kept, bias * rng.standard_normal(n)))
        n_inputs = n
    return layers


def random_plane(seed: int, n_inputs: int) -> Plane:
    """A square of two inputs, or the square through three random points of more."""
    if n_inputs == 2:
        return Plane.rectangle([-2, -2], [2, 2])
    return Plane.through(np.random.default_rng(seed + 1).random((3, n_inputs)))


def check(layers, plane: Plane, regions, n_samples: int = 300) -> None:
    """What must hold for every partition, against the plain forward pass in the input space."""
    rng = np.random.default_rng(0)
    assert regions.areas.sum() == pytest.approx(plane.area, rel=1e-12)
    assert (regions.areas > 0).all()
    assert len(np.unique(regions.packed, axis=0)) == len(regions)
    assert len(regions) <= bounds.serra(2, regions.widths)
    # The forward pass gives the stored pattern inside a region (no sliver), and a known one at any
    # point.
    wide = regions.areas > 1e-9 * plane.area
    seen = activation_patterns(layers, plane.embed(regions.centroids))
    assert (seen == regions.patterns)[wide].all()
    uv = rng.uniform(plane.low, plane.high, (n_samples, 2))
    uv = uv[plane.contains(uv)]
    found = regions.locate(uv)
    assert (found >= 0).all()
    points = plane.embed(uv)
    z = np.concatenate(preactivation_rows(layers, points), axis=1)
    clear = np.abs(z).min(axis=1) > 1e-9
    assert (regions.patterns[found] == activation_patterns(layers, points))[clear].all()
    # Polygons are convex, counter-clockwise, and their shoelace areas are the ones given.
    for polygon, area in zip(regions.polygons[:50], regions.areas, strict=False):
        x, y = (polygon - polygon[0]).T
        shoelace = 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1))
        assert shoelace == pytest.approx(area, rel=1e-6, abs=1e-14 * plane.area)


def preactivation_rows(layers, x):
    """Pre-activations of each layer, by the plain forward pass."""
    rows = []
    for weight, bias in layers:
        rows.append(x @ weight.T + bias)
        x = np.maximum(rows[-1], 0)
    return rows
