"""What was published of importance and coherence, to hold our numbers against."""

import pandas as pd

#: Test, data set, quantity, and the smallest and the largest of the networks.
_ROWS = (
    ("importance", "mnist", "fisher_p", 2.7e-9, 3.7e-7),
    ("importance", "fashion_mnist", "fisher_p", 1.6e-7, 9.3e-5),
    ("importance", "mnist", "ratio", 1.024, 1.054),
    ("importance", "fashion_mnist", "ratio", 1.091, 1.203),
    ("range", "mnist", "fisher_p", 0.51, 0.98),
    ("range", "fashion_mnist", "fisher_p", 0.15, 0.86),
    ("score", "mnist", "fisher_p", 0.34, 0.82),
    ("entropy", "mnist", "fisher_p", 0.019, 0.78),
)


def published_tests() -> pd.DataFrame:
    """What the stored tables say of 784-256x4-10 networks pruned to 10 % of their weights.

    Returns
    -------
    pandas.DataFrame
        Columns test, dataset, quantity ("fisher_p": Fisher's p of each of five networks; "ratio":
        mean class accuracy after the lesion of random sets over that after the lesion of a
        sub-cluster, the effect of that time), low and high: smallest and largest network.

    Notes
    -----
    Read off the result tables in the public repository of Filan, Casper, Hod et al. (arXiv
    2103.03386), which holds an older version of the experiments of Hod et al. (arXiv 2110.08058):
    12 clusters of weights, 20 random sets, strict p-values.

    Examples
    --------
    >>> from mbh_utils import lenses
    >>> table = lenses.clusters.published_tests()
    >>> table.query("test == 'range' and dataset == 'mnist'")[["low", "high"]].values.tolist()
    [[0.51, 0.98]]
    """
    return pd.DataFrame(_ROWS, columns=["test", "dataset", "quantity", "low", "high"])
