"""Conditions that a reader types are understood, and never run as Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.explorers.condition import samples_where

LABELS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3, 5])
SAMPLES = Samples(np.arange(12.0)[:, None], LABELS)


def numbers(text):
    return samples_where(text, SAMPLES).images.ravel().astype(int).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "label == 3",
        "label in (3, 5)",
        "label not in [3, 5]",
        "label in {3}",
        "label % 2 == 0",
        "label % 2 == 1 and label > 4 or label == 0",
        "not label < 7",
        "3 <= label < 6",
        "  label != 9 ",
        "label > -1",
    ],
)
def test_conditions_mean_what_python_means(text):
    expected = [i for i, label in enumerate(LABELS) if eval(text.strip(), {"label": label})]
    assert numbers(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [("3", [3]), ("0, 7", [0, 7]), ("2:5", [2, 3, 4]), ("1, 1, 0:2,", [0, 1]), ("11", [11])],
)
def test_numbers_of_images(text, expected):
    assert numbers(text) == expected


@pytest.mark.parametrize(
    "text, part",
    [
        ("12", "there is no image 12: they are numbered 0 to 11"),
        ("5:3", "there is no image 5:3"),
        ("label == 77", "no image has label == 77; labels that occur: 0, 1"),
        ("label % 0 == 1", "divides by 0"),
        ("label", "is no condition; write for example label in"),
        ("", "is no condition"),
        ("label ==", "is no condition"),
        ("image > 3", "is no condition"),
        ("label == 3.5", "is no condition"),
        ("label == True", "is no condition"),
        ("label in label", "is no condition"),
        ("label in (label,)", "is no condition"),
        ("label in (i for i in range(3))", "is no condition"),
        ("__import__('os').system('true')", "is no condition"),
        ("label.sum() == 3", "is no condition"),
        ("label ** 9 ** 9 == 1", "is no condition"),
        ("(lambda: 3)() == 3", "is no condition"),
        ("label == 10**400", "is no condition"),
        (f"label == {10**40}", "is no condition"),
        ("(" * 300 + "label" + ")" * 300 + " == 1", "up to 500"),
        ("label == 1\0", "is no condition"),
    ],
)
def test_anything_else_is_an_error(text, part):
    with pytest.raises(MBHError) as told:
        samples_where(text, SAMPLES)
    assert part in str(told.value)


@given(st.text(max_size=60) | st.text("label in(),%=<>!0123 notandor:-", max_size=60))
def test_no_text_does_anything_but_choose_or_fail(text):
    try:
        assert 1 <= len(samples_where(text, SAMPLES)) <= len(SAMPLES)
    except MBHError as error:
        assert str(error)
