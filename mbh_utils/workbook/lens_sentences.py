"""What all lenses together tell, in sentences made from their table."""

import pandas as pd

from mbh_utils.experiments import lens_measures


def overview_markdown(table: pd.DataFrame, plain: pd.DataFrame, partial: pd.DataFrame) -> str:
    """What goes along with specialization and with accuracy, and whether clusters do.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment lenses.
    plain, partial : pandas.DataFrame
        Rank correlations of its measures over all networks, and with N held fixed, as
        ``experiments.associations`` gives them.

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
    lines = [_with(partial, target, names) for target in ("s_square", "accuracy")]
    lines.append(_reversed(plain, partial, names))
    lines += _clusters(table)
    return "\n".join(f"- {line}" for line in lines if line)


def of_pair(table: pd.DataFrame, one: str, other: str) -> pd.Series:
    """The row of a pair of measures, in whichever order it stands."""
    same = (table["x"] == one) & (table["y"] == other)
    turned = (table["x"] == other) & (table["y"] == one)
    return table[same | turned].iloc[0]


def is_clear(row: pd.Series) -> bool:
    """Whether its interval excludes 0."""
    return bool(row["low"] > 0 or row["high"] < 0)


def _with(partial: pd.DataFrame, target: str, names: dict[str, str]) -> str:
    """Which measures go along with one at fixed N, the strongest first."""
    rows = {name: of_pair(partial, name, target) for name in names if name != target}
    clear = {name: row["rho"] for name, row in rows.items() if is_clear(row)}
    order = sorted(clear, key=lambda name: -abs(clear[name]))
    told = ", ".join(f"{names[name]} ({clear[name]:+.2f})" for name in order)
    return (
        f"With N held fixed, {len(clear)} of {len(rows)} measures go along with "
        f"{names[target]}: {told or 'none of them'}."
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
