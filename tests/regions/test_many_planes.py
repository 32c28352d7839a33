"""Several planes at once: as one by one, in order, with one bar; errors name the plane; an end."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import random_layers, random_plane

import mbh_utils as mbh
from mbh_utils.computing import threads as cpu
from mbh_utils.errors import MBHError
from mbh_utils.experiments import measures
from mbh_utils.regions import partition
from mbh_utils.regions.kernel import driver
from mbh_utils.regions.kernel import memory as _memory
from mbh_utils.regions.partition import partition_input_space, partitions
from mbh_utils.regions.planes import Line, Plane, domain_points
from mbh_utils.regions.result import Partition

seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 12), min_size=1, max_size=3)
ARRAYS = ("touched", "_areas", "_packed", "_corners", "_edges", "_offsets", "_classes")


def assert_same(one: Partition, other: Partition) -> None:
    """Equal to the bit, and of the same plane."""
    assert one.plane is other.plane
    for name in ("widths", "n_regions", "uncertain", "exact"):
        assert getattr(one, name) == getattr(other, name)
    for name in ARRAYS:
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None and b is None) or (a.dtype == b.dtype and a.tobytes() == b.tobytes()), (
            name
        )
    assert {f.name for f in fields(Partition)} == {
        *("plane", "widths", "network", "n_regions", "uncertain", "exact", "output"), *ARRAYS
    }  # fmt: skip


def planes_and_lines(seed: int, n_inputs: int, n: int) -> list[Plane | Line]:
    rng, found = np.random.default_rng(seed), []
    for i in range(n):
        points = rng.random((3, n_inputs))
        plane = Plane.through(points)
        by_hand = Plane(plane.origin, plane.basis, plane.low, plane.high)
        triangle = plane.with_domain(plane.spanning)
        found.append([plane, Line.through(points[:2]), by_hand, triangle][(i + seed) % 4])
    return found


@pytest.fixture
def threads(monkeypatch):
    """Two threads for networks of any size; the names of those that worked."""
    names, work = set(), partition._Request.on

    def on(self, plane, bar):
        names.add(threading.current_thread().name)
        return work(self, plane, bar)

    monkeypatch.setattr(partition, "_WORTH_THREADS", 0)
    monkeypatch.setattr(partition, "n_threads", lambda: 1 if cpu.in_task() else 2)
    monkeypatch.setattr(partition._Request, "on", on)
    return names


def in_threads(call):
    """What a call gives when it uses two threads for a network of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "_WORTH_THREADS", 0)
        patch.setattr(partition, "n_threads", lambda: 2)
        return call()


@settings(deadline=None, max_examples=60)
@given(
    seeds,
    st.sampled_from([3, 17]),
    widths,
    st.integers(1, 7),
    st.sampled_from(["", "exact", "decision"]),
)
def test_several_planes_are_as_one_by_one(seed, n_inputs, widths, n, how):
    planes = planes_and_lines(seed, n_inputs, n)
    network = random_layers(seed, n_inputs, widths)
    options = {"exact": how == "exact", "decision_boundary": how == "decision"}
    if how == "decision":
        network = mbh.Network(n_inputs, widths, 3, seed=seed, bias_std=0.3)
    single = [partition_input_space(network, plane, **options) for plane in planes]
    for found in (
        partition_input_space(network, planes, **options),
        in_threads(lambda: partition_input_space(network, tuple(planes), **options)),
    ):
        assert isinstance(found, list) and len(found) == n
        for one, other in zip(single, found, strict=True):
            assert_same(one, other)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(seeds, widths, st.booleans()), min_size=2, max_size=6))
def test_memory_that_was_used_before_leaves_nothing(calls):
    """Networks of several sizes in turn, on memory that the calls before have left."""
    used = []
    for seed, sizes, exact in calls:
        layers = random_layers(seed, 3, [*sizes, 5, 5, 5] if seed % 3 == 0 else sizes)
        used.append((layers, random_plane(seed, 3), exact))
    found = [partition_input_space(layers, plane, exact=exact) for layers, plane, exact in used]
    again = [
        partition_input_space(layers, plane, exact=exact) for layers, plane, exact in used[::-1]
    ][::-1]
    for (layers, plane, exact), one, other in zip(used, found, again, strict=True):
        vars(_memory._of_thread).clear()
        fresh = partition_input_space(layers, plane, exact=exact)
        assert_same(one, fresh)
        assert_same(other, fresh)


def test_dirty_memory_leaves_nothing():
    layers, plane = random_layers(0, 5, (30, 20, 10, 9, 8)), random_plane(0, 5)
    expected = partition_input_space(layers, plane)
    spare = _memory._of_thread.spare
    for array in spare.stack:
        if isinstance(array, np.ndarray) and array is not spare.stack.verdict:
            array[:] = 77 if array.dtype.kind in "iu" else np.nan
    spare.border[:] = np.nan
    assert_same(partition_input_space(layers, plane), expected)
    assert _memory._of_thread.spare is spare  # it was used


def test_a_thread_keeps_no_large_memory():
    layers, plane = random_layers(0, 5, (8_000, 2)), random_plane(0, 5)
    assert len(partition_input_space([(w * 0 + 1, b * 0) for w, b in layers], plane)) >= 1
    assert "spare" not in vars(_memory._of_thread)


def test_a_partition_inside_a_partition(monkeypatch):
    monkeypatch.setattr(driver, "_PAUSE_AFTER", 20_000)
    layers, plane, other = random_layers(0, 4, (40, 20)), random_plane(0, 4), random_plane(7, 4)
    expected, inner = partition_input_space(layers, plane), partition_input_space(layers, other)
    found = []
    outer = partition_input_space(
        layers,
        plane,
        progress=lambda *_: found.append(partition_input_space(layers, other, progress=False)),
    )
    assert len(found) > 3
    assert_same(outer, expected)
    for one in found:
        assert_same(one, inner)


def test_no_plane_and_one_plane():
    layers, plane = random_layers(0, 4, (9, 4)), random_plane(0, 4)
    assert partition_input_space(layers, []) == [] == partition_input_space(layers, ())
    (one,) = partition_input_space(layers, [plane], keep="areas")
    assert_same(one, partition_input_space(layers, plane, keep="areas"))
    with pytest.raises(MBHError, match="no polygons"):
        _ = one.polygons
    with pytest.raises(MBHError, match="int is not understood"):
        partition_input_space(3, [])


def test_the_network_is_read_once(monkeypatch):
    read, reader = [], partition.read_network
    monkeypatch.setattr(
        partition, "read_network", lambda *a, **k: read.append(1) or reader(*a, **k)
    )
    partition_input_space(random_layers(0, 4, (9, 4)), planes_and_lines(0, 4, 5))
    assert len(read) == 1


def test_a_module_that_is_traced_is_compared_on_all_planes(monkeypatch):
    class Odd(torch.nn.Module):
        """Computes something else where the first input is above 50."""

        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Sequential(
                torch.nn.Linear(4, 9), torch.nn.ReLU(), torch.nn.Linear(9, 3)
            ).double()

        def forward(self, x):
            return self.inner(x) * (1 + (x[:, :1] > 50))

    near = random_plane(0, 4)
    far = Plane.through(np.random.default_rng(0).random((3, 4)) + 100)
    with pytest.raises(MBHError):
        partition_input_space(Odd(), [near, far])
    points = domain_points([near, far, Plane.rectangle()])()
    assert points.shape == (2 * 47, 4) and (points[47:] > 50).any()


# ------------------------------------------------------------------------- threads


def test_threads_work_side_by_side_and_end(threads):
    layers, planes = random_layers(0, 4, (60, 30)), planes_and_lines(0, 4, 12)
    before = threading.active_count()
    partition_input_space(layers, planes)
    assert 1 <= len(threads) <= 2 and all(name.startswith("partition") for name in threads)
    assert threading.active_count() == before


def test_no_thread_where_it_does_not_pay(monkeypatch):
    monkeypatch.setattr(partition, "side_by_side", lambda *a: (_ for _ in [used.append(a[3])]))
    used: list[int] = []
    monkeypatch.setattr(partition, "n_threads", lambda: 8)
    partition_input_space(random_layers(0, 4, (9, 4)), planes_and_lines(0, 4, 3))
    partition_input_space(random_layers(0, 4, (100, 40)), planes_and_lines(0, 4, 1))
    partition_input_space(random_layers(0, 4, (100, 40)), planes_and_lines(0, 4, 3))
    assert used == [1, 1, 3]


def test_a_task_has_one_thread(threads):
    layers, planes = random_layers(0, 4, (20, 9)), planes_and_lines(0, 4, 4)
    assert cpu.n_threads() == cpu.cores()
    with cpu.one_thread():
        assert cpu.n_threads() == 1
        partition_input_space(layers, planes)
    assert threads == {threading.current_thread().name} and not cpu.in_task()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_partitions_come_one_by_one(threads, monkeypatch, n_threads):
    monkeypatch.setattr(partition, "n_threads", lambda: n_threads)
    begun, work = [], partition._Request.on
    monkeypatch.setattr(
        partition._Request, "on", lambda self, *a: begun.append(1) or work(self, *a)
    )
    layers, planes, before = (
        random_layers(0, 4, (20, 9)),
        planes_and_lines(0, 4, 60),
        threading.active_count(),
    )
    with closing(partitions(layers, planes)) as found:
        assert_same(next(found), partition_input_space(layers, planes[0]))
    assert len(begun) <= 12 and threading.active_count() == before


# ------------------------------------------------------------------------- errors and progress


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([3], r"planes\[2\] is 3 \(int\); expected a Plane"),
        ([[]], r"planes\[2\] is \[\] \(list\)"),
        (
            [Plane.rectangle()],
            r"planes\[2\] is a plane in R\^2, but the network takes 4 inputs: span it",
        ),
        ([Line.through(np.eye(3)[:2])], r"planes\[2\] is a line in R\^3, but the network takes 4"),
    ],
)
def test_the_plane_that_is_wrong_is_named(wrong, words):
    good = planes_and_lines(0, 4, 2)
    with pytest.raises(MBHError, match=words):
        partition_input_space(random_layers(0, 4, (9, 4)), [*good, *wrong, *good])


def test_what_cannot_be_partitioned_is_named(threads):
    layers = random_layers(0, 4, (9, 4))
    plane = Plane.through(1e90 * np.random.default_rng(0).random((3, 4)))
    by_hand = Plane(plane.origin, plane.basis, plane.low, plane.high)
    large = [(1e250 * layers[0][0], layers[0][1]), layers[1]]
    with pytest.raises(MBHError, match=r"^planes\[1\]: the weights are too large for this plane"):
        partition_input_space(large, [random_plane(0, 4), by_hand, by_hand])
    assert not [t for t in threading.enumerate() if t.name.startswith("partition")]


@pytest.mark.parametrize("decision_boundary", [False, True])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_function_is_told_how_far_all_planes_are(
    threads, monkeypatch, n_threads, decision_boundary
):
    monkeypatch.setattr(partition, "n_threads", lambda: n_threads)
    monkeypatch.setattr(driver, "_PAUSE_AFTER", 20_000)
    monkeypatch.setattr("mbh_utils.computing.side_by_side._LOOK", 0.0)
    network = mbh.Network(4, (40, 20), 3, seed=0, bias_std=0.3)
    planes, told, who = planes_and_lines(0, 4, 5), [], set()

    def tell(share, n):
        told.append((share, n))
        who.add(threading.current_thread())

    found = partition_input_space(
        network, planes, decision_boundary=decision_boundary, progress=tell
    )
    shares, counts = np.array(told).T
    assert len(told) >= 5 and (np.diff(shares) >= -1e-12).all() and (np.diff(counts) >= 0).all()
    assert told[-1] == (1.0, sum(map(len, found))) and who == {threading.current_thread()}


def test_one_bar_and_what_is_expected_of_all(capsys):
    layers, planes = random_layers(0, 4, (20, 9)), planes_and_lines(0, 4, 3)
    partition_input_space(layers, planes)
    assert capsys.readouterr().err == ""
    partition_input_space(layers, planes, progress=True)
    told = capsys.readouterr().err
    assert told.count("expected") == 1 and told.startswith("partition: about ")
    assert "100% of the domain" in told
    with pytest.raises(MBHError, match="progress is 'yes'"):
        partition_input_space(layers, planes, progress="yes")


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_of_the_function_ends_all(threads, monkeypatch, n_threads, error):
    monkeypatch.setattr(partition, "n_threads", lambda: n_threads)
    monkeypatch.setattr(driver, "_PAUSE_AFTER", 20_000)
    monkeypatch.setattr("mbh_utils.computing.side_by_side._LOOK", 0.0)

    def stop(share, n):
        raise error

    with pytest.raises(error):
        partition_input_space(
            random_layers(0, 4, (60, 30)), planes_and_lines(0, 4, 200), progress=stop
        )
    assert not [t for t in threading.enumerate() if t.name.startswith("partition")]


LONG = """
import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
import threading, time
import numpy as np, mbh_utils as mbh
from mbh_utils.regions import partition
partition.n_threads = lambda: 2
rng, n = np.random.default_rng(0), 2000
layers = [(rng.standard_normal((n, m)) / n, rng.standard_normal(n) / n) for m in (2, n, n)]
plane = mbh.Plane.rectangle((-1, -1), (1, 1))
mbh.partition_input_space([([[1.0, 0.0]], [0.0])], plane)
print("start", flush=True)
try:
    mbh.partition_input_space(layers, [plane] * 4, keep="areas", progress=False)
except KeyboardInterrupt:
    left = [t.name for t in threading.enumerate() if t.name.startswith("partition")]
    print("interrupted", left, flush=True)
"""


def test_an_interrupt_ends_all_threads():
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "start\n"
    time.sleep(3)  # at work in the kernel
    sent = time.monotonic()
    child.send_signal(signal.SIGINT)
    try:
        said, _ = child.communicate(timeout=30)
    finally:
        child.kill()
    assert (
        said == "interrupted []\n" and time.monotonic() - sent < 15
    )  # a second, on an idle machine


# ------------------------------------------------------------------------- who uses them


def test_weights_are_read_anew_each_time():
    """Nothing is kept of a network: whatever changes it counts."""
    torch.manual_seed(0)
    plane = random_plane(0, 4)
    network = mbh.Network(4, (12, 4), 3, seed=0, bias_std=0.3)
    plain = torch.nn.Sequential(
        torch.nn.Linear(4, 12), torch.nn.ReLU(), torch.nn.Linear(12, 3)
    ).double()
    optimiser = torch.optim.SGD(plain.parameters(), lr=1.0)

    def step():
        plain(torch.rand(5, 4).double()).square().sum().backward()
        optimiser.step()

    layers = random_layers(0, 4, (12, 4))

    def in_place():
        layers[0][0][:] *= -1.5

    changes = [
        (plain, step),
        (plain, lambda: plain[0].weight.data.mul_(-1)),
        (plain, lambda: plain[0].bias.data.add_(0.3)),
        (plain, lambda: plain.load_state_dict({k: 2 - x for k, x in plain.state_dict().items()})),
        (
            network,
            lambda: network.set_masks([np.eye(12, 4, dtype=bool), np.ones((4, 12), dtype=bool)]),
        ),
        (network, lambda: network.hidden_layers[1].mask.__setitem__((0, slice(5)), False)),
        (layers, in_place),
    ]
    for changed, change in changes:
        before = partition_input_space(changed, plane)
        copies = [x.copy() for layer in before.network for x in layer]
        change()
        after = partition_input_space(changed, plane)
        now = [x for layer in after.network for x in layer]
        assert any(not np.array_equal(a, b) for a, b in zip(copies, now, strict=True))
        if changed is not layers:  # what was found before stays what it was
            kept = [x for layer in before.network for x in layer]
            assert all(np.array_equal(a, b) for a, b in zip(copies, kept, strict=True))
        hidden = [(w.copy(), b.copy()) for w, b in mbh.hidden_layers(changed)]
        assert_same(after, partition_input_space(hidden, plane))


def test_specialization_of_several_planes_is_that_of_each(threads):
    rng = np.random.default_rng(0)
    network = mbh.Network(4, (20, 9), 3, seed=0, bias_std=0.3)
    samples = mbh.Samples(rng.random((30, 4)), rng.integers(0, 3, 30))
    planes = planes_and_lines(0, 4, 6)
    each = [mbh.specialization(network, samples, plane, 0.7) for plane in planes]
    assert mbh.specialization(network, samples, planes, 0.7) == float(np.mean(each))
    table = mbh.specialization_table(network, samples, planes, [0.5, 0.9])
    for i, plane in enumerate(planes):
        own = mbh.specialization_table(network, samples, plane, [0.5, 0.9]).assign(plane=i)
        assert own.equals(table[table["plane"] == i].reset_index(drop=True))


def test_regions_without_dead_ends_are_those_of_each_plane(threads):
    rng = np.random.default_rng(0)
    layers = random_layers(0, 4, (20, 9), density=0.1)
    masks = [weight != 0 for weight, _ in layers]
    samples = mbh.Samples(rng.random((30, 4)), rng.integers(0, 3, 30))
    planes = planes_and_lines(0, 4, 4)
    table = measures.specializations(layers, masks, samples, planes, [0.8])
    rest = measures.without_dead_ends(layers, masks)
    expected = [len(partition_input_space(rest, plane)) for plane in planes]
    assert (
        table.groupby("plane")["n_live_regions"].first().tolist() == expected
        and table["n_dead_ends"].min() > 0
    )
