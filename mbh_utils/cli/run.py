"""``mbh run``: compute what the experiments need, and write their tables."""

import time
from collections.abc import Iterator

import click
from click import echo

from mbh_utils.cli.options import (
    check_writable,
    jobs_option,
    open_store,
    profile_option,
    said_while_at_it,
    say_that_it_loads,
    told_as_usage,
)
from mbh_utils.cli.wording import megabytes, size, span


@click.command()
@click.argument("names", nargs=-1)
@profile_option
@jobs_option("Processes computing side by side [default: one per core].")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Compute on a Dask cluster, e.g. tcp://10.0.0.1:8786.",
)
@click.option(
    "--no-shared-store",
    is_flag=True,
    help="The cluster's machines share no folder: send results back.",
)
@click.option(
    "--store",
    "folder",
    metavar="FOLDER",
    help="Keep all results here [default: MBH_STORE, data/store].",
)
@click.option(
    "--tables",
    metavar="FOLDER",
    help="Write tables and networks here [default: data/results/PROFILE].",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only say what would be computed, how long and how large.",
)
def run(names, profile, jobs, scheduler, no_shared_store, folder, tables, dry_run) -> None:
    """Compute what is missing for the experiments NAMES (default: all), and write their tables.

    The chapters read these tables, and draw single networks, which are written with experiment
    "networks".
    """
    started = time.perf_counter()
    say_that_it_loads()
    from mbh_utils import experiments
    from mbh_utils.computing import paths
    from mbh_utils.experiments.catalogue import experiments_named

    names = list(dict.fromkeys(names or experiments.EXPERIMENTS))
    told_as_usage(experiments_named, names, hint="NAMES")
    store = open_store(folder)
    to = paths.named(tables, "the tables' folder") if tables is not None else None
    with said_while_at_it("looking for what is missing, and how long it takes"):
        stages = experiments.plan(profile, names, store)
    for line in _forecast(stages, jobs, scheduler, store):
        echo(line)
    if dry_run:
        return
    check_writable(store.folder, "--store or MBH_STORE")  # now, not after hours
    check_writable(to or experiments.results_file(names[0], profile).parent, "--tables")
    ended = experiments.prepare(
        profile,
        names,
        jobs=jobs,
        store=store,
        scheduler=scheduler,
        shared=not no_shared_store,
    )
    computed = time.perf_counter()
    for path in experiments.write_tables(profile, names, store, to):
        echo(f"table: {path}")
    if "networks" in names:
        path = experiments.write_networks(profile, store, to)
        echo(f"networks: {path} ({size(path.stat().st_size)})")
    now = time.perf_counter()
    for done in ended:
        echo(f"{done.label}: {span(done.seconds)}, {megabytes(done.memory)} per process at most")
    echo(f"writing the tables: {span(now - computed)}")
    echo(f"in all: {span(now - started)}")


def _forecast(stages, jobs: int | None, scheduler: str | None, store) -> Iterator[str]:
    """Lines on what the stages take: number of tasks, time, room on disk, memory."""
    from mbh_utils.computing.scheduling import wall_seconds
    from mbh_utils.computing.threads import n_processes

    if not stages:
        yield "nothing is missing"
        return
    n = n_processes(jobs)
    # How many work on a cluster, and how fast they are, is not known here.
    known = bool(jobs or not scheduler)
    where = f"on {n} process{'es' if n > 1 else ''}" if known else ""
    yield f"to be computed into {store.folder}, as estimated:"
    yield _row("", "tasks", "CPU time", where, "on disk", "per process")
    all_tasks = []
    all_seconds = 0.0
    for stage in stages:
        seconds = wall_seconds(stage.tasks, n)
        yield _estimate(stage.label, stage.tasks, seconds if known else None)
        all_tasks += stage.tasks
        all_seconds += seconds
    yield _estimate("in all", all_tasks, all_seconds if known else None)


def _estimate(label: str, tasks: list, seconds: float | None) -> str:
    """One line of the forecast; ``seconds`` on the clock, where they are known."""
    spent = span(sum(task.seconds for task in tasks))
    clock = span(seconds) if seconds is not None else ""
    on_disk = megabytes(sum(task.bytes for task in tasks))
    memory = megabytes(max(task.memory for task in tasks))
    return _row(label, len(tasks), spent, clock, on_disk, memory)


def _row(label: str, tasks, spent: str, clock: str, on_disk: str, memory: str) -> str:
    """One line of the forecast's table."""
    return f"{label:<20}{tasks:>7}{spent:>12}{clock:>18}{on_disk:>11}{memory:>13}"
