"""Our claims on overfitting, on made-up tables."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from made_up import both_domains, crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

SETUPS = (1, 3, 7, 10)
#: Training sets -> images, wrong labels: the fewer and the more of them, the larger the gap.
DATA = {
    "fashion_mnist": (60_000, 0.0),
    "fashion_mnist_train2000": (2_000, 0.0),
    "fashion_mnist_train500": (500, 0.0),
    "fashion_mnist_train500_noise40": (500, 0.4),
}


def gap(row: dict) -> float:
    place = list(DATA).index(row["dataset"])
    set_up = SETUPS.index(row["setup"])
    # the seed changes it within a cell, and it grows with the training
    return 0.1 * place + 0.02 * set_up + 0.02 * np.log10(row["iteration"]) + 0.003 * row["model"]


def flat(row: dict) -> float:
    """Something that is the same in the mean, whatever the gap."""
    return 0.4 + 0.02 * np.sin(1e4 * gap(row))


def overfitting(**columns: Callable) -> pd.DataFrame:
    """Table overfitting: networks of four training sets at three iterations."""
    parts = []
    for name, (images, noise) in DATA.items():
        table = networks(setups=SETUPS, datasets=["fashion_mnist"], models=3)
        table = table.drop(columns="iteration").assign(dataset=name)
        table = crossed(table, iteration=(100, 5_000, 50_000))
        parts.append(table.assign(training_images=images, noise=noise))
    table = crossed(both_domains(pd.concat(parts, ignore_index=True)), coverage=(0.8, 0.95))
    names = ("s_validation", "s_training", "s_matched", "others_validation", "oui_validation")
    made = {**dict.fromkeys((*names, "own_transferred", "n_regions"), flat), **columns}
    table = filled(table, training_accuracy=lambda row: 0.5 + gap(row), **made)
    return table.assign(accuracy=0.5, own_training=0.8)


def test_an_s_that_grows_with_the_gap_and_one_that_falls():
    rising = overfitting(s_validation=lambda row: 0.5 + gap(row))
    falling = overfitting(s_validation=lambda row: 0.5 - gap(row))
    assert verdict("OF-1", overfitting=rising) == "reproduced"
    outcome = judge(CLAIMS["OF-1"], {"overfitting": falling})
    assert outcome.verdict == "not reproduced"
    assert outcome.row["ours"] == pytest.approx(-1)
    assert "At c_P = 0.95: networks of one set-up -1.00" in outcome.remark


def test_each_view_has_to_hold():
    """Over the training sets it grows, over the training it falls."""

    def mixed(row):
        return 0.5 + 2 * gap(row) - 0.1 * np.log10(row["iteration"])

    outcome = judge(CLAIMS["OF-1"], {"overfitting": overfitting(s_validation=mixed)})
    assert outcome.verdict == "not reproduced"
    assert outcome.decisive == "one network over its training"


@pytest.mark.parametrize(
    ("id", "column", "sign"),
    [
        ("OF-2", "others_validation", 1),
        ("OF-3", "s_training", 1),
        ("OF-4", "own_transferred", -1),
    ],
)
def test_other_indicators_that_grow_and_that_fall(id, column, sign):
    def with_the_gap(row):
        return 0.5 + sign * gap(row)

    def against_it(row):
        return 0.5 - sign * gap(row)

    assert verdict(id, overfitting=overfitting(**{column: with_the_gap})) == "reproduced"
    assert verdict(id, overfitting=overfitting(**{column: against_it})) == "not reproduced"


def test_the_rival_is_better_whatever_the_sign():
    better = overfitting(oui_validation=lambda row: 0.5 - gap(row))
    worse = overfitting(s_validation=lambda row: 0.5 - gap(row))
    assert verdict("OF-5", overfitting=better) == "reproduced"
    assert verdict("OF-5", overfitting=worse) == "not reproduced"


def grid(sparse_on_fashion: float, dense_on_fashion: float) -> pd.DataFrame:
    of_fashion = {1: dense_on_fashion, 7: sparse_on_fashion}
    on_digit = {1: 0.81, 7: 0.51}

    def s(row):
        here = of_fashion if row["dataset"] == "fashion_mnist" else on_digit
        return here[row["setup"]] + 0.001 * row["model"]

    table = crossed(both_domains(networks(setups=(1, 7))), coverage=(0.8, 0.95), plane=(0, 1))
    return filled(table, s=s, accuracy=lambda row: 0.9)


def test_which_data_set_has_the_higher_s():
    as_tried = grid(0.71, 0.68)
    assert verdict("OF-6", grid=as_tried) == verdict("OF-7", grid=as_tried) == "reproduced"
    turned = grid(0.4, 0.9)
    assert verdict("OF-6", grid=turned) == verdict("OF-7", grid=turned) == "not reproduced"
    outcome = judge(CLAIMS["OF-6"], {"grid": as_tried})
    assert "Fashion-MNIST 0.71, Digit MNIST 0.51." in outcome.remark
