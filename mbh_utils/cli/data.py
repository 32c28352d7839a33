"""``mbh data``: which data sets are found where, and downloads."""

import click
from click import echo


@click.group(invoke_without_command=True)
@click.pass_context
def data(context: click.Context) -> None:
    """Say which data sets are found where; `mbh data get NAME` downloads one."""
    if context.invoked_subcommand is not None:
        return
    from mbh_utils import datasets

    for name in datasets.NAMES:
        for line in description(datasets.describe(name)):
            echo(line)


@data.command()
@click.argument("name")
def get(name: str) -> None:
    """Download the data set NAME, unless it is there, and check it."""
    from mbh_utils import datasets

    echo(repr(datasets.load(name, progress=True)))
    echo(description(datasets.describe(name))[0])


def description(facts: dict) -> list[str]:
    """Lines on where a data set is, or on what is missing, from ``datasets.describe``."""
    name = facts["name"]
    if facts["folder"] is None:
        return [f"{name}: built in, no files needed"]
    if facts["found"]:
        return [f"{name}: found in {facts['folder']}, checksums right"]
    searched = ", ".join(map(str, facts["searched"]))
    return [
        f"{name}: not usable; looked in {searched}",
        *map(_file_line, facts["files"]),
        f"  `mbh data get {name}` downloads it; data/README.md says how to place it by hand",
    ]


def _file_line(file: dict) -> str:
    """One line on a file of a data set."""
    if file["status"] == "ok":
        return f"  ok       {file['path']}"
    found = f", has {file['found']}" if file["found"] else ""
    return f"  {file['status']:<8} {file['path']} (expected md5 {file['expected']}{found})"
