"""What was published of the networks that the lens on clusters was made with."""

import pandas as pd

#: 784-256x4-10 networks, k = 12, 50 shuffles "layer", five networks of each kind: the smallest and
#: the largest of them; of shuffled n-cuts the mean.
_STORED = [
    # dataset, control, pruned, n-cut, shuffled, z, accuracy
    ("mnist", "none", False, (10.005, 10.042), 10.165, (-5.59, -2.68), (0.978, 0.983)),
    ("mnist", "none", True, (8.830, 8.957), 9.183, (-10.98, -7.90), (0.984, 0.985)),
    ("fashion_mnist", "none", False, (9.855, 9.908), 10.080, (-6.11, -4.95), (0.887, 0.895)),
    ("fashion_mnist", "none", True, (8.480, 8.801), 9.032, (-16.42, -6.00), (0.894, 0.895)),
    ("mnist", "modular", False, (8.655, 8.775), 10.065, (-49.70, -39.40), (0.974, 0.980)),
    ("mnist", "modular", True, (5.638, 5.828), 9.200, (-112.09, -76.57), (0.983, 0.984)),
    ("mnist_halves", "halves", False, (9.846, 9.906), 10.312, (-19.88, -3.48), (0.923, 0.930)),
    ("mnist_halves", "halves", True, (8.399, 8.524), 9.181, (-29.88, -20.16), (0.938, 0.944)),
]
#: Test, data set, quantity, and the smallest and the largest of the networks.
_STORED_TESTS = (
    ("importance", "mnist", "fisher_p", 2.7e-9, 3.7e-7),
    ("importance", "fashion_mnist", "fisher_p", 1.6e-7, 9.3e-5),
    ("importance", "mnist", "ratio", 1.024, 1.054),
    ("importance", "fashion_mnist", "ratio", 1.091, 1.203),
    ("range", "mnist", "fisher_p", 0.51, 0.98),
    ("range", "fashion_mnist", "fisher_p", 0.15, 0.86),
    ("score", "mnist", "fisher_p", 0.34, 0.82),
    ("entropy", "mnist", "fisher_p", 0.019, 0.78),
)


def published() -> pd.DataFrame:
    """The stored results of the networks that can be trained here, too.

    Returns
    -------
    DataFrame
        One row per kind of network: dataset; control ("none", "modular" initial weights, "halves"
        of images); pruned (to a tenth of the weights); ncut_low and ncut_high, the smallest and the
        largest of five networks; null_mean, of their shuffled copies; z_low and z_high;
        accuracy_low and accuracy_high, of the test images.

    Notes
    -----
    From ``results/clustering_factors_mlp.csv`` in the public repository of Filan, Casper, Hod et
    al. 2021 (arXiv 2103.03386), dfilan/clusterability_in_neural_networks. Hod, Casper, Filan et al.
    2022 (arXiv 2110.08058) look at the same kinds of networks.

    Examples
    --------
    >>> table = published()
    >>> table.loc[table["control"] == "modular", ["pruned", "ncut_low", "ncut_high"]]
       pruned  ncut_low  ncut_high
    4   False     8.655      8.775
    5    True     5.638      5.828
    """
    rows = [
        {
            "dataset": dataset,
            "control": control,
            "pruned": pruned,
            "ncut_low": ncut[0],
            "ncut_high": ncut[1],
            "null_mean": null,
            "z_low": z[0],
            "z_high": z[1],
            "accuracy_low": accuracy[0],
            "accuracy_high": accuracy[1],
        }
        for dataset, control, pruned, ncut, null, z, accuracy in _STORED
    ]
    return pd.DataFrame(rows)


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
    return pd.DataFrame(_STORED_TESTS, columns=["test", "dataset", "quantity", "low", "high"])
