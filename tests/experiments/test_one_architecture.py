"""One architecture with masks of every origin: which networks, and what is measured of them."""

import numpy as np
import pandas as pd
import pytest
from tiny_experiments import TINY

from mbh_utils import experiments
from mbh_utils.experiments import PROFILES
from mbh_utils.experiments.measures import Subject
from mbh_utils.experiments.one_architecture_measures import (
    COVERAGES,
    KINDS,
    LIVE_NEURONS,
    PARTS,
    architecture_cases,
    architecture_join,
    effective_number,
)
from mbh_utils.experiments.rewiring_experiments import rewired_cases
from mbh_utils.experiments.rows import mask_kind
from mbh_utils.experiments.runs import Case
from mbh_utils.networks import hidden_layers
from mbh_utils.regions.patterns import activation_patterns


@pytest.fixture(scope="module")
def tables(done):
    return {name: experiments.table(name, TINY, store=done) for name in PARTS}


@pytest.fixture(scope="module")
def rows(done):
    return experiments.table("one_architecture", TINY, store=done)


def test_all_kinds_have_one_architecture_and_all_but_the_iterative_ticket_are_there():
    profile = PROFILES["quick"]
    cases = architecture_cases(profile)
    assert [mask_kind(case.run) for case in cases[:7]] == list(KINDS)
    assert {case.run.hidden for case in cases} == {(96, 32)}
    sizes = {mask_kind(case.run): case.run.parameters for case in cases}
    assert sizes == {**dict.fromkeys(KINDS, 832), "dense": 9_344}
    there = {(case.setup, case.run) for case in rewired_cases(profile)}
    new = {mask_kind(case.run) for case in cases if (case.setup, case.run) not in there}
    assert new == {"iterative"}


def test_the_rounds_of_profile_quick():
    (ticket, *_) = (
        case.run for case in architecture_cases(PROFILES["quick"]) if case.run.mask == "iterative"
    )
    weights = []
    while ticket is not None:
        weights.append(ticket.parameters - 128)
        ticket = ticket.before
    assert weights == [704, 1_408, 2_816, 5_632, 9_216]


def test_there_is_a_row_for_each_network_with_what_every_lens_says(rows, tables, done):
    assert len(rows) == 7 * TINY.models == len(rows.drop_duplicates(["kind", "dataset", "model"]))
    assert list(rows["kind"].unique()) == list(KINDS)
    pd.testing.assert_frame_equal(rows, architecture_join(TINY, tables))
    row = rows[(rows["kind"] == "SET") & (rows["model"] == 1)].iloc[0]
    found = experiments.table("rewired_s", TINY, store=done).query(
        "kind == 'SET' and model == 1 and parameters == 404 and coverage == 0.8"
    )
    assert row["s_box"] == pytest.approx(found.query("domain == 'box'")["s"].mean())
    inside = tables["one_architecture_insiders"].query(
        "kind == 'SET' and model == 1 and coverage == 0.8"
    )
    assert row["others"] == pytest.approx(inside["others"].item())


def test_untrained_networks_are_those_whose_mask_stays(rows):
    still = ["initial_s_square", "initial_s_box"]
    moved = rows["kind"].isin(["SET", "RigL"])
    assert rows.loc[moved, still].isna().all(axis=None)
    assert rows.loc[~moved, still].notna().all(axis=None)
    assert COVERAGES == (0.8, 0.95)


def test_effective_numbers():
    fair = np.array(np.meshgrid(*3 * [[0, 1]])).reshape(3, -1).T.astype(bool)
    assert effective_number(fair) == pytest.approx(3)
    assert effective_number(np.repeat(fair[:, :1], 5, axis=1)) == pytest.approx(1)
    assert effective_number(np.ones((4, 3), bool)) == 0
    # One varies as much as a fair coin, one a little: variances 1/4 and 3/16, independent.
    both = np.array([(a, b) for a in (0, 1) for b in (0, 0, 0, 1)], bool)
    assert effective_number(both) == pytest.approx((1 / 4 + 3 / 16) ** 2 / (1 / 16 + 9 / 256))


def test_neurons_that_are_left_are_counted(done):
    case: Case = next(c for c in architecture_cases(TINY) if mask_kind(c.run) == "ticket")
    network = case.run.trained(done)
    masks = network.masks
    masks[1][:] = False
    masks[1][:, :2] = True  # the other neurons of the first layer lead nowhere
    masks[1][2] = False  # and this one of the last has no input
    network.set_masks(masks)
    found = LIVE_NEURONS.compute(Subject(case, network, done))
    patterns = activation_patterns(hidden_layers(network), case.run.raw.validation.images)
    states = [patterns[:, :9], patterns[:, 9:]]
    for row, of_layer, mask in zip(found.to_dict("records"), states, masks, strict=True):
        on = of_layer.mean(axis=0)
        assert row["never_active"] == (on == 0).sum() and row["always_active"] == (on == 1).sum()
        assert row["varying"] == row["width"] - row["never_active"] - row["always_active"]
        assert row["inputs_used"] == len({j for _, j in zip(*np.nonzero(mask), strict=True)})
    assert found["without_inputs"].tolist() == [0, 1]
    assert found["dead_ends"].tolist() == [7, 0]
    assert found["inputs_used"].tolist()[1] == 2
