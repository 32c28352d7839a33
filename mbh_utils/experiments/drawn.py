"""The trained networks that chapters draw, declared as data.

They are committed (``networks_file.py``): a chapter that draws another one names it here.
"""

from typing import NamedTuple

from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run


class Drawn(NamedTuple):
    """A network of the main experiments that some chapter draws.

    Attributes
    ----------
    setup : int
        Its number in Fig 6.1.
    role : str, default "fashion"
        The data set: the one in the role of "digit" or "fashion".
    seed : int, default 0
        Which model.
    iterations : tuple of int, optional
        When in its training it is drawn; by default at the end. Before training it is made anew
        from its seed.
    """

    setup: int
    role: str = "fashion"
    seed: int = 0
    iterations: tuple[int, ...] | None = None


#: The networks, beside the toy's (see ``EXPERIMENTS["networks"]``).
DRAWN = (
    Drawn(1),  # the dense Lenet: planes full of regions (thesis: Figs 5.1, 6.5)
    Drawn(7),  # sparse, and ...
    Drawn(10),  # ... dense with as many parameters (thesis: Figs 1.1, 4.1, 4.6, 6.5)
)


def drawn_cases(profile: Profile) -> list[Case]:
    """The drawn networks of a profile; those of set-ups that it does not have are left out."""
    setups = {setup.number: setup for setup in profile.setups}
    cases = []
    for one in DRAWN:
        if (setup := setups.get(one.setup)) is None:
            continue
        data = {"digit": profile.digit, "fashion": profile.fashion}[one.role]
        run = Run(data, setup.hidden, setup.parameters, one.seed, profile.recipe)
        iterations = one.iterations or (profile.iterations,)
        cases += [Case(setup, run, iteration) for iteration in iterations]
    return cases
