"""``mbh figures``: regenerate figures."""

import ast

import click
from click import echo

from mbh_utils.cli.options import profile_option


@click.command()
@profile_option
@click.option(
    "--chapter",
    "chapters",
    multiple=True,
    help="Only this chapter, by name or number (repeatable).",
)
@click.option(
    "--figure",
    "chosen",
    multiple=True,
    help="Only the chapter with this figure: 6.3, the thesis's number, or own-5.3 (repeatable).",
)
@click.option(
    "--jobs",
    type=int,
    help="Chapters and networks computed side by side [default: one per core].",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the chapters.")
@click.option(
    "-p",
    "--parameter",
    "given",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A chapter parameter.",
)
@click.option("--force", is_flag=True, help="Also redo what is up to date.")
def figures(profile, chapters, chosen, jobs, seed, given, force) -> int:
    """Regenerate the figures, and say where they are.

    What is up to date is left alone. Figures go to figures/PROFILE, or to MBH_FIGURES/PROFILE.
    """
    from mbh_utils.workbook import runner

    report = runner.run(
        profile,
        chapters,
        chosen,
        jobs=jobs,
        force=force,
        seed=seed,
        parameters={name: _literal(value) for name, value in given},
        echo=echo,
    )
    return 0 if report.ok else 1


def _literal(text: str):
    """The value a text spells as a Python literal, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
