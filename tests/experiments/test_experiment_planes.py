"""Which planes the networks are measured on, and in which domain."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiny_experiments import TINY, Here, copy_of, measured

from mbh_utils import datasets, experiments
from mbh_utils.blankets.mbh import specialization
from mbh_utils.errors import MBHError
from mbh_utils.experiments import EXPERIMENTS, PlaneSet, prepare, table
from mbh_utils.experiments.catalogue import on_planes


def test_measurements_are_keyed_by_planes_coverages_and_iteration():
    run = experiments.run_of(TINY, 1)
    keys = {
        json.dumps(measured(run, iteration, profile=profile), sort_keys=True)
        for profile in (TINY, replace(TINY, planes=3), replace(TINY, coverages=(0.5, 0.8)))
        for iteration in (0, 30)
    }
    assert len(keys) == 6
    assert measured(
        run, profile=replace(TINY, name="other", models=9, toy_iterations=1)
    ) == measured(run)


def test_planes_pass_through_images_of_three_classes_and_are_the_same_for_all():
    data = datasets.load("digits8").validation
    planes = experiments.grid_planes(TINY, "digits8")
    assert len(planes) == 2
    for plane in planes:
        points = plane.embed(plane.spanning)
        nearest = [int(np.abs(data.images - p).max(axis=1).argmin()) for p in points]
        assert (
            np.allclose(data.images[nearest], points, atol=1e-6)
            and len(set(data.labels[nearest])) == 3
        )
    more = experiments.grid_planes(replace(TINY, planes=5, models=7), "digits8")
    assert all((a.origin == b.origin).all() for a, b in zip(planes, more, strict=False))
    assert len({tuple(p.origin) for p in more}) == 5


def test_a_class_plane_takes_its_classes_in_order_and_depends_on_the_seed():
    data = datasets.load("digits8").validation
    plane = experiments.class_plane("digits8", (6, 1, 9), seed=3)
    for point, c in zip(plane.embed(plane.spanning), (6, 1, 9), strict=True):
        assert np.abs(data.of_class(c).images - point).max(axis=1).min() < 1e-6
    assert (plane.origin == experiments.class_plane("digits8", (6, 1, 9), seed=3).origin).all()
    assert (plane.origin != experiments.class_plane("digits8", (6, 1, 9), seed=4).origin).any()
    wide = experiments.class_plane("digits8", (6, 1, 9), seed=3, margin=3)
    assert wide.area == pytest.approx(4 * plane.area)
    with pytest.raises(MBHError, match="label 10"):
        experiments.class_plane("digits8", (0, 1, 10))


def test_everything_that_defines_the_planes_is_a_value_of_the_key(done):
    """No sentence: what is another number or word in the key gives other planes."""
    square = measured(experiments.run_of(TINY, 1))
    chosen = {name: square[name] for name in ("planes", "domain", "margin", "coverages")}
    expected = {"planes": 2, "domain": "square", "margin": 1.5, "coverages": (0.5, 0.8, 1.0)}
    assert chosen == expected and done.has("measure", square)
    sets = [PlaneSet(2), PlaneSet(3), PlaneSet(2, margin=2.0), PlaneSet(2, domain="box")]
    for i, one in enumerate(sets):
        assert PlaneSet(**one.settings) == one
        for other in sets[:i]:
            assert one.settings != other.settings
            assert [p.area for p in one.of("digits8")] != [p.area for p in other.of("digits8")]
    assert PlaneSet(2, "box", 3.0) == PlaneSet(2, "box"), "a box has no margin"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0,), "planes is 0"),
        ((2.5,), "planes is 2.5"),
        ((2, "disc"), 'domain is .disc.; choose one of "square", "box"'),
        ((2, "square", 0), "margin is 0"),
        ((2, "square", None), "margin is None"),
    ],
)
def test_values_that_define_no_planes_are_refused(values, said):
    with pytest.raises(MBHError, match=said):
        PlaneSet(*values)


def on_boxes(profile):
    return on_planes(PlaneSet(profile.planes, domain="box"), profile.coverages)


def test_a_second_domain_is_one_value_away(done, grid, tmp_path, monkeypatch):
    """The grid once more, on the planes' sections with the input box, from networks to table."""
    boxes = replace(EXPERIMENTS["grid"], options=on_boxes)
    monkeypatch.setitem(EXPERIMENTS, "grid_in_the_box", boxes)
    store, here = copy_of(done, tmp_path / "copy"), Here()
    prepare(TINY, ["grid_in_the_box"], store=store, executor=here)
    assert set(here.tasks) == {"measure_cases"}, "the networks are those of the grid"
    rows = table("grid_in_the_box", TINY, store=store)
    assert list(rows) == list(grid) and len(rows) == len(grid)
    planes = experiments.grid_planes(TINY, "digits8", domain="box")
    assert rows.groupby("plane")["area"].first().tolist() == [plane.area for plane in planes]
    data = datasets.load("digits8")
    for plane in planes:
        corners = plane.embed(plane.corners)
        assert (corners >= data.low - 1e-9).all() and (corners <= data.high + 1e-9).all()
    run = experiments.run_of(TINY, 2, seed=1)
    mine = rows[(rows["setup"] == 2) & (rows["model"] == 1) & rows["trained"]]
    row = mine[(mine["plane"] == 1) & (mine["class"] == 7)].iloc[1]
    samples = data.validation.of_class(7)
    s = specialization(run.trained(store), samples, planes[1], row["coverage"])
    assert row["s"] == pytest.approx(s, abs=1e-12)
    again = table("grid", TINY, store=store)
    pd.testing.assert_frame_equal(again, grid, check_exact=True)
