"""Captions of figures: put together in one way."""

import pytest

from mbh_utils.errors import MBHError
from mbh_utils.workbook.captions import caption


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, "It rises."),
        ({"data": "mnist"}, "MNIST. It rises."),
        ({"data": ["mnist", "my own"]}, "MNIST and my own. It rises."),
        ({"data": "mnist", "models": 5}, "MNIST: 5 models. It rises."),
        ({"models": 1, "planes": 1}, "1 model × 1 plane. It rises."),
        ({"planes": 10, "domain": "box"}, "10 planes in the input box. It rises."),
        ({"data": "mnist", "domain": "on the line"}, "MNIST: on the line. It rises."),
        ({"data": "mnist", "band": "all models."}, "MNIST; bands: all models. It rises."),
        ({"band": "all", "bar": "five"}, "bands: all; bars: five. It rises."),
        (
            {"data": "mnist", "models": 1_000, "domain": "square", "band": "all\n models"},
            "MNIST: 1,000 models in the square; bands: all models. It rises.",
        ),
    ],
)
def test_what_is_not_given_is_left_out(given, expected):
    assert caption("It rises", **given) == expected


@pytest.mark.parametrize("message", ["It rises.", "Does it rise?"])
def test_a_message_ends_once(message):
    assert caption(message) == message


def test_a_message_is_required():
    with pytest.raises(MBHError, match="message must say in one sentence"):
        caption("  ", data="mnist")


def test_a_formula_is_refused_since_captions_are_plain_text():
    with pytest.raises(MBHError, match="captions are plain text"):
        caption("As $c_P$ grows, no blanket shrinks")
