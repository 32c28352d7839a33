"""How a task tells the run that waits for it what share of itself is done.

It goes through a small file in the folder that both see: the same way from a process here and from
another machine.
"""

import contextlib
import contextvars
import time
from collections.abc import Iterator
from pathlib import Path

#: Seconds between two reports.
_EVERY = 1.0
_teller: contextvars.ContextVar["_Teller | None"] = contextvars.ContextVar("teller", default=None)


class _Teller:
    """Writes a task's reports."""

    def __init__(self, path: Path):
        self.path = path
        self.first: tuple[float, float] | None = None
        self.due = 0.0

    def tell(self, share: float) -> None:
        now = time.perf_counter()
        if share <= 0:
            return
        if self.first is None:
            self.first = (now, share)  # what went on before, such as reading data, is no measure
        if now < self.due:
            return
        self.due = now + _EVERY
        began, from_share = self.first
        line = f"{share - from_share:.6f} {1 - from_share:.6f} {now - began:.3f} end"
        with contextlib.suppress(OSError):  # a full disk is told by what matters
            self.path.write_text(line)


@contextlib.contextmanager
def telling(path: str | None) -> Iterator[None]:
    """Reports of what is done within the block go to this file; None: nowhere."""
    token = _teller.set(_Teller(Path(path)) if path else None)
    try:
        yield
    finally:
        _teller.reset(token)


def tell(share: float) -> None:
    """Tell whoever waits for this task what share of it is done.

    Parameters
    ----------
    share : float
        From 0 to 1. Outside of a task this does nothing.

    Examples
    --------
    >>> tell(0.5)
    """
    if (teller := _teller.get()) is not None:
        teller.tell(share)


def read(path: Path) -> tuple[float, float] | None:
    """What a task has told: its share since it began to tell, and the seconds of that.

    None where there is nothing to read yet.
    """
    try:
        done, whole, seconds, end = path.read_text().split()
        if end != "end" or float(whole) <= 0:
            return None
        return float(done) / float(whole), float(seconds)
    except (OSError, ValueError):  # not there, or half written
        return None
