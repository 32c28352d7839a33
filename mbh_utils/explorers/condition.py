"""A phenomenon in a reader's words: a condition on labels, or numbers of samples.

What is typed is never run as Python: it is parsed, and only what is listed here is worked out.
"""

import ast
import operator
import re
from collections.abc import Callable

import numpy as np

from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError

#: What a reader may write, in words.
EXAMPLES = "label in (3, 5), or label % 2 == 0 and label > 3, or numbers of images: 0, 7, 20:40"

_NUMBERS = re.compile(r"\s*\d+(\s*:\s*\d+)?(\s*,\s*\d+(\s*:\s*\d+)?)*\s*,?\s*")
_MOST = 500  # characters
_COMPARISONS: dict[type, Callable] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def samples_where(text: str, samples: Samples) -> Samples:
    """The samples that a condition describes.

    Parameters
    ----------
    text : str
        A condition on ``label``, made of numbers, comparisons, ``in``, ``and``, ``or``, ``not`` and
        ``%``; or numbers of samples, counted from 0, with ``20:40`` for 20 to 39.
    samples : Samples
        Out of these.

    Returns
    -------
    Samples
        One at least.

    Raises
    ------
    MBHError
        For other words, and where no sample is left.

    Examples
    --------
    >>> samples = Samples([[0.0], [1.0], [2.0], [3.0]], [3, 4, 5, 3])
    >>> samples_where("label in (3, 5)", samples).labels.tolist()
    [3, 5, 3]
    >>> samples_where("0, 2:4", samples).images.ravel().tolist()
    [0.0, 2.0, 3.0]
    """
    if len(text) > _MOST:
        raise MBHError(f"the condition has {len(text)} characters; up to {_MOST}")
    if _NUMBERS.fullmatch(text):
        return samples.take(_listed(text, len(samples)))
    try:
        parsed = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _not_understood(text) from error
    mask = _truth(parsed, samples.labels, text)
    if not mask.any():
        there = ", ".join(map(str, np.unique(samples.labels).tolist()))
        raise MBHError(f"no image has {text.strip()}; labels that occur: {there}")
    return samples.where(mask)


def _not_understood(text: str) -> MBHError:
    return MBHError(f"{text.strip()!r} is no condition; write for example {EXAMPLES}")


def _listed(text: str, n: int) -> np.ndarray:
    """The numbers that are listed. Raises MBHError for those that no sample has."""
    found: list[int] = []
    for part in filter(str.strip, text.split(",")):
        first, _, behind = part.partition(":")
        start = int(first)
        stop = int(behind) if behind else start + 1
        if max(start, stop - 1) >= n or stop <= start:
            raise MBHError(f"there is no image {part.strip()}: they are numbered 0 to {n - 1}")
        found += range(start, stop)
    return np.unique(found)


def _truth(node: ast.expr, labels: np.ndarray, text: str) -> np.ndarray:
    """Which samples a condition holds of."""
    if isinstance(node, ast.BoolOp):
        parts = [_truth(value, labels, text) for value in node.values]
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return join.reduce(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_truth(node.operand, labels, text)
    if isinstance(node, ast.Compare):
        return _compared(node, labels, text)
    raise _not_understood(text)


def _compared(node: ast.Compare, labels: np.ndarray, text: str) -> np.ndarray:
    """A comparison, or a chain of them such as 3 <= label < 6."""
    holds = np.ones(len(labels), bool)
    left = node.left
    for comparison, right in zip(node.ops, node.comparators, strict=True):
        value = _number(left, labels, text)
        if isinstance(comparison, ast.In | ast.NotIn):
            is_in = np.isin(value, _members(right, labels, text))
            holds &= ~is_in if isinstance(comparison, ast.NotIn) else is_in
        elif type(comparison) in _COMPARISONS:
            holds &= _COMPARISONS[type(comparison)](value, _number(right, labels, text))
        else:
            raise _not_understood(text)
        left = right
    return holds


def _members(node: ast.expr, labels: np.ndarray, text: str) -> list[int]:
    """Numbers in brackets of whatever kind."""
    is_list = isinstance(node, ast.Tuple | ast.List | ast.Set)
    if not is_list or any(isinstance(part, ast.Name) for part in ast.walk(node)):
        raise _not_understood(text)
    return [int(_number(member, labels[:1], text)[0]) for member in node.elts]


def _number(node: ast.expr, labels: np.ndarray, text: str) -> np.ndarray:
    """The labels, a whole number, or a remainder of one of them."""
    if isinstance(node, ast.Name) and node.id in ("label", "labels"):
        return labels
    if isinstance(node, ast.Constant) and type(node.value) is int and abs(node.value) < 2**31:
        return np.full(len(labels), node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand, labels, text)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        divisor = _number(node.right, labels, text)
        if (divisor == 0).any():
            raise MBHError(f"{text.strip()!r} divides by 0")
        return _number(node.left, labels, text) % divisor
    raise _not_understood(text)
