"""A notebook's cell that trains is not silent, and interrupting it ends in one sentence."""

import os
import time

import pytest
from jupyter_client.manager import KernelManager
from training_helpers import DATA, small

from mbh_utils.computing import paths
from mbh_utils.errors import Interrupted
from mbh_utils.training import Recipe, train, train_stack

PATIENCE = 120  # a machine that does much else


def stopping_at(n):
    """A progress function that interrupts when it is called for the nth time."""
    calls = []

    def stop(share):
        calls.append(share)
        if len(calls) == n:
            raise KeyboardInterrupt

    return stop


def test_an_interrupted_network_is_as_at_its_last_milestone():
    network = small()
    as_before = network.copy()
    with pytest.raises(Interrupted, match="the network is as before it; make it anew") as told:
        train(network, DATA, iterations=10_000, progress=stopping_at(3))
    assert "of 10,000" in str(told.value) and "\n" not in str(told.value)
    for now, before in zip(network.parameters(), as_before.parameters(), strict=True):
        assert (now == before).all()

    network = small()
    with pytest.raises(Interrupted, match="as at iteration 20, the last milestone"):
        train(network, DATA, iterations=10_000, milestones=[20], progress=stopping_at(6))
    other = small()
    train(other, DATA, iterations=20)
    for now, wanted in zip(network.parameters(), other.parameters(), strict=True):
        assert (now == wanted).all()


def test_a_stack_with_checkpoints_can_go_on():
    networks = [small(seed) for seed in (0, 1)]
    with pytest.raises(Interrupted, match="go on from the states that checkpoint was given last"):
        train_stack(
            networks,
            DATA,
            Recipe(1000),
            seeds=[0, 0],
            checkpoint=lambda states: None,
            progress=stopping_at(3),
        )


CELL = """
import numpy as np
import mbh_utils as mbh
rng = np.random.default_rng(0)
images = rng.random((4000, 200))
data = mbh.from_arrays(images, np.arange(4000) % 3, images[:9], np.arange(9) % 3, classes="abc")
network = mbh.feed_forward(data, (200, 100))
history = mbh.train(network, data, iterations=10_000_000)
"""


@pytest.fixture
def kernel(monkeypatch):
    """A notebook's kernel, as JupyterLab starts one."""
    manager = KernelManager(kernel_name="python3")
    environment = {k: v for k, v in os.environ.items() if k not in ("MBH_STATIC", "MPLBACKEND")}
    manager.start_kernel(env={**environment, "PYTHONPATH": str(paths.PROJECT)})
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(PATIENCE)
    client.manager = manager
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_cell_that_trains_shows_a_line_and_ends_in_one_sentence(kernel):
    kernel.execute(CELL)
    texts = []
    error = None
    deadline = time.monotonic() + PATIENCE
    while error is None and time.monotonic() < deadline:
        message = kernel.get_iopub_msg(PATIENCE)
        kind = message["msg_type"]
        content = message["content"]
        assert kind != "stream", content  # neither red boxes nor lines one below the other
        if kind in ("display_data", "update_display_data"):
            texts.append((kind, content["data"]["text/plain"]))
            if len(texts) == 3:
                kernel.manager.interrupt_kernel()
        elif kind == "error":
            error = content
    assert [kind for kind, _ in texts[:3]] == [
        "display_data",
        "update_display_data",
        "update_display_data",
    ]
    assert "training: " in texts[2][1] and "of 10,000,000, " in texts[2][1]
    assert error["ename"] == "Interrupted"
    assert len(error["traceback"]) == 1 and "\n" not in error["traceback"][0]
    assert error["traceback"][0].startswith("training was interrupted at iteration ")
