"""How large everything is: one word, the profile, decides it and nothing else."""

import functools
from dataclasses import dataclass

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks import DEEPFC, LENET, LENET_SMALL, Family, Setup
from mbh_utils.training import Recipe

#: Architectures of Figs 6.8 and 6.10.
EVOLVING = Family("evolving", ((144, 48), (67, 22), (31, 10), (14, 5)))
#: The analogues for the 64 inputs of ``digits8``.
EVOLVING_SMALL = Family("evolving", ((72, 24), (36, 12), (18, 6), (9, 3)))
DEEPFC_SMALL = Family("deepfc", ((64, 32, 32), (32, 16, 16), (16, 8, 8), (8, 4, 4)))


@functools.cache
def loaded(name: str) -> datasets.Dataset:
    """The data set of that name, loaded once: it is asked for thousands of times."""
    return datasets.load(name)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How large everything is; nothing else differs between profiles.

    Parameters
    ----------
    name : str
        Its word on the command line, and the name of its folders.
    datasets : tuple of str
        The data sets in the roles of Digit and Fashion MNIST; one data set may play both.
    family, deep, evolving : Family
        Architectures of the main experiments (Fig 6.1), of Figs 6.11 and 6.12, and of Figs 6.8
        and 6.10.
    iterations, models, planes : int
        Iterations of training; networks per set-up; planes per data set.
    few_models, few_planes : int
        The same of the experiments with fewer: standardised data and densities have fewer models,
        evolution has fewer of both.
    ticket_models, ticket_iterations, ticket_densities
        Models, training and densities of the winning tickets of Fig 2.1.
    lottery_rounds, lottery_models, lottery_iterations : int
        Rounds of iterative pruning, models and training of the tickets found so.
    lottery_control_step : int
        They are compared with re-initialised and one-shot networks at every so many-th round.
    toy_iterations : int
        Training of the XOR network of Fig 4.5.
    coverages : tuple of float, default (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
        The minimum coverages c_P that specialization is measured at.
    densities : tuple of float, default (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
        Weight densities that are added for the peak of the activation regions in Fig 6.12.
    margins : tuple of float, default (1.0, 1.25, 2.0, 3.0)
        Half sides of other squares on a plane than the usual one of 1.5.
    sample_counts : tuple of int, default (100, 300, 1000, 3000, 6000)
        From how many training images of each class maximal patterns are made.
    shuffles : int, default 50
        Networks with shuffled weights that each network is held against (lens on clusters).
    random_sets : int, default 19
        Random sets of neurons that each cluster is held against.
    rewire_every : int, default 1000
        Iterations between two rewirings of SET and RigL.
    epochs : int, default 200
        Of the long trainings of the lens on topology; each has ``rewire_every`` iterations.
    reference_iterations : int, default 9380
        Training of the networks with which the lens on clusters was published.
    candidate_draws : int, default 10
        Random sets of neurons from which maximal patterns may choose.
    random_phenomena : int, default 5
        Phenomena of random images, beside the classes.
    training_sizes : tuple of int, default (500, 2000, 10000, 60000)
        Training images of the networks that overfit by design.
    label_noises : tuple of float, default (0.0, 0.2, 0.4)
        Shares of their training labels that are drawn at random.
    many_planes : int, default 100
        Planes with which it is found out how many are needed.
    hypervolume_models : int, default 3
        Networks per set-up whose blankets are measured in all dimensions.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from mbh_utils import experiments
    >>> paper = experiments.PROFILES["paper"]
    >>> paper.digit, paper.fashion, paper.models, paper.planes
    ('mnist', 'fashion_mnist', 5, 10)
    >>> smaller = replace(experiments.PROFILES["quick"], name="smaller", models=1)
    >>> smaller.setup(10).hidden
    (12, 4)
    """

    name: str  # its word on the command line
    datasets: tuple[str, ...]  # in the roles of Digit and Fashion MNIST
    family: Family  # architectures of the main experiments
    deep: Family  # of Figs 6.11 and 6.12
    evolving: Family  # of Figs 6.8 and 6.10
    iterations: int  # of training
    models: int  # networks per set-up, each with another seed
    planes: int  # planes per data set
    few_models: int  # networks per set-up of standardised, densities and evolution
    few_planes: int  # planes of evolution
    ticket_models: int  # networks per density of Fig 2.1
    ticket_iterations: int  # of training them
    lottery_rounds: int  # of iterative pruning
    lottery_models: int  # chains of such rounds
    lottery_iterations: int  # of training in each round
    lottery_control_step: int  # controls at every so many-th round, from the first on
    toy_iterations: int  # of training the XOR network of Fig 4.5
    coverages: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # values of c_P
    # Densities of Fig 2.1.
    ticket_densities: tuple[float, ...] = (1.0, 0.552, 0.30, 0.25, 0.168, 0.0929, 0.0513, 0.0283)
    densities: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)  # added in Fig 6.12
    margins: tuple[float, ...] = (1.0, 1.25, 2.0, 3.0)  # of other squares than the usual one
    sample_counts: tuple[int, ...] = (100, 300, 1_000, 3_000, 6_000)  # of a class
    shuffles: int = 50  # networks with shuffled weights
    random_sets: int = 19  # of neurons, beside each cluster
    rewire_every: int = 1_000  # iterations
    epochs: int = 200  # of long trainings with rewiring
    reference_iterations: int = 9_380  # of the published networks with clusters
    candidate_draws: int = 10  # random sets of candidate neurons
    random_phenomena: int = 5  # of random images
    training_sizes: tuple[int, ...] = (
        500,
        2_000,
        10_000,
        60_000,
    )  # images of networks that overfit
    label_noises: tuple[float, ...] = (0.0, 0.2, 0.4)  # shares of their labels at random
    many_planes: int = 100  # to find out how many are needed
    hypervolume_models: int = 3  # networks per set-up measured in all dimensions

    @property
    def digit(self) -> str:
        """The data set in the role of Digit MNIST."""
        return self.datasets[0]

    @property
    def fashion(self) -> str:
        """The data set in the role of Fashion-MNIST, the thesis's main one."""
        return self.datasets[-1]

    @property
    def recipe(self) -> Recipe:
        """How the networks of the grid are trained."""
        return Recipe(self.iterations)

    @property
    def n_inputs(self) -> int:
        """Inputs of an image."""
        return loaded(self.fashion).n_inputs

    @property
    def n_digit_inputs(self) -> int:
        """Inputs of an image of the data in the role of Digit MNIST."""
        return loaded(self.digit).n_inputs

    @property
    def setups(self) -> list[Setup]:
        """The 14 set-ups of Fig 6.1, or their analogue for this profile's data."""
        return self.setups_of(self.family)

    def setups_of(self, family: Family) -> list[Setup]:
        """The set-ups of another family of architectures on this profile's data.

        Parameters
        ----------
        family : Family
            Such as ``self.deep``.

        Returns
        -------
        list of Setup
            Numbered from 1.
        """
        return family.setups(self.n_inputs)

    def setup(self, number: int) -> Setup:
        """One set-up by its number in Fig 6.1.

        Parameters
        ----------
        number : int
            From 1.

        Returns
        -------
        Setup
            Its widths and parameters.

        Raises
        ------
        MBHError
            For a number that there is not.
        """
        for setup in self.setups:
            if setup.number == number and not isinstance(number, bool):
                return setup
        shown = require.shown(number)
        there = f"profile {self.name} has 1 to {len(self.setups)}"
        raise MBHError(f"there is no set-up {shown}; {there}")


_QUICK = Profile(
    name="quick",
    datasets=("digits8",),  # inside scikit-learn, nothing to download
    family=LENET_SMALL,
    deep=DEEPFC_SMALL,
    evolving=EVOLVING_SMALL,
    iterations=3_000,
    models=3,
    planes=4,
    few_models=2,
    few_planes=2,
    ticket_models=2,
    ticket_iterations=1_500,
    lottery_rounds=4,
    lottery_models=2,
    lottery_iterations=1_500,
    lottery_control_step=1,
    toy_iterations=10_000,
    sample_counts=(10, 30, 60, 120),
    shuffles=10,
    random_sets=9,
    rewire_every=100,
    epochs=10,
    reference_iterations=1_000,
    candidate_draws=4,
    random_phenomena=2,
    training_sizes=(60, 240, 1_437),
    many_planes=12,
)
_DRAFT = Profile(
    name="draft",
    datasets=("mnist", "fashion_mnist"),
    family=LENET,
    deep=DEEPFC,
    evolving=EVOLVING,
    iterations=10_000,
    models=3,
    planes=5,
    few_models=2,
    few_planes=3,
    ticket_models=3,
    ticket_iterations=2_500,
    lottery_rounds=8,
    lottery_models=2,
    lottery_iterations=5_000,
    lottery_control_step=2,
    toy_iterations=20_000,
    shuffles=20,
    rewire_every=500,
    epochs=40,
    candidate_draws=5,
    random_phenomena=3,
    many_planes=30,
)
_PAPER = Profile(  # the thesis's own numbers
    name="paper",
    datasets=("mnist", "fashion_mnist"),
    family=LENET,
    deep=DEEPFC,
    evolving=EVOLVING,
    iterations=50_000,
    models=5,
    planes=10,
    few_models=3,
    few_planes=5,
    ticket_models=5,
    ticket_iterations=50_000,
    lottery_rounds=16,
    lottery_models=3,
    lottery_iterations=50_000,
    lottery_control_step=2,
    toy_iterations=100_000,
)
PROFILES = {profile.name: profile for profile in (_QUICK, _DRAFT, _PAPER)}


def profile_named(name: str | Profile) -> Profile:
    """The profile of that name.

    Parameters
    ----------
    name : str or Profile
        "quick", "draft" or "paper"; a profile is handed back as it is.

    Returns
    -------
    Profile

    Raises
    ------
    MBHError
        For an unknown name; it lists the known ones.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> experiments.profile_named("quick").datasets
    ('digits8',)
    """
    if isinstance(name, Profile):
        return name
    if not isinstance(name, str) or name not in PROFILES:
        known = ", ".join(PROFILES)
        raise MBHError(f"there is no profile {require.shown(name)}; the profiles are {known}")
    return PROFILES[name]
