"""The measure "bending": its table says of each plane what the partition says."""

import numpy as np
import pytest
from tiny_experiments import TINY, Here, runs_of

import mbh_utils as mbh
from mbh_utils.computing.store import Store
from mbh_utils.experiments import EXPERIMENTS, Experiment, PlaneSet, prepare, table
from mbh_utils.experiments.bending import BENDING, bending_on_planes


def largest(profile):
    return [case for case in EXPERIMENTS["grid"].cases(profile) if case.setup.number == 1]


@pytest.mark.parametrize("domain", ["square", "box"])
def test_the_table_has_what_bends_on_each_plane(domain, monkeypatch, tmp_path):
    chosen = PlaneSet(2, domain)
    experiment = Experiment(largest, BENDING, lambda profile: [chosen.settings])
    monkeypatch.setitem(EXPERIMENTS, "bent", experiment)
    store = Store(tmp_path)
    prepare(TINY, ["bent"], store=store, executor=Here())
    rows = table("bent", TINY, store=store)
    assert len(rows) == 2 * 2 * 2  # models, before and after training, planes
    assert (rows["domain"] == domain).all()
    assert rows["margin"].isna().all() if domain == "box" else (rows["margin"] == 1.5).all()
    assert rows["crossings"].sum() > 0
    for row in rows.to_dict("records"):
        run = next(r for r in runs_of("bent") if r.seed == row["model"])
        network = run.at(row["iteration"], store)
        plane = chosen.of("digits8")[row["plane"]]
        bends = mbh.bending(mbh.partition_input_space(network, plane))
        assert row["crossings"] == len(bends)
        means = [row["turning_angle"], row["straight"]]
        assert means == pytest.approx([bends.mean_angle, bends.straight], nan_ok=True)


def test_a_plane_without_crossings_has_no_angle():
    square = mbh.Plane.rectangle((-1, -1), (1, 1))
    one = bending_on_planes([(np.eye(2), np.zeros(2))], [square])
    assert one["crossings"].tolist() == [0]
    assert one[["turning_angle", "straight"]].isna().all(axis=None)


def test_it_takes_longer_than_the_partition_alone():
    (case, *_) = largest(TINY)
    few, more = (BENDING.seconds(case, **PlaneSet(n).settings) for n in (2, 20))
    assert 0 < few < more < 60
