"""Statistics that compare set-ups: differences, levels of equal parameters, neighbours in width."""

from collections.abc import Callable

import numpy as np

from mbh_utils.claims.panels import Panel
from mbh_utils.computing.statistics import spearman

Statistic = Callable[..., np.ndarray]


def one(panel: Panel, setup: int) -> Statistic:
    """The value of one set-up."""
    place = panel.place(setup)
    return lambda means: means[..., place]


def difference(panel: Panel, setup: int, other: int) -> Statistic:
    """The value of a set-up minus that of another one."""
    place = panel.place(setup)
    minus = panel.place(other)
    return lambda means: means[..., place] - means[..., minus]


def levels(panel: Panel) -> dict[int, np.ndarray]:
    """Where the set-ups of each level of parameters lie, by N; levels with two of them at least."""
    parameters = panel.column("parameters")
    n_hidden = panel.column("n_hidden")
    found = {}
    for level in np.unique(parameters)[::-1]:
        places = np.nonzero(parameters == level)[0]
        if len(places) > 1:
            found[int(level)] = places[np.argsort(n_hidden[places])]
    return found


def between_neurons(panel: Panel, fewer: int, more: int) -> Statistic:
    """The difference between two numbers of neurons, a mean over all levels that have both."""
    pairs = [
        pair for places in levels(panel).values() if (pair := _pair(panel, places, fewer, more))
    ]

    def statistic(means: np.ndarray) -> np.ndarray:
        return np.mean([means[..., high] - means[..., low] for low, high in pairs], axis=0)

    return statistic


def _pair(panel: Panel, places: np.ndarray, fewer: int, more: int) -> tuple[int, int] | None:
    """Where the set-ups of two numbers of neurons lie among those of a level."""
    at = dict(zip(panel.column("n_hidden")[places].tolist(), places.tolist(), strict=True))
    return (at[fewer], at[more]) if fewer in at and more in at else None


def rank_correlation(panel: Panel, places: np.ndarray) -> Statistic:
    """Spearman's correlation with N over the single networks of some set-ups."""
    n_models = panel.models
    neurons = np.repeat(panel.column("n_hidden")[places], n_models)

    def statistic(networks: np.ndarray) -> np.ndarray:
        chosen = networks[..., places, :]
        return spearman(neurons, chosen.reshape(*chosen.shape[:-2], -1))

    return statistic


def mean_of(statistics: list[Statistic]) -> Statistic:
    """The mean of several statistics."""
    return lambda *given: np.mean([statistic(*given) for statistic in statistics], axis=0)
