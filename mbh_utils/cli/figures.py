"""``mbh figures``: regenerate figures."""

import ast
import contextlib

import click
from click import echo

from mbh_utils.cli.options import (
    PROFILES,
    jobs_option,
    profile_option,
    say_that_it_loads,
    told_as_usage,
)
from mbh_utils.errors import MBHError


@click.command()
@click.argument("words", nargs=-1, metavar="")
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
@jobs_option("Chapters and networks computed side by side [default: one per core].")
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
def figures(words, profile, chapters, chosen, jobs, seed, given, force) -> int:
    """Regenerate the figures, and say where they are.

    What is up to date is left alone. Figures go to figures/PROFILE, or to MBH_FIGURES/PROFILE.
    """
    _check(words, chapters, chosen, seed)
    say_that_it_loads()
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


def _check(words, chapters, chosen, seed: int) -> None:
    """Raise a usage error for what cannot be meant, before anything heavy is imported."""
    from mbh_utils.workbook import chapters as index

    if words:
        raise click.UsageError(f"did you mean `mbh figures {' '.join(map(_option_for, words))}`?")
    for word in chapters:
        told_as_usage(index.declaration, word, hint="--chapter")
    for word in chosen:
        told_as_usage(index.figure_id, word, hint="--figure")
    told_as_usage(index.check_seed, seed, hint="--seed")


def _option_for(word: str) -> str:
    """The option that a word without one was meant for: a profile, a figure, or else a chapter."""
    from mbh_utils.workbook import chapters as index

    if word in PROFILES:
        return f"--profile {word}"
    try:
        index.declaration(word)
    except MBHError:
        with contextlib.suppress(MBHError):
            index.figure_id(word)
            return f"--figure {word}"
    return f"--chapter {word}"


def _literal(text: str):
    """The value a text spells as a Python literal, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
