"""What all lenses together tell, in sentences made from their table."""

from collections.abc import Mapping

import pandas as pd

from mbh_utils.experiments import lens_measures

#: Lens -> its measures. The first line belongs to the thesis, the others ask something else.
LENSES = {
    "The thesis's own measures": ("s_box", "others", "n_regions"),
    "Clusters": ("ncut_z", "ncut_z_mask", "importance", "class_range"),
    "Wiring": ("nnstd_over_null",),
    "Patterns": ("information", "relative_entropy", "settled", "oui", "oui_within"),
    "Accuracy": ("accuracy",),
}
#: Measure -> what a network has of which it is large, and of which it is small.
_LARGE_AND_SMALL = {
    "accuracy": ("a higher accuracy", "a lower accuracy"),
    "s_box": ("a higher s in the input box", "a lower s in the input box"),
    "others": ("more images of other classes inside", "fewer images of other classes inside"),
    "n_regions": ("more activation regions", "fewer activation regions"),
    "ncut_z": ("less clustered weights (all shuffled)", "more clustered weights (all shuffled)"),
    "ncut_z_mask": ("less clustered weights (mask kept)", "more clustered weights (mask kept)"),
    "importance": ("clusters that matter more", "clusters that matter less"),
    "class_range": ("lesions that hit fewer classes", "lesions that hit more classes"),
    "nnstd_over_null": ("wirings farther from each other", "wirings nearer to each other"),
    "information": (
        "groups of 8 that tell more about the class",
        "groups of 8 that tell less about it",
    ),
    "relative_entropy": ("patterns used more evenly", "patterns used less evenly"),
    "settled": ("patterns that settle later", "patterns that settle earlier"),
    "oui": ("images that differ more in pattern (OUI)", "images that differ less in pattern (OUI)"),
    "oui_within": (
        "images of a class that differ more (OUI)",
        "images of a class that differ less (OUI)",
    ),
}


def overview_markdown(
    table: pd.DataFrame,
    plain: pd.DataFrame,
    partial: pd.DataFrame,
    alone: Mapping[str, pd.DataFrame] | None = None,
) -> str:
    """Whether the lenses agree with specialization, and what goes along with accuracy.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment lenses.
    plain, partial : pandas.DataFrame
        Rank correlations of its measures over all networks, and with N held fixed, as
        ``experiments.associations`` gives them.
    alone : mapping of str to pandas.DataFrame, optional
        Name of a data set -> those with N held fixed on it alone.

    Returns
    -------
    str
        A list in Markdown.

    Examples
    --------
    In the chapter on the lenses::

        display(Markdown(overview_markdown(table, plain, partial)))
    """
    names = lens_measures(table)
    lines = [_of_lens(lens, partial, names) for lens in LENSES]
    lines.append(_on_each(alone or {}, partial, names))
    lines.append(_with(partial, "accuracy", names))
    lines.append(_reversed(plain, partial, names))
    lines += _clusters(table)
    told = "\n".join(f"- {line}" for line in lines if line)
    answer = f"**{in_short(partial, names)}.** Networks of higher s (square) have, at fixed N:"
    return f"{answer}\n\n{told}"


def of_pair(table: pd.DataFrame, one: str, other: str) -> pd.Series:
    """The row of a pair of measures, in whichever order it stands."""
    same = (table["x"] == one) & (table["y"] == other)
    turned = (table["x"] == other) & (table["y"] == one)
    return table[same | turned].iloc[0]


def is_clear(row: pd.Series) -> bool:
    """Whether its interval excludes 0."""
    return bool(row["low"] > 0 or row["high"] < 0)


def of_other_lenses(names: Mapping[str, str]) -> list[str]:
    """The measures of the three published lenses, which know nothing of blankets."""
    others = [name for lens in ("Clusters", "Wiring", "Patterns") for name in LENSES[lens]]
    return [name for name in others if name in names]


def in_short(partial: pd.DataFrame, names: Mapping[str, str]) -> str:
    """How many measures of other lenses go along with specialization, and which does most."""
    rows = {name: of_pair(partial, name, "s_square") for name in of_other_lenses(names)}
    clear = {name: row["rho"] for name, row in rows.items() if is_clear(row)}
    told = f"At fixed N, {len(clear)} of {len(rows)} measures of other lenses go along with s"
    if not clear:
        return told
    most = max(clear, key=lambda name: abs(clear[name]))
    return f"{told}, {names[most]} most ({clear[most]:+.2f})"


def _of_lens(lens: str, partial: pd.DataFrame, names: dict[str, str]) -> str:
    """What one lens sees in networks of higher s."""
    clear, unclear = [], []
    for name in LENSES[lens]:
        if name not in names:
            continue
        row = of_pair(partial, name, "s_square")
        if is_clear(row):
            words = _LARGE_AND_SMALL[name][int(row["rho"] < 0)]
            clear.append(f"{words} ({row['rho']:+.2f})")
        else:
            unclear.append(f"{names[name]} ({row['rho']:+.2f})")
    told = ", ".join(clear)
    if unclear:
        told += f"{'; ' if told else ''}no clear sign for {', '.join(unclear)}"
    return f"**{lens}**: {told}." if told else ""


def _on_each(
    alone: Mapping[str, pd.DataFrame], partial: pd.DataFrame, names: dict[str, str]
) -> str:
    """Which measures are clear on every data set by itself, with the same sign."""
    if len(alone) < 2:
        return ""
    kept = []
    for name in (name for name in names if name != "s_square"):
        rows = [of_pair(each, name, "s_square") for each in (partial, *alone.values())]
        if all(is_clear(row) and row["rho"] * rows[0]["rho"] > 0 for row in rows):
            each = " and ".join(f"{row['rho']:+.2f}" for row in rows[1:])
            kept.append(f"{names[name]} ({each})")
    told = ", ".join(kept) or "none of them"
    return f"Clear on {' and on '.join(alone)} alone, too: {told}."


def _with(partial: pd.DataFrame, target: str, names: dict[str, str]) -> str:
    """Which measures go along with one at fixed N, the strongest first."""
    rows = {name: of_pair(partial, name, target) for name in names if name != target}
    clear = {name: row["rho"] for name, row in rows.items() if is_clear(row)}
    order = sorted(clear, key=lambda name: -abs(clear[name]))
    told = ", ".join(f"{names[name]} ({clear[name]:+.2f})" for name in order)
    return (
        f"With {names[target]}, also at fixed N, go {len(clear)} of {len(rows)} measures: "
        f"{told or 'none of them'}."
    )


def _reversed(plain: pd.DataFrame, partial: pd.DataFrame, names: dict[str, str]) -> str:
    """Measures whose correlation with specialization turns round when N is held fixed."""
    turned = []
    for name in names:
        if name == "s_square":
            continue
        free = of_pair(plain, name, "s_square")
        fixed = of_pair(partial, name, "s_square")
        if is_clear(free) and is_clear(fixed) and free["rho"] * fixed["rho"] < 0:
            turned.append(f"{names[name]} ({free['rho']:+.2f} to {fixed['rho']:+.2f})")
    if not turned:
        return "No clear correlation with s (square) changes its sign when N is held fixed."
    return f"The sign of the correlation with s (square) turns round for {', '.join(turned)}."


def _clusters(table: pd.DataFrame) -> list[str]:
    """Dense and sparse networks by the n-cut beside shuffled copies."""
    lines = []
    for words, rows in {
        "Dense": table[table["density"] == 1],
        "Sparse": table[table["density"] < 1],
    }.items():
        for column, null in {"ncut": "all weights shuffled", "mask": "the mask kept"}.items():
            end = "" if column == "ncut" else "_mask"
            if f"ncut_z{end}" not in rows or rows[f"ncut_z{end}"].isna().all():
                continue
            z = rows[f"ncut_z{end}"]
            share = (rows[f"ncut_p{end}"] < 0.05).mean()
            lines.append(
                f"{words} trained networks, {null}: n-cut z from {z.min():+.1f} to {z.max():+.1f}, "
                f"median {z.median():+.1f}; {share:.0%} are more clustered than chance (p < .05)."
            )
            if words == "Dense":
                break
    return lines
