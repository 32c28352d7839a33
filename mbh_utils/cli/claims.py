"""``mbh claims``: judge what the thesis claims."""

import click
from click import echo

from mbh_utils.cli.options import profile_option


@click.command()
@click.argument("ids", nargs=-1)
@profile_option
def claims(ids, profile) -> None:
    """Judge the thesis's claims IDS (default: all) by the tables of a profile.

    All claims together are also written to figures/PROFILE/claims.md and claims.csv.
    """
    from mbh_utils import claims as ledger

    evaluated = ledger.evaluate(profile, ids or None)
    for row in evaluated.to_dict("records"):
        for line in _told(row, ledger.CLAIMS[row["id"]]):
            echo(line)
    echo(ledger.summary(evaluated))
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
    yield f"{'':<8}thesis: {row['thesis']}; here: {here}"
    if row["remark"]:
        yield f"{'':<8}{row['remark']}"
