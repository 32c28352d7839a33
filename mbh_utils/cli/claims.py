"""``mbh claims``: judge what the thesis claims, and the papers of the lenses."""

import click
from click import echo

from mbh_utils.cli.options import profile_option, say_that_it_loads


@click.command()
@click.argument("ids", nargs=-1)
@profile_option
def claims(ids, profile) -> None:
    """Judge the claims IDS (default: all) by the tables of a profile.

    They are the thesis's, and those of the papers that the lenses come from.

    All claims together are also written to figures/PROFILE/claims.md and claims.csv.
    """
    say_that_it_loads()
    from mbh_utils import claims as ledger

    evaluated = ledger.evaluate(profile, ids or None)
    for row in evaluated.to_dict("records"):
        for line in _told(row, ledger.CLAIMS[row["id"]]):
            echo(line)
    for source, rows in evaluated.groupby("source", sort=False):
        echo(f"{source}: {ledger.summary(rows)}")
    if not ids:
        for path in ledger.write(profile, evaluated):
            echo(f"written: {path}")


def _told(row: dict, claim):
    """The lines on one claim."""
    yield f"{row['id']:<8}{row['verdict']:<16}{row['claim']}"
    here = "nothing"
    if row["models"]:
        interval = f"[{claim.written(row['low'])}, {claim.written(row['high'])}]"
        size = f"{row['models']} models"
        if row["planes"]:
            size += f", {row['planes']} planes"
        here = f"{claim.written(row['ours'])} {interval}, {size}"
    yield f"{'':<8}{row['source']}: {row['thesis']}; here: {here}"
    if row["remark"]:
        yield f"{'':<8}{row['remark']}"
