"""The trained networks that chapters draw, declared as data.

They are committed (``networks_file.py``): a chapter that draws another one names it here.
"""

from typing import NamedTuple

from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run, milestones


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
    through_training : bool, default False
        It is drawn at all :func:`checkpoints` of its training.
    """

    setup: int
    role: str = "fashion"
    seed: int = 0
    iterations: tuple[int, ...] | None = None
    through_training: bool = False


#: The networks, beside the toy's (see ``EXPERIMENTS["networks"]``).
DRAWN = (
    Drawn(1),  # the dense Lenet: planes full of regions (thesis: Figs 5.1, 6.5)
    Drawn(7),  # sparse, and ...
    Drawn(10),  # ... dense with as many parameters (thesis: Figs 1.1, 4.1, 4.6, 6.5)
    Drawn(9, through_training=True),  # as many again, and few enough regions to be told apart
    # Of the sparsity explorer: the widest networks from dense to sparse (with #1 and #7), ...
    Drawn(2),
    Drawn(4),
    Drawn(11),
    # ... and the narrowest ones with as many parameters (with #1 and #10), dense but for the last.
    Drawn(3),
    Drawn(6),
    Drawn(14),
)


def checkpoints(iterations: int) -> list[int]:
    """When a training is looked at that is drawn step by step: 0, 1, 2, 5, 10, 20, 50, ...

    Parameters
    ----------
    iterations : int
        Of the training.

    Returns
    -------
    list of int
        Milestones, about evenly on a logarithmic axis; the last one is the end of the training.

    Raises
    ------
    MBHError
        For a number of iterations that no training has.

    Examples
    --------
    >>> checkpoints(300)
    [0, 1, 2, 5, 10, 20, 50, 100, 200, 300]
    """
    known = milestones(iterations)
    even = {m * 10**k for k in range(len(str(iterations))) for m in (1, 2, 5)}
    return [i for i in known if i in even or i in (0, iterations)]


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
        if one.through_training:  # before training it is made anew from its seed
            iterations = checkpoints(profile.iterations)[1:]
        cases += [Case(setup, run, iteration) for iteration in iterations]
    return cases
