"""Tables of specializations: one row per network of them."""

import numpy as np
import pandas as pd

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.experiments.runs import NETWORK_COLUMNS


def per_network(table: pd.DataFrame, coverage: float = 0.8, domain: str = "square") -> pd.DataFrame:
    """One row per network and iteration of a table of specializations, at one c_P, in one domain.

    Parameters
    ----------
    table : pandas.DataFrame
        A table of specializations, such as that of experiment grid.
    coverage : float, default 0.8
        The minimum coverage c_P.
    domain : {"square", "box", "triangle"}, default "square"
        The finite part of the planes: the square around the images that span each of them, what
        the plane has in common with the input box, or the triangle between the images.

    Returns
    -------
    pandas.DataFrame
        The columns that tell networks apart; then the means over classes, then planes, of
        accuracy, s, n_constraints, n_regions and n_live_regions; per_area (activation regions
        divided by the plane's area) and per_n2 (regions divided by N^2/2, the count that is
        expected of N random lines).

    Raises
    ------
    MBHError
        For a table without the columns of specializations, and a c_P that was not measured.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> grid = pd.read_parquet(experiments.results_file("grid", "paper"))
    >>> networks = experiments.per_network(grid, 0.8)
    >>> len(grid), len(networks)
    (448000, 280)
    >>> fashion = networks.query("trained and dataset == 'fashion_mnist'")
    >>> fashion.groupby("setup")["s"].mean().loc[[7, 10]].round(2).tolist()
    [0.88, 0.59]
    """
    what = "a table of specializations, as experiments.table makes it"
    require.kind_of("table", table, pd.DataFrame, what)
    for name in ("coverage", "n_regions", "area", "n_hidden", "plane", "s", "domain", "margin"):
        if name not in table:
            expected = "expected one of specializations, as of experiment grid"
            raise MBHError(f"table has no column {name}; {expected}")
    share = "a share in (0, 1]"
    coverage = require.number("coverage", coverage, share, lambda c: 0 < c <= 1)
    require.choice("domain", domain, ("square", "box", "triangle"))
    rows = table[np.isclose(table["coverage"], coverage)]
    if rows.empty:
        measured = sorted(map(float, table["coverage"].unique()))
        raise MBHError(f"c_P = {coverage} was not measured, only {measured}")
    rows = rows[rows["domain"] == domain]
    if rows.empty:
        raise MBHError(f"nothing was measured in the domain {domain!r}")
    if len(margins := rows["margin"].unique()) > 1:
        found = sorted(map(float, margins))
        raise MBHError(f"table has squares of the margins {found}: choose the rows of one of them")
    rows = rows.assign(
        per_area=rows["n_regions"] / rows["area"],
        per_n2=2 * rows["n_regions"] / rows["n_hidden"] ** 2,
    )
    means = ["accuracy", "s", "n_constraints", "n_regions", "n_live_regions", "per_area", "per_n2"]
    means = [name for name in means if name in rows]
    keys = [key for key in NETWORK_COLUMNS if key in table]
    of_planes = rows.groupby([*keys, "plane"])[means].mean()
    return of_planes.groupby(keys).mean().reset_index()
