"""``mbh book``: write the reading copy."""

import click
from click import echo

from mbh_utils.cli.options import profile_option


@click.command()
@profile_option
def book(profile) -> int:
    """Write the executed chapters as web pages, to be read without a kernel or a network.

    They go to figures/PROFILE/book, or to MBH_FIGURES/PROFILE/book; index.html is the first page.
    `mbh figures` executes the chapters.
    """
    echo("reading copy: loading what reads notebooks")
    from mbh_utils.workbook.book import write

    write(profile, echo=echo)
    return 0
