"""Made-up tables of experiments, in which a test decides what comes out."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS
from mbh_utils.networks import DEEPFC, LENET, Setup
from mbh_utils.networks.pruning import dense_parameters

#: The domains of every table of specializations, with their margins.
DOMAINS = (("square", 1.5), ("box", np.nan))


def networks(
    *,
    setups: Iterable[int] | None = None,
    family: str = "lenet",
    datasets: Iterable[str] = ("mnist", "fashion_mnist"),
    models: int = 5,
    trained: Iterable[bool] = (True,),
    iterations: int = 50_000,
) -> pd.DataFrame:
    """One row per network, with the columns that tell networks apart."""
    chosen = {"lenet": LENET, "deepfc": DEEPFC}[family].setups(784)
    rows = []
    for dataset in datasets:
        for setup in chosen:
            if setups is not None and setup.number not in set(setups):
                continue
            for model in range(models):
                for is_trained in trained:
                    iteration = iterations if is_trained else 0
                    rows.append(_row(dataset, setup, model, iteration))
    return pd.DataFrame(rows)


def _row(dataset: str, setup: Setup, model: int, iteration: int) -> dict:
    dense = dense_parameters(784, setup.hidden)
    return {
        "dataset": dataset,
        "family": setup.family,
        "setup": setup.number,
        "hidden": "-".join(map(str, setup.hidden)),
        "n_hidden": setup.n_hidden,
        "parameters": setup.parameters,
        "density": (setup.parameters - setup.n_hidden) / (dense - setup.n_hidden),
        "model": model,
        "iteration": iteration,
        "trained": iteration > 0,
    }


def crossed(table: pd.DataFrame, **axes: Iterable) -> pd.DataFrame:
    """Each row once for every combination of further columns' values."""
    for name, values in axes.items():
        table = table.merge(pd.DataFrame({name: list(values)}), how="cross")
    return table


def both_domains(table: pd.DataFrame) -> pd.DataFrame:
    """Each row once in the square and once in the box."""
    return table.merge(pd.DataFrame(DOMAINS, columns=["domain", "margin"]), how="cross")


def filled(table: pd.DataFrame, noise: float = 0.0, **columns: Callable) -> pd.DataFrame:
    """Add columns, each a function of a row; ``noise`` lets models and planes differ a little."""
    rng = np.random.default_rng(0)
    for name, value in columns.items():
        made = np.array([value(row) for row in table.to_dict("records")], float)
        table = table.assign(**{name: made + noise * rng.standard_normal(len(made))})
    return table


def verdict(id: str, **tables: pd.DataFrame) -> str:
    """The verdict on a claim by made-up tables."""
    return judge(CLAIMS[id], tables).verdict
