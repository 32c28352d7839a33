"""``mbh explore``: write the explorers as pages of their own."""

import click
from click import echo

from mbh_utils.cli.options import (
    check_writable,
    profile_option,
    say_that_it_loads,
    told_as_usage,
)


@click.command()
@profile_option
@click.option("--seed", type=int, default=0, show_default=True, help="Which images span planes.")
def explore(profile, seed) -> None:
    """Write the explorers as web pages that need no kernel and no network.

    They go to figures/PROFILE/explore, or to MBH_FIGURES/PROFILE/explore; index.html leads to them.
    """
    from mbh_utils.computing import paths
    from mbh_utils.workbook import chapters
    from mbh_utils.workbook.folder import shown

    told_as_usage(chapters.check_seed, seed, hint="--seed")
    folder = paths.figures_folder(profile) / "explore"
    check_writable(folder, "environment variable MBH_FIGURES")
    say_that_it_loads()
    from mbh_utils.explorers import gallery

    index, *pages = gallery.write_all(folder, profile, seed, echo=echo)
    size = sum(file.stat().st_size for file in pages) / 1000
    echo(f"{len(pages)} explorers, {size:,.0f} kB; open {shown(index)} in a browser")
