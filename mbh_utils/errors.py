"""The exception for mistakes that a user can fix, and that for work that a user interrupts."""

import contextlib
from collections.abc import Iterator

#: What whoever interrupts a computation that keeps what it has must know.
GO_ON = "interrupted: what was finished is kept, and the same again goes on from there"


class MBHError(ValueError):
    """A mistake in what the caller gave, or something missing on this machine.

    The message says what happened, what was expected and what to do next; the command line prints
    it without a traceback.
    """


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or a notebook's stop button, with one sentence on what is kept and how to go on.

    Notebooks and the command line show the sentence in place of a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it."""
        return [str(self)]


@contextlib.contextmanager
def told_where_interrupted(words: str) -> Iterator[None]:
    """Within the block, Ctrl-C becomes an :class:`Interrupted` with these words, or better ones.

    Better ones are those that something further inside has found already.

    Examples
    --------
    >>> try:
    ...     with told_where_interrupted("interrupted: nothing is lost"):
    ...         raise KeyboardInterrupt
    ... except Interrupted as stop:
    ...     print(stop)
    interrupted: nothing is lost
    """
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt as stop:
        raise Interrupted(words) from stop
