"""The ledger: every claim judged, as a table, as a chapter's verdict cell, and as files."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mbh_utils import experiments
from mbh_utils.claims.claim import OURS, SOURCES, THESIS, Claim, Tables
from mbh_utils.claims.evidence import Evidence, Several
from mbh_utils.claims.panels import FASHION
from mbh_utils.claims.registry import CLAIMS
from mbh_utils.claims.rules import NOT_JUDGEABLE, REPRODUCED, VERDICTS
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing import paths, require
from mbh_utils.computing.files import write_whole
from mbh_utils.errors import MBHError
from mbh_utils.experiments import Profile, profile_named

COLUMNS = (
    "id",
    "source",
    "part",
    "claim",
    "thesis",
    "ours",
    "low",
    "high",
    "models",
    "planes",
    "verdict",
    "figure",
    "remark",
)


class ProfileTables(Mapping):
    """The tables of a profile, each read when it is first asked for, or computed.

    Nothing is computed for a profile with other data than the thesis's.
    """

    def __init__(self, profile: str | Profile):
        self.profile = profile_named(profile)
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in experiments.EXPERIMENTS:
            raise KeyError(name)
        if name != "toy" and FASHION not in self.profile.datasets:
            raise Unjudgeable(f"profile {self.profile.name} has other data than the thesis")
        if name not in self._read:
            self._read[name] = experiments.table(name, self.profile)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in experiments.EXPERIMENTS

    def __iter__(self) -> Iterator[str]:
        return iter(experiments.EXPERIMENTS)

    def __len__(self) -> int:
        return len(experiments.EXPERIMENTS)


@dataclass(frozen=True)
class Outcome:
    """One claim, judged.

    Parameters
    ----------
    claim : Claim
        What was judged.
    parts : dict of str to Evidence
        What was measured, by the names of the claim's parts; one part has the name "".
    verdict : str
        One of ``rules.VERDICTS``.
    remark : str
        What a reader should know beside it.
    """

    claim: Claim
    parts: dict[str, Evidence]
    verdict: str
    remark: str

    @property
    def decisive(self) -> str:
        """The name of the part that decided: the first of those with the claim's verdict."""
        rule_of = self.claim.rule_of
        parts = self.parts.items()
        return next(name for name, one in parts if rule_of(name).verdict(one) == self.verdict)

    @property
    def row(self) -> dict:
        """Its row of the ledger."""
        claim = self.claim
        told = {"ours": np.nan, "low": np.nan, "high": np.nan, "models": 0, "planes": 0}
        if self.parts:
            evidence = self.parts[self.decisive]
            low, high = claim.rule_of(self.decisive).interval(evidence)
            told = {"ours": evidence.value, "low": low, "high": high}
            told |= {"models": evidence.models, "planes": evidence.planes}
        row = {
            "id": claim.id,
            "source": claim.source,
            "part": claim.part,
            "claim": claim.claim,
            "thesis": claim.thesis,
        }
        row |= told
        return row | {"verdict": self.verdict, "figure": claim.figure, "remark": self.remark}


# ------------------------------------------------------------------------------------------ judging


def judge(claim: Claim, tables: Tables) -> Outcome:
    """Judge one claim by tables.

    Parameters
    ----------
    claim : Claim
        One of ``CLAIMS``.
    tables : mapping of str to pandas.DataFrame
        The tables by the names of their experiments.

    Returns
    -------
    Outcome
        Not judgeable where the tables are not enough; its remark says why.
    """
    try:
        measured = _measured(claim, tables)
    except Unjudgeable as reason:
        return Outcome(claim, {}, NOT_JUDGEABLE, f"{reason}.")
    parts = measured.parts
    verdict = _worst(claim, parts)
    remarks = [
        _told_parts(claim, parts),
        *_remarks(parts),
        measured.remark,
        f"Judged in its corrected form: {claim.correction}." if claim.correction else "",
        _why(claim, tables) if verdict != REPRODUCED else "",
        _in_the_box(claim, tables),
    ]
    return Outcome(claim, parts, verdict, " ".join(filter(None, remarks)))


def _measured(claim: Claim, tables: Tables, domain: str = "square") -> Several:
    for name in claim.tables:
        _require(name, tables)
    found = claim.measure(tables, domain) if claim.domains else claim.measure(tables)
    if isinstance(found, Several):
        return found
    return Several(found if isinstance(found, dict) else {"": found})


def _require(name: str, tables: Tables) -> None:
    try:
        tables[name]
    except KeyError:
        raise Unjudgeable(f"table {name} is not there") from None


def _worst(claim: Claim, parts: dict[str, Evidence]) -> str:
    verdicts = [claim.rule_of(name).verdict(evidence) for name, evidence in parts.items()]
    return min(verdicts, key=VERDICTS.index)


def _told_parts(claim: Claim, parts: dict[str, Evidence]) -> str:
    """Each part of a claim that has several, with its interval."""
    if len(parts) < 2:
        return ""
    told = [f"{name} {_with_interval(claim, name, one)}" for name, one in parts.items()]
    return "; ".join(told) + "."


def _remarks(parts: dict[str, Evidence]) -> list[str]:
    """What was measured beside the values; by the name of the part where there are several."""
    if len(parts) == 1:
        return [evidence.remark for evidence in parts.values()]
    return [f"{name}: {one.remark}" for name, one in parts.items() if one.remark]


def _with_interval(claim: Claim, name: str, evidence: Evidence) -> str:
    low, high = claim.rule_of(name).interval(evidence)
    return f"{claim.written(evidence.value)} [{claim.written(low)}, {claim.written(high)}]"


def _why(claim: Claim, tables: Tables) -> str:
    """Why a claim failed, as far as that was tested and the tables for it are there."""
    if isinstance(claim.why, str):
        return claim.why
    try:
        return claim.why(tables)
    except (Unjudgeable, KeyError):
        return ""


def _in_the_box(claim: Claim, tables: Tables) -> str:
    """What the same measure gives in the input box, for what is measured on planes."""
    if not claim.domains:
        return ""
    try:
        parts = _measured(claim, tables, "box").parts
    except Unjudgeable:
        return ""
    told = [f"{name} {_with_interval(claim, name, one)}".strip() for name, one in parts.items()]
    return f"In the input box: {'; '.join(told)} ({_worst(claim, parts)})."


# ----------------------------------------------------------------------------------- tables of them


def evaluate(
    profile: str | Profile,
    ids: Sequence[str] | None = None,
    tables: Tables | None = None,
    source: str | None = None,
) -> pd.DataFrame:
    """Judge the claims of the thesis, of the papers of the lenses, and ours by a profile's tables.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    ids : sequence of str, optional
        Ids of claims; all by default.
    tables : mapping of str to pandas.DataFrame, optional
        Other tables than the profile's own, by the names of their experiments.
    source : str, optional
        Only the claims of this source, one of ``SOURCES`` (``THESIS`` is the thesis).

    Returns
    -------
    pandas.DataFrame
        One row per claim: id, source, part, claim, thesis, ours, low, high, models, planes,
        verdict, figure, remark. Of a claim with several parts, the numbers are those of the part
        that decided; the remark has the other ones.

    Raises
    ------
    MBHError
        For an unknown profile, source or id; it names the nearest id.

    Notes
    -----
    A number has the smallest and the largest model as its interval; a trend the bootstrap 95 %
    interval over models and planes.

    Examples
    --------
    Where the tables of profile paper are::

        claims.evaluate("paper", ["S-3"])
    """
    if source is not None:
        require.choice("source", source, SOURCES)
    chosen = claims_named(ids)
    wanted = [claim.id for claim in chosen if source in (None, claim.source)]
    rows = [outcome.row for outcome in outcomes(profile, wanted, tables)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def outcomes(
    profile: str | Profile, ids: Sequence[str] | None = None, tables: Tables | None = None
) -> list[Outcome]:
    """The judged claims as objects, in the order of the ledger; arguments as of ``evaluate``."""
    chosen = claims_named(ids)
    if tables is None:
        tables = ProfileTables(profile)
    return [judge(claim, tables) for claim in chosen]


def claims_named(ids: Sequence[str] | None) -> list[Claim]:
    """The claims with these ids, in the order of the ledger; all for None."""
    if isinstance(ids, str):
        ids = [ids]
    wanted = list(CLAIMS) if ids is None else [str(word).strip().upper() for word in ids]
    for word in wanted:
        if word not in CLAIMS:
            close = difflib.get_close_matches(word, CLAIMS, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]}? " if close else ""
            raise MBHError(f"claim {word!r} is unknown: {hint}there are {', '.join(CLAIMS)}")
    return [claim for id, claim in CLAIMS.items() if id in wanted]


def summary(evaluated: pd.DataFrame) -> str:
    """How many claims got which verdict, in one sentence.

    Parameters
    ----------
    evaluated : pandas.DataFrame
        What :func:`evaluate` returned.

    Returns
    -------
    str
        Such as "41 of 66 claims reproduced, 9 in the same direction, ...".

    Examples
    --------
    >>> summary(pd.DataFrame({"verdict": ["reproduced", "not reproduced", "not judgeable"]}))
    '1 of 2 claims reproduced, 0 in the same direction, 1 not reproduced; 1 more not judgeable'
    """
    counts = evaluated["verdict"].value_counts().to_dict()
    n = {verdict: counts.get(verdict, 0) for verdict in VERDICTS}
    judged = len(evaluated) - n[NOT_JUDGEABLE]
    told = (
        f"{n[REPRODUCED]} of {judged} claims reproduced, {n['same direction']} in the same "
        f"direction, {n['not reproduced']} not reproduced"
    )
    return f"{told}; {n[NOT_JUDGEABLE]} more not judgeable" if n[NOT_JUDGEABLE] else told


class VerdictTable(pd.DataFrame):
    """A table of verdicts that shows whole sentences, in a notebook and as text."""

    @property
    def _constructor(self):
        return pd.DataFrame

    def __repr__(self) -> str:
        return self.to_string()

    def _repr_html_(self) -> str:
        left = "text-align: left; white-space: normal"
        with pd.option_context("display.max_colwidth", None):
            html = self.to_html(index_names=False, justify="left", border=0)
        return html.replace("<td>", f'<td style="{left}">').replace("<th>", f'<th style="{left}">')


def verdict_table(
    profile: str | Profile, ids: Sequence[str], tables: Tables | None = None
) -> VerdictTable:
    """What a chapter shows after a comparison with the thesis.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    ids : sequence of str
        Ids of claims.
    tables : mapping of str to pandas.DataFrame, optional
        As in :func:`evaluate`.

    Returns
    -------
    pandas.DataFrame
        One row per claim, which is its index: "the thesis says" ("the paper says" for those of
        papers, "tried or expected" for our own), "here", "interval", "verdict".

    Raises
    ------
    MBHError
        For an unknown profile or id.

    Examples
    --------
    At the end of a section of a chapter::

        claims.verdict_table(chapter.profile, ["ACC-9", "ACC-10"])
    """
    rows = {
        outcome.claim.claim: _chapter_row(outcome) for outcome in outcomes(profile, ids, tables)
    }
    return VerdictTable.from_dict(rows, orient="index")


#: Above what a claim is held against.
_SAYS = {THESIS: "the thesis says", OURS: "tried or expected"}


def _chapter_row(outcome: Outcome) -> dict:
    here = []
    intervals = []
    for name, evidence in outcome.parts.items():
        low, high = outcome.claim.rule_of(name).interval(evidence)
        written = outcome.claim.written
        here.append(f"{name}: {written(evidence.value)}" if name else written(evidence.value))
        intervals.append(f"{written(low)} to {written(high)}")
    return {
        _SAYS.get(outcome.claim.source, "the paper says"): outcome.claim.thesis,
        "here": "; ".join(here) or outcome.remark,
        "interval": "; ".join(intervals),
        "verdict": outcome.verdict,
    }


# -------------------------------------------------------------------------------------------- files


def write(
    profile: str | Profile, evaluated: pd.DataFrame | None = None, folder: Path | None = None
) -> tuple[Path, Path]:
    """Write the ledger as ``claims.md``, to be read, and ``claims.csv``, for programs.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    evaluated : pandas.DataFrame, optional
        What :func:`evaluate` returned for all claims; evaluated anew by default.
    folder : path, optional
        By default that of the profile's figures.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    MBHError
        For an unknown profile, and for a folder that cannot be written.

    Examples
    --------
    What ``mbh claims --profile paper`` does::

        claims.write("paper")
    """
    profile = profile_named(profile)
    if evaluated is None:
        evaluated = evaluate(profile)
    if folder is None:
        folder = paths.figures_folder(profile.name)
    text, data = folder / "claims.md", folder / "claims.csv"
    write_whole(text, _markdown(profile.name, evaluated).encode())
    write_whole(data, str(evaluated.to_csv(index=False, float_format="%.6g")).encode())
    return text, data


def _markdown(profile: str, evaluated: pd.DataFrame) -> str:
    lines = [
        f"# What is claimed, and what came out here (profile {profile})",
        "",
        *_counts(evaluated),
        "",
        "A number is reproduced if the thesis's value lies between our smallest and largest model, "
        "widened by 0.5 percentage points (accuracies), 0.05 (specializations) or a factor of 1.5 "
        "(counts and shares of one plane). A trend is reproduced if the bootstrap 95 % interval of "
        "its statistic over models and planes excludes the null on the claimed side. Same "
        "direction: only sign or order agree.",
    ]
    for (source, part), rows in evaluated.groupby(["source", "part"], sort=False):
        said = "" if source == THESIS else f" ({source})"
        lines += ["", f"## {str(part).capitalize()}{said}", ""]
        lines += [
            "| id | the claim | as printed | here | interval | models x planes | verdict | "
            "figure | remark |",
            "|" + "---|" * 9,
        ]
        lines += [_markdown_row(row) for row in rows.to_dict("records")]
    return "\n".join(lines) + "\n"


def _counts(evaluated: pd.DataFrame) -> list[str]:
    """A line per source that says how many of its claims got which verdict."""
    lines = []
    for source, rows in evaluated.groupby("source", sort=False):
        lines.append(f"- {source}: {summary(rows)}.")
    return lines


def _markdown_row(row: dict) -> str:
    claim = CLAIMS[row["id"]]
    here = interval = size = ""
    if row["models"]:
        here = claim.written(row["ours"])
        interval = f"{claim.written(row['low'])} to {claim.written(row['high'])}"
        size = f"{row['models']} x {row['planes']}" if row["planes"] else f"{row['models']}"
    cells = [row["id"], row["claim"], row["thesis"], here, interval, size]
    cells += [row["verdict"], row["figure"], row["remark"]]
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
