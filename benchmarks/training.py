"""Benchmarks of training: ``python benchmarks/training.py [PART ...] [--iterations N]``.

The parts are speed (the default), crossover and rewiring.

speed: the 14 set-ups of Fig 6.1 on random data of MNIST's shape, in milliseconds per iteration: a
plain loop in torch (default Adam, and fused), networks stacked by ``train_stack``, all in one run
on one core, and the stacks again in one process per core. Beside them the floor: the dense
arithmetic of all networks at the speed of a large single-precision matrix product measured in the
same run.
crossover: for which share of live weights listing them beats BLAS on this machine
(``kernel.CROSSOVER``).
rewiring: what SET and RigL cost, and the same networks by masked torch with fused Adam and, where
it is installed (``pip install sparselab==0.2.2``), by sparselab, all on one core in one run.
"""

import argparse
import importlib
import itertools
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import threadpoolctl
import torch
from torch import nn

from mbh_utils import from_arrays
from mbh_utils.networks import LENET, feed_forward
from mbh_utils.training import SET, Recipe, Rewiring, RigL, State, kernel, train_stack
from mbh_utils.training.engines import CompiledEngine

BATCH = 60
PARTS = ["speed", "crossover", "rewiring"]


def data():
    """60,000 random images of 784 pixels, two thirds of them dark as in MNIST; validation of 10."""
    rng = np.random.default_rng(0)
    images = rng.random((60_000, 784), dtype=np.float32)
    images *= rng.random((60_000, 784), dtype=np.float32) < 1 / 3
    labels = rng.integers(0, 10, len(images))
    return from_arrays(images, labels, images[:10], np.arange(10), name="random")


def plainly(network, samples, iterations: int, fused: bool) -> float:
    """Seconds per iteration of one network in the loop that everybody writes.

    Its weights are masked after each step.
    """
    layers = [nn.Linear(layer.in_features, layer.out_features) for layer in network.linears]
    model = nn.Sequential(*[m for layer in layers for m in (layer, nn.ReLU())][:-1])
    optimiser = torch.optim.Adam(model.parameters(), lr=1.2e-3, fused=fused)
    images = torch.tensor(samples.train.images)
    labels = torch.tensor(samples.train.labels)
    masks = [torch.tensor(mask, dtype=torch.float32) for mask in network.masks]
    pruned = network.density < 1
    loss = nn.CrossEntropyLoss()
    rng = np.random.default_rng(0)

    def step():
        batch = torch.from_numpy(rng.integers(0, len(images), BATCH))
        optimiser.zero_grad()
        loss(model(images[batch]), labels[batch]).backward()
        optimiser.step()
        if pruned:
            with torch.no_grad():
                for layer, mask in zip(layers, masks, strict=False):
                    layer.weight.mul_(mask)

    return _seconds(step, iterations)


def _seconds(step, n: int) -> float:
    """Seconds per call: the best of three rounds of n / 3 calls each, after a warm-up."""
    for _ in range(5):
        step()
    calls = max(1, n // 3)
    rounds = []
    for _ in range(3):
        started = time.perf_counter()
        for _ in range(calls):
            step()
        rounds.append((time.perf_counter() - started) / calls)
    return min(rounds)


def stacked(samples, setups, iterations: int) -> float:
    """Seconds per iteration of one stack: these set-ups with one seed."""
    networks = [feed_forward(samples, s.hidden, parameters=s.parameters) for s in setups]
    engine = CompiledEngine(networks, [State(0, {})] * len(networks), samples, Recipe(), [0])
    taken = itertools.count()
    return _seconds(lambda: engine.advance(next(taken), 1), iterations)


def arithmetic(setup) -> int:
    """Floating point operations of one dense iteration.

    Forward, gradients of the weights, gradients of the hidden activations.
    """
    widths = [784, *setup.hidden, 10]
    sizes = [a * b for a, b in itertools.pairwise(widths)]
    return 2 * BATCH * (2 * sum(sizes) + sum(sizes[1:]))


def peak() -> float:
    """Operations per second of a single-precision matrix product (1500, 1500), one thread."""
    a = np.random.default_rng(0).random((1500, 1500), dtype=np.float32)
    return 2 * 1500**3 / _seconds(lambda: a @ a, 9)


def _side_by_side(setups, iterations: int) -> float:
    """Seconds per iteration of one stack in a process of its own."""
    threadpoolctl.threadpool_limits(1)
    samples = data()
    networks = [feed_forward(samples, s.hidden, parameters=s.parameters) for s in setups]
    seeds = [0] * len(networks)
    train_stack(networks, samples, Recipe(5), seeds=seeds, device="cpu")
    started = time.perf_counter()
    train_stack(networks, samples, Recipe(iterations), seeds=seeds, device="cpu")
    return (time.perf_counter() - started) / iterations


class Row(NamedTuple):
    """Seconds per iteration of some networks together."""

    floor: float
    plain: float
    fused: float
    stacked: float

    def __str__(self) -> str:
        return " ".join(f"{1e3 * seconds:7.2f}" for seconds in self)


def _row(samples, setups, flops: float, iterations: int) -> Row:
    """One architecture's set-ups; flops: operations per second of the floor."""
    networks = [feed_forward(samples, s.hidden, parameters=s.parameters) for s in setups]
    return Row(
        floor=sum(map(arithmetic, setups)) / flops,
        plain=sum(plainly(network, samples, iterations, False) for network in networks),
        fused=sum(plainly(network, samples, iterations, True) for network in networks),
        stacked=stacked(samples, setups, iterations),
    )


def speed(iterations: int) -> None:
    threadpoolctl.threadpool_limits(1)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    samples = data()
    setups = LENET.setups(784)
    groups = [[s for s in setups if s.hidden == hidden] for hidden in LENET.architectures]
    flops = peak()
    print(f"matrix product {flops / 1e9:.0f} Gflop/s on one core\n")
    print("ms per iteration, all densities of an architecture")
    print(f"{'hidden':>10} {'densities':>9} {'floor':>7} {'plain':>7} {'fused':>7} {'stacked':>7}")
    rows = []
    for group in groups:
        rows.append(_row(samples, group, flops, iterations))
        print(f"{group[0].hidden!s:>10} {len(group):>9} {rows[-1]}", flush=True)
    total = Row(*map(sum, zip(*rows, strict=True)))
    print(f"{f'all {len(setups)}':>20} {total}")
    print(
        f"\none core: stacked = {total.stacked / total.floor:.2f} x floor, "
        f"{total.plain / total.stacked:.1f} x faster than the plain loop, "
        f"{total.fused / total.stacked:.1f} x than the fused one"
    )
    _speed_of_all_cores(groups, 5 * iterations, total)


def _speed_of_all_cores(groups: list[list], iterations: int, one_core: Row) -> None:
    """The same stacks, in one process per core at once."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        parts = [
            list(pool.map(_side_by_side, [group] * cores, [iterations] * cores)) for group in groups
        ]
    seconds = sum(max(part) for part in parts) / cores
    print(
        f"{cores} processes: {1e3 * seconds:.2f} ms per iteration of all {sum(map(len, groups))} "
        f"= {seconds / one_core.floor * cores:.2f} x floor"
    )
    # Five seeds of each set-up, 50,000 iterations (Table A.1).
    minutes = 5 * 50_000 / 60
    print(
        f"70 networks x 50,000 iterations: {minutes * seconds:.1f} min, "
        f"plainly on one core {minutes * one_core.plain:.0f} min"
    )


def crossover(iterations: int) -> None:
    threadpoolctl.threadpool_limits(1)
    samples = data()
    usual = kernel.CROSSOVER
    for hidden in ((300, 100), (35, 11)):
        dense = feed_forward(samples, hidden).n_parameters
        for share in (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6):
            network = feed_forward(samples, hidden, parameters=int(share * dense))
            listed = _seconds_with(2.0, network, samples, iterations)
            blas = _seconds_with(0.0, network, samples, iterations)
            print(
                f"{hidden} {share:.2f} live: "
                f"listed {1e3 * listed:.3f} ms, BLAS {1e3 * blas:.3f} ms",
                flush=True,
            )
    kernel.CROSSOVER = usual


def _seconds_with(crossover: float, network, samples, iterations: int) -> float:
    """Seconds per iteration of a network when BLAS takes over from this share of live weights."""
    kernel.CROSSOVER = crossover
    engine = CompiledEngine([network], [State(0, {})], samples, Recipe(), [0])
    return _seconds(lambda: engine.advance(0, 1), iterations)


def rewiring(iterations: int) -> None:
    threadpoolctl.threadpool_limits(1)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    samples = data()
    rules = (SET(every=1_000), RigL(every=1_000))
    try:
        sparselab = importlib.import_module("sparselab")
    except ImportError:
        sparselab = None
        print("sparselab is not installed, its column stays empty\n")
    print("784-300-100-10, minibatches of 60, one core: ms per iteration, rewired every 1,000th;")
    print("sparselab and masked torch without what their rewirings would cost\n")
    names = ("fixed", *(type(rule).__name__ for rule in rules), "torch", "sparselab")
    print(f"{'density':>8} " + " ".join(f"{name:>9}" for name in names), end="")
    print("   a rewiring in iterations: SET, RigL   times faster than torch, sparselab")
    for density in (0.016, 0.034, 0.10, 0.31):
        network = feed_forward(samples, (300, 100), parameters=400 + round(density * 265_200))
        fixed = stacked_once(network, samples, iterations)
        costs = [seconds_of_rewiring(network, samples, rule) for rule in rules]
        own = [fixed + cost / 1_000 for cost in costs]
        others = [plainly(network, samples, iterations, fused=True), np.nan]
        if sparselab is not None:
            others[1] = by_sparselab(sparselab, density, samples, iterations)
        times = " ".join(f"{1e3 * seconds:9.3f}" for seconds in (fixed, *own, *others))
        in_iterations = ", ".join(f"{cost / fixed:.1f}" for cost in costs)
        faster = ", ".join(f"{other / own[0]:.1f}" for other in others)
        print(f"{density:8.1%} {times}   {in_iterations:>35}   {faster:>33}", flush=True)


def stacked_once(network, samples, iterations: int) -> float:
    """Seconds per iteration of one network in the compiled engine, ten at a time."""
    engine = CompiledEngine([network], [State(0, {})], samples, Recipe(), [0])
    taken = itertools.count(0, 10)
    return _seconds(lambda: engine.advance(next(taken), 10), iterations) / 10


def seconds_of_rewiring(network, samples, rule: Rewiring) -> float:
    """Seconds of one rewiring, the first one."""
    engine = CompiledEngine([network], [State(0, {})], samples, Recipe(), [0], None, [rule])
    batch = engine.order.take(1)[0]
    return _seconds(lambda: engine._rewire(rule.every, batch), 30)


def by_sparselab(sparselab, density: float, samples, iterations: int) -> float:
    """Seconds per iteration with the sparse layers of sparselab and fused Adam."""
    widths = (784, 300, 100)
    layers = []
    for n_in, n_out in itertools.pairwise(widths):
        layers += [sparselab.SparseLinear(n_in, n_out, sparsity=1 - density), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(widths[-1], 10))
    optimiser = torch.optim.Adam(model.parameters(), lr=1.2e-3, fused=True)
    images = torch.tensor(samples.train.images)
    labels = torch.tensor(samples.train.labels)
    loss = nn.CrossEntropyLoss()
    rng = np.random.default_rng(0)

    def step():
        batch = torch.from_numpy(rng.integers(0, len(images), BATCH))
        optimiser.zero_grad()
        loss(model(images[batch]), labels[batch]).backward()
        optimiser.step()

    return _seconds(step, iterations)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["speed"], choices=PARTS)
    parser.add_argument("--iterations", type=int, default=300)
    chosen = parser.parse_args()
    for part in chosen.parts:
        globals()[part](chosen.iterations)
