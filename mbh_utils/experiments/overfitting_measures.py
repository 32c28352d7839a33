"""Networks that overfit by design, and what might tell it: whether s does."""

import itertools
import math
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pandas as pd

from mbh_utils.blankets.maximal_pattern import greedy_patterns
from mbh_utils.computing.store import Store
from mbh_utils.datasets import Samples, noisy_name
from mbh_utils.datasets.noisy import made
from mbh_utils.experiments import estimates
from mbh_utils.experiments.evolution_measures import random_images
from mbh_utils.experiments.experiment import Experiment, measured_rows
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile, loaded
from mbh_utils.experiments.runs import Case, Run, milestones
from mbh_utils.lenses import evolution
from mbh_utils.networks import Network, Setup
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.patterns import DecisionPattern, preactivations

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


# ------------------------------------------------------------------------------ what is measured

#: Domains of the planes.
_DOMAINS = ("square", "box")
#: Images at most whose pairs are compared for OUI.
_PAIRED = 1_000


class _Seen(NamedTuple):
    """What a network makes of some images."""

    bits: np.ndarray  # (n, n_hidden), their activation patterns
    last: np.ndarray  # (n, k), those of the last hidden layer
    predicted: np.ndarray  # (n,), their classes as the network says
    labels: np.ndarray  # (n,), their classes as the data say

    def first_like(self, others: "_Seen") -> "_Seen":
        """Of each class the first images, as many as others have of it if there are so many."""
        places = [
            np.flatnonzero(self.labels == c)[: (others.labels == c).sum()]
            for c in np.unique(others.labels)
        ]
        chosen = np.sort(np.concatenate(places))
        return _Seen(*(part[chosen] for part in self))

    def accuracy(self, labels: np.ndarray | None = None) -> float:
        """The share of predictions that agree with labels, by default with those of the data."""
        return float((self.predicted == (self.labels if labels is None else labels)).mean())


def _seen(network: Network, layers: list[tuple], samples: Samples) -> _Seen:
    values = preactivations(layers, samples.images)
    weight = network.output.weight.detach().numpy().astype(float)
    outputs = np.maximum(values[-1], 0) @ weight.T + network.output.bias.detach().numpy()
    bits = np.concatenate([z > 0 for z in values], axis=1)
    return _Seen(bits, values[-1] > 0, outputs.argmax(axis=1), samples.labels)


class _Pattern(NamedTuple):
    """The maximal pattern of a class at a minimum coverage."""

    label: int
    coverage: float
    pattern: DecisionPattern

    def shares_inside(self, seen: _Seen, before: int) -> tuple[float, float]:
        """Of the class's images, and of all others, the shares inside of its blanket.

        before: how many neurons there are before the last hidden layer.
        """
        neurons = self.pattern.neurons - before
        inside = (seen.last[:, neurons] == self.pattern.states).all(axis=1)
        is_own = seen.labels == self.label
        return float(inside[is_own].mean()), float(inside[~is_own].mean())


def _patterns(seen: _Seen, coverages: Sequence[float]) -> list[_Pattern]:
    """Of every class that occurs, at every coverage."""
    before = seen.bits.shape[1] - seen.last.shape[1]
    found = []
    for c in np.unique(seen.labels):
        patterns = greedy_patterns(seen.last[seen.labels == c], before, coverages)
        pairs = zip(coverages, patterns, strict=True)
        found += [_Pattern(int(c), coverage, pattern) for coverage, pattern in pairs]
    return found


def _inside(patterns: Sequence[_Pattern], seen: _Seen, names: dict[str, str]) -> pd.DataFrame:
    """Means over classes of the shares of own and other images inside, by coverage.

    names: "own", "others" or both -> what their columns are called.
    """
    before = seen.bits.shape[1] - seen.last.shape[1]
    shares = [one.shares_inside(seen, before) for one in patterns]
    table = pd.DataFrame(shares, columns=["own", "others"])
    table["coverage"] = [one.coverage for one in patterns]
    return table.groupby("coverage").mean()[list(names)].rename(columns=names)


def _specialized(layers: list[tuple], planes: Sequence, of_source: dict) -> pd.DataFrame:
    """s by coverage, mean over planes and classes, a column for each source; and n_regions.

    of_source: column -> patterns.
    """
    listed = [one for patterns in of_source.values() for one in patterns]
    facts = [(source, one.coverage) for source, patterns in of_source.items() for one in patterns]
    table = pd.DataFrame(facts, columns=["source", "coverage"])
    shares = []
    regions = []
    with closing(partitions(layers, planes, keep=("areas", "patterns"))) as found:
        for one in found:
            areas = one.blanket_areas([each.pattern for each in listed])
            shares.append(1 - np.minimum(areas / one.plane.area, 1))
            regions.append(len(one))
    means = table.assign(s=np.mean(shares, axis=0)).groupby(["coverage", "source"])["s"].mean()
    return means.unstack()[list(of_source)].assign(n_regions=float(np.mean(regions)))


def _overfitting(
    subject: Subject, *, planes: int, coverages: Sequence[float], images: int
) -> pd.DataFrame:
    """Of one network, a row for each domain and coverage."""
    given = random_images(subject.raw.train, images)
    clean = random_images(loaded(_clean_name(subject.raw.name)).train, images)
    training = _seen(subject.network, subject.layers, given)
    validation = _seen(subject.network, subject.layers, subject.raw.validation)
    sources = {
        "s_validation": _patterns(validation, coverages),
        "s_matched": _patterns(validation.first_like(training), coverages),
        "s_training": _patterns(training, coverages),
    }
    inside = [
        _inside(sources["s_validation"], validation, {"others": "others_validation"}),
        _inside(
            sources["s_training"], training, {"own": "own_training", "others": "others_training"}
        ),
        _inside(sources["s_training"], validation, {"own": "own_transferred"}),
    ]
    parts = []
    for domain in _DOMAINS:
        margin = None if domain == "box" else 1.5
        here = PlaneSet(planes, domain, margin).of(subject.raw.name)
        found = _specialized(subject.layers, here, sources)
        found = pd.concat([found, *inside], axis=1).reset_index()
        parts.append(found.assign(domain=domain))
    facts = {
        "accuracy": validation.accuracy(),
        "training_accuracy": training.accuracy(),
        "clean_accuracy": training.accuracy(clean.labels),
        "oui_validation": _oui(validation, subject.layers),
        "oui_training": _oui(training, subject.layers),
    }
    return pd.concat(parts, ignore_index=True).assign(**facts)[list(_COLUMNS)]


def _clean_name(name: str) -> str:
    """The name of the data set with the right labels."""
    how = made(name)
    return how.whole if how and how.noise else name


def _oui(seen: _Seen, layers: list[tuple]) -> float:
    """Of the first of the images."""
    return evolution.oui(seen.bits[:_PAIRED], [len(bias) for _, bias in layers])


def _overfitting_seconds(case: Case, planes: int, **options) -> float:
    return 2 * estimates.pattern_seconds(case) + 2 * estimates.partition_seconds(case, planes)


_COLUMNS = (
    "domain",
    "coverage",
    "accuracy",
    "training_accuracy",
    "clean_accuracy",
    "s_validation",
    "s_matched",
    "s_training",
    "others_validation",
    "own_training",
    "others_training",
    "own_transferred",
    "oui_validation",
    "oui_training",
    "n_regions",
)

OVERFITTING = register(
    Measure(
        name="overfitting",
        columns=_COLUMNS,
        compute=_overfitting,
        seconds=_overfitting_seconds,
    )
)


def overfitting_options(profile: Profile) -> list[dict]:
    """On all planes, at two minimum coverages."""
    return [{"planes": profile.planes, "coverages": (0.8, 0.95), "images": 10_000}]


def overfitting_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """What was measured of every network, beside what it was trained on.

    Columns before those of the measure: training_images, noise (the share of wrong labels; 1 where
    they were shuffled).
    """
    rows = measured_rows(experiment, profile, store)
    means = [name for name in _COLUMNS if name.startswith(("s_", "own_", "others_", "oui_"))]
    rows[means] = rows[means].astype(np.float32)  # half as large, and more digits than they mean
    names = rows["dataset"].unique()
    images = {name: len(loaded(name).train) for name in names}
    noises = {name: how.noise if (how := made(name)) else 0.0 for name in names}
    rows.insert(1, "training_images", rows["dataset"].map(images))
    rows.insert(2, "noise", rows["dataset"].map(noises))
    return rows
