"""Modules people write: each is taken and right, or refused with the cause; nothing is silently wrong.

``python tests/test_modules_people_write.py [examples]`` prints what becomes of each, and grows random ones.
"""

import sys
from collections import Counter

import pytest
from forward_oracle import Outcome, judge
from people_write import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_modules_people_write(case):
    outcome = judge(case)
    assert outcome.good, f"{outcome.result}: {outcome.why}"


def test_there_are_enough_of_them():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 80


def main() -> None:
    counts = Counter()
    for case in CASES:
        try:
            outcome = judge(case)
        except Exception as error:  # noqa: BLE001
            outcome = Outcome("harness", f"{type(error).__name__}: {error}")
        counts[outcome.result] += 1
        if not outcome.good:
            print(f"{outcome.result:6} {case.name}: {outcome.why[:230]}")
    print(f"tried {len(CASES)}, " + ", ".join(f"{name} {counts[name]}" for name in ("taken", "refused", "wrong", "ill")))


if __name__ == "__main__":
    main()
