"""Measures that ask which samples a network is looked at with, and how many of them."""

from collections.abc import Sequence

import pandas as pd

from mbh_utils.blankets.mbh import specialization_table
from mbh_utils.datasets import Samples
from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register, with_columns_before
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.runs import Case
from mbh_utils.training import accuracy


def first_of_each_class(samples: Samples, most: int) -> Samples:
    """The first so many samples of every class, or all of a class that has fewer."""
    place_in_class = pd.Series(samples.labels).groupby(samples.labels).cumcount().to_numpy()
    chosen = place_in_class < most
    return Samples(samples.images[chosen], samples.labels[chosen])


def _sample_counts(
    subject: Subject,
    *,
    planes: int,
    domain: str,
    coverages: Sequence[float],
    source: str,
    counts: Sequence[int],
    margin: float | None = None,
) -> pd.DataFrame:
    """Specialization, the mean over classes, by the number of samples that make the patterns."""
    chosen = PlaneSet(planes, domain, margin)
    here = chosen.of(subject.raw.name)
    samples = subject.samples(source)
    parts = []
    for count in counts:
        some = first_of_each_class(samples, count)
        found = specialization_table(subject.layers, some, here, coverages)
        means = found.groupby(["plane", "coverage"])["s"].mean().reset_index()
        parts.append(with_columns_before(means, {"samples": count}))
    table = pd.concat(parts, ignore_index=True)
    return with_columns_before(table, {"domain": domain, "margin": chosen.margin, "source": source})


def _sample_count_seconds(case: Case, planes: int, counts: Sequence[int], **options) -> float:
    patterns = sum(estimates.pattern_seconds(case, 10 * count) for count in counts)
    return patterns + len(counts) * estimates.partition_seconds(case, planes)


SAMPLE_COUNTS = register(
    Measure(
        name="sample_counts",
        columns=("domain", "margin", "source", "samples", "plane", "coverage", "s"),
        compute=_sample_counts,
        seconds=_sample_count_seconds,
    )
)


def _accuracies(subject: Subject) -> pd.DataFrame:
    """Accuracy on the samples a network was trained on, and on the validation samples."""
    data = subject.data
    seen = {
        "training_accuracy": accuracy(subject.network, data.train),
        "validation_accuracy": accuracy(subject.network, data.validation),
    }
    return pd.DataFrame([seen])


def _accuracy_seconds(case: Case) -> float:
    return estimates.pattern_seconds(case, len(case.run.raw.train))


ACCURACIES = register(
    Measure(
        name="accuracies",
        columns=("training_accuracy", "validation_accuracy"),
        compute=_accuracies,
        seconds=_accuracy_seconds,
    )
)
