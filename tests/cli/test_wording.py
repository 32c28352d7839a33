"""Times and sizes in words."""

import pytest

from mbh_utils.cli.wording import span


@pytest.mark.parametrize(
    "seconds, told",
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (75, "75 s"),
        (150, "2 min"),
        (5399, "90 min"),
        (9000, "2.5 h"),
    ],
)
def test_times_are_told_in_the_unit_that_reads_best(seconds, told):
    assert span(seconds) == told
