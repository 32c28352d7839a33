"""Claims on standardised images, on made-up tables where the verdict is known."""

import numpy as np
import pytest
from made_up import both_domains, crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS


def tables(change):
    """Tables grid and standardised; change(row) -> dict of what standardisation does."""
    made = {}
    for name, dataset, models in (
        ("grid", "fashion_mnist", 5),
        ("standardised", "fashion_mnist_standardised", 3),
    ):
        table = networks(datasets=[dataset], models=models)
        table = both_domains(crossed(table, plane=range(4), coverage=[0.8]))
        is_standardised = name == "standardised"

        def value(column, of_raw, is_standardised=is_standardised):
            return lambda row: of_raw(row) * (change(row)[column] if is_standardised else 1)

        made[name] = filled(
            table,
            s=value("s", lambda row: 0.3 * np.log10(row["n_hidden"]) + 0.001 * row["model"]),
            accuracy=value("accuracy", lambda row: 0.8 + 0.001 * row["model"]),
            n_regions=value("n_regions", lambda row: row["n_hidden"] ** 2),
        )
    return made


def as_in_the_thesis(row):
    small = row["n_hidden"] <= 46
    pruned = row["density"] < 1
    return {"s": 1.1 if small else 1.0, "accuracy": 0.98 if pruned else 1.0, "n_regions": 1.2}


def upside_down(row):
    flipped = 1 / np.log10(row["n_hidden"]) ** 2
    return {"s": flipped, "accuracy": 1.02, "n_regions": 0.8}


@pytest.mark.parametrize("id", ["NRM-1", "NRM-2"])
def test_claims_on_standardised_images(id):
    assert verdict(id, **tables(as_in_the_thesis)) == "reproduced"
    assert verdict(id, **tables(upside_down)) == "not reproduced"


def test_far_more_regions_are_the_same_direction():
    def doubled(row):
        return {**as_in_the_thesis(row), "n_regions": 2}

    outcome = judge(CLAIMS["NRM-2"], tables(doubled))
    assert outcome.verdict == "same direction"
    assert outcome.row["ours"] == pytest.approx(100)
    assert "set-up 7 +100 %" in outcome.remark


def test_a_level_without_the_trend_is_told():
    def reversed_at_the_top(row):
        top = row["setup"] == 2
        return {**as_in_the_thesis(row), "s": 0.5 if top else as_in_the_thesis(row)["s"]}

    outcome = judge(CLAIMS["NRM-1"], tables(reversed_at_the_top))
    assert outcome.verdict == "reproduced"
    assert "at 83,572" in outcome.remark


def test_every_claim_on_standardised_images_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "normalisation"]
    assert ids == ["NRM-1", "NRM-2"]
