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
from mbh_utils.experiments.options import on_planes


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
    assert chosen == expected and square["source"] == "validation" and done.has("measure", square)
    sets = [PlaneSet(2), PlaneSet(3), PlaneSet(2, margin=2.0), PlaneSet(2, domain="box")]
    sets += [PlaneSet(2, classes=(0, 1, 9)), PlaneSet(2, domain="triangle")]
    for i, one in enumerate(sets):
        assert PlaneSet(**one.settings) == one
        for other in sets[:i]:
            assert one.settings != other.settings
            assert [p.area for p in one.of("digits8")] != [p.area for p in other.of("digits8")]
    assert PlaneSet(2, "box", 3.0) == PlaneSet(2, "box"), "a box has no margin"
    assert PlaneSet(2, "triangle", 3.0) == PlaneSet(2, "triangle"), "nor has a triangle"


def test_the_classes_of_planes_are_those_of_their_images():
    data = datasets.load("digits8").validation
    chosen = PlaneSet(3, domain="triangle")
    for plane, classes in zip(chosen.of("digits8"), chosen.classes_of("digits8"), strict=True):
        for point, c in zip(plane.points, classes, strict=True):
            assert (data.of_class(c).images == point.astype(np.float32)).all(axis=1).any()
    assert PlaneSet(2, classes=(0, 1, 9)).classes_of("digits8") == ((0, 1, 9), (0, 1, 9))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0,), "planes is 0"),
        ((2.5,), "planes is 2.5"),
        ((2, "disc"), 'domain is .disc.; choose one of "square", "box", "triangle"'),
        ((2, "square", 0), "margin is 0"),
        ((2, "square", None), "margin is None"),
        ((2, "square", 1.5, 7), "classes is 7"),
        ((2, "square", 1.5, (0, -1, 2)), "a class in classes is -1"),
    ],
)
def test_values_that_define_no_planes_are_refused(values, said):
    with pytest.raises(MBHError, match=said):
        PlaneSet(*values)


def test_planes_of_given_classes_pass_through_images_of_these():
    planes = PlaneSet(3, classes=(0, 1, 9)).of("digits8")
    for seed, plane in enumerate(planes):
        alone = experiments.class_plane("digits8", (0, 1, 9), seed=seed)
        assert (plane.origin == alone.origin).all() and plane.area == alone.area


def test_every_network_is_measured_in_the_square_and_in_the_box(done, grid):
    square, box = (grid[grid["domain"] == name] for name in ("square", "box"))
    assert len(square) == len(box) == len(grid) / 2
    assert (square["margin"] == 1.5).all() and box["margin"].isna().all()
    data = datasets.load("digits8")
    for domain, rows in (("square", square), ("box", box)):
        planes = experiments.grid_planes(TINY, "digits8", domain=domain)
        assert rows.groupby("plane")["area"].first().tolist() == [plane.area for plane in planes]
        run = experiments.run_of(TINY, 2, seed=1)
        mine = rows[(rows["setup"] == 2) & (rows["model"] == 1) & rows["trained"]]
        row = mine[(mine["plane"] == 1) & (mine["class"] == 7)].iloc[1]
        samples = data.validation.of_class(7)
        s = specialization(run.trained(done), samples, planes[1], row["coverage"])
        assert row["s"] == pytest.approx(s, abs=1e-12)
    corners = planes[0].embed(planes[0].corners)
    assert (corners >= data.low - 1e-9).all() and (corners <= data.high + 1e-9).all()


def on_wide_squares(profile):
    return [on_planes(PlaneSet(profile.planes, margin=4.0), profile.coverages)]


def test_another_domain_is_one_value_away(done, grid, tmp_path, monkeypatch):
    """The grid once more, on larger squares, from networks to table."""
    wide = replace(EXPERIMENTS["grid"], variants=on_wide_squares)
    monkeypatch.setitem(EXPERIMENTS, "wide_grid", wide)
    store, here = copy_of(done, tmp_path / "copy"), Here()
    prepare(TINY, ["wide_grid"], store=store, executor=here)
    assert set(here.tasks) == {"measure_cases"}, "the networks are those of the grid"
    rows = table("wide_grid", TINY, store=store)
    assert list(rows) == list(grid) and len(rows) == len(grid) / 2 and (rows["margin"] == 4).all()
    again = table("grid", TINY, store=store)
    pd.testing.assert_frame_equal(again, grid, check_exact=True)
