"""Winning tickets by iterative magnitude pruning, beside re-initialised and one-shot networks.

The protocol is that of Frankle & Carbin (2019), whom the thesis's section 2.3 follows in one shot:
train the dense network, prune 20 % of each layer's weights (10 % of the output layer's), set the
rest back to their initial values, train again, and so on. Early stopping is looked for afterwards,
as the minimum of the loss on held-out training images, so that loss and accuracies are noted
throughout each training.

A round needs the trained network of the round before it, so that all rounds of one model are one
chain and one task. Each training is kept in the store as it ends: a chain that was interrupted goes
on with the training at which it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from mbh_utils import datasets
from mbh_utils.computing import shares
from mbh_utils.computing.seeds import stream
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import estimates
from mbh_utils.experiments.experiment import Experiment
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run
from mbh_utils.networks import Network, pruning
from mbh_utils.networks.stored import get_network, put_network
from mbh_utils.training import Recipe, accuracy, train_stack

ITERATIVE = "iterative"
REINITIALISED = "reinitialised"
ONE_SHOT = "one-shot"
#: The columns of the table of experiment lottery.
COLUMNS = (
    "dataset",
    "kind",
    "round",
    "density",
    "model",
    "iteration",
    "validation_loss",
    "validation_accuracy",
    "test_accuracy",
    "training_accuracy",
)
#: One training image in so many is held out: 5,000 of the 60,000 of MNIST.
HELD_OUT = 12
#: The key's part that is the same in all of a chain's trainings; changed when they would differ.
_CHAIN = "lottery"


# ------------------------------------------------------------------------ networks and their sizes


def lottery_cases(profile: Profile) -> list[Case]:
    """The dense network that each chain begins with, untrained: the largest one on the Digit data.

    Parameters
    ----------
    profile : Profile
        How large everything is.

    Returns
    -------
    list of Case
        One per model.
    """
    setup = profile.setup(1)
    recipe = Recipe(profile.lottery_iterations)
    seeds = range(profile.lottery_models)
    runs = [Run(profile.digit, setup.hidden, setup.parameters, seed, recipe) for seed in seeds]
    return [Case(setup, run, 0) for run in runs]


def lottery_options(profile: Profile) -> list[dict]:
    """What a chain is told beside its network: one way.

    Parameters
    ----------
    profile : Profile
        How large everything is.

    Returns
    -------
    list of dict
        rounds; controls (the rounds with a re-initialised and a one-shot network too); pruned and
        pruned_output (shares of the living weights that a round prunes); initialisation.
    """
    rounds = profile.lottery_rounds
    options = {
        "rounds": rounds,
        "controls": list(range(1, rounds + 1, profile.lottery_control_step)),
        "pruned": 0.2,
        "pruned_output": 0.1,
        "initialisation": "glorot",
    }
    return [options]


def ladder(
    sizes: Sequence[int], rounds: int, pruned: float = 0.2, pruned_output: float = 0.1
) -> np.ndarray:
    """Weights that each layer keeps after each round.

    Parameters
    ----------
    sizes : sequence of int
        Weights of each dense layer, the output layer last.
    rounds : int
        How many rounds of pruning.
    pruned, pruned_output : float
        Shares of its living weights that a hidden layer, and the output layer, loses in a round.

    Returns
    -------
    (rounds + 1, layers) array of int
        The first row is that of the dense network.

    Examples
    --------
    The shares of all weights that Frankle & Carbin (2019) write P_m, in percent:

    >>> kept = ladder([235_200, 30_000, 1_000], rounds=16)
    >>> (100 * kept.sum(axis=1) / 266_200).round(1).tolist()[:9]
    [100.0, 80.0, 64.1, 51.3, 41.1, 32.9, 26.3, 21.1, 16.9]
    """
    left = np.full(len(sizes), 1 - pruned)
    left[-1] = 1 - pruned_output
    shares = left ** np.arange(rounds + 1)[:, None]
    return np.rint(shares * np.array(sizes)).astype(int)


def looks(iterations: int) -> list[int]:
    """When loss and accuracies are noted: often in the first fifth of a training, then rarely.

    Examples
    --------
    >>> looks(50_000)[:3], looks(50_000)[-3:], len(looks(50_000))
    ([0, 250, 500], [48000, 49000, 50000], 81)
    """
    often = range(0, iterations // 5, max(1, iterations // 200))
    rarely = range(iterations // 5, iterations, max(1, iterations // 50))
    return [*often, *rarely, iterations]


def with_held_out(data: datasets.Dataset) -> datasets.Dataset:
    """The data with some of the training images as validation images; test images are no part.

    Parameters
    ----------
    data : Dataset
        The images that it calls validation are not looked at.

    Returns
    -------
    Dataset
        Whose ``train`` and ``validation`` together are what ``data.train`` was. The same images are
        held out each time.

    Examples
    --------
    >>> whole = datasets.load("digits8")
    >>> split = with_held_out(whole)
    >>> len(split.train) + len(split.validation) == len(whole.train)
    True
    """
    n = len(data.train)
    held_out = np.zeros(n, dtype=bool)
    held_out[stream(0, "split").permutation(n)[: n // HELD_OUT]] = True
    return replace(data, train=data.train.where(~held_out), validation=data.train.where(held_out))


def _initialised(network: Network, initialisation: str) -> Network:
    """The network with the weights it has, He-normal ones, or scaled to be Glorot-normal."""
    if initialisation == "he":
        return network
    if initialisation != "glorot":
        raise MBHError(f'initialisation is {initialisation!r}; choose "glorot" or "he"')
    with torch.no_grad():
        for layer in network.linears:  # variance 2 / n_in becomes 2 / (n_in + n_out)
            layer.weight.mul_((layer.in_features / (layer.in_features + layer.out_features)) ** 0.5)
    return network


# ----------------------------------------------------------------------------------- the trainings


@dataclass(frozen=True)
class _Chain:
    """All trainings of one model."""

    case: Case
    store: Store
    options: dict

    def table_of(self, number: int) -> pd.DataFrame:
        """What was noted of the networks of a round, trained now if they were not yet."""
        has_controls = number in self.options["controls"]
        kinds = [ITERATIVE, REINITIALISED, ONE_SHOT] if has_controls else [ITERATIVE]
        missing = [k for k in kinds if not self.store.has("lottery", self._settings(k, number))]
        if missing:
            self._train(missing, number)
        found = [self.store.table("lottery", self._settings(kind, number)) for kind in kinds]
        return pd.concat(found, ignore_index=True)

    def _settings(self, kind: str, number: int) -> dict:
        """Everything that defines one training; how many rounds follow it does not."""
        names = ("pruned", "pruned_output", "initialisation")
        told = {name: self.options[name] for name in names}
        return {**self.case.settings, "measure": _CHAIN, **told, "kind": kind, "round": number}

    @cached_property
    def _data(self) -> datasets.Dataset:
        return with_held_out(datasets.load(self.case.run.dataset))

    @cached_property
    def _kept(self) -> np.ndarray:
        """Weights that each layer keeps after each round."""
        dense = self._untrained(ITERATIVE)
        sizes = [layer.weight.numel() for layer in dense.linears]
        options = self.options
        return ladder(sizes, options["rounds"], options["pruned"], options["pruned_output"])

    def _untrained(self, kind: str) -> Network:
        """The dense network before training, or that of new weights for the re-initialised kind."""
        mask = REINITIALISED if kind == REINITIALISED else "random"
        network = replace(self.case.run, mask=mask).initial(self.store)
        return _initialised(network, self.options["initialisation"])

    def _member(self, kind: str, number: int) -> Network:
        """A network of a round, before its training."""
        network = self._untrained(kind)
        if number == 0:
            return network
        judge = self._trained(0 if kind == ONE_SHOT else number - 1)
        weights = [layer.weight.detach().numpy() for layer in judge.linears]
        masks = [*judge.masks, judge.output_mask]
        return network.set_masks(pruning.pruned_further(weights, masks, self._kept[number]))

    def _trained(self, number: int) -> Network:
        """The ticket of a round after its training."""
        settings = self._settings(ITERATIVE, number)
        if (network := get_network(self.store, settings)) is None:
            self._train([ITERATIVE], number)
            network = get_network(self.store, settings)
        if network is None:
            raise MBHError(f"a network has gone from the store {self.store.folder}: ask once more")
        return network

    def _train(self, kinds: list[str], number: int) -> None:
        """Train networks of a round together, and keep what was noted and the tickets."""
        run = self.case.run
        members = [self._member(kind, number) for kind in kinds]
        notes = [_Notes(self._data, run.raw.validation, run.recipe.iterations) for _ in kinds]
        train_stack(
            members,
            self._data,
            run.recipe,
            seeds=[run.seed] * len(kinds),
            milestones=looks(run.recipe.iterations),
            keep=lambda i, iteration, network: notes[i].add(iteration, network),
            device="cpu",
            progress=lambda share: shares.tell((number + share) / (self.options["rounds"] + 1)),
        )
        share = self._kept[number].sum() / self._kept[0].sum()
        for kind, network, noted in zip(kinds, members, notes, strict=True):
            settings = self._settings(kind, number)
            if kind == ITERATIVE:  # first, for the table says that all of it is there
                put_network(self.store, settings, network)
            rows = pd.DataFrame(noted.rows)
            rows.insert(0, "kind", kind)
            rows.insert(1, "round", number)
            rows.insert(2, "left", share)
            self.store.put_table("lottery", settings, rows)


class _Notes:
    """What is noted of one network at each look."""

    def __init__(self, data: datasets.Dataset, test: datasets.Samples, iterations: int):
        self.train = data.train
        self.parts = (data.validation, test)
        self.iterations = iterations
        self.rows: list[dict] = []

    def add(self, iteration: int, network: Network) -> None:
        """Note the network's loss and accuracies as it is now."""
        (loss, validation), (_, test) = (_loss_and_accuracy(network, part) for part in self.parts)
        # The training images are many: only at each fifth of the training.
        is_time = iteration in (0, self.iterations) or iteration % max(1, self.iterations // 5) == 0
        row = {
            "step": iteration,
            "validation_loss": loss,
            "validation_accuracy": validation,
            "test_accuracy": test,
            "training_accuracy": accuracy(network, self.train) if is_time else np.nan,
        }
        self.rows.append(row)


@torch.no_grad()
def _loss_and_accuracy(network: Network, samples: datasets.Samples) -> tuple[float, float]:
    """Mean cross entropy, and share of the samples classified correctly."""
    logits = network(torch.tensor(samples.images)).double()
    labels = torch.tensor(samples.labels)
    loss = float(torch.nn.functional.cross_entropy(logits, labels))
    return loss, float((logits.argmax(dim=1) == labels).sum()) / len(labels)


# -------------------------------------------------------------------- the measure, and its table


def _compute(subject: Subject, **options) -> pd.DataFrame:
    chain = _Chain(subject.case, subject.store, options)
    rounds = [chain.table_of(number) for number in range(options["rounds"] + 1)]
    return pd.concat(rounds, ignore_index=True)


def _seconds(case: Case, **options) -> float:
    """An estimate for a chain: of training and looking at each of its networks."""
    run = case.run
    shapes = pruning.layer_shapes(run.raw.n_inputs, run.hidden)
    sizes = [n_out * n_in for n_out, n_in in shapes]
    kept = ladder([*sizes, 1], options["rounds"], options["pruned"], options["pruned_output"])[
        :, :-1
    ].sum(axis=1)
    ends = [replace(run, parameters=int(n) + case.setup.n_hidden) for n in (kept[-1], kept[0])]
    of_training = np.interp(kept, [kept[-1], kept[0]], list(map(estimates.training_seconds, ends)))
    n_images = len(run.raw.train) / HELD_OUT + len(run.raw.validation)
    of_looking = (len(looks(run.recipe.iterations)) * n_images + 6 * len(run.raw.train)) * (
        kept[0] * 3e-11
    )
    members = np.array([3 if r in options["controls"] else 1 for r in range(len(kept))])
    return float((members * (of_training + of_looking)).sum())


LOTTERY = register(
    Measure(
        name="lottery",
        columns=(
            "kind",
            "round",
            "left",
            "step",
            "validation_loss",
            "validation_accuracy",
            "test_accuracy",
            "training_accuracy",
        ),
        compute=_compute,
        seconds=_seconds,
    )
)


def lottery_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """Loss and accuracies of tickets and controls throughout their trainings.

    Parameters
    ----------
    experiment : Experiment
        That of the lottery.
    profile : Profile
        How large everything is.
    store : Store
        Where its chains are.

    Returns
    -------
    pandas.DataFrame
        The columns :data:`COLUMNS`. density: share of all weights, the output layer's too (P_m);
        round 0, the dense network, is of kind "iterative". training_accuracy: NaN but at each fifth
        of a training.

    Raises
    ------
    MBHError
        If a chain has gone from the store.
    """
    (options,) = experiment.variants(profile)
    parts = []
    for case in experiment.cases(profile):
        found = store.table("measure", experiment.settings(case, options))
        if found is None:
            raise MBHError(f"a chain has gone from the store {store.folder}: ask once more")
        parts.append(found.assign(dataset=case.run.dataset, model=case.run.seed))
    rows = pd.concat(parts, ignore_index=True)
    return rows.rename(columns={"left": "density", "step": "iteration"})[list(COLUMNS)]
