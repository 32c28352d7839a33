"""Claims of baselines and domains, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import both_domains, crossed, filled, networks, verdict

from mbh_utils.claims import ours_baselines
from mbh_utils.claims.ours_domains import PLACES
from mbh_utils.experiments import with_plane_classes

KINDS = ("random images", *ours_baselines.NOISES)


def grid(s, noise=0.001, classes=(0,), **chosen):
    made = crossed(networks(**chosen), plane=range(4), coverage=[0.8], **{"class": classes})
    return filled(both_domains(made), noise, s=s)


def baselines(s, coverages=(0.8, 0.95)):
    made = crossed(networks(), plane=range(4), coverage=coverages, kind=KINDS)
    return filled(both_domains(made), 0.001, s=s)


def flat(value):
    return lambda row: value


def test_classes_above_random_images():
    classes = grid(flat(0.6))
    assert verdict("BL-1", grid=classes, baselines=baselines(flat(0.2))) == "reproduced"
    assert verdict("BL-1", grid=classes, baselines=baselines(flat(0.7))) == "not reproduced"
    one = baselines(lambda row: 0.9 if row["setup"] == 3 else 0.2)
    assert verdict("BL-1", grid=classes, baselines=one) == "same direction", "not in every set-up"


def test_random_images_have_hardly_any_s_at_high_coverage():
    low = baselines(lambda row: 0.3 if row["coverage"] == 0.8 else 0.04)
    high = baselines(lambda row: 0.3 if row["coverage"] == 0.95 else 0.04)
    assert verdict("BL-2", baselines=low) == "reproduced"
    assert verdict("BL-2", baselines=high) == "not reproduced"


@pytest.mark.parametrize("loud", ours_baselines.NOISES)
def test_one_kind_of_noise_above_the_classes_is_enough(loud):
    classes = grid(flat(0.6))
    quiet = baselines(flat(0.2))
    assert verdict("BL-3", grid=classes, baselines=quiet) == "reproduced"
    one = baselines(lambda row: 0.99 if row["kind"] == loud else 0.2)
    assert verdict("BL-3", grid=classes, baselines=one) == "not reproduced"


def test_growth_of_what_is_left():
    growing = grid(lambda row: 0.1 * np.log(row["n_hidden"]))
    with_them = baselines(lambda row: 0.2 * np.log(row["n_hidden"]))
    assert verdict("BL-4", grid=growing, baselines=baselines(flat(0.1))) == "reproduced"
    assert verdict("BL-4", grid=growing, baselines=with_them) == "not reproduced"


def gained(slope):
    def s(row):
        return 0.3 + row["trained"] * (0.2 + slope * np.log(row["n_hidden"] / 16))

    return grid(s, trained=(True, False))


def test_the_gain_by_training():
    assert verdict("BL-5", grid=gained(-0.03)) == "reproduced"
    assert verdict("BL-5", grid=gained(0.0)) == "reproduced"
    assert verdict("BL-5", grid=gained(0.03)) == "not reproduced"


def test_shuffled_labels():
    right = grid(flat(0.6), trained=(True, False))
    made = crossed(networks(setups=[1, 3, 7, 10], models=3), plane=range(4), coverage=[0.8])
    made = crossed(made, source=["validation", "training"])

    def learned(value):
        return filled(both_domains(made), 0.001, s=flat(value))

    assert verdict("BL-6", grid=right, shuffled_labels=learned(0.4)) == "reproduced"
    assert verdict("BL-6", grid=right, shuffled_labels=learned(0.7)) == "not reproduced"


def on_planes(drop):
    table = grid(flat(0.6), noise=0.0, classes=range(10), models=2, setups=[1, 7, 10])
    told = with_plane_classes(table)
    lower = drop * told["spans"] + 0.05 * (told["class"] % 3)
    return told.assign(s=told["s"] - lower).drop(columns="spans")


def test_classes_on_the_plane():
    assert verdict("BL-7", grid=on_planes(0.1)) == "reproduced"
    assert verdict("BL-7", grid=on_planes(-0.1)) == "not reproduced"
    found = ours_baselines.on_the_plane({"grid": on_planes(0.1)}, "mnist", "square")
    assert len(found) == 3 * 2 * 4
    assert (found["difference"] < 0).all(), "whatever classes the planes pass through"


# ---------------------------------------------------------------------------------------- domains


def domains(s, accuracy=None, areas=(1.0, 1.0)):
    """A table of all domains; s is a function of a row and the name of its domain."""
    parts = []
    places = {**PLACES, "triangle": {"domain": "triangle"}}
    for name, chosen in places.items():
        made = crossed(networks(), plane=range(4), coverage=[0.8])
        made = made.assign(domain=chosen["domain"], margin=chosen.get("margin", np.nan))
        made = made.assign(area=areas[0] if name == "triangle" else areas[1])
        if accuracy is not None:
            made = filled(made, accuracy=accuracy)
        parts.append(filled(made, 0.0005, s=lambda row, name=name: s(row, name)))
    return pd.concat(parts, ignore_index=True)


def tried(values):
    told = dict(
        zip(("input box", "square of margin 1", "square of margin 1.5"), values, strict=False)
    )
    return lambda row, name: told.get(name, values[-1])


@pytest.mark.parametrize(
    ("id", "values"), [("DM-1", (0.03, 0.32, 0.43, 0.57)), ("DM-2", (0.87, 0.89, 0.89, 0.90))]
)
def test_the_numbers_of_two_networks(id, values):
    assert verdict(id, domains=domains(tried(values))) == "reproduced"
    assert verdict(id, domains=domains(tried(values[:-1] + (0.2,)))) == "not reproduced"


def test_the_box_and_the_triangle():
    assert verdict("DM-3", domains=domains(tried((0.5,)))) == "reproduced"
    larger = domains(tried((0.5,)), areas=(1.0, 1.1))
    assert verdict("DM-3", domains=larger) == "not reproduced"


def test_growth_with_neurons_in_every_domain():
    def growing(row, name):
        return np.log(row["n_hidden"])

    def but_in_one(row, name):
        return -growing(row, name) if name == "square of margin 3" else growing(row, name)

    assert verdict("DM-4", domains=domains(growing)) == "reproduced"
    assert verdict("DM-4", domains=domains(but_in_one)) == "not reproduced"


def test_a_ranking_that_turns_round():
    def turning(row, name):
        wide = name == "square of margin 3"
        return 0.5 + (0.1 if wide else -0.1) * (row["setup"] == 7)

    assert verdict("DM-5", domains=domains(turning)) == "reproduced"
    assert verdict("DM-5", domains=domains(lambda row, name: row["setup"] / 20)) == "not reproduced"


def test_saturation_in_every_domain():
    def saturating(row, name):
        return min(row["n_hidden"], 136) / 200 - 0.001 * (row["n_hidden"] == 400)

    def growing_in_the_box(row, name):
        return saturating(row, name) + 0.1 * (row["n_hidden"] == 400) * (name == "input box")

    assert verdict("DM-6", domains=domains(saturating)) == "reproduced"
    assert verdict("DM-6", domains=domains(growing_in_the_box)) == "not reproduced"


def test_accuracy_of_wide_networks():
    def accuracy(row):
        return 1 - row["setup"] / 20

    def parting(row, name):
        return -row["setup"] * (1 if name != "square of margin 3" else -1)

    made = domains(parting, accuracy=accuracy)
    assert verdict("DM-7", domains=made) == "reproduced"
    same = domains(lambda row, name: -row["setup"], accuracy=accuracy)
    assert verdict("DM-7", domains=same) == "not reproduced"
