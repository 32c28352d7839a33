"""Set-ups, models and planes as an array, and drawing models and planes anew: the bootstrap."""

import numpy as np
import pandas as pd

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream


def panel_of(rows: pd.DataFrame, column: str) -> np.ndarray:
    """A column as an array set-up x model x plane, set-ups in the order of the rows."""
    order = rows["setup"].drop_duplicates()
    wide = rows.pivot_table(index="setup", columns=["model", "plane"], values=column)
    shape = (len(order), rows["model"].nunique(), rows["plane"].nunique())
    return wide.loc[order].to_numpy(float).reshape(shape)


def resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Bootstrap means of set-ups (resample x set-up), from an array set-up x model x plane.

    All set-ups share the drawn planes, for they were measured on the same ones; models are drawn
    for each set-up.
    """
    rng = stream(require.whole("seed", seed, 0), "bootstrap")
    n_setups, n_models, n_planes = values.shape
    planes = rng.integers(n_planes, size=(resamples, n_planes))
    models = rng.integers(n_models, size=(resamples, n_setups, n_models))
    counts = (planes[:, :, None] == np.arange(n_planes)).sum(axis=1) / n_planes
    of_networks = np.einsum("smp,rp->rsm", values, counts, optimize=True)
    return np.take_along_axis(of_networks, models, axis=2).mean(axis=2)
