"""Benchmarks of training: ``python benchmarks/training.py [speed] [crossover] [--iterations N]``.

speed: the 14 set-ups of Fig 6.1 on random data of MNIST's shape, in milliseconds per iteration and network: a plain
loop in torch (default Adam, and fused), networks stacked by ``train_stack``, all in one run on one core, and the stacks
again in one process per core. Beside them the floor: the dense arithmetic of all networks at the speed of a large
single-precision matrix product measured in the same run.
crossover: for which share of live weights listing them beats BLAS on this machine (``kernel.CROSSOVER``).
"""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import threadpoolctl
import torch
from torch import nn

from mbh_utils import from_arrays
from mbh_utils.networks import LENET, feed_forward
from mbh_utils.training import Recipe, State, kernel, train_stack
from mbh_utils.training.engines import CompiledEngine

BATCH = 60


def data():
    """60,000 random images of 784 pixels, two thirds of them dark, as in MNIST; validation of 10."""
    rng = np.random.default_rng(0)
    images = rng.random((60_000, 784), dtype=np.float32) * (
        rng.random((60_000, 784), dtype=np.float32) < 1 / 3
    )
    labels = rng.integers(0, 10, len(images))
    return from_arrays(images, labels, images[:10], np.arange(10), name="random")


def plainly(network, samples, iterations: int, fused: bool) -> float:
    """Seconds per iteration of one network in the loop that everybody writes, its weights masked after each step."""
    layers = [nn.Linear(layer.in_features, layer.out_features) for layer in network.linears]
    model = nn.Sequential(*[m for layer in layers for m in (layer, nn.ReLU())][:-1])
    optimiser = torch.optim.Adam(model.parameters(), lr=1.2e-3, fused=fused)
    images, labels = torch.tensor(samples.train.images), torch.tensor(samples.train.labels)
    masks = [torch.tensor(mask, dtype=torch.float32) for mask in network.masks]
    pruned = network.density < 1
    loss, rng = nn.CrossEntropyLoss(), np.random.default_rng(0)

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
    rounds = []
    for _ in range(3):
        started = time.perf_counter()
        for _ in range(max(1, n // 3)):
            step()
        rounds.append((time.perf_counter() - started) / max(1, n // 3))
    return min(rounds)


def stacked(samples, setups, iterations: int) -> float:
    """Seconds per iteration of one stack: these set-ups with one seed."""
    networks = [feed_forward(samples, s.hidden, parameters=s.parameters) for s in setups]
    engine = CompiledEngine(networks, [State(0, {})] * len(networks), samples, Recipe(), [0])
    taken = iter(range(0, 10**9, 1))
    return _seconds(lambda: engine.advance(next(taken), 1), iterations)


def arithmetic(setup) -> int:
    """Floating point operations of one dense iteration: forward, weight gradients, gradients of hidden activations."""
    widths = [784, *setup.hidden, 10]
    sizes = [a * b for a, b in zip(widths, widths[1:], strict=False)]
    return 2 * BATCH * (2 * sum(sizes) + sum(sizes[1:]))


def peak() -> float:
    """Operations per second of a single-precision matrix product (1500, 1500), one thread."""
    a = np.random.default_rng(0).random((1500, 1500), dtype=np.float32)
    return 2 * 1500**3 / _seconds(lambda: a @ a, 9)


def _side_by_side(setups, iterations: int) -> float:
    threadpoolctl.threadpool_limits(1)
    networks_data = data()
    networks = [feed_forward(networks_data, s.hidden, parameters=s.parameters) for s in setups]
    train_stack(networks, networks_data, Recipe(5), seeds=[0] * len(networks), device="cpu")
    started = time.perf_counter()
    train_stack(
        networks, networks_data, Recipe(iterations), seeds=[0] * len(networks), device="cpu"
    )
    return (time.perf_counter() - started) / iterations


def speed(iterations: int) -> None:
    threadpoolctl.threadpool_limits(1)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    samples, setups = data(), LENET.setups(784)
    flops = peak()
    print(f"matrix product {flops / 1e9:.0f} Gflop/s on one core\n")
    print("ms per iteration, all densities of an architecture")
    print(f"{'hidden':>10} {'densities':>9} {'floor':>7} {'plain':>7} {'fused':>7} {'stacked':>7}")
    sums = np.zeros(4)
    for hidden in LENET.architectures:
        mine = [s for s in setups if s.hidden == hidden]
        networks = [feed_forward(samples, hidden, parameters=s.parameters) for s in mine]
        row = [sum(map(arithmetic, mine)) / flops, stacked(samples, mine, iterations)]
        row[1:1] = [
            sum(plainly(n, samples, iterations, fused) for n in networks) for fused in (False, True)
        ]
        sums += row
        print(
            f"{hidden!s:>10} {len(mine):>9} " + " ".join(f"{1e3 * x:7.2f}" for x in row), flush=True
        )
    print(f"{'all 14':>20} " + " ".join(f"{1e3 * x:7.2f}" for x in sums))
    print(
        f"\none core: stacked = {sums[3] / sums[0]:.2f} x floor, {sums[1] / sums[3]:.1f} x faster than the plain loop, "
        f"{sums[2] / sums[3]:.1f} x than the fused one"
    )
    cores = os.cpu_count() or 1
    groups = [[s for s in setups if s.hidden == h] for h in LENET.architectures]
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        parts = [
            list(pool.map(_side_by_side, [g] * cores, [5 * iterations] * cores)) for g in groups
        ]
    both = sum(max(part) for part in parts) / cores
    minutes = 70 / 14 * 50_000 / 60
    print(
        f"{cores} processes: {1e3 * both:.2f} ms per iteration of all 14 = {both / sums[0] * cores:.2f} x floor"
    )
    print(
        f"70 networks x 50,000 iterations: {minutes * both:.1f} min, plainly on one core {minutes * sums[1]:.0f} min"
    )


def crossover(iterations: int) -> None:
    threadpoolctl.threadpool_limits(1)
    samples, usual = data(), kernel.CROSSOVER
    for hidden in ((300, 100), (35, 11)):
        dense = feed_forward(samples, hidden).n_parameters
        for share in (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6):
            times = []
            for threshold in (2.0, 0.0):
                kernel.CROSSOVER = threshold
                network = feed_forward(samples, hidden, parameters=int(share * dense))
                engine = CompiledEngine([network], [State(0, {})], samples, Recipe(), [0])
                times.append(_seconds(lambda e=engine: e.advance(0, 1), iterations))
            print(
                f"{hidden} {share:.2f} live: listed {1e3 * times[0]:.3f} ms, BLAS {1e3 * times[1]:.3f} ms",
                flush=True,
            )
    kernel.CROSSOVER = usual


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["speed"], choices=["speed", "crossover"])
    parser.add_argument("--iterations", type=int, default=300)
    chosen = parser.parse_args()
    for part in chosen.parts:
        globals()[part](chosen.iterations)
