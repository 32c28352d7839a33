"""How fast is the partition? Everything in one run, on networks that it makes itself.

    python benchmarks/partition.py                  # all parts, some minutes
    python benchmarks/partition.py speed growth     # some of them
    python benchmarks/partition.py --plot growth.png growth

===============  ===================================================================================
``first``        the first call in a fresh process, compiling and then from the cache
``speed``        LeNet-300-100, trained or not, dense or 96 % sparse
``blankets``     areas of the blankets of 80 patterns
``convolution``  LeNet-5 with max pooling
``sweep``        against Algorithm 2 written plainly in numpy
``relucent``     against that package, if it is installed
``small``        networks of a few neurons, against regioncam, if it is installed
``growth``       1k to 1M regions, with peak memory
``threads``      planes side by side
===============  ===================================================================================

Times are CPU seconds of this thread, the best of several runs: on a shared machine the best comes
closest to what an idle core gives. ``growth`` measures each size in a process of its own, so that
the peak memory is that size's.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (the number of threads has to be set first)

import mbh_utils as mbh  # noqa: E402
from mbh_utils.computing import threads as cpu  # noqa: E402


def he_layers(widths, n_inputs: int = 784, density: float = 1.0, seed: int = 0):
    """Hidden layers at initialisation: He-normal, bias std 1e-6, a share of the weights kept."""
    rng = np.random.default_rng(seed)
    layers = []
    for n in widths:
        weight = rng.standard_normal((n, n_inputs)) * np.sqrt(2 / n_inputs)
        weight *= rng.random((n, n_inputs)) < density
        layers.append((weight, 1e-6 * rng.standard_normal(n)))
        n_inputs = n
    return layers


def sparse_plane(n_inputs: int = 784, seed: int = 0, margin: float = 1.5) -> mbh.Plane:
    """A plane through three made-up images, four tenths of their pixels lit."""
    rng = np.random.default_rng(seed)
    images = rng.random((3, n_inputs))
    images *= rng.random((3, n_inputs)) > 0.6
    return mbh.Plane.through(images, margin=margin)


def best_of(call, n: int = 7):
    """Result and best CPU seconds of n calls."""
    best = float("inf")
    for _ in range(n):
        start = time.thread_time()
        result = call()
        best = min(best, time.thread_time() - start)
    return result, best


def cases(iterations: int):
    """LeNet-300-100 in four states on one plane: through real images where MNIST is at hand."""
    try:
        data = mbh.load_dataset("mnist", download=False)
    except mbh.MBHError as error:
        why = str(error).splitlines()[0]
        print(f"  (no MNIST here, so untrained networks on made-up images: {why})")
        for name, density in (("dense, untrained", 1.0), ("3.6 % dense, untrained", 0.036)):
            yield name, he_layers((300, 100), density=density), sparse_plane()
        return
    rng = np.random.default_rng(0)
    images = [rng.choice(data.validation.of_class(c).images) for c in (0, 4, 9)]
    plane = mbh.Plane.through(np.stack(images))
    for name, parameters in (("dense", None), ("3.6 % dense", 9_472)):
        network = mbh.lenet(data, (300, 100), parameters=parameters)
        yield f"{name}, untrained", network.copy(), plane
        if iterations:
            mbh.train(network, data, iterations=iterations)
            yield f"{name}, {iterations} iterations", network, plane


FIRST_CALL = """
import time
import numpy as np
import mbh_utils as mbh
plane = mbh.Plane.rectangle()
layers = [(np.eye(2), np.zeros(2))]
mbh.partition_input_space  # imported
wall = time.perf_counter()
cpu = time.process_time()
mbh.partition_input_space(layers, plane)
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def first() -> None:
    """First partition in a fresh process: compiling, then from the cache of compiled code."""
    with tempfile.TemporaryDirectory() as folder:
        for what in ("compiling", "from the cache"):
            out = subprocess.run(
                [sys.executable, "-c", FIRST_CALL],
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            wall, cpu = map(float, out.stdout.split())
            print(f"  {what:16s} {wall:6.2f} s wall, {cpu:6.2f} s CPU")


def speed(iterations: int) -> None:
    """LeNet-300-100: regions, areas to 1e-9 of themselves, and the decision boundary."""
    for name, network, plane in cases(iterations):
        _speed_of(name, network, plane)


def _speed_of(name: str, network, plane: mbh.Plane) -> None:
    layers = mbh.hidden_layers(network)
    regions, seconds = best_of(lambda: mbh.partition_input_space(layers, plane))
    rate = len(regions) / seconds / 1e6
    print(
        f"{_timing(name, regions, seconds)} {rate:6.2f} M regions/s  "
        f"{regions.uncertain} signs settled exactly"
    )
    regions, seconds = best_of(lambda: mbh.partition_input_space(layers, plane, exact=True), 3)
    print(_timing("  and each area to 1e-9", regions, seconds))
    if isinstance(network, list):  # without an output layer
        return
    regions, seconds = best_of(
        lambda: mbh.partition_input_space(network, plane, decision_boundary=True), 2
    )
    print(_timing("  and its decision boundary", regions, seconds))


def _timing(what: str, regions, seconds: float) -> str:
    return f"  {what:28s} {len(regions):7,} regions {1e3 * seconds:7.1f} ms"


def plain_sweep(layers, plane, tolerance: float = 1e-13) -> tuple[int, float]:
    """Algorithm 2 in plain numpy -> how many regions, and their area.

    Each layer's neurons in turn cut every region that they cross.
    """
    weight, bias = layers[0]
    first_map = np.column_stack([weight @ plane.basis.T, weight @ plane.origin + bias])
    parents = [(plane.corners, first_map)]
    for above in [*layers[1:], None]:
        parents = [
            (part, None if above is None else _next_map(above, neurons, active))
            for polygon, neurons in parents
            for part, active in _cut_by_all(polygon, neurons, tolerance)
        ]
    return len(parents), sum(_area(polygon) for polygon, _ in parents)


def _cut_by_all(polygon, neurons, tolerance: float) -> list[tuple]:
    """(Part, which neurons are active on it) of a region that a layer's neurons cut."""
    values = polygon @ neurons[:, :2].T + neurons[:, 2]
    parts = [(polygon, values.max(axis=0) > 0)]
    for i in np.flatnonzero((values.min(axis=0) < 0) & (values.max(axis=0) > 0)):
        parts = [piece for part in parts for piece in _split(*part, i, neurons[i], tolerance)]
    return parts


def _next_map(layer, neurons, active):
    """Coefficients a, b, c of the next layer's neurons on a region."""
    weight, bias = layer
    onwards = weight[:, active] @ neurons[active]
    onwards[:, 2] += bias
    return onwards


def _area(polygon) -> float:
    x, y = polygon.T
    return 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _split(polygon, active, i, line, tolerance):
    value = polygon @ line[:2] + line[2]
    tau = tolerance * (np.abs(polygon).max(axis=0) @ np.abs(line[:2]) + abs(line[2]))
    if not (value.min() < -tau and value.max() > tau):
        active = active.copy()
        active[i] = value.min() + value.max() > 0
        return [(polygon, active)]
    after = np.roll(polygon, -1, axis=0)
    value_after = np.roll(value, -1)
    cut = np.flatnonzero(value * value_after < 0)
    share = value[cut] / (value[cut] - value_after[cut])
    ends = polygon[cut] + share[:, None] * (after[cut] - polygon[cut])
    corners = np.insert(polygon, cut + 1, ends, axis=0)
    value = np.insert(value, cut + 1, 0.0)
    on = active.copy()
    on[i] = True
    off = active.copy()
    off[i] = False
    return [(corners[value >= 0], on), (corners[value <= 0], off)]


def sweep(iterations: int) -> None:
    """Beside Algorithm 2 written plainly in numpy."""
    name, network, plane = list(cases(iterations))[1 if iterations else 0]
    layers = mbh.hidden_layers(network)
    regions, seconds = best_of(lambda: mbh.partition_input_space(layers, plane))
    start = time.thread_time()
    n, area = plain_sweep(layers, plane)
    plain = time.thread_time() - start
    _, again = best_of(lambda: mbh.partition_input_space(layers, plane), 30)
    seconds = min(seconds, again)  # the machine may vary
    print(
        f"  {name}: {len(regions):,} regions here, {n:,} by the plain sweep (whose areas are "
        f"{area / plane.area:.12f} of the domain)"
    )
    print(f"  plain sweep {plain:.1f} s, here {1e3 * seconds:.1f} ms: {plain / seconds:,.0f} times")


def relucent(most: int = 100) -> None:
    """The same regions by relucent; of larger networks it finds only the first so many."""
    try:
        import relucent as package
    except ImportError:
        print("  passed over: relucent is not installed")
        print("  (pip install relucent, in an environment of its own)")
        return
    print(f"  relucent {package.__version__}, one worker")
    for widths in ((12, 4), (35, 11), (102, 34), (300, 100)):
        _beside_relucent(package, widths, most)


def _beside_relucent(package, widths: tuple[int, ...], most: int) -> None:
    name = "-".join(map(str, widths))
    layers = he_layers(widths, seed=1)
    plane = sparse_plane()
    regions, here = best_of(lambda: mbh.partition_input_space(layers, plane))
    cells = package.Complex([*regions.layers, (np.ones((1, widths[-1])), np.zeros(1))])
    start = _seconds_of_all_processes()
    try:
        cells.bfs(
            # The plane's domain is this square around its origin.
            cube_radius=float(plane.high[0]),
            cube_mode="intersect",
            max_polys=float("inf") if len(regions) < 1000 else most,
            nworkers=1,
            verify=False,
            verbose=0,
        )
    except Exception as error:  # whatever the package or its solver's licence has to say
        print(f"  {name}: relucent stopped with {type(error).__name__}: {error}")
        return
    theirs = _seconds_of_all_processes() - start
    n = len(cells)
    found = {tuple((np.ravel(p.ss_np) > 0).tolist()) for p in cells}
    same = found <= {tuple(p) for p in regions.patterns.tolist()}
    print(
        f"  {name}: {n} of {len(regions)} regions in {theirs:.1f} s CPU by relucent, "
        f"{1e3 * theirs / n:.0f} ms each; all {len(regions)} here in {1e3 * here:.2f} ms, "
        f"{1e6 * here / len(regions):.2f} us each: "
        f"{theirs / n / here * len(regions):,.0f} times; "
        f"its patterns are {'' if same else 'NOT '}among those found here"
    )


def _seconds_of_all_processes() -> float:
    """CPU seconds so far; relucent works in processes of its own, even when there is only one."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def small(rounds: int = 5) -> None:
    """Networks of a few neurons: one call, and each of 100 planes in one call.

    Beside regioncam, if it is installed.
    """
    try:
        import regioncam
    except ImportError:
        print("  without regioncam: it is not installed")
        print("  (pip install regioncam, in an environment of its own)")
        regioncam = None
    for widths in ((12, 4), (35, 11)):
        _small_network(widths, rounds, regioncam)


def _small_network(widths: tuple[int, ...], rounds: int, regioncam) -> None:
    layers = he_layers(widths, 64, seed=4)
    module = _as_sequential(layers)
    planes = [sparse_plane(64, seed) for seed in range(100)]
    plane = planes[0]
    calls = {
        "one call, arrays": lambda: mbh.partition_input_space(layers, plane),
        "one call, a Sequential": lambda: mbh.partition_input_space(module, plane),
        "each of 100 planes": lambda: mbh.partition_input_space(layers, planes),
    }
    if regioncam:
        calls["regioncam"] = _by_regioncam(regioncam, layers, plane)
    best = _best_in_turn(calls, rounds)
    best["each of 100 planes"] /= len(planes)
    n = len(calls["one call, arrays"]())
    print(f"  {'-'.join(map(str, widths))}, 64 inputs, {n} regions:")
    for name, seconds in best.items():
        found = f" for {calls[name]()} regions, in float32" if name == "regioncam" else ""
        print(f"    {name:24s} {1e3 * seconds:6.3f} ms{found}")
    if regioncam:
        ours = [len(found) for found in calls["each of 100 planes"]()]
        theirs = [_by_regioncam(regioncam, layers, plane)() for plane in planes]
        alike = sum(a == b for a, b in zip(ours, theirs, strict=True))
        print(f"    as many regions by regioncam on {alike} of {len(planes)} planes")


def _best_in_turn(calls: dict, rounds: int) -> dict[str, float]:
    """Best CPU seconds of each call; in turn, so that all meet the same machine."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            _, seconds = best_of(call, 5 if "100" in name else 200)
            best[name] = min(best[name], seconds)
    return best


def _as_sequential(layers):
    """The same network, in float32, with an output layer."""
    import torch
    from torch import nn

    modules = []
    for weight, bias in layers:
        linear = nn.Linear(*weight.shape[::-1])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, nn.ReLU()]
    return nn.Sequential(*modules, nn.Linear(len(layers[-1][1]), 3))


def _by_regioncam(package, layers, plane):
    """A call that gives the number of regions on the plane's square.

    A linear layer leads from there to the inputs.
    """
    steps = [(plane.basis, plane.origin), *((weight.T, bias) for weight, bias in layers)]
    onto, *hidden = [
        (np.ascontiguousarray(weight, dtype=np.float32), bias.astype(np.float32))
        for weight, bias in steps
    ]
    size = float(plane.high[0])

    def call() -> int:
        found = package.Regioncam(size=size)
        found.linear(*onto)
        for weight, bias in hidden:
            found.linear(weight, bias)
            found.relu()
        return found.num_faces

    return call


GROWTH = [(50, 17), (100, 33), (150, 50), (300, 100), (600, 200), (1200, 400), (1700, 560)]


def _one_size(widths: tuple[int, ...]) -> str:
    """Regions, CPU seconds, memory at the peak beyond what there was before, size of the result.

    Memory is in MB.
    """
    layers = he_layers(widths, n_inputs=64)
    plane = sparse_plane(64)
    mbh.partition_input_space(layers[:1], plane)  # compiled or loaded
    try:  # Linux forgets the peak of compiling when told to
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        print("(the peak of memory includes compiling)", file=sys.stderr)
    before = _peak()
    regions, seconds = best_of(lambda: mbh.partition_input_space(layers, plane), 1)
    peak = _peak() - before
    if sum(widths) <= 800:
        _, seconds = best_of(lambda: mbh.partition_input_space(layers, plane))
    arrays = (regions.corners, regions.edges, regions.offsets, regions.packed, regions.areas)
    size = sum(array.nbytes for array in arrays) / 1e6
    return f"{len(regions)} {seconds} {peak} {size}"


def _peak() -> float:
    """Most memory that this process has had resident, in MB."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(plot: str | None) -> None:
    """Two hidden layers of more and more neurons, each in a process of its own."""
    numbers = []
    times = []
    for widths in GROWTH:
        command = [sys.executable, __file__, "--one-size", ",".join(map(str, widths))]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        n = int(out[0])
        seconds, peak, size = map(float, out[1:])
        numbers.append(n)
        times.append(seconds)
        print(
            f"  {'-'.join(map(str, widths)):10s} {n:10,} regions {seconds:8.4f} s "
            f"{n / seconds / 1e6:6.2f} M regions/s  "
            f"peak {peak:6.0f} MB for a result of {size:6.0f} MB"
        )
    if plot:
        _plot_growth(np.array(numbers), np.array(times), plot)
        print(f"  plot: {plot}")


def _plot_growth(numbers: np.ndarray, times: np.ndarray, file: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4), layout="constrained")
    ax = figure.add_subplot(
        xlabel="activation regions on the plane",
        ylabel="million regions per second, one thread",
    )
    rates = numbers / times / 1e6
    ax.semilogx(numbers, rates, "o-")
    for widths, x, y in zip(GROWTH, numbers, rates, strict=True):
        name = "-".join(map(str, widths))
        label = ax.annotate(name, (x, y), (0, 8), textcoords="offset points", ha="center")
        label.set(fontsize=8, bbox={"fc": "white", "lw": 0, "pad": 0.5})
    ax.margins(x=0.08)
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])
    ax.set_title("Two hidden layers (widths at the points), 64 inputs, untrained")
    ax.grid(alpha=0.4)
    figure.savefig(file, dpi=120)


def threads() -> None:
    """Planes at once, by one call: all cores against one."""
    layers = he_layers((300, 100))
    planes = [sparse_plane(seed=seed) for seed in range(8)]
    mbh.partition_input_space(layers, planes)

    def wall() -> float:
        best = float("inf")
        for _ in range(7):
            start = time.perf_counter()
            mbh.partition_input_space(layers, planes)
            best = min(best, time.perf_counter() - start)
        return best

    many = wall()
    with cpu.one_thread():
        one = wall()
    print(
        f"  {len(planes)} planes: {1e3 * one:.1f} ms wall in one thread, "
        f"{1e3 * many:.1f} ms in {cpu.cores()} ({one / many:.2f} times)"
    )


def convolution() -> None:
    """LeNet-5 with max pooling on planes of a small margin: what was expected, and what it took."""
    data = mbh.load_dataset("mnist", download=False)
    network = _lenet5(data)
    start = time.perf_counter()
    traced = mbh.trace(network.eval(), (1, 28, 28))
    print(f"  traced in {time.perf_counter() - start:.1f} s")
    for margin in (0.005, 0.02, 0.05):
        plane = mbh.Plane.through(data.validation.images[[3, 8, 12]], margin=margin)
        start = time.perf_counter()
        cost = mbh.expected_cost(traced, plane)
        told = time.perf_counter() - start
        start = time.perf_counter()
        regions = mbh.partition_input_space(traced, plane, progress=False)
        seconds = time.perf_counter() - start
        print(
            f"  margin {margin}: {len(regions):,} regions in {seconds:.1f} s, "
            f"{regions.uncertain} signs settled exactly; expected in {told:.1f} s: {cost}"
        )


def _lenet5(data):
    """Trained on 6,000 images, once each."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    modules = []
    for n_in, n_out in ((1, 6), (6, 16)):
        modules += [nn.Conv2d(n_in, n_out, 5), nn.ReLU(), nn.MaxPool2d(2)]
    modules.append(nn.Flatten())
    for n_in, n_out in ((256, 120), (120, 84)):
        modules += [nn.Linear(n_in, n_out), nn.ReLU()]
    network = nn.Sequential(*modules, nn.Linear(84, 10))
    n = 6_000
    images = torch.tensor(data.train.images[:n]).reshape(n, 1, 28, 28)
    labels = torch.tensor(data.train.labels[:n])
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for x, y in zip(images.split(60), labels.split(60), strict=True):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimiser.step()
    return network


def blankets() -> None:
    """Areas of the blankets of 80 patterns of 20 neurons."""
    layers = he_layers((300, 100))
    plane = sparse_plane()
    regions = mbh.partition_input_space(layers, plane)
    rng = np.random.default_rng(0)
    patterns = []
    for _ in range(80):
        neurons = 300 + rng.permutation(100)[:20]
        states = regions.patterns[rng.integers(len(regions)), neurons]
        patterns.append(mbh.DecisionPattern(neurons, states))
    _, seconds = best_of(lambda: regions.blanket_areas(patterns))
    print(f"  80 patterns on {len(regions):,} regions: {1e3 * seconds:.1f} ms")


def main() -> None:
    calls = {
        "first": first,
        "speed": lambda: speed(chosen.iterations),
        "blankets": blankets,
        "convolution": convolution,
        "sweep": lambda: sweep(chosen.iterations),
        "relucent": relucent,
        "small": small,
        "growth": lambda: growth(chosen.plot),
        "threads": threads,
    }
    names = ", ".join(calls)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"some of: {names}")
    parser.add_argument(
        "--iterations", type=int, default=2_000, help="training of the trained networks (0: none)"
    )
    parser.add_argument("--plot", help="file for the plot of regions per second")
    parser.add_argument("--one-size", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one_size:
        print(_one_size(tuple(map(int, chosen.one_size.split(",")))))
        return
    for part in chosen.parts:
        if part not in calls:
            parser.error(f"unknown part {part!r}; expected some of {names}")
    for part in chosen.parts or calls:
        print(f"{part}:", flush=True)
        calls[part]()


if __name__ == "__main__":
    main()
