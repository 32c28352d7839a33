"""Two versions of the package against each other, in turn: another checkout's and this one's.

    python benchmarks/versions.py OTHER [--rounds 10]

OTHER is a folder that holds ``mbh_utils``, such as a worktree of an older commit. Each round starts
a new process for each version and lets them take turns, so that what else the machine does hits
both. Told are the best and the median times of thread CPU.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]

#: What a process does: it times the case that it is asked for. Public names only, which all have.
WORKER = """
import sys, time
import numpy as np
import mbh_utils as mbh
from mbh_utils import networks

def he(widths, n_inputs=784, density=1.0):
    rng, layers = np.random.default_rng(0), []
    for n in widths:
        weight = rng.standard_normal((n, n_inputs)) * np.sqrt(2 / n_inputs)
        weight *= rng.random(weight.shape) < density
        layers.append((weight, 1e-6 * rng.standard_normal(n)))
        n_inputs = n
    return layers

def partition(layers, times=1):
    rng = np.random.default_rng(1)
    n = layers[0][0].shape[1]
    plane = mbh.Plane.through(rng.random((3, n)) * (rng.random((3, n)) > 0.6))
    def call():
        for _ in range(times):
            mbh.partition_input_space(layers, plane, progress=False)
    return call

def training():
    rng = np.random.default_rng(0)
    images = rng.random((6000, 784), dtype=np.float32)
    labels = rng.integers(10, size=6000)
    data = mbh.from_arrays(images, labels, images[:10], labels[:10], classes=range(10))
    setups = [s for s in networks.LENET.setups(784) if s.hidden == (300, 100)]
    def call():
        members = [mbh.feed_forward(data, s.hidden, parameters=s.parameters) for s in setups]
        mbh.train_stack(members, data, mbh.Recipe(60), seeds=[0] * len(members))
    return call

cases = {
    "LeNet, dense": partition(he((300, 100))),
    "LeNet, 3.6 %": partition(he((300, 100), density=0.036)),
    "12-4, 100 times": partition(he((12, 4), 64), 100),
    "five layers of 60": partition(he((60,) * 5, 64)),
    "training, N = 400": training(),
}
for call in cases.values():
    call()
print("|".join(cases), flush=True)
for line in sys.stdin:
    started = time.thread_time()
    cases[line.strip()]()
    print(time.thread_time() - started, flush=True)
"""


def started(folder: Path) -> tuple[subprocess.Popen, list[str]]:
    """A process with the package of this folder, ready, and the names of its cases."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", WORKER]
    pipe = subprocess.PIPE
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=silent, text=True
    )
    names = process.stdout.readline().strip().split("|")
    return process, names


def seconds(process: subprocess.Popen, name: str) -> float:
    """The best of three times of a case."""
    found = []
    for _ in range(3):
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
        found.append(float(process.stdout.readline()))
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    folders = [given.other.resolve(), HERE]
    times: dict[str, list[list[float]]] = {}
    for number in range(given.rounds):
        order = folders if number % 2 else folders[::-1]
        running = {folder: started(folder) for folder in order}
        for name in running[HERE][1]:
            for folder in order:
                taken = seconds(running[folder][0], name)
                times.setdefault(name, [[], []])[folders.index(folder)].append(taken)
        for process, _ in running.values():
            process.stdin.close()
            process.wait()
    for name, (other, here) in times.items():
        best = f"best {1e3 * min(other):8.2f} -> {1e3 * min(here):8.2f} ms"
        ratio = statistics.median(here) / statistics.median(other)
        print(f"{name:18} {best}   medians {ratio:.3f}")


if __name__ == "__main__":
    main()
