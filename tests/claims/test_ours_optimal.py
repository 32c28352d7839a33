"""Claims on optimal patterns, on made-up tables where the verdict is known."""

import pandas as pd
import pytest
from made_up import crossed, filled, networks, verdict

#: The share of the greedy pattern's blanket by N.
GREEDY = {400: 0.2, 136: 0.25, 46: 0.4, 16: 0.5}
#: What the optimal pattern saves on the planes, by N.
SAVED = {400: 0.08, 136: 0.04, 46: 0.03, 16: 0.01}


def made(saved: dict | None = None, elsewhere: float = 0.3, proven: bool = True) -> pd.DataFrame:
    """Table optimal_patterns: what optimal patterns save, and what part of it on fresh planes."""
    saved = saved or SAVED
    table = networks(setups=(7, 8, 9, 10), models=3)
    table = crossed(table, **{"class": (0, 1), "kind": ("greedy", "optimal")})
    table = table.assign(coverage=0.9, proven=proven, bound=0.0)

    def share(part: float):
        def of(row: dict) -> float:
            is_optimal = row["kind"] == "optimal"
            return GREEDY[row["n_hidden"]] - part * is_optimal * saved[row["n_hidden"]]

        return of

    places = {"known": share(1), "fresh": share(elsewhere), "cube": share(-elsewhere)}
    return filled(table, 1e-4, **places)


@pytest.mark.parametrize("id", ["OP-1", "OP-2", "OP-3", "OP-4", "OP-5", "OP-6"])
def test_a_table_as_it_was_tried_is_reproduced(id):
    assert verdict(id, optimal_patterns=made()) == "reproduced"


def test_one_class_that_is_not_proven_is_enough():
    table = made()
    table.loc[table.index[-1], "proven"] = False
    assert verdict("OP-1", optimal_patterns=table) == "not reproduced"


def test_another_loss_is_the_same_direction():
    larger = {**SAVED, 400: 0.19}
    assert verdict("OP-2", optimal_patterns=made(larger)) == "same direction"


@pytest.mark.parametrize("id", ["OP-3", "OP-4"])
def test_what_holds_on_the_planes_only_fails_elsewhere(id):
    assert verdict(id, optimal_patterns=made(elsewhere=-0.5)) == "not reproduced"


def test_the_order_may_turn():
    turned = {**SAVED, 16: 0.45}
    assert verdict("OP-5", optimal_patterns=made(turned, elsewhere=1)) == "not reproduced"


def test_loss_may_shrink_with_neurons():
    shrinking = dict(zip(SAVED, reversed(SAVED.values()), strict=True))
    assert verdict("OP-6", optimal_patterns=made(shrinking)) == "not reproduced"
