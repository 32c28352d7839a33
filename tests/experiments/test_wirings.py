"""Networks with the masks of SET and of near starts, and the measures of their wirings."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_experiments import TINY, Here, same

from mbh_utils.computing.store import Store
from mbh_utils.experiments import EXPERIMENTS, Run, prepare, table
from mbh_utils.experiments.rows import mask_kind
from mbh_utils.lenses import topology
from mbh_utils.training import Recipe

RUN = Run("digits8", (24, 24, 24), 600, 0, Recipe(30))


@pytest.mark.parametrize("mask", ["erdos_renyi", "near", "copies", "random", "reinitialised"])
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_every_connection_of_an_untrained_network_has_a_weight(mask, seed):
    network = replace(RUN, mask=mask, seed=seed).initial()
    assert network.n_parameters == 600
    for layer in network.linears[:-1]:
        weight = layer.weight.detach().numpy()
        assert ((weight != 0) == layer.mask.numpy()).all()


def test_near_starts_differ_in_few_connections_and_in_their_weights():
    first, second, tenth = (replace(RUN, mask="near", seed=s).initial() for s in (0, 1, 9))
    moved = [int((a & ~b).sum()) for a, b in zip(first.masks, second.masks, strict=True)]
    assert moved == [round(0.01 * int(mask.sum())) for mask in first.masks]
    kept = [(a & b).sum() / a.sum() for a, b in zip(first.masks, tenth.masks, strict=True)]
    assert np.mean(kept) == pytest.approx(0.92, abs=0.02)
    weights = [network.linears[1].weight for network in (first, second)]
    assert (weights[0] != weights[1]).any()


def test_copies_have_the_masks_of_near_starts_on_the_weights_of_the_first():
    first = replace(RUN, mask="copies").initial()
    near, copy = (replace(RUN, mask=mask, seed=3).initial() for mask in ("near", "copies"))
    for one, other in zip(near.masks, copy.masks, strict=True):
        assert (one == other).all()
    for layer, kept in zip(first.linears, copy.linears, strict=True):
        both = (layer.weight != 0) & (kept.weight != 0)
        assert (layer.weight[both] == kept.weight[both]).all()
        assert both.float().sum() > 0.9 * (layer.weight != 0).sum()


def test_copies_of_equal_masks_are_trained_alike(tmp_path):
    """Seeds tell copies apart by their masks alone: two of the first are one network."""
    first = replace(RUN, mask="copies")
    alone = replace(RUN, mask="near")  # with seed 0 it is the same network
    trained = [run.trained(Store(tmp_path)) for run in (first, alone)]
    assert same(*trained)
    assert replace(first, seed=7).training_seed == 0
    assert replace(alone, seed=7).training_seed == 7


# ------------------------------------------------------------------------------ measured distances


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """What the experiments on wirings read and measure, in this process."""
    found = Store(tmp_path_factory.mktemp("wirings"))
    prepare(TINY, list(NAMES), store=found, executor=Here())
    return found


NAMES = ("mask_nulls", "mask_distances", "ticket_distances", "near_starts", "drift")


def test_each_pair_of_models_is_measured_once(store):
    rows = table("mask_distances", TINY, store=store)
    assert (rows["other"] == 1).all() and (rows["model"] == 0).all(), "of two models"
    assert (rows["other_iteration"] == rows["iteration"]).all()
    assert set(rows["kind"]) == {"random", "ticket", "SET", "RigL"}
    keys = ["dataset", "kind", "setup", "model", "other", "iteration", "layer"]
    assert not rows.duplicated(keys).any()
    assert rows[["matched", "identity", "null", "degree_null"]].dtypes.eq(float).all()
    assert rows[["other", "layer"]].dtypes.eq("int64").all()
    assert set(rows["parameters"]) == {404, 202} and set(rows["hidden"]) == {"9-3"}


def test_fixed_masks_do_not_move_and_those_of_SET_do(store):
    rows = table("mask_distances", TINY, store=store)
    rows = rows.set_index(["parameters", "layer"])
    of = {
        (kind, trained): rows[(rows["kind"] == kind) & (rows["trained"] == trained)]["identity"]
        for kind in ("random", "SET")
        for trained in (False, True)
    }
    both = of["random", False].index
    assert (of["random", True][both] == of["random", False]).all()
    assert (of["SET", True] != of["SET", False]).any()


def test_a_row_is_what_a_direct_call_gives(store):
    rows = table("mask_distances", TINY, store=store)
    case = next(
        case
        for case in EXPERIMENTS["mask_distances"].cases(TINY)
        if mask_kind(case.run) == "SET" and case.iteration and case.run.seed == 0
    )
    other = replace(case.run, seed=1)
    found = topology.nnstd(*(run.at(case.iteration, store) for run in (case.run, other)))
    row = rows[(rows["kind"] == "SET") & rows["trained"]]
    row = row[row["parameters"] == case.run.parameters].sort_values("layer")
    assert row["matched"].to_numpy() == pytest.approx(found.matched)
    assert row["identity"].to_numpy() == pytest.approx(found.identity)
    assert row["null"].between(0, 1).all()


def test_near_starts_are_held_against_relatives_and_their_own_start(store):
    rows = table("near_starts", TINY, store=store)
    own = rows["model"] == rows["other"]
    assert (rows.loc[own, "other_iteration"] == 0).all() and (rows.loc[own, "iteration"] > 0).all()
    assert len(rows[own]) == 4 * 1 * 3 and len(rows[~own]) == 6 * 2 * 3
    starts = rows[~own & (rows["iteration"] == 0)]
    gaps = starts["other"] - starts["model"]
    assert np.corrcoef(gaps, starts["identity"])[0, 1] > 0.9
    neighbours = gaps == 1
    assert starts.loc[neighbours, "null"].notna().all()
    assert starts.loc[~neighbours, "null"].isna().all(), "which would take long"
    assert (rows.loc[own, "identity"] > 0).all(), "after a rewiring at iteration 10"


def test_drift_is_from_the_own_start_alone(store):
    rows = table("drift", TINY, store=store)
    assert (rows["other"] == rows["model"]).all() and (rows["other_iteration"] == 0).all()
    assert set(rows["kind"]) == {"SET", "RigL"}
    before = rows[rows["iteration"] == 10]
    assert (before["matched"] == 0).all(), "it is rewired after this iteration for the first time"


def test_tickets_of_each_density_have_random_masks_beside_them(store):
    rows = table("ticket_distances", TINY, store=store)
    counts = rows.groupby(["kind", "density"]).size()
    assert len(counts) == 2 * 2 and (counts == 2).all()


def test_random_masks_have_the_distance_that_is_expected_of_them(store):
    rows = table("mask_nulls", TINY, store=store)
    dense = rows[(rows["mask_density"] >= 0.3) & (rows["layer"] == 1)]
    assert dense["identity"].to_numpy() == pytest.approx(dense["expected"].to_numpy(), abs=0.12)
    assert (rows["matched"] <= rows["identity"] + 1e-12)[rows["layer"] == 1].all()
