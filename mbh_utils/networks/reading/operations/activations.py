"""Piecewise linear functions of each element, by their pieces: slopes and breakpoints."""

from collections.abc import Callable

import torch

from mbh_utils.networks.reading.canonical import RELU, Pieces, Value
from mbh_utils.networks.reading.operations.context import (
    DRAWS,
    TAKES_TWO,
    Context,
    NotUnderstood,
    Rule,
    as_value,
)


def leaky(slope) -> Pieces:
    """max(z, slope z)."""
    return Pieces(slope, 0.0, ((0.0, 1.0 - slope),))


def clamp(low, high) -> Pieces:
    """min(max(z, low), high); None: no bound; NotUnderstood where low >= high."""
    if low is None:
        return Pieces(1.0, 0.0, ((high, -1.0),))
    if high is None:
        return Pieces(0.0, low, ((low, 1.0),))
    if not (torch.as_tensor(low) < torch.as_tensor(high)).all():
        raise NotUnderstood(f"its lower bound {low} is not below its upper bound {high}")
    return Pieces(0.0, low, ((low, 1.0), (high, -1.0)))


def _threshold(bound: dict) -> Pieces:
    threshold = bound["threshold"]
    value = bound["value"]
    if threshold != value:
        raise NotUnderstood(
            f"it jumps from {value} to {threshold}: such functions are not understood"
        )
    return clamp(threshold, None)


def _rrelu(bound: dict) -> Pieces:
    if bound["training"]:
        raise NotUnderstood(DRAWS)
    return leaky((bound["lower"] + bound["upper"]) / 2)


def _softshrink(bound: dict) -> Pieces:
    width = bound["lambd"]
    return Pieces(1.0, width, ((-width, -1.0), (width, 1.0)))


def _by_pieces(pieces: Callable[[dict], Pieces]) -> Rule:
    """The rule of a function of each element of ``self``, whose pieces the other arguments tell."""

    def rule(context: Context, bound: dict) -> Value:
        if any(isinstance(x, Value) for k, x in bound.items() if k != "self"):
            raise NotUnderstood(TAKES_TWO)
        return context.activate(as_value(bound["self"]), pieces(bound))

    return rule


ELEMENTWISE: dict[str, Rule] = {
    "relu": _by_pieces(lambda bound: RELU),
    "leaky_relu": _by_pieces(lambda bound: leaky(bound["negative_slope"])),
    "_prelu_kernel": _by_pieces(lambda bound: leaky(bound["weight"])),
    "rrelu_with_noise": _by_pieces(_rrelu),
    "hardtanh": _by_pieces(lambda bound: clamp(bound["min_val"], bound["max_val"])),
    "clamp": _by_pieces(lambda bound: clamp(bound["min"], bound["max"])),
    "clamp_min": _by_pieces(lambda bound: clamp(bound["min"], None)),
    "clamp_max": _by_pieces(lambda bound: clamp(None, bound["max"])),
    "threshold": _by_pieces(_threshold),
    "hardsigmoid": _by_pieces(lambda bound: Pieces(0.0, 0.0, ((-3.0, 1 / 6), (3.0, -1 / 6)))),
    "softshrink": _by_pieces(_softshrink),
    "abs": _by_pieces(lambda bound: Pieces(-1.0, 0.0, ((0.0, 2.0),))),
}
