"""The time left, on tasks whose true durations are known."""

import heapq
import random

import pytest

from mbh_utils.computing.scheduling import Task, _in_order
from mbh_utils.computing.time_left import TimeLeft


def simulate(tasks, jobs):
    """Tasks as (kind, estimate, truth) on so many processes: what is told at each time.

    Returns all seconds, and (time, told, truly left). Trainings tell the share that they have done.
    """
    given = [Task(print, (truth,), seconds=seconds, kind=kind) for kind, seconds, truth in tasks]
    order = _in_order(given)
    free = [0.0] * jobs
    times = []
    for task in order:
        begin = heapq.heappop(free)
        times.append((begin, begin + task.arguments[0]))
        heapq.heappush(free, times[-1][1])
    whole = max(free)
    left = TimeLeft([(task.kind, task.seconds) for task in order], jobs, 0.0)
    told = []
    done = set()
    for step in range(400):
        now = step * whole / 400
        for i, (begin, end) in enumerate(times):
            if end <= now and i not in done:
                done.add(i)
                left.finish(i, now, end - begin)
            elif begin < now < end and order[i].kind == "training":
                left.report(i, now, (now - begin) / (end - begin), now - begin)
        told.append((now, left.seconds(now), whole - now))
    return whole, told


def noisy(rng, seconds, factor=1.0, spread=0.15):
    """How long a task takes in truth that was estimated at so many seconds."""
    return seconds * factor * rng.lognormvariate(0, spread)


def of_one_kind(factor, seconds):
    def made(rng):
        return [("training", each, noisy(rng, each, factor)) for each in seconds]

    return made


def mixed(rng):
    factors = {"costs": 0.4, "grid": 1.0, "planes": 3.0}
    return [(kind, 3.0, noisy(rng, 3.0, factors[kind])) for kind in factors for _ in range(30)]


CASES = {
    "estimates are half of the truth": (of_one_kind(2.0, [5, 10, 20, 40] * 6), 1),
    "estimates are twice the truth": (of_one_kind(0.5, [5, 10, 20, 40] * 6), 2),
    "few tasks of very different cost": (of_one_kind(1.0, [2, 5, 10, 30, 60, 120]), 2),
    "three long tasks": (of_one_kind(2.0, [100, 100, 100]), 1),
    "more processes than one round of tasks": (of_one_kind(1.7, range(10, 120, 5)), 16),
    "kinds whose estimates are wrong each in its way": (mixed, 2),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", CASES)
def test_the_time_left_is_near_the_truth_and_hardly_rises(name, seed):
    make, jobs = CASES[name]
    whole, told = simulate(make(random.Random(seed)), jobs)
    least = float("inf")
    slack = 0.02 * whole
    after_first_tenth = [one for one in told if one[0] > whole / 10]
    assert all(seconds is not None for _, seconds, _ in after_first_tenth)
    for now, seconds, truth in told:
        if seconds is None:
            continue
        if now > whole / 5:
            assert (truth - slack) / 1.5 <= seconds <= 1.5 * truth + slack, (now, seconds, truth)
            assert seconds <= 1.1 * least + 1, (now, seconds, least)
        assert seconds <= 1.25 * least + 1, (now, seconds, least)
        least = min(least, seconds)


def test_a_single_task_that_tells_nothing_is_taken_at_its_estimate():
    left = TimeLeft([("lottery", 100.0)], 1, 0.0)
    assert left.seconds(5.0) is None, "nothing is known"
    told = [left.seconds(now) for now in range(15, 100)]
    assert told == pytest.approx([100 - now for now in range(15, 100)], abs=2)
    assert left.seconds(150.0) > 0, "overdue, but not done"
    left.finish(0, 160.0)
    assert left.seconds(160.0) == 0.0


def test_the_share_that_is_done_counts_running_tasks():
    left = TimeLeft([("training", 100.0)] * 2, 2, 0.0)
    assert left.share(0.0) == 0.0
    left.report(0, 30.0, 0.5, 30.0)
    left.report(1, 30.0, 0.25, 30.0)
    assert left.share(30.0) == pytest.approx(60 / 180, abs=0.02)
    for i in (0, 1):
        left.finish(i, 60.0, 60.0)
    assert left.share(60.0) == 1.0


def test_tasks_may_begin_in_another_order():
    left = TimeLeft([("training", 10.0)] * 4, 2, 0.0)
    left.report(3, 5.0, 0.5, 5.0)
    assert 3 in left.running and len(left.running) == 2 and 3 not in left.waiting
    left.finish(2, 10.0, 10.0)
    left.finish(3, 10.0, 10.0)
    assert sorted(left.running) + left.waiting == [0, 1]
    assert left.seconds(10.0) == pytest.approx(10.0, abs=3)
