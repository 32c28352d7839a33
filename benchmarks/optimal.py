"""The optimal pattern of every class against the greedy one: ``python benchmarks/optimal.py``.

    python benchmarks/optimal.py [--profile paper] [--setup 7] [--data NAME] [--coverage 0.9]

A network of the experiments is read from the store (and trained first, where it is missing: with
profile quick that takes seconds). For each class both patterns are found on the planes of the grid,
one after the other in one run. Told are the shares that their blankets take, the bound that is
proven, and the seconds of both: Algorithm 3 reads patterns only, so the time to measure its blanket
on the planes is told too.
"""

import argparse
import time

import mbh_utils as mbh
from mbh_utils import experiments
from mbh_utils.computing.store import Store


def timed(function, *arguments, **options):
    """What a function gives, and its seconds by the clock and of this process's cores."""
    clock = time.perf_counter()
    cores = time.process_time()
    found = function(*arguments, **options)
    return found, time.perf_counter() - clock, time.process_time() - cores


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", default="quick", choices=list(experiments.PROFILES))
    parser.add_argument("--setup", type=int, default=7)
    parser.add_argument("--data", help="name of a data set (default: that of Fashion-MNIST's role)")
    parser.add_argument("--coverage", type=float, default=0.9)
    parser.add_argument("--time-limit", type=float, default=60.0)
    chosen = parser.parse_args()
    run = experiments.run_of(chosen.profile, chosen.setup, dataset=chosen.data)
    network = run.trained(Store())
    planes = experiments.grid_planes(chosen.profile, run.dataset)
    print(f"{run.dataset}, set-up #{chosen.setup} {run.hidden}, c_P = {chosen.coverage}")
    mbh.partition_input_space(network, planes, keep="areas")  # compiles
    validation = run.raw.validation
    head = ("class", "greedy", "optimal", "bound", "proven", "s greedy", "s optimal", "s of cores")
    print(("{:>11}" * len(head)).format(*head))
    proven = 0
    for c in range(run.raw.n_classes):
        own = validation.of_class(c)
        _, greedy_seconds, _ = timed(mbh.specialization, network, own, planes, chosen.coverage)
        found, seconds, of_cores = timed(
            mbh.optimal_pattern,
            network,
            own,
            planes,
            chosen.coverage,
            time_limit=chosen.time_limit,
        )
        proven += found.proven
        shares = f"{found.greedy_share:11.4f}{found.share:11.4f}{found.bound:11.4f}"
        known = "yes" if found.proven else "no"
        times = f"{greedy_seconds:11.2f}{seconds:11.2f}{of_cores:11.2f}"
        print(f"{c:11}{shares}{known:>11}{times}", flush=True)
    print(f"{proven} of {run.raw.n_classes} classes are proven")


if __name__ == "__main__":
    main()
