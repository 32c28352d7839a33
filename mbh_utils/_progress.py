"""How far a partition is: a bar on stderr, or calls of a function."""

import contextlib
import time
from collections.abc import Callable

import numpy as np
from tqdm import tqdm  # not tqdm.auto, whose bars in notebooks are widgets

from mbh_utils import _given
from mbh_utils.errors import MBHError

#: Seconds after which a bar appears that nobody asked for.
PATIENCE = 5.0


class Progress(contextlib.AbstractContextManager):
    """Shows the share of a domain that is done, and the regions found.

    wanted: None (a bar when it takes longer than a few seconds), True, False, or a function of share and regions.
    """

    def __init__(self, wanted: bool | Callable[[float, int], None] | None, domain_area: float):
        self.check(wanted)
        self.call = wanted if callable(wanted) else None
        self.domain_area, self.area, self.regions = domain_area, 0.0, 0
        self.quiet, self.delay, self.bar, self.started = wanted is False, 0.0 if wanted else PATIENCE, None, None

    @staticmethod
    def check(wanted) -> None:
        """Raises MBHError unless it is None, True, False or a function."""
        if not (wanted is None or isinstance(wanted, bool | np.bool_) or callable(wanted)):
            shown = _given.shown(wanted)
            raise MBHError(f"progress is {shown}; expected None, True, False or a function of (share, n_regions)")

    def check_stop(self) -> None:
        """Called often by whoever works; other bars end the work here, this one never does."""

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.close()

    def show(self, area: float, regions: int) -> None:
        """Tell what the block at work holds; earlier blocks were told by :meth:`add`."""
        share, regions = min((self.area + area) / self.domain_area, 1.0), self.regions + regions
        if self.call is not None:
            self.call(share, regions)
            return
        if self.quiet:
            return
        now = time.monotonic()
        self.started = self.started or now  # the clock starts here, when code is compiled and work has begun
        if now - self.started < self.delay:
            return
        if self.bar is None:
            form = "{desc}: {percentage:3.0f}% of the domain |{bar}| {postfix} [{elapsed}<{remaining}]"
            self.bar = tqdm(total=1.0, desc="partition", bar_format=form)
            self.bar.start_t -= now - self.started
        self.bar.set_postfix_str(f"{regions:,} regions", refresh=False)
        self.bar.update(share - self.bar.n)

    def add(self, area: float, regions: int) -> None:
        """A block is done."""
        self.area += area
        self.regions += regions
