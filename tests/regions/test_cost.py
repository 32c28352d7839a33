"""Long partitions: what they will cost, how far they are, and how to stop them."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from random_networks import random_layers, random_plane

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.regions.kernel import driver
from mbh_utils.regions.planes import Line, Plane


@pytest.mark.parametrize("shape", ["square", "box", "line"])
def test_the_expected_number_of_regions_is_near_the_true_one(shape):
    for seed in range(3):
        layers = random_layers(seed, 9, (120, 40))
        points = np.random.default_rng(seed).random((3, 9))
        if shape == "line":
            domain = Line.through(points[:2])
        else:
            domain = Plane.through(points, domain=shape)
        cost = mbh.expected_cost(layers, domain)
        true = len(mbh.partition_input_space(layers, domain))
        assert true / 2 < cost.regions < 2 * true
        assert 0 < cost.seconds < 10
        assert cost.bytes > 50 * cost.regions
        assert f"{cost}".startswith("about ")
        assert f"{cost}".endswith("MB")


def test_the_expected_cost_of_what_cannot_be_partitioned():
    layers = random_layers(0, 3, (5,))
    plane = random_plane(0, 3)
    with pytest.raises(MBHError, match="seconds is 0"):
        mbh.expected_cost(layers, plane, seconds=0)
    with pytest.raises(MBHError, match="expected a Plane or a Line"):
        mbh.expected_cost(layers, [plane])
    with pytest.raises(MBHError, match="takes 3"):
        mbh.expected_cost(layers, Plane.rectangle())


@pytest.mark.parametrize("decision_boundary", [False, True])
def test_a_function_is_told_how_far_it_is(monkeypatch, decision_boundary):
    monkeypatch.setattr(driver, "_PAUSE_AFTER", 20_000)
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 60), torch.nn.ReLU(), torch.nn.Linear(60, 400)
    ).double()
    plane = Plane.through(np.random.default_rng(0).random((3, 4)), margin=9)
    told = []
    regions = mbh.partition_input_space(
        network,
        plane,
        decision_boundary=decision_boundary,
        progress=lambda share, n: told.append((share, n)),
    )
    shares, counts = np.array(told).T
    assert len(told) > 3 and (np.diff(shares) >= 0).all() and (np.diff(counts) >= 0).all()
    assert 0 <= shares[0] < shares[-1] <= 1 and counts[-1] <= len(regions)


def test_a_bar_and_the_expected_cost_when_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(driver, "_PAUSE_AFTER", 20_000)
    layers = random_layers(0, 4, (40, 20))
    plane = random_plane(0, 4)
    mbh.partition_input_space(layers, plane)
    assert capsys.readouterr().err == ""  # it was quick
    mbh.partition_input_space(layers, plane, progress=False)
    assert capsys.readouterr().err == ""
    mbh.partition_input_space(layers, plane, progress=True)
    told = capsys.readouterr().err
    assert told.startswith("partition: about ") and "% of the domain" in told and "regions" in told
    with pytest.raises(MBHError, match="progress is 'yes'"):
        mbh.partition_input_space(layers, plane, progress="yes")


def test_an_error_of_the_function_ends_the_partition(monkeypatch):
    monkeypatch.setattr(driver, "_PAUSE_AFTER", 20_000)

    def stop(share, n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mbh.partition_input_space(random_layers(0, 4, (40, 20)), random_plane(0, 4), progress=stop)


LONG = """
import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np, mbh_utils as mbh
rng, n = np.random.default_rng(0), 2000
layers = [(rng.standard_normal((n, m)) / n, rng.standard_normal(n) / n) for m in (2, n, n)]
plane = mbh.Plane.rectangle((-1, -1), (1, 1))
mbh.partition_input_space([([[1.0, 0.0]], [0.0])], plane)
print("start", flush=True)
mbh.partition_input_space(layers, plane, keep="areas", progress=False)
"""


def test_an_interrupt_ends_a_long_partition():
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "start\n"
    time.sleep(2)  # at work in the kernel
    sent = time.monotonic()
    child.send_signal(signal.SIGINT)
    try:
        _, words = child.communicate(timeout=30)
    finally:
        child.kill()
    assert "KeyboardInterrupt" in words
    assert time.monotonic() - sent < 10  # a second, on an idle machine
