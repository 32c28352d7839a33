"""Claims on rewired networks, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

DENSE = 265_600


def table_of(kinds: dict, models: int = 5, noise: float = 0.0005, **facts) -> pd.DataFrame:
    """One row per kind and model, with the accuracy of the kind."""
    rng = np.random.default_rng(0)
    rows = [
        {"kind": kind, "model": model, "accuracy": share + noise * rng.standard_normal()}
        for kind, share in kinds.items()
        for model in range(models)
    ]
    table = pd.DataFrame(rows).assign(family="lenet", setup=1, n_hidden=400, density=0.03)
    parameters = np.where(table["kind"] == "dense", DENSE, 9_472)
    return table.assign(parameters=parameters, **facts)


def sparse(accuracy: float, iterations: int = 200_000) -> pd.DataFrame:
    end = table_of({"SET": accuracy, "near": 0.86}, dataset="fashion_mnist", iteration=iterations)
    return pd.concat([end.assign(iteration=100, accuracy=0.5), end])


@pytest.mark.parametrize(("accuracy", "expected"), [(0.873, "reproduced"), (0.8, "not reproduced")])
def test_accuracy_of_few_connections(accuracy, expected):
    outcome = judge(CLAIMS["NT-8"], {"sparse_accuracy": sparse(accuracy)})
    assert outcome.verdict == expected
    assert "fixed it is 86.0" in outcome.remark
    assert verdict("NT-8", sparse_accuracy=sparse(accuracy, 50_000)) == "not judgeable"


def few_images(last: dict, best: dict, training: dict, epochs: int = 400) -> pd.DataFrame:
    facts = {"dataset": "fashion_mnist_small"}
    ends = table_of(last, **facts, iteration=50 * epochs, epoch=epochs)
    middle = table_of(best, **facts, iteration=5_000, epoch=epochs / 4)
    both = pd.concat([middle, ends])
    return both.assign(training_accuracy=both["kind"].map(training) + 0.001 * both["model"])


PUBLISHED = few_images(
    {"dense": 0.82, "SET": 0.828, "erdos_renyi": 0.805},
    {"dense": 0.84, "SET": 0.837, "erdos_renyi": 0.815},
    {"dense": 0.99, "SET": 0.92, "erdos_renyi": 0.91},
)
OTHERWISE = few_images(
    {"dense": 0.82, "SET": 0.80, "erdos_renyi": 0.83},
    {"dense": 0.86, "SET": 0.80, "erdos_renyi": 0.83},
    {"dense": 0.92, "SET": 0.99, "erdos_renyi": 0.91},
)


@pytest.mark.parametrize("id", ["NT-9", "NT-10", "NT-11"])
def test_few_images(id):
    assert verdict(id, small_data=PUBLISHED) == "reproduced"
    assert verdict(id, small_data=OTHERWISE) == "not reproduced"
    assert verdict(id, small_data=PUBLISHED.assign(epoch=50)) == "not judgeable"


def rewired(noise: float = 0.0005, iterations: int = 50_000, **shares) -> pd.DataFrame:
    parts = [
        table_of(shares, dataset=dataset, noise=noise, iteration=iterations)
        for dataset in ("mnist", "fashion_mnist")
    ]
    # Half the budget, and a narrow dense network, are not looked at.
    others = table_of({"SET": 0.1, "erdos_renyi": 0.9}, dataset="mnist", iteration=iterations)
    narrow = table_of({"dense": 0.1}, dataset="mnist", iteration=iterations)
    others = others.assign(parameters=4_736)
    return pd.concat([*parts, others, narrow.assign(n_hidden=16, parameters=9_472)])


@pytest.mark.parametrize(
    ("id", "holds", "fails"),
    [
        ("NT-12", {"dense": 0.88, "SET": 0.885}, {"dense": 0.89, "SET": 0.87}),
        ("NT-13", {"dense": 0.88, "erdos_renyi": 0.89}, {"dense": 0.89, "erdos_renyi": 0.87}),
        ("NT-14", {"SET": 0.89, "erdos_renyi": 0.87}, {"SET": 0.87, "erdos_renyi": 0.88}),
    ],
)
def test_kinds_beside_each_other(id, holds, fails):
    assert verdict(id, rewired=rewired(**holds)) == "reproduced"
    assert verdict(id, rewired=rewired(**fails)) == "not reproduced"
    assert verdict(id, rewired=rewired(iterations=10_000, **holds)) == "not judgeable"


def test_alike_from_different_starts():
    assert verdict("NT-15", rewired=rewired(SET=0.88)) == "reproduced"
    assert verdict("NT-15", rewired=rewired(SET=0.88, noise=0.05)) == "not reproduced"


def test_a_kind_that_was_not_trained_is_not_judged():
    outcome = judge(CLAIMS["NT-12"], {"rewired": rewired(dense=0.88)})
    assert outcome.verdict == "not judgeable" and "kind SET" in outcome.remark


def test_every_claim_of_the_part_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "sparse training"]
    assert ids == [f"NT-{i}" for i in range(8, 16)]
