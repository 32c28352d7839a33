"""Where a line that changes is shown: on a terminal, below a notebook's cell, or as plain lines."""

import contextlib
import os
import sys
import time

from tqdm import tqdm  # not tqdm.auto, whose bars in notebooks are widgets

from mbh_utils.computing.threads import in_task

#: Seconds until the first plain line, where no terminal shows a bar; until the next one at first,
#: and later.
FIRST_SECONDS = 2.0
SECOND_SECONDS = 5.0
PROGRESS_SECONDS = 15.0
#: Characters of a bar below a cell.
_WIDTH = 20


def is_cell() -> bool:
    """Whether this is a notebook's kernel."""
    module = sys.modules.get("IPython")  # imported by then, if it is
    shell = module.get_ipython() if module else None
    return getattr(shell, "kernel", None) is not None


def place() -> str:
    """Where a line that changes is shown.

    Returns
    -------
    str
        "terminal"; "cell": below a notebook's cell; "lines": as plain lines; or "nowhere": in
        executed chapters, which are the same in every run, and in tasks, for which whoever waits
        for them speaks.

    Examples
    --------
    >>> place() in ("terminal", "cell", "lines", "nowhere")
    True
    """
    if in_task():
        return "nowhere"
    if is_cell():
        return "nowhere" if os.environ.get("MBH_STATIC") else "cell"
    return "terminal" if sys.stderr is not None and sys.stderr.isatty() else "lines"


def say(words: str) -> None:
    """Write a plain line: in a notebook no red box, and nothing in executed chapters.

    Parameters
    ----------
    words : str
        The line.
    """
    if not is_cell():
        print(words, file=sys.stderr, flush=True)
    elif place() == "cell":
        print(words, flush=True)


class ChangingLine(contextlib.AbstractContextManager):
    """A line that says how far something is, in words and as a bar.

    Words are short and plain: ``3 of 24 done, 50 s, about 80 s left``.

    Parameters
    ----------
    label : str
        What is at work.
    patience : float, optional
        Seconds until it appears; by default at once, but for plain lines.
    place : str, optional
        One of the values of :func:`place`; found out by default.

    Attributes
    ----------
    every : float
        Seconds after which :meth:`show` should be called again at the latest.

    Examples
    --------
    >>> with ChangingLine("training", patience=60, place="lines") as line:
    ...     line.show(0.5, "12 of 24 done")
    """

    def __init__(self, label: str, patience: float | None = None, place: str | None = None):
        self.label = label
        self.place = globals()["place"]() if place is None else place
        self.every = 2.0 if self.place == "lines" else 1.0
        if patience is None:
            patience = FIRST_SECONDS if self.place == "lines" else 0.0
        self.due = time.perf_counter() + patience
        self._pause = SECOND_SECONDS
        self._shown = False
        self._bar = None
        self._handle = None

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.close()

    @property
    def is_due(self) -> bool:
        """Whether it is time to show something."""
        return self.place != "nowhere" and time.perf_counter() >= self.due

    def show(self, share: float, words: str, last: bool = False) -> None:
        """Show how far it is, if it is time; a last line in any case where there was one before.

        Parameters
        ----------
        share : float
            Of all work, from 0 to 1.
        words : str
            The same in words.
        last : bool
            Whether nothing follows.
        """
        if not self.is_due and not (last and self._shown):
            return
        self._shown = True
        self.due = time.perf_counter() + (self._pause if self.place == "lines" else 0.3)
        self._pause = min(self._pause + SECOND_SECONDS, PROGRESS_SECONDS)
        if self.place == "terminal":
            self._draw(share, words)
        elif self.place == "cell":
            self._change_output(share, words)
        elif self.place == "lines":
            self.say(words)

    def say(self, words: str) -> None:
        """Write a plain line now."""
        print(f"{self.label}: {words}", file=sys.stderr, flush=True)

    def _draw(self, share: float, words: str) -> None:
        if self._bar is None:
            self._bar = tqdm(total=1.0, bar_format="{desc}", file=sys.stderr)
        bar = tqdm.format_meter(
            share, 1.0, 0.0, ncols=_WIDTH + 10, bar_format="{percentage:3.0f}% |{bar}|"
        )
        self._bar.n = share
        self._bar.set_description_str(f"{self.label}: {bar} {words}")

    def _change_output(self, share: float, words: str) -> None:
        """Plain text below the cell, in place of what it said before: no red box, no widget."""
        from IPython.display import display

        full = round(share * _WIDTH)
        bar = "█" * full + "·" * (_WIDTH - full)
        data = {"text/plain": f"{self.label}: {share:4.0%} {bar} {words}"}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
