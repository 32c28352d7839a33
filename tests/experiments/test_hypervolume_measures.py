"""Blankets of the experiments in all dimensions of the input box."""

import numpy as np
from tiny_experiments import TINY

import mbh_utils as mbh
from mbh_utils.computing.store import Store
from mbh_utils.experiments.hypervolume_measures import (
    COLUMNS,
    HYPERVOLUMES,
    hypervolume_cases,
    hypervolume_options,
)


def test_the_shares_of_one_network_are_those_that_counting_finds(tmp_path):
    case = hypervolume_cases(TINY)[0]
    store = Store(tmp_path)
    sizes = {"runs": 5, "points": 400, "steps": 10, "doublings": 0}
    options = {**hypervolume_options(TINY)[0], **sizes}
    table = HYPERVOLUMES.table_of(case, options, store)
    assert tuple(table) == COLUMNS
    assert table["class"].tolist() == list(range(10))
    network = case.run.trained(store)
    raw = case.run.raw
    patterns = [mbh.maximal_pattern(network, raw.validation.of_class(c), 0.8) for c in range(10)]
    counted = mbh.sampled_shares(network, patterns, mbh.Block.whole(raw), n=40_000, seed=9)
    there = counted["share"] > 0
    assert there.sum() > 3
    # Both intervals have chance errors of their own: no more than about one pair in twenty misses.
    low = np.log10(counted["low"].clip(1e-9)) <= table["log10_high"] + 1e-9
    high = np.log10(counted["high"]) >= table["log10_low"] - 1e-9
    assert (low & high).sum() >= 9


def test_every_set_up_is_measured_with_both_reference_measures():
    cases = hypervolume_cases(TINY)
    assert len({case.setup.number for case in cases}) == len(TINY.setups)
    assert all(case.iteration == TINY.iterations for case in cases)
    assert [options["reference"] for options in hypervolume_options(TINY)] == [
        "uniform",
        "marginals",
    ]
