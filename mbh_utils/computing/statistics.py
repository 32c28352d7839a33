"""Correlations and lines along the last axis of arrays, so that all resamples are done at once."""

import numpy as np
from scipy.stats import rankdata


def pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Correlation along the last axis.

    Examples
    --------
    >>> pearson(np.array([1.0, 2, 3]), np.array([[2.0, 4, 6], [3, 2, 1]])).round(6).tolist()
    [1.0, -1.0]
    """
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    return np.divide((x * y).sum(axis=-1), scale, out=np.zeros_like(scale), where=scale > 0)


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rank correlation along the last axis; ties share their mean rank.

    Examples
    --------
    >>> spearman(np.array([1, 10, 100]), np.array([0.1, 0.2, 9.0])).round(6).item()
    1.0
    """
    return pearson(rankdata(x, axis=-1), rankdata(y, axis=-1))


def slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slope of the least-squares line of y over x, along the last axis.

    Examples
    --------
    >>> slope(np.array([0.0, 1, 2]), np.array([1.0, 3, 5])).item()
    2.0
    """
    x = x - x.mean(axis=-1, keepdims=True)
    return (x * y).sum(axis=-1) / (x * x).sum(axis=-1)


def r_squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of the variance of y that the least-squares line over x explains.

    Examples
    --------
    >>> r_squared(np.array([0.0, 1, 2]), np.array([1.0, 3, 5])).round(6).item()
    1.0
    """
    return pearson(x, y) ** 2
