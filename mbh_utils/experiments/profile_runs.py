"""The runs of a profile: that of a set-up, and those of the winning tickets."""

from mbh_utils.computing import require
from mbh_utils.experiments.profiles import Profile, profile_named
from mbh_utils.experiments.runs import Run
from mbh_utils.networks import Setup, pruning
from mbh_utils.training import Recipe


def run_of(
    profile: str | Profile, number: int, *, dataset: str | None = None, seed: int = 0
) -> Run:
    """The run of one set-up.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    number : int
        The set-up's number in Fig 6.1.
    dataset : str, optional
        Another data set than the one in the role of Fashion-MNIST.
    seed : int, default 0
        Which of its models.

    Returns
    -------
    Run

    Raises
    ------
    MBHError
        For an unknown profile, or a number that it has no set-up of.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> run = experiments.run_of("quick", 10)
    >>> run.hidden, run.parameters
    ((12, 4), 832)
    """
    profile = profile_named(profile)
    seed = require.whole("seed", seed, 0)
    setup = profile.setup(number)
    if dataset is not None:
        require.kind_of("dataset", dataset, str, "the name of a data set, or None")
    return Run(dataset or profile.fashion, setup.hidden, setup.parameters, seed, profile.recipe)


def equal_setups(profile: Profile) -> list[Setup]:
    """Those with the parameters of the smallest dense network, the widest first: #7 to #10."""
    smallest = profile.family.architectures[-1]
    size = pruning.dense_parameters(profile.n_inputs, smallest)
    return [setup for setup in profile.setups if setup.parameters == size]


def parameters_at(setup: Setup, density: float) -> int:
    """HNPs of a dense set-up of which this share of the weights, and all biases, are left."""
    return setup.n_hidden + round(density * (setup.parameters - setup.n_hidden))


def ticket_runs(profile: str | Profile) -> list[Run]:
    """The networks of Fig 2.1: winning tickets and re-initialised random masks over densities.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.

    Returns
    -------
    list of Run
        On the Digit data, the dense networks first.

    Raises
    ------
    MBHError
        For an unknown profile.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> [run.mask for run in experiments.ticket_runs("quick")][:4]
    ['random', 'random', 'ticket', 'reinitialised']
    """
    profile = profile_named(profile)
    setup = profile.setup(1)
    recipe = Recipe(profile.ticket_iterations)
    return [
        Run(profile.digit, setup.hidden, parameters_at(setup, density), seed, recipe, mask)
        for density in profile.ticket_densities
        for seed in range(profile.ticket_models)
        for mask in (("random",) if density == 1 else ("ticket", "reinitialised"))
    ]
