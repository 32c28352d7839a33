"""Random numbers while a module is read.

None of its caller's are used up, and a module that draws some is refused.
"""

import contextlib
import os
import random
import sys
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.parts import all_modules, named_members

#: Methods of ``random.Random`` that all others draw by.
_DRAWS = "random", "getrandbits"


@contextlib.contextmanager
def own_random_numbers(module: nn.Module) -> Iterator[None]:
    """Afterwards, the streams of torch, numpy and Python are as before, whatever draws inside."""
    devices = {x.get_device() for _, x in named_members(module) if x.is_cuda}
    of_python = random.getstate()
    of_numpy = np.random.get_state()
    # The module's copy has these generators too, for they cannot be copied.
    shared = [(x, x.get_state()) for x in _kept(module, torch.Generator)]
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
        for generator, state in shared:
            generator.set_state(state)


class Coins:
    """Tells whether a module draws random numbers while it runs.

    Those of numpy, of Python, or of generators that it keeps. (Torch's own random numbers are
    operations, of which it is known whether the result depends on them.)
    """

    def __init__(self, module: nn.Module):
        self.module = module
        self.before = _states(module)

    def refuse(self, run: Callable[[], object]) -> None:
        """MBHError where some were drawn since.

        run: runs the module again, as other threads may draw some too.
        """
        for _ in range(3):
            after = _states(self.module)
            drawn = next((name for name in after if after[name] != self.before[name]), None)
            if drawn is None:
                return
            self.before = _states(self.module)
            run()
        raise MBHError(_refusal(self.module, drawn))


def refuse_fresh_coins(module: nn.Module, run: Callable[[], torch.Tensor]) -> torch.Tensor:
    """What ``run`` gives, which runs the module.

    MBHError where that asks the system for random numbers, or a generator made on the way.
    """
    if sys.getprofile() is not None:  # someone measures, and there is room for one
        return run()
    drawn = []

    def look(frame, event, called):
        if event == "c_call" and (called is os.urandom or _is_draw(called)):
            drawn.append(called)

    sys.setprofile(look)
    try:
        found = run()
    finally:
        sys.setprofile(None)
    if drawn:
        raise MBHError(_refusal(module, "the system, or of a generator made on the way"))
    return found


def _is_draw(called) -> bool:
    is_of_python_s = isinstance(getattr(called, "__self__", None), random.Random)
    return is_of_python_s and called.__name__ in _DRAWS


def _refusal(module: nn.Module, whose: str) -> str:
    return (
        f"running {type(module).__name__} draws random numbers of {whose}: what it computes is "
        "left to chance, so no partition is that of the network; draw them in training mode only, "
        "or before"
    )


def _kept(module: nn.Module, kinds) -> list:
    """Attributes of these kinds, of the module and its parts."""
    attributes = (x for m in all_modules(module) for x in vars(m).values())
    return [x for x in attributes if issubclass(type(x), kinds)]


def _states(module: nn.Module) -> dict[str, object]:
    """Where the streams are that the module may draw from."""
    state = np.random.get_state()
    assert isinstance(state, tuple)  # not a dict, which takes legacy=False
    _, keys, *rest = state
    found = {"Python": random.getstate(), "numpy": (keys.tobytes(), rest)}
    own = [x.bit_generator.state for x in _kept(module, np.random.Generator)]
    own += [x.getstate() for x in _kept(module, random.Random) if type(x) is random.Random]
    own += [x.get_state(legacy=False) for x in _kept(module, np.random.RandomState)]
    if own:
        found["a generator that it keeps"] = str(own)
    return found
