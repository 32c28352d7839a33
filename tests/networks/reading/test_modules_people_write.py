"""Modules people write: each is taken and right, or refused with the cause; none silently wrong.

``python tests/networks/reading/test_modules_people_write.py [examples]`` prints what becomes of
each module of the zoo, and of so many random ones. MBH_EXAMPLES=10000 lets the test try as many.
"""

import os
import sys
from collections import Counter

import pytest
from forward_oracle import Outcome, judge
from grown_networks import recipes
from hypothesis import HealthCheck, given, settings
from people_write import CASES

EXAMPLES = int(os.environ.get("MBH_EXAMPLES", "120"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_modules_people_write(case):
    outcome = judge(case)
    assert outcome.good, f"{outcome.result}: {outcome.why}"


def test_there_are_enough_of_them():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 80


def grow(examples: int, tell=None) -> Counter:
    """Judge random networks; how many were tried, and came out as what.

    tell: is told of what is not good.
    """
    counts = Counter()

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(recipes)
    def grown(recipe):
        outcome = judge(recipe.case(), n_points=1000)
        counts[outcome.result] += 1
        if tell is not None:
            tell(recipe, outcome)
        else:
            assert outcome.good, f"{outcome.result}: {outcome.why}"

    grown()
    return counts


def test_networks_grown_out_of_bricks():
    counts = grow(EXAMPLES)
    assert counts["wrong"] == counts["ill"] == 0
    assert counts["taken"] > 0.7 * counts.total(), counts


def report(title: str, counts: Counter) -> None:
    parts = ", ".join(f"{name} {counts[name]}" for name in ("taken", "refused", "wrong", "ill"))
    print(f"{title}: tried {counts.total()}, {parts}", flush=True)


def main(examples: int = EXAMPLES) -> None:
    counts = Counter()
    for case in CASES:
        try:
            outcome = judge(case)
        except Exception as error:  # noqa: BLE001
            outcome = Outcome("harness", f"{type(error).__name__}: {error}")
        counts[outcome.result] += 1
        if not outcome.good:
            print(f"{outcome.result:6} {case.name}: {outcome.why[:230]}")
    report("the zoo", counts)
    shown = Counter()

    def tell(recipe, outcome):
        shown[outcome.result] += 1
        if not outcome.good and shown[outcome.result] <= 20:
            print(f"{outcome.result:6} {recipe}: {outcome.why[:230]}")

    report("grown networks", grow(examples, tell))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
