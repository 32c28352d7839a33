"""Claims on activation patterns over training, on made-up tables."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from made_up import crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

FASHION = ["fashion_mnist"]
ITERATIONS = (0, 10, 100, 1_000, 50_000)


def layers_of(table: pd.DataFrame, n_layers: int) -> pd.DataFrame:
    return crossed(table, source=["training"], layer=range(1, n_layers + 1))


def over_training(value: Callable, kappa: Callable = lambda row: 0.5, **chosen) -> pd.DataFrame:
    """Tables activation_evolution, of the 14 set-ups or some of them."""
    table = networks(datasets=FASHION, models=3, **chosen).drop(columns="iteration")
    table = layers_of(crossed(table, iteration=ITERATIONS), 2)
    return filled(table, block_relative_entropy=value, kappa_final=kappa)


def depths(entropy: Callable, settled: Callable) -> pd.DataFrame:
    """Networks of one to six layers; ``settled(layer)``: when kappa jumps to 1."""
    parts = []
    for depth in range(1, 7):
        table = networks(datasets=FASHION, setups=[1]).drop(columns="iteration")
        table = table.assign(family="depths", setup=depth, n_hidden=64 * depth)
        parts.append(layers_of(crossed(table, iteration=ITERATIONS), depth))
    table = pd.concat(parts, ignore_index=True)
    table = filled(
        table,
        block_relative_entropy=entropy,
        relative_entropy=lambda row: 1.0,
        kappa_final=lambda row: float(row["iteration"] >= settled(row["layer"])),
    )
    return table.assign(weight_distance=1 - table["kappa_final"], pattern_share=0.7)


def settling(tau: Callable, weight_tau: Callable = lambda row: 50_000) -> pd.DataFrame:
    """Tables settling, of LeNet and DeepFC."""
    parts = [
        layers_of(networks(datasets=FASHION, family=family, models=3, setups=setups), n_layers)
        for family, setups, n_layers in (("lenet", None, 2), ("deepfc", (1, 7, 10), 3))
    ]
    table = crossed(pd.concat(parts), threshold=(0.5, 0.7, 0.8, 0.9))
    return filled(table, tau=tau, weight_tau=weight_tau)


def upwards(row) -> float:
    return 100.0 * 10 ** row["layer"]


def downwards(row) -> float:
    return 10_000.0 / 10 ** row["layer"]


def flat(row) -> float:
    return 0.5 + 0.001 * row["model"]


def test_lower_layers_first():
    up = depths(flat, lambda layer: ITERATIONS[min(layer, 4)])
    down = depths(flat, lambda layer: ITERATIONS[max(5 - layer, 0)])
    assert verdict("EP-1", settling=settling(upwards), depths=up) == "reproduced"
    assert verdict("EP-1", settling=settling(downwards), depths=up) == "not reproduced"
    assert verdict("EP-1", settling=settling(upwards), depths=down) == "not reproduced"
    outcome = judge(CLAIMS["EP-1"], {"settling": settling(downwards), "depths": up})
    assert "LeNet: Of 42 networks 0 settle bottom-up, 42 top-down." in outcome.remark


def test_what_is_not_trained_here_is_told():
    outcome = judge(CLAIMS["EP-2"], {"settling": settling(upwards)})
    assert outcome.verdict == "not judgeable" and "PyramidNet" in outcome.remark


@pytest.mark.parametrize(
    ("entropies", "expected"),
    [
        ([0.6, 0.5, 0.4, 0.5, 0.6, 0.7], "reproduced"),
        ([0.6, 0.55, 0.5, 0.45, 0.4, 0.3], "not reproduced"),
    ],
)
def test_a_dip_over_layers(entropies, expected):
    table = depths(lambda row: entropies[row["layer"] - 1] + 0.001 * row["model"], int)
    outcome = judge(CLAIMS["EP-3"], {"depths": table})
    assert outcome.verdict == expected
    if expected == "reproduced":
        assert outcome.row["ours"] == pytest.approx(0.2)
        assert "lower in layer 3 of 6" in outcome.remark
        assert "0.70 distinct patterns per image" in outcome.remark


def test_a_dip_over_training():
    def dip(row):
        return 0.3 if row["iteration"] == 100 else 0.6 + 0.001 * row["model"]

    def rising(row):
        return 0.1 * ITERATIONS.index(row["iteration"]) + 0.001 * row["model"]

    outcome = judge(CLAIMS["EP-4"], {"activation_evolution": over_training(dip)})
    assert outcome.verdict == "reproduced"
    assert "Of 28 layers of 14 set-ups 28 have a dip" in outcome.remark
    assert "deepest at iteration 100" in outcome.remark
    assert verdict("EP-4", activation_evolution=over_training(rising)) == "not reproduced"


def test_architectures_against_seeds():
    def by_setup(row):
        return 0.02 * row["setup"] + 0.001 * row["model"]

    def by_model(row):
        return 0.001 * row["setup"] + 0.2 * row["model"]

    def kappa(row):
        return by_setup(row) * (row["iteration"] < 50_000)

    apart = over_training(by_setup, kappa)
    outcome = judge(CLAIMS["EP-5"], {"activation_evolution": apart})
    assert outcome.verdict == "reproduced"
    seeds = np.array([0, 1, 2]) * 0.001
    expected = np.std(0.02 * np.arange(1, 15), ddof=1) / np.std(seeds, ddof=1)
    assert outcome.row["ours"] == pytest.approx(expected)
    near = over_training(by_model, kappa)
    assert verdict("EP-5", activation_evolution=near) == "not reproduced"
    one = apart[apart["model"] == 0]
    assert verdict("EP-5", activation_evolution=one) == "not judgeable"


def patterns_and_accuracies(oui: Callable, accuracy: Callable) -> dict[str, pd.DataFrame]:
    table = layers_of(networks(trained=(True, False)), 2)
    patterns = filled(table, 1e-4, oui=oui, block_relative_entropy=lambda row: row["n_hidden"])
    return {
        "activation_patterns_of_networks": patterns,
        "accuracies": filled(networks(), validation_accuracy=accuracy),
    }


def by_neurons(row) -> float:
    return 0.8 + row["n_hidden"] / 4_000


def test_entropy_and_accuracy_are_told():
    tables = patterns_and_accuracies(lambda row: 0.5, by_neurons)
    outcome = judge(CLAIMS["EP-6"], tables)
    assert outcome.verdict == "not judgeable"
    assert outcome.row["ours"] > 0.95
    assert "Digit MNIST +" in outcome.remark


@pytest.mark.parametrize(("best", "expected"), [(0.7, "reproduced"), (0.4, "not reproduced")])
def test_oui_of_the_most_accurate(best, expected):
    tables = patterns_and_accuracies(
        lambda row: best if row["setup"] == 1 else 0.5,
        lambda row: 0.9 if row["setup"] == 1 else 0.8,
    )
    outcome = judge(CLAIMS["EP-7"], tables)
    assert outcome.verdict == expected
    assert "The most accurate set-up is #1 (90.0 %)" in outcome.remark


def test_patterns_before_weights():
    later = settling(upwards, lambda row: 3 * upwards(row))
    outcome = judge(CLAIMS["EP-8"], {"settling": later})
    assert outcome.verdict == "reproduced"
    assert outcome.row["ours"] == pytest.approx(3)
    assert "3.00 at 0.5" in outcome.remark
    earlier = settling(upwards, lambda row: upwards(row) / 2)
    assert verdict("EP-8", settling=earlier) == "not reproduced"
