"""How well and how fast are tiny shares found? Splitting beside plain Monte Carlo, in one run.

    python benchmarks/hypervolume.py                # all parts, some minutes
    python benchmarks/hypervolume.py boxes          # some of them

============  ======================================================================================
``boxes``     boxes of which the share is known exactly, from 1e-6 to 1e-24
``network``   LeNet-300-100, the pattern of an image's whole last layer, in the box of 784 inputs
============  ======================================================================================

The error is the standard deviation of the result over seeds, as a share of it: the goal is 10 % at
1e-20 within 60 CPU seconds. Monte Carlo is given as many points as go through the network in that
time; what it finds is a count, and mostly 0. Times are CPU seconds of this process.
"""

import argparse
import os
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (the number of threads has to be set first)

import mbh_utils as mbh  # noqa: E402

HEAD = f"{'case':34s} {'log10 share':>11s} {'exact':>8s} {'error':>6s} {'inside':>6s} {'s':>6s}"


def cube(k: int) -> mbh.Block:
    """The unit cube of k dimensions."""
    return mbh.Block(np.zeros(k), None, np.zeros(k), np.ones(k))


def row(what: str, layers, pattern, k: int, exact: float, seeds: int, **sizes) -> None:
    """Results of some seeds: mean, error, how many intervals hold the exact share, and the time."""
    found = [
        mbh.hypervolume(layers, pattern, cube(k), seed=seed, progress=False, **sizes)
        for seed in range(seeds)
    ]
    logs = np.array([one.log10_share for one in found])
    shares = 10 ** (logs - logs.max())
    mean = logs.max() + np.log10(shares.mean())
    error = shares.std(ddof=1) / shares.mean()
    if np.isnan(exact):
        inside = "-"
    else:
        held = sum(one.log10_low <= exact <= one.log10_high for one in found)
        inside = f"{held}/{seeds}"
    seconds = np.mean([one.seconds for one in found])
    print(f"{what:34s} {mean:11.3f} {exact:8.3f} {error:6.1%} {inside:>6s} {seconds:6.1f}")


def counted(what: str, layers, pattern, k: int, n: int) -> None:
    """The same by plain Monte Carlo."""
    started = time.process_time()
    found = mbh.sampled_shares(layers, [pattern], cube(k), n=n).loc[0]
    seconds = time.process_time() - started
    high = np.log10(found["high"])
    print(f"{what:34s} {found['share']:11.3g} {'':8s} below 10^{high:.1f}  {seconds:6.1f}")


def boxes(seeds: int) -> None:
    """All of k coordinates above a threshold."""
    for k, threshold in ((6, 0.9), (5, 0.99), (16, 0.9), (20, 0.9), (40, 0.75)):
        layers = [(np.eye(k), np.full(k, -threshold))]
        pattern = mbh.DecisionPattern(range(k), [True] * k)
        exact = k * np.log10(1 - threshold)
        for points in (500, 1_000, 4_000):
            what = f"{k} coordinates > {threshold}, {points} points"
            row(what, layers, pattern, k, exact, seeds, points=points)
        counted("  plain Monte Carlo", layers, pattern, k, 1_000_000)


def network(seeds: int) -> None:
    """An untrained LeNet-300-100, and a pattern of its last layer of about 1e-20."""
    rng = np.random.default_rng(0)
    layers = []
    n_inputs = 784
    for n in (300, 100):
        weight = rng.standard_normal((n, n_inputs)) * np.sqrt(2 / n_inputs)
        layers.append((weight, np.zeros(n)))
        n_inputs = n
    image = (rng.random(784) > 0.8).astype(float)
    states = mbh.activation_patterns(layers, image[None])[0]
    for n in (40, 80):
        pattern = mbh.DecisionPattern(range(300, 300 + n), states[300 : 300 + n])
        for points in (500, 1_000):
            what = f"{n} neurons, {points} points"
            row(what, layers, pattern, 784, np.nan, max(seeds // 3, 2), points=points)
        counted("  plain Monte Carlo", layers, pattern, 784, 200_000)


def main() -> None:
    calls = {"boxes": boxes, "network": network}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(calls)}")
    parser.add_argument("--seeds", type=int, default=10, help="results of which the error is")
    chosen = parser.parse_args()
    for part in chosen.parts or calls:
        if part not in calls:
            parser.error(f"unknown part {part!r}; expected some of {', '.join(calls)}")
        print(f"{part}:\n{HEAD}", flush=True)
        calls[part](chosen.seeds)


if __name__ == "__main__":
    main()
