"""Whole figures of the chapter on verdicts."""

import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.plots.overview import claims_overview


def overview(table: pd.DataFrame) -> Figure:
    """Every claim as a square that tells its verdict by colour, hatch and sign.

    Parameters
    ----------
    table : pandas.DataFrame
        The ledger: id, part and verdict.

    Returns
    -------
    Figure
        A row, or several, for each part of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"id": ["S-1"], "part": "specialization", "verdict": ["reproduced"]})
    >>> figure = plots.figures.verdicts.overview(table)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['+', 'S-1']
    """
    ax = claims_overview(table)
    figure = ax.figure
    assert isinstance(figure, Figure), "new axes lie in a figure of their own"
    return figure
