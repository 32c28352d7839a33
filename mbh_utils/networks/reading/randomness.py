"""Random numbers while a module is read: none of its caller are used up, and a module that draws some is refused."""

import contextlib
import os
import random
import sys
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import copying as twin


@contextlib.contextmanager
def own_random_numbers(module: nn.Module):
    """Whatever draws random numbers inside, the streams of torch, numpy and Python are afterwards as before."""
    devices = {x.get_device() for _, x in twin.named_members(module) if x.is_cuda}
    of_python, of_numpy = random.getstate(), np.random.get_state()
    shared = [(x, x.get_state()) for x in _kept(module, torch.Generator)]  # they cannot be copied
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
        for generator, state in shared:
            generator.set_state(state)


class Coins:
    """Tells whether a module draws random numbers of numpy or Python, or of generators that it keeps, while it runs.

    (Torch's own random numbers are operations, of which it is known whether the result depends on them.)
    """

    def __init__(self, module: nn.Module):
        self.module, self.before = module, _states(module)

    def refuse(self, run: Callable[[], object]) -> None:
        """MBHError where some were drawn since; ``run`` runs the module again, as other threads may draw some too."""
        for _ in range(3):
            after = _states(self.module)
            drawn = next((name for name in after if after[name] != self.before[name]), None)
            if drawn is None:
                return
            self.before = _states(self.module)
            run()
        raise MBHError(_refusal(self.module, drawn))


def refuse_fresh_coins(module: nn.Module, run: Callable[[], torch.Tensor]) -> torch.Tensor:
    """What ``run`` gives, which runs the module; MBHError where that asks the system for chance, or a new generator."""
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
    return isinstance(getattr(called, "__self__", None), random.Random) and called.__name__ in (
        "random",
        "getrandbits",
    )


def _refusal(module: nn.Module, whose: str) -> str:
    return (
        f"running {type(module).__name__} draws random numbers of {whose}: what it computes is left to chance, so no "
        "partition is that of the network; draw them in training mode only, or before"
    )


def _kept(module: nn.Module, kinds) -> list:
    return [
        x for m in twin.all_modules(module) for x in vars(m).values() if issubclass(type(x), kinds)
    ]


def _states(module: nn.Module) -> dict[str, object]:
    _, keys, *rest = np.random.get_state()
    own = [x.bit_generator.state for x in _kept(module, np.random.Generator)]
    own += [x.getstate() for x in _kept(module, random.Random) if type(x) is random.Random]
    own += [x.get_state(legacy=False) for x in _kept(module, np.random.RandomState)]
    found = {"Python": random.getstate(), "numpy": (keys.tobytes(), rest)}
    return {**found, "a generator that it keeps": str(own)} if own else found
