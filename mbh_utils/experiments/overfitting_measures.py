"""Networks that overfit by design, and what might tell it: whether s does."""

import itertools
import math

from mbh_utils.datasets import noisy_name
from mbh_utils.experiments.profiles import Profile, loaded
from mbh_utils.experiments.runs import Case, Run, milestones
from mbh_utils.networks import Setup

# -------------------------------------------------------------------------------- which networks

#: Set-ups that overfit in different ways: the largest dense one, a sparse and a dense one between,
#: and a small dense one.
SETUPS = (1, 3, 7, 10)
#: When they are looked at, as shares of the training.
_LOOKS = (1 / 500, 1 / 50, 1 / 10, 2 / 5, 1)


def overfitting_cases(profile: Profile) -> list[Case]:
    """Trained on few or many images whose labels are more or less wrong, throughout training."""
    cases = []
    for setup, dataset in itertools.product(_setups(profile), _datasets(profile)):
        for seed in range(profile.few_models):
            run = Run(dataset, setup.hidden, setup.parameters, seed, profile.recipe)
            cases += [Case(setup, run, i) for i in looks(profile.iterations)]
    return cases


def _setups(profile: Profile) -> list[Setup]:
    return [setup for setup in profile.setups if setup.number in SETUPS]


def _datasets(profile: Profile) -> list[str]:
    """Every number of training images with every share of wrong labels, and shuffled labels."""
    whole = profile.fashion
    most = len(loaded(whole).train)
    pairs = itertools.product(profile.training_sizes, profile.label_noises)
    names = [noisy_name(whole, n if n < most else None, noise) for n, noise in pairs]
    return [*names, noisy_name(whole, noise=1)]


def looks(iterations: int) -> list[int]:
    """Five milestones of a training on a logarithmic scale, the end among them."""
    there = [i for i in milestones(iterations) if i]

    def nearest(wanted: float) -> int:
        return min(there, key=lambda i: abs(math.log(i / wanted)))

    return sorted({nearest(share * iterations) for share in _LOOKS if iterations})
