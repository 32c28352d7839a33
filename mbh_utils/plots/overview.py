"""The claims of the thesis and what became of each, at a glance."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import check_flags, checked_table
from mbh_utils.plots.style import axes_or_new

#: Verdict -> look of its square: a colour, a hatch, and a sign, of which each alone would do.
VERDICTS = {
    "reproduced": {"facecolor": "#009E73", "hatch": "", "sign": "+", "ink": "white"},
    "same direction": {"facecolor": "#8FCBEA", "hatch": "///", "sign": "~", "ink": "black"},
    "not reproduced": {"facecolor": "#D55E00", "hatch": "\\\\\\", "sign": "−", "ink": "white"},
    "not judgeable": {"facecolor": "#F2F2F2", "hatch": "..", "sign": "?", "ink": "black"},
}


def claims_overview(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    per_row: int = 8,
    legend: bool = True,
) -> Axes:
    """A square for each claim, by the part of the thesis that makes it and by verdict.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per claim, with the columns id, part and verdict ("reproduced", "same direction",
        "not reproduced" or "not judgeable").
    ax : Axes, optional
        Where to draw; new axes of a fitting size by default.
    per_row : int, default 8
        A part with more claims than this goes on in the next row.
    legend : bool, default True
        Whether a legend below names the verdicts and counts them.

    Returns
    -------
    Axes
        Parts in the table's order. Colour, hatch and sign of a square each tell its verdict.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or a verdict is none of the four.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"id": ["S-1", "S-2"], "part": "specialization"})
    >>> ax = plots.claims_overview(table.assign(verdict=["reproduced", "not reproduced"]))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['+ reproduced (1)', '− not reproduced (1)']
    """
    check_flags(legend=legend)
    require.whole("per_row", per_row, 1, 1000)
    checked_table(table, ["id", "part", "verdict"])
    unknown = [verdict for verdict in table["verdict"].unique() if verdict not in VERDICTS]
    if unknown:
        expected = ", ".join(VERDICTS)
        raise MBHError(f"table has the verdict {require.shown(unknown[0])}; expected {expected}")
    lines = [
        (part if i == 0 else "", rows.iloc[i : i + per_row])
        for part, rows in table.groupby("part", sort=False)
        for i in range(0, len(rows), per_row)
    ]
    n_columns = min(per_row, max(len(rows) for _, rows in lines))
    size = (0.56 * n_columns + 1.9, 0.46 * len(lines) + 0.8)
    ax = axes_or_new(ax, (max(size[0], 5), size[1]))
    for y, (_, rows) in enumerate(lines):
        for x, claim in enumerate(rows.itertuples()):
            _square(ax, x, y, str(claim.id), VERDICTS[str(claim.verdict)])
    words = [textwrap.fill(str(part), 24) for part, _ in lines]
    ax.set_yticks(range(len(lines)), words)
    ax.set(xlim=(-0.55, n_columns - 0.45), ylim=(len(lines) - 0.45, -0.55), xticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if legend:
        _name_verdicts(ax, table["verdict"].value_counts())
    return ax


def _square(ax: Axes, x: int, y: int, words: str, look: dict) -> None:
    face = {"facecolor": look["facecolor"], "hatch": look["hatch"]}
    square = Rectangle((x - 0.46, y - 0.44), 0.92, 0.88, **face, edgecolor="white", lw=0)
    ax.add_patch(square)
    box = {"facecolor": look["facecolor"], "lw": 0, "pad": 1.2}
    place = {"ha": "center", "va": "center", "color": look["ink"], "bbox": box}
    ax.text(x, y - 0.17, look["sign"], **place, fontsize=9, weight="bold")
    ax.text(x, y + 0.2, words, **place, fontsize=7)


def _name_verdicts(ax: Axes, counts: pd.Series) -> None:
    """A legend below with the verdicts that occur and how often."""
    handles = [
        Patch(
            facecolor=look["facecolor"],
            hatch=look["hatch"],
            edgecolor="white",
            label=f"{look['sign']} {verdict} ({counts[verdict]})",
        )
        for verdict, look in VERDICTS.items()
        if verdict in counts
    ]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.01), ncols=2)
