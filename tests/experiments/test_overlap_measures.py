"""The experiments on overlaps, on many planes, and on kinds of linear regions."""

import numpy as np
import pytest
from tiny_experiments import TINY, Here, runs_of

import mbh_utils as mbh
from mbh_utils.computing.store import Store
from mbh_utils.experiments import EXPERIMENTS, PROFILES, PlaneSet, prepare, table
from mbh_utils.experiments.certainty_measures import REGION_KINDS
from mbh_utils.experiments.overlap_measures import OVERLAPS

NAMES = ["overlaps", "many_planes", "region_kinds"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    prepare(TINY, NAMES, store=store, executor=Here())
    return store


def test_overlaps_are_those_of_each_network(store):
    rows = table("overlaps", TINY, store=store)
    n_networks = len(runs_of("overlaps"))
    assert len(rows) == n_networks * 3 * 10 * 10 and rows["trained"].all()
    run = runs_of("overlaps")[1]
    network = run.trained(store)
    samples = run.raw.validation
    here = rows.query("setup == 1 and model == 1")
    for coverage in (0.8, 0.95):
        found = mbh.overlap(network, samples, coverage)
        mine = here[here["coverage"] == coverage]
        inside = mine.pivot(index="class", columns="other", values="inside").to_numpy()
        assert inside == pytest.approx(found.inside, abs=1e-4)
        same = mine[mine["identical"] & (mine["class"] < mine["other"])]
        pairs = list(zip(same["class"].tolist(), same["other"].tolist(), strict=True))
        assert pairs == found.identical
        for domain in ("square", "box"):
            planes = PlaneSet(TINY.planes, domain, 1.5 if domain == "square" else None)
            shares = [
                found.shared_areas(mbh.partition_input_space(network, plane))
                for plane in planes.of("digits8")
            ]
            shared = mine.pivot(index="class", columns="other", values=domain).to_numpy()
            assert shared == pytest.approx(np.mean(shares, axis=0), abs=1e-4)


def test_many_planes_begin_with_those_of_the_grid(store):
    prepare(TINY, ["grid"], store=store, executor=Here())
    many = table("many_planes", TINY, store=store)
    grid = table("grid", TINY, store=store).query("trained and coverage == 0.8")
    keys = ["dataset", "setup", "model", "domain", "plane"]
    means = grid.groupby(keys)["s"].mean()
    both = many.set_index(keys)["s"].to_frame("many").join(means.rename("grid"), how="inner")
    assert len(both) == TINY.few_models * len(TINY.setups) * 2 * TINY.planes
    assert both["many"].to_numpy() == pytest.approx(both["grid"].to_numpy(), abs=1e-5)
    assert sorted(many["plane"].unique()) == list(range(TINY.many_planes))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_hundred_planes_of_the_paper_begin_with_the_ten(name):
    try:
        ten = PlaneSet(10).of(name)
    except mbh.MBHError:
        pytest.skip("the data set is not here")
    hundred = PlaneSet(PROFILES["paper"].many_planes).of(name)
    for one, other in zip(ten, hundred, strict=False):
        assert np.array_equal(one.points, other.points) and one.area == other.area


def test_kinds_of_regions_before_and_after_training(store):
    rows = table("region_kinds", TINY, store=store)
    assert set(rows["setup"]) == {3} and set(rows["trained"]) == {True, False}
    assert len(rows) == 2 * 2 * TINY.few_planes * 6
    run = runs_of("region_kinds")[0]
    plane = PlaneSet(1, domain="box").of("digits8")[0]
    expected = mbh.region_kinds(run.trained(store), plane)
    found = rows.query("trained and domain == 'box' and plane == 0")
    assert found["count"].tolist() == expected["count"].tolist()
    assert found["kind"].tolist() == expected["kind"].tolist()
    assert found["margin"].isna().all()


@pytest.mark.parametrize("measure, options", [(OVERLAPS, {}), (REGION_KINDS, {})])
def test_more_planes_take_longer(measure, options):
    case = EXPERIMENTS["grid"].cases(TINY)[0]
    few, more = (measure.seconds(case, planes=n, **options) for n in (2, 20))
    assert 0 < few < more < 60
