"""A row of the table of ill calls."""

from collections.abc import Callable
from typing import NamedTuple

from ill_calls.values import Named


class Face(NamedTuple):
    """A public callable, a right call of it, and ill values of each of its arguments.

    ``says`` maps an argument to a word of the message, where it is not the argument's name.
    """

    function: Callable
    right: dict
    ill: dict[str, list[Named]]
    says: dict[str, str] = {}

    @property
    def n_calls(self) -> int:
        """How many ill calls the row stands for."""
        return sum(map(len, self.ill.values()))
