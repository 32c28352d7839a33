"""How wide the interval of a mean is."""

import numpy as np
from scipy.stats import t as student


def half_widths(spread: float, n: np.ndarray) -> np.ndarray:
    """Half the width of Student's 95 % interval of a mean over n values, at least 2 each.

    spread: standard deviation of single values.

    Examples
    --------
    >>> half_widths(0.1, np.array([2, 10])).round(4).tolist()
    [0.8985, 0.0715]
    """
    return student.ppf(0.975, n - 1) * spread / np.sqrt(n)
