"""On which planes, at which minimum coverages and how else networks are measured, by the profile.

Each function gives a measure's options, once for each way in which a network is measured.
"""

from collections.abc import Sequence

from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.ticket_measures import RULES


def on_planes(chosen: PlaneSet, coverages: Sequence[float], source: str = "validation") -> dict:
    """Options of specializations: on which planes, in which domain, at which minimum coverages."""
    return {**chosen.settings, "coverages": tuple(coverages), "source": source}


def domains(planes: int) -> list[PlaneSet]:
    """Every plane in both domains: the square around its images, and the input box."""
    return [PlaneSet(planes), PlaneSet(planes, domain="box")]


def on_all_planes(profile: Profile) -> list[dict]:
    """All planes in both domains, at all minimum coverages."""
    return [on_planes(chosen, profile.coverages) for chosen in domains(profile.planes)]


def on_few_planes(profile: Profile) -> list[dict]:
    """The same on the first few planes."""
    return [on_planes(chosen, profile.coverages) for chosen in domains(profile.few_planes)]


def on_planes_of_figures(profile: Profile) -> list[dict]:
    """Planes through the classes of Fig 1.1, in squares of several sizes and in the input box."""
    classes = (0, 1, 9)
    squares = [PlaneSet(profile.planes, margin=m, classes=classes) for m in (1.0, 1.25, 1.5)]
    box = PlaneSet(profile.planes, domain="box", classes=classes)
    return [on_planes(chosen, (0.9, 0.95, 0.99, 1.0)) for chosen in (*squares, box)]


def in_other_squares(profile: Profile) -> list[dict]:
    """Squares of other sizes on the same planes."""
    squares = [PlaneSet(profile.planes, margin=m) for m in profile.margins]
    return [on_planes(square, profile.coverages) for square in squares]


def by_training_samples(profile: Profile) -> list[dict]:
    """Patterns of training samples, on the squares."""
    return [on_planes(PlaneSet(profile.planes), profile.coverages, "training")]


def by_number_of_samples(profile: Profile) -> list[dict]:
    """Patterns of so many training samples of each class."""
    options = on_planes(PlaneSet(profile.planes), (0.8, 0.95, 1.0), "training")
    return [{**options, "counts": profile.sample_counts}]


def in_both_domains(profile: Profile) -> list[dict]:
    """All planes in both domains."""
    return [chosen.settings for chosen in domains(profile.planes)]


def cost(profile: Profile) -> list[dict]:
    """What one evaluation of MBH measures."""
    return [{**PlaneSet(profile.planes).settings, "coverages": profile.coverages}]


def both_scopes(profile: Profile) -> list[dict]:
    """Neurons of the last hidden layer, and of all."""
    return [{"scope": "last"}, {"scope": "all"}]


def at_coverages(profile: Profile) -> list[dict]:
    """At all minimum coverages."""
    return [{"coverages": profile.coverages}]


def first_images(profile: Profile) -> list[dict]:
    """The first thousand validation images."""
    return [{"images": 1_000}]


def masks(profile: Profile) -> list[dict]:
    """At the densities of the thesis's statement on untrained tickets."""
    densities = tuple(d for d in profile.ticket_densities if 0.24 < d < 0.31)
    return [{"densities": densities, "rules": RULES}]
