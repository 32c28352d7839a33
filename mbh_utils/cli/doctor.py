"""``mbh doctor``: what the workbook needs on this machine."""

import platform
import sys
from collections.abc import Iterator

import click
from click import echo

from mbh_utils.cli.data import description
from mbh_utils.cli.options import check_writable, say_that_it_loads
from mbh_utils.errors import MBHError


@click.command()
def doctor() -> int:
    """Check what the workbook needs on this machine: versions, cores, data, folders, kernel."""
    say_that_it_loads()
    healthy = True
    for check in (_check_machine, _check_data, _check_tables, _check_folders, _check_kernel):
        try:
            for line in check():
                echo(f"ok    {line}")
        except MBHError as error:
            healthy = False
            echo(f"BAD   {error}")
    echo("the workbook can run here" if healthy else "fix the lines marked BAD, then try again")
    return 0 if healthy else 1


def _check_machine() -> Iterator[str]:
    import torch

    from mbh_utils.computing import paths, threads
    from mbh_utils.workbook import provenance

    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions().items())
    yield f"{platform.system()} {platform.machine()}, {versions}"
    commit = provenance.commit() or "unknown (no git checkout)"
    yield f"mbh_utils in {paths.PROJECT}, commit {commit}"
    yield f"{threads.cores()} cores, {torch.get_num_threads()} torch threads"
    if torch.cuda.is_available():
        yield f"GPU: {torch.cuda.get_device_name()}"
    else:
        yield "GPU: none that torch can use (none is needed)"


def _check_data() -> Iterator[str]:
    from mbh_utils import datasets

    for name in datasets.NAMES:
        facts = datasets.describe(name)
        if any(file["status"] in ("wrong", "unreadable") for file in facts["files"]):
            raise MBHError("\n".join(description(facts)))
        if facts["found"]:
            yield description(facts)[0]
        else:
            yield f"{name}: not here yet (`mbh data` tells more)"


def _check_tables() -> Iterator[str]:
    from mbh_utils import experiments

    for profile in experiments.PROFILES:
        found = experiments.check_results(profile)
        tables = [path for path in found if path.suffix == ".parquet"]
        if tables:
            yield f"tables of profile {profile}: {len(tables)}, digests right"
        if len(found) > len(tables):
            yield f"networks that chapters of profile {profile} draw: here, digest right"


def _check_folders() -> Iterator[str]:
    from mbh_utils.computing import native, paths
    from mbh_utils.workbook import folder

    figures = paths.figures_folder("quick")
    folder.check_writable(figures)
    yield f"figures: {figures.parent} is writable"
    store = paths.store_folder()
    check_writable(store, "MBH_STORE")
    yield f"store: {store} is writable"
    in_memory = "memory only, since no folder for it can be written: each process compiles anew"
    yield f"compiled code is kept in {native.folder() or in_memory}"


def _check_kernel() -> Iterator[str]:
    from mbh_utils.workbook import kernels

    yield f"a notebook kernel starts: {kernels.try_kernel():.1f} s, {sys.executable}"
