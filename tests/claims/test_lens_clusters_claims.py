"""Claims on clusters of neurons, on made-up tables where the verdict is known."""

import pandas as pd
import pytest
from made_up import crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS
from mbh_utils.lenses.clusters import published


def reference(shift=0.0, p=1 / 51, kept=-0.5):
    """Table clusterability_reference as it was published, moved by some n-cuts and z."""
    kinds = published()
    table = crossed(kinds, model=range(5), shuffle=("layer", "layer_nonzero"))
    share = table["model"] / 4
    spread = {
        name: table[f"{name}_low"] + share * (table[f"{name}_high"] - table[f"{name}_low"])
        for name in ("ncut", "z")
    }
    is_kept = table["shuffle"] == "layer_nonzero"
    return table.assign(
        ncut=spread["ncut"] + shift,
        z=(spread["z"] + 20 * shift).where(~is_kept, kept),
        p=p,
        family="reference",
        setup=1 + table["pruned"],
        n_hidden=1_024,
        parameters=40_756,
        density=0.1,
    )


@pytest.mark.parametrize("id", ["LS-1", "LS-2", "LS-5", "LS-6"])
def test_published_numbers(id):
    assert verdict(id, clusterability_reference=reference()) == "reproduced"
    assert verdict(id, clusterability_reference=reference(-0.5)) == "same direction"
    assert verdict(id, clusterability_reference=reference(+5)) == "not reproduced"


def test_every_network_clusters():
    assert verdict("LS-3", clusterability_reference=reference()) == "reproduced"
    assert verdict("LS-3", clusterability_reference=reference(p=0.2)) == "not reproduced"
    remark = judge(CLAIMS["LS-3"], {"clusterability_reference": reference(kept=-3.21)}).row[
        "remark"
    ]
    assert "-3.2 on Digit MNIST" in remark


def test_pruning_clusters():
    assert verdict("LS-4", clusterability_reference=reference()) == "reproduced"
    swapped = reference()
    swapped["pruned"] = ~swapped["pruned"]
    assert verdict("LS-4", clusterability_reference=swapped) == "not reproduced"


def grid(dense, kept, trained=-0.1):
    """Table clusterability: z of dense networks, and of sparse ones with their mask kept."""

    def z(row):
        if row["shuffle"] == "fan_out":
            return -1.5
        if row["density"] > 0.99:
            return dense
        return kept if row["shuffle"] == "layer_nonzero" else kept - 3

    table = networks(trained=(True, False))
    table = crossed(table, graph=["weights"], shuffle=["layer", "layer_nonzero", "fan_out"])
    table = filled(table, noise=0.1, z=z, ncut=lambda row: 8 + 16 * trained * row["trained"])
    return table.assign(k=16)


def test_the_thesis_networks():
    assert verdict("LS-7", clusterability=grid(-5, -5)) == "reproduced"
    assert verdict("LS-7", clusterability=grid(-5, +4)) == "not reproduced"
    assert verdict("LS-7", clusterability=grid(+5, -5)) == "not reproduced"
    remark = judge(CLAIMS["LS-7"], {"clusterability": grid(-5, +4)}).row["remark"]
    assert "z of the sparse networks is -1.5 in place of +4.0" in remark


def test_training():
    assert verdict("LS-8", clusterability=grid(-5, -5)) == "reproduced"
    assert verdict("LS-8", clusterability=grid(-5, -5, trained=0.1)) == "not reproduced"


@pytest.mark.parametrize("id", [f"LS-{i}" for i in range(1, 7)])
def test_other_data_sets_cannot_judge_what_was_published(id):
    table = reference().assign(dataset="digits8")
    assert verdict(id, clusterability_reference=table) == "not judgeable"


@pytest.mark.parametrize("id", [f"LS-{i}" for i in range(1, 9)])
def test_without_tables(id):
    assert judge(CLAIMS[id], {}).verdict == "not judgeable"
    assert isinstance(CLAIMS[id].thesis, str) and CLAIMS[id].source == "Hod et al. 2022"


def test_published_ranges_are_ranges():
    table = published()
    assert isinstance(table, pd.DataFrame) and len(table) == 8
    for name in ("ncut", "z", "accuracy"):
        assert (table[f"{name}_low"] < table[f"{name}_high"]).all()
    assert (table["ncut_high"] < table["null_mean"]).all()
