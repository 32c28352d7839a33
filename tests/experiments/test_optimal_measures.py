"""Optimal patterns of trained networks: shares on known and fresh planes, in the box, the cube."""

import numpy as np
import pytest
from tiny_experiments import TINY

import mbh_utils as mbh
from mbh_utils.experiments import EXPERIMENTS, PlaneSet, table
from mbh_utils.experiments.optimal_measures import fresh_planes

PLACES = ["known", "fresh", "fresh_box", "cube"]


@pytest.fixture(scope="module")
def rows(done):
    return table("optimal_patterns", TINY, store=done)


def test_the_optimum_is_never_larger_on_the_known_planes_and_keeps_its_bound(rows):
    keys = ["setup", "model", "class", "coverage"]
    shares = rows.pivot(index=keys, columns="kind", values="known")
    assert (shares["optimal"] <= shares["greedy"] + 1e-7).all()
    optimal = rows.query("kind == 'optimal'")
    assert (optimal["bound"] <= optimal["known"] + 1e-7).all()
    assert optimal["proven"].all() and np.allclose(optimal["bound"], optimal["known"], atol=1e-6)
    assert (rows["covered"] >= rows["coverage"] - 1e-9).all()
    assert rows[PLACES].apply(lambda column: column.between(0, 1 + 1e-7)).all().all()


def test_the_greedy_share_is_that_of_specialization(rows, done):
    case = EXPERIMENTS["optimal_patterns"].cases(TINY)[0]
    network = case.run.at(case.iteration, done)
    own = case.run.raw.validation.of_class(3)
    s = mbh.specialization(network, own, PlaneSet(TINY.planes).of("digits8"), 0.9)
    fresh = mbh.specialization(network, own, fresh_planes("digits8", TINY.planes), 0.9)
    box = mbh.specialization(network, own, fresh_planes("digits8", TINY.planes, "box"), 0.9)
    here = rows[(rows["setup"] == case.setup.number) & (rows["model"] == case.run.seed)]
    greedy = here[(here["class"] == 3) & (here["kind"] == "greedy")].iloc[0]
    expected = [1 - s, 1 - fresh, 1 - box]
    assert greedy[["known", "fresh", "fresh_box"]].tolist() == pytest.approx(expected, abs=1e-6)


def test_fresh_planes_are_others_and_a_longer_list_begins_with_the_same():
    two = fresh_planes("digits8", 2)
    three = fresh_planes("digits8", 3)
    boxes = fresh_planes("digits8", 2, "box")
    assert all((a.basis == b.basis).all() for a, b in zip(two, three, strict=False))
    assert all((a.basis == b.basis).all() for a, b in zip(two, boxes, strict=True))
    assert all(a.area > b.area for a, b in zip(two, boxes, strict=True))
    known = PlaneSet(2).of("digits8")
    assert not any(np.allclose(a.origin, b.origin) for a in known for b in three)
