"""Verdicts follow the rules: cases that are computed by hand."""

import numpy as np
import pytest

from mbh_utils.claims.evidence import Evidence
from mbh_utils.claims.rules import Between, Exact, Number, Trend


def seen(value, *samples, agrees=None):
    return Evidence(value, np.array(samples, float), models=len(samples), agrees=agrees)


@pytest.mark.parametrize(
    "thesis, agrees, expected",
    [
        (84.5, None, "reproduced"),  # inside
        (85.5, None, "reproduced"),  # half a point above the largest
        (82.5, None, "reproduced"),  # and below the smallest
        (85.6, None, "not reproduced"),
        (85.6, True, "same direction"),  # the order that is claimed with it holds
        (84.5, False, "not reproduced"),  # near, but not the smallest of all, say
    ],
)
def test_a_number_within_a_tolerance(thesis, agrees, expected):
    evidence = seen(84, 83, 84, 85, agrees=agrees)
    rule = Number(thesis, 0.5)
    assert rule.verdict(evidence) == expected
    assert rule.interval(evidence) == (83, 85)


@pytest.mark.parametrize(
    "thesis, expected",
    [(15, "reproduced"), (15.1, "not reproduced"), (4, "reproduced"), (3.9, "not reproduced")],
)
def test_a_number_within_a_factor(thesis, expected):
    assert Number(thesis, factor=1.5).verdict(seen(8, 6, 10)) == expected


@pytest.mark.parametrize(
    "value, expected", [(2.6, "reproduced"), (9.0, "same direction"), (-1.0, "not reproduced")]
)
def test_a_difference_has_a_direction(value, expected):
    assert Number(2.6, 0.5, null=0).verdict(seen(value, value - 0.1, value + 0.1)) == expected


def test_a_difference_of_the_wrong_sign_is_not_reproduced_however_near():
    assert Number(0.1, 0.5, null=0).verdict(seen(-0.1, -0.2, 0.1)) == "not reproduced"


@pytest.mark.parametrize(
    "samples, side, expected",
    [
        (np.linspace(0.1, 1, 101), "above", "reproduced"),
        (np.linspace(-0.1, 1, 101), "above", "same direction"),
        (np.linspace(-1, 0.1, 101), "above", "not reproduced"),
        (np.linspace(-1, -0.1, 101), "below", "reproduced"),
        (np.linspace(-1, 0.1, 101), "below", "same direction"),
        (np.linspace(0.1, 1, 101), "below", "not reproduced"),
        (np.linspace(-0.1, 1, 101), "not above", "reproduced"),
        (np.linspace(-2, -1, 101), "not above", "reproduced"),
        (np.linspace(0.1, 1, 101), "not above", "not reproduced"),
    ],
)
def test_trends(samples, side, expected):
    evidence = Evidence(samples.mean(), samples, models=5, planes=10)
    assert Trend(side=side).verdict(evidence) == expected
    assert Trend(3, side).verdict(Evidence(3 + samples.mean(), 3 + samples, 5)) == expected


def test_the_interval_of_a_trend_is_of_95_percent():
    evidence = Evidence(500, np.arange(1001.0), models=5)
    assert Trend().interval(evidence) == (25, 975)
    assert Trend(24).verdict(evidence) == "reproduced"
    assert Trend(26).verdict(evidence) == "same direction"


def test_a_trend_that_one_group_does_not_have():
    samples = np.linspace(0.1, 1, 101)
    assert Trend().verdict(Evidence(0.5, samples, 5, agrees=False)) == "same direction"
    assert Trend().verdict(Evidence(-0.5, -samples, 5, agrees=False)) == "not reproduced"


def test_a_trend_whose_direction_has_its_own_limit():
    over_half = Trend(1.5, direction=1)
    assert over_half.verdict(seen(1.8, 1.6, 2.0)) == "reproduced"
    assert over_half.verdict(seen(1.2, 1.1, 1.3)) == "same direction"
    assert over_half.verdict(seen(0.9, 0.8, 1.1)) == "not reproduced"


def test_between():
    assert Between(1, 2).verdict(seen(1.5, 1.1, 1.9)) == "reproduced"
    assert Between(1, 2).verdict(seen(1.9, 1.5, 2.3)) == "same direction"
    assert Between(1, 2).verdict(seen(2.1, 1.9, 2.3)) == "not reproduced"


def test_exact():
    assert Exact(20).verdict(seen(20, 20, 20)) == "reproduced"
    assert Exact(20).verdict(seen(20, 20, 21)) == "not reproduced"
    assert Exact(1, 1e-9).verdict(seen(1, 1 + 1e-10)) == "reproduced"
