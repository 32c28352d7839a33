"""What was measured here for a claim: a value, and how far it moves between models and planes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mbh_utils.claims.panels import Panel


@dataclass(frozen=True)
class Evidence:
    """What was measured here for a claim, or for one part of it.

    Parameters
    ----------
    value : float
        The statistic of the means over models and planes.
    samples : numpy.ndarray
        Where the interval comes from. For a number: the statistic of each model (or of each model
        on each plane), whose smallest and largest value are the interval. For a trend: the
        statistic of each bootstrap resample.
    models : int
        How many models per set-up.
    planes : int, default 0
        How many planes; 0 for what is not measured on planes.
    agrees : bool or None, default None
        For a number: whether the order holds that the claim states with it ("the smallest of
        all"). For a trend over several groups of networks: whether it holds in each of them.
        None: the claim states no more than its value.
    remark : str, default ""
        What a reader of the verdict should know beside it.
    """

    value: float
    samples: np.ndarray = field(repr=False)
    models: int
    planes: int = 0
    agrees: bool | None = None
    remark: str = ""


@dataclass(frozen=True)
class Several:
    """What was measured for a claim of several parts, and what is to be said of them together.

    Parameters
    ----------
    parts : dict of str to Evidence
        By the names of the claim's parts. The remark of a part is about that part alone.
    remark : str, default ""
        What a reader should know of the claim as a whole.
    """

    parts: dict[str, Evidence]
    remark: str = ""


def number(
    statistic: Callable[..., np.ndarray],
    *panels: Panel,
    every_plane: bool = False,
    agrees: bool | None = None,
    remark: str = "",
) -> Evidence:
    """The evidence for a number: the mean over models, with the smallest and largest model.

    Parameters
    ----------
    statistic : callable
        ``statistic(means, ...)`` of the means of each panel's set-ups, which lie along the last
        axis. Model i of one set-up is paired with model i of the other ones, as far as all have
        so many.
    *panels : Panel
        What was measured.
    every_plane : bool, default False
        Take each model on each plane as a sample: for a number that the thesis read off one plane.
    agrees, remark
        As in :class:`Evidence`.
    """
    value = float(statistic(*(panel.means for panel in panels)))
    draws = [panel.pairs if every_plane else panel.of_models for panel in panels]
    n = min(len(draw) for draw in draws)
    samples = np.atleast_1d(statistic(*(draw[:n] for draw in draws)))
    return Evidence(value, samples, panels[0].models, panels[0].planes, agrees, remark)


def trend(
    statistic: Callable[..., np.ndarray],
    *panels: Panel,
    agrees: bool | None = None,
    remark: str = "",
) -> Evidence:
    """The evidence for a trend: a statistic, and its values over bootstrap resamples.

    Parameters
    ----------
    statistic : callable
        As in :func:`number`; it must work on many resamples at once (along the first axis).
    *panels : Panel
        What was measured, on the same planes.
    agrees, remark
        As in :class:`Evidence`.

    Notes
    -----
    Planes are resampled together for all networks, models for each set-up alone.
    """
    value = float(statistic(*(panel.means for panel in panels)))
    samples = statistic(*(panel.resampled() for panel in panels))
    return Evidence(value, samples, panels[0].models, panels[0].planes, agrees, remark)


def network_trend(
    statistic: Callable[[np.ndarray], np.ndarray],
    panel: Panel,
    agrees: bool | None = None,
    remark: str = "",
) -> Evidence:
    """The evidence for a trend over single networks, not over the means of set-ups.

    Parameters
    ----------
    statistic : callable
        ``statistic(networks)`` of an array whose last axes are set-up and model.
    panel : Panel
        What was measured.
    agrees, remark
        As in :class:`Evidence`.
    """
    value = float(statistic(panel.of_networks))
    samples = statistic(panel.resampled_networks)
    return Evidence(value, samples, panel.models, panel.planes, agrees, remark)
