"""The claims ledger as a reader is told of it: counts by part, what failed and why, all rows.

And the correlations that speak for another explanation than the thesis's.
"""

from collections.abc import Sequence

import pandas as pd

from mbh_utils import datasets
from mbh_utils.claims import CLAIMS, SOURCES, THESIS
from mbh_utils.claims.claim import Claim
from mbh_utils.claims.ledger import VerdictTable, claims_named
from mbh_utils.claims.rules import NOT_JUDGEABLE, NOT_REPRODUCED, REPRODUCED, SAME_DIRECTION
from mbh_utils.computing import paths, require
from mbh_utils.experiments import per_network
from mbh_utils.workbook import chapters

#: Our claims that the question of chapter 8 hangs on.
MAIN_OF_OURS = (
    "CN-3",
    "CN-1",
    "CN-2",
    "CN-5",
    "CN-6",
    "CN-9",
    "BL-1",
    "BL-3",
    "BL-5",
    "DM-4",
    "DM-5",
    "OV-1",
    "HV-1",
    "OP-5",
    "OF-1",
    "OS-1",
    "OS-4",
    "SU-2",
)
#: The verdicts from the best to the worst.
ORDER = (REPRODUCED, SAME_DIRECTION, NOT_REPRODUCED, NOT_JUDGEABLE)


def committed(source: str = THESIS) -> pd.DataFrame | None:
    """The ledger of profile paper as it is committed beside the figures.

    Parameters
    ----------
    source : str
        Whose claims, one of ``claims.SOURCES``; by default the thesis's.

    Returns
    -------
    pandas.DataFrame or None
        As ``claims.evaluate("paper")`` gave it; None where the file is not there.

    Examples
    --------
    >>> table = committed()
    >>> table is None or {"id", "part", "verdict"} <= set(table.columns)
    True
    """
    file = paths.PROJECT / "figures" / "paper" / "claims.csv"
    if not file.exists():
        return None
    table = pd.read_csv(file, keep_default_na=False)
    if "source" not in table:  # from when there were the thesis's claims only
        return table if source == THESIS else table.iloc[:0]
    return table[table["source"] == source].reset_index(drop=True)


def by_part(evaluated: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each part got which verdict.

    Parameters
    ----------
    evaluated : pandas.DataFrame
        What ``claims.evaluate`` returned.

    Returns
    -------
    pandas.DataFrame
        One row per part in the order of the ledger, one column per verdict, the best first.

    Examples
    --------
    >>> rows = {"part": ["trees", "trees"], "verdict": ["reproduced", "same direction"]}
    >>> by_part(pd.DataFrame(rows)).loc["trees", "reproduced"]
    np.int64(1)
    """
    counts = pd.crosstab(evaluated["part"], evaluated["verdict"])
    parts = evaluated["part"].drop_duplicates()
    return counts.reindex(index=parts, columns=list(ORDER), fill_value=0)


def by_source() -> pd.DataFrame:
    """How many claims of each work got which verdict in the committed run of profile paper.

    Returns
    -------
    pandas.DataFrame
        One row per source of claims in the order of the ledger, one column per verdict, the best
        first; no rows where the committed ledger is not there.

    Examples
    --------
    >>> by_source().columns.tolist()
    ['reproduced', 'same direction', 'not reproduced', 'not judgeable']
    """
    ledgers = {source: committed(source) for source in SOURCES}
    rows = {
        source: ledger["verdict"].value_counts()
        for source, ledger in ledgers.items()
        if ledger is not None and len(ledger)
    }
    counts = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(ORDER))
    return counts.fillna(0).astype(int)


def in_short(ids: Sequence[str]) -> VerdictTable:
    """Some claims with their verdicts in the committed run of profile paper.

    Parameters
    ----------
    ids : sequence of str
        Ids of claims.

    Returns
    -------
    pandas.DataFrame
        One row per claim, which is its index, in the order of the ids: "here" and "interval" of the
        part that decided, and "verdict"; no rows where the committed ledger is not there.

    Raises
    ------
    MBHError
        For an unknown id; it names the nearest one.

    Examples
    --------
    >>> list(in_short(MAIN_OF_OURS))
    ['here', 'interval', 'verdict']
    """
    rows = {}
    for id in require.listed("ids", ids, "ids of claims"):
        (claim,) = claims_named([id])
        ledger = committed(claim.source)
        if ledger is None:
            continue
        for row in ledger[ledger["id"] == claim.id].to_dict("records"):
            here, low, high = (_written(claim, row[name]) for name in ("ours", "low", "high"))
            rows[claim.claim] = (here, f"{low} to {high}" if low else "", row["verdict"])
    return VerdictTable.from_dict(rows, orient="index", columns=["here", "interval", "verdict"])


def _written(claim: Claim, value: float | str) -> str:
    """A value of the committed ledger in its unit; of what could not be judged, nothing."""
    return "" if value == "" else claim.written(float(value))


def shortfalls_markdown(evaluated: pd.DataFrame) -> str:
    """What was judged and did not come out as claimed, part by part, with what was tested.

    Parameters
    ----------
    evaluated : pandas.DataFrame
        What ``claims.evaluate`` returned.

    Returns
    -------
    str
        A heading per part and a paragraph per claim that is not reproduced.

    Examples
    --------
    Where the tables of profile paper are::

        display(Markdown(shortfalls_markdown(claims.evaluate("paper"))))
    """
    short = evaluated[evaluated["verdict"].isin([SAME_DIRECTION, NOT_REPRODUCED])]
    if short.empty:
        return "No claim that could be judged fell short."
    lines = []
    for part, rows in short.groupby("part", sort=False):
        judged = evaluated.query("part == @part and verdict != @NOT_JUDGEABLE")
        good = int((judged["verdict"] == REPRODUCED).sum())
        lines.append(f"**{str(part).capitalize()}** ({good} of {len(judged)} reproduced)")
        lines += [_told(row) for row in rows.to_dict("records")]
    return "\n\n".join(lines)


def _told(row: dict) -> str:
    """One claim that fell short, in sentences."""
    here, interval, size = _measured(row)
    size = size.replace(" × ", " models × ") + " planes" * (" × " in size)
    found = f"Here: {here} ({interval}; {size})." if here else ""
    claim = row["claim"].rstrip(".")
    words = [
        f"*{row['id']}*: {claim}. The thesis: {row['thesis']}.",
        found,
        f"**{str(row['verdict']).capitalize()}.**",
    ]
    told = "- " + " ".join(filter(None, words))
    return f"{told} {_folded(row['remark'])}" if row["remark"] else told


def _folded(remark: str) -> str:
    """The remark of a claim, to be opened by those who want its numbers."""
    return f"<details><summary>All numbers, and what was tried</summary>{remark}</details>"


def ledger_markdown(evaluated: pd.DataFrame) -> str:
    """Every row of the ledger as a table in Markdown.

    Parameters
    ----------
    evaluated : pandas.DataFrame
        What ``claims.evaluate`` returned.

    Returns
    -------
    str
        A row per claim; the remarks are left to ``figures/<profile>/claims.md``.

    Examples
    --------
    Where the tables of profile paper are::

        display(Markdown(ledger_markdown(claims.evaluate("paper"))))
    """
    lines = ["| id | claim | the thesis | here | interval | models × planes | verdict | figure |"]
    lines.append("|" + "---|" * 8)
    for row in evaluated.to_dict("records"):
        here, interval, size = _measured(row)
        cells = [row["id"], row["claim"], row["thesis"], here, interval, size]
        cells += [row["verdict"], _figure(row["figure"])]
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _measured(row: dict) -> tuple[str, str, str]:
    """Value, interval and size of a row; empty where nothing was measured."""
    if not int(row["models"] or 0):
        return "", "", ""
    written = CLAIMS[row["id"]].written
    interval = f"{written(float(row['low']))} to {written(float(row['high']))}"
    size = f"{row['models']} models"
    if int(row["planes"] or 0):
        size = f"{row['models']} × {row['planes']}"
    return written(float(row["ours"])), interval, size


def _figure(figure_id: str) -> str:
    """A link to the figure that shows a claim."""
    owner = chapters.figure_index().get(figure_id)
    return f"[{chapters.own_label(figure_id)}]({owner}.ipynb)" if owner else ""


def rank_correlations(grid: pd.DataFrame, coverage: float = 0.8) -> pd.DataFrame:
    """How s goes with the number of hidden neurons before and after training, and with accuracy.

    Parameters
    ----------
    grid : pandas.DataFrame
        The table of experiment grid.
    coverage : float, default 0.8
        The minimum coverage c_P.

    Returns
    -------
    pandas.DataFrame
        A row per data set and domain (square, box). Rank correlations over single networks of the
        number of hidden neurons with s before training, s after it, and the gain in between; and
        the correlation of accuracy and s within set-ups: of their differences from the means of
        their set-ups.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> grid = pd.read_parquet(experiments.results_file("grid", "paper"))
    >>> rank_correlations(grid).columns.tolist()
    ['before training', 'after training', 'gain', 's and accuracy within set-ups']
    """
    rows = {}
    for name, title in {name: datasets.title(name) for name in grid["dataset"].unique()}.items():
        for domain, words in {"square": "square", "box": "input box"}.items():
            networks = per_network(grid[grid["dataset"] == name], coverage, domain)
            rows[title, words] = _correlations(networks)
    return pd.DataFrame.from_dict(rows, orient="index")


def _correlations(networks: pd.DataFrame) -> dict[str, float]:
    """The correlations over the networks of one data set."""
    keys = ["setup", "model", "n_hidden"]
    s = networks.pivot_table(index=keys, columns="trained", values="s").reset_index()
    trained = networks[networks["trained"]]
    within = trained[["s", "accuracy"]] - trained.groupby("setup")[["s", "accuracy"]].transform(
        "mean"
    )
    n = s["n_hidden"]
    return {
        "before training": n.corr(s[False], method="spearman"),
        "after training": n.corr(s[True], method="spearman"),
        "gain": n.corr(s[True] - s[False], method="spearman"),
        "s and accuracy within set-ups": within["s"].corr(within["accuracy"]),
    }
