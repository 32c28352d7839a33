"""Checkpoints and kills: training that is interrupted ends with the same networks."""

import os
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from tiny_experiments import TINY, Here, runs_of, same

from mbh_utils.computing.store import Store
from mbh_utils.experiments import plan, prepare, runs, table
from mbh_utils.networks.stored import get_network


class Killed(Exception):
    pass


def test_training_goes_on_from_its_checkpoint_and_ends_the_same(done, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", -1.0)  # at every opportunity
    store, starts, real = Store(tmp_path), [], runs.train_stack
    stack = [(run, {10, 30}) for run in runs_of("evolution") if run.hidden == (8, 4)]
    put = store.put_arrays

    def killed_after(n):
        def dying(*arguments, **facts):
            put(*arguments, **facts)
            nonlocal n
            n -= 1
            if not n:
                raise Killed

        return dying

    def watched(*arguments, states, **options):
        starts.append([state and state.iteration for state in states])
        return real(*arguments, states=states, **options)

    monkeypatch.setattr(runs, "train_stack", watched)
    for n in (3, 3, 4):
        monkeypatch.setattr(store, "put_arrays", killed_after(n))
        with pytest.raises(Killed):
            runs.train_runs(stack, store)
    monkeypatch.setattr(store, "put_arrays", put)
    runs.train_runs(stack, store)
    # There is one before the first step too. Killed between the two members, in the second
    # checkpoint of all.
    assert starts[0] == [None, None] and starts[1] == [1, 0]
    assert starts[1] < starts[2] < starts[3] and starts[3][0] > 1
    for run, kept in stack:
        for iteration in kept:
            assert same(run.at(iteration, store), run.at(iteration, done))
        assert (
            run.history(store) == run.history(done)
            and store.arrays("checkpoint", run.settings) is None
        )


def test_a_checkpoint_behind_a_milestone_that_nobody_kept_is_of_no_use(done, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", -1.0)
    store, (run, *_) = Store(tmp_path), runs_of("evolution")
    monkeypatch.setattr(store, "drop", lambda *arguments: None)
    runs.train_runs([(run, set())], store)  # leaves its last checkpoint
    assert runs._checkpoint(run, set(), store)[0].iteration == 30
    assert runs._checkpoint(run, {10}, store)[0] is None
    runs.train_runs([(run, {10})], store)
    assert (
        same(run.at(10, store), run.at(10, done))
        and runs._checkpoint(run, {10}, store)[0].iteration == 30
    )


# Imports once; every attempt is a child of its own that is killed with -9 at a random moment after
# it began to train, the last one is not. (Counted from its start, the moment would lie before
# training on a busy machine.)
KILLS = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from test_interrupted_training import KILLED, LONG
from tiny_experiments import TINY, Here
from mbh_utils import experiments
from mbh_utils.computing import store
from mbh_utils.experiments import runs

# What every child would otherwise load anew:
experiments.prepare(TINY, KILLED, store=store.Store(sys.argv[2] + "-warm"), executor=Here())
experiments.plan(LONG, KILLED, store.Store(sys.argv[2]))
runs.CHECKPOINT_SECONDS = 0.0
real, writes = runs.train_stack, -1

def noted(*arguments, states, **options):
    os.write(writes, b"x" if any(states) else b".")
    return real(*arguments, states=states, **options)

runs.train_stack = noted
folder, random_times, kills, resumed = store.Store(sys.argv[2]), random.Random(0), 0, 0
for attempt in range(100):
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        experiments.prepare(LONG, KILLED, store=folder, executor=Here())
        os._exit(0)
    os.close(writes)
    resumed += os.read(reads, 1) == b"x"
    if attempt < 8:
        time.sleep(random_times.uniform(0, 0.25))
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    os.close(reads)
    kills += os.WIFSIGNALED(status)
    if os.WIFEXITED(status):
        break
print(kills, resumed, os.WEXITSTATUS(status))
"""
KILLED = ["tickets", "evolution"]
LONG = replace(TINY, iterations=4_000, ticket_iterations=6_000, ticket_models=1)


def test_killed_again_and_again_it_ends_with_the_same_networks_and_tables(tmp_path):
    folder, undisturbed = tmp_path / "store", Store(tmp_path / "undisturbed")
    prepare(LONG, KILLED, store=undisturbed, executor=Here())
    script = [sys.executable, "-c", KILLS, os.path.dirname(__file__), str(folder)]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=500)
    assert ran.returncode == 0 and "damaged" not in ran.stderr, ran.stderr
    kills, resumed, status = map(int, ran.stdout.split())
    assert status == 0 and kills >= 3 and resumed >= 1, (kills, resumed)
    store = Store(folder)
    assert plan(LONG, KILLED, store) == []
    for run in {run for name in KILLED for run in runs_of(name, LONG)}:
        assert same(get_network(store, run.settings), get_network(undisturbed, run.settings))
    for name in KILLED:
        tables = (table(name, LONG, store=one) for one in (store, undisturbed))
        pd.testing.assert_frame_equal(*tables, check_exact=True)
