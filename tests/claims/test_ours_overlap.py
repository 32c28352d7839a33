"""Claims of this workbook on other classes inside, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS


def lenses(others, noise=0.001, s_noise=0.02):
    """Accuracy grows with 15 - set-up; s follows it less closely than the others' share may."""
    rng = np.random.default_rng(1)
    table = filled(networks(), noise, others=others)
    table = filled(table, accuracy=lambda row: 1 - row["setup"] / 50)
    for name in ("s_square", "s_box"):
        shuffled = 0.9 - table["setup"] / 40 + 0.1 * rng.standard_normal(len(table))
        table = table.assign(**{name: shuffled})
    return table


def following(row):
    return row["setup"] / 20


def opposite(row):
    return 1 - row["setup"] / 20


@pytest.mark.parametrize("id", ["OV-1", "OV-2", "OV-3"])
def test_others_and_accuracy(id):
    assert verdict(id, lenses=lenses(following)) == "reproduced"
    assert verdict(id, lenses=lenses(opposite)) == "not reproduced"


def test_the_correlation_within_a_set_up_does_not_follow_from_that_between_them():
    table = lenses(following, noise=0.02)
    assert verdict("OV-4", lenses=table.assign(accuracy=0.9 - table["others"])) == "reproduced"
    rng = np.random.default_rng(2)
    apart = table["setup"] / 20 + 0.02 * rng.standard_normal(len(table))
    unrelated = table.assign(others=apart, accuracy=1 - table["setup"] / 50)
    unrelated["accuracy"] += 0.002 * rng.standard_normal(len(table))
    assert verdict("OV-1", lenses=unrelated) == "reproduced"
    assert verdict("OV-4", lenses=unrelated) != "reproduced"


def insiders(before, after):
    table = crossed(networks(trained=(False, True)), coverage=[0.8], **{"class": range(3)})
    share = {False: before, True: after}
    return filled(table, 0.001, others=lambda row: share[row["trained"]].get(row["setup"], 0.2))


def test_shares_of_the_dense_and_the_sparsest_network():
    assert verdict("OV-5", insiders=insiders({}, {10: 0.35, 7: 0.13})) == "reproduced"
    assert verdict("OV-5", insiders=insiders({}, {10: 0.5, 7: 0.13})) == "same direction"
    assert verdict("OV-5", insiders=insiders({}, {10: 0.12, 7: 0.34})) == "not reproduced"


def test_what_training_shuts_out():
    after = {10: 0.35, 7: 0.13}
    assert verdict("OV-6", insiders=insiders({10: 0.5, 7: 0.4}, after)) == "reproduced"
    assert verdict("OV-6", insiders=insiders({10: 0.7, 7: 0.3}, after)) == "not reproduced"
    remark = judge(CLAIMS["OV-6"], {"insiders": insiders({10: 0.5, 7: 0.4}, after)}).remark
    assert "falls by 27.0% in #7 and by 15.0% in #10" in remark


def overlaps(in_dense, in_sparse):
    """Networks in which so many pairs of classes have one pattern."""
    pairs = pd.DataFrame([(i, j) for i in range(4) for j in range(4)], columns=["class", "other"])
    table = networks(setups=(7, 10)).merge(pairs, how="cross").assign(coverage=0.8)
    number = table["class"].where(table["class"] == 0, 9) * 9 + table["other"]
    wanted = np.where(table["setup"] == 10, in_dense, in_sparse)
    return table.assign(identical=(number >= 1) & (number <= wanted))


def test_identical_patterns_are_counted_once_a_pair():
    assert verdict("OV-7", overlaps=overlaps(3, 0)) == "reproduced"
    assert verdict("OV-7", overlaps=overlaps(1, 2)) == "not reproduced"
    remark = judge(CLAIMS["OV-7"], {"overlaps": overlaps(3, 1)}).remark
    assert "3.0 pairs in #10, 1.0 in #7" in remark
