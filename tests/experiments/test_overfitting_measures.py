"""What is measured of networks that overfit by design, against the public functions."""

import numpy as np
import pytest
from tiny_experiments import TINY

import mbh_utils as mbh
from mbh_utils.computing.store import Store
from mbh_utils.datasets import Samples
from mbh_utils.experiments import EXPERIMENTS, MEASURES, PROFILES, PlaneSet, table
from mbh_utils.experiments.inside_measures import insiders
from mbh_utils.experiments.measures import Subject
from mbh_utils.experiments.overfitting_measures import _Seen, looks, overfitting_cases
from mbh_utils.experiments.runs import milestones
from mbh_utils.lenses import evolution
from mbh_utils.training import accuracy


def test_the_networks():
    cases = overfitting_cases(PROFILES["paper"])
    assert len({case.run for case in cases}) == (4 * 3 + 1) * 4 * 3
    assert {case.setup.number for case in cases} == {1, 3, 7, 10}
    assert "fashion_mnist" in {case.run.dataset for case in cases}, "the grid's own networks"
    assert len(set(cases)) == len(cases) == 5 * 13 * 12


@pytest.mark.parametrize(
    ("iterations", "expected"),
    [(50_000, [100, 1_000, 5_000, 20_000, 50_000]), (30, [1, 2, 10, 30]), (1, [1]), (0, [])],
)
def test_looks_are_milestones_on_a_logarithmic_scale(iterations, expected):
    assert looks(iterations) == expected
    assert set(expected) <= set(milestones(iterations))


def test_of_each_class_as_many():
    labels = np.array([0, 1, 0, 1, 0, 2])
    bits = np.arange(6)[:, None] % 2 > 0
    seen = _Seen(bits, bits, labels, labels)
    wanted = _Seen(bits[:3], bits[:3], labels[:3], np.array([0, 1, 0]))
    assert seen.first_like(wanted).labels.tolist() == [0, 1, 0]
    many = _Seen(bits, bits, labels, np.array([1, 1, 1, 1, 2, 2]))
    assert seen.first_like(many).labels.tolist() == [1, 1, 2], "there are no more"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A network that was trained on 60 images with wrong labels, and its table."""
    data = mbh.load_dataset("digits8_train60_noise40")
    case = next(c for c in overfitting_cases(TINY) if c.run.dataset == data.name)
    network = case.run.initial()
    mbh.train(network, data, iterations=300, progress=False)
    subject = Subject(case, network, Store(tmp_path_factory.mktemp("unused")))
    options = {"planes": 2, "coverages": (0.8, 0.95), "images": 10_000}
    return data, network, MEASURES["overfitting"].compute(subject, **options)


def test_s_by_validation_and_training_images(measured):
    data, network, found = measured
    matched = [
        data.validation.of_class(c).take(np.arange((data.train.labels == c).sum()))
        for c in range(10)
    ]
    images = np.concatenate([part.images for part in matched])
    labels = np.concatenate([part.labels for part in matched])
    sources = {
        "s_validation": data.validation,
        "s_training": data.train,
        "s_matched": Samples(images, labels),
    }
    for domain, margin in (("square", 1.5), ("box", None)):
        planes = PlaneSet(2, domain, margin).of("digits8")
        rows = found[found["domain"] == domain].set_index("coverage")
        for column, samples in sources.items():
            each = mbh.specialization_table(network, samples, planes, (0.8, 0.95))
            wanted = each.groupby("coverage")["s"].mean()
            assert rows[column].to_numpy() == pytest.approx(wanted.to_numpy(), abs=1e-12)
        regions = [len(mbh.partition_input_space(network, plane)) for plane in planes]
        assert (rows["n_regions"] == np.mean(regions)).all()


def test_accuracies_of_given_and_of_right_labels(measured):
    data, network, found = measured
    clean = mbh.load_dataset("digits8_train60")
    assert (found["accuracy"] == accuracy(network, data.validation)).all()
    assert (found["training_accuracy"] == accuracy(network, data.train)).all()
    assert (found["clean_accuracy"] == accuracy(network, clean.train)).all()
    assert (found["training_accuracy"] != found["clean_accuracy"]).all()


def test_who_is_inside(measured):
    data, network, found = measured
    layers = mbh.hidden_layers(network)
    rows = found[found["domain"] == "square"].set_index("coverage")
    for source, samples in (("validation", data.validation), ("training", data.train)):
        means = insiders(layers, samples, (0.8, 0.95)).groupby("coverage")[["own", "others"]].mean()
        wanted = means["others"].to_numpy()
        assert rows[f"others_{source}"].to_numpy() == pytest.approx(wanted)
    assert rows["own_training"].to_numpy() == pytest.approx(means["own"].to_numpy())
    shares = []
    for c in range(10):
        pattern = mbh.maximal_pattern(network, data.train.of_class(c), 0.8)
        images = data.validation.of_class(c).images
        shares.append(pattern.support(mbh.activation_patterns(network, images)))
    assert rows.loc[0.8, "own_transferred"] == pytest.approx(np.mean(shares))


def test_oui(measured):
    data, network, found = measured
    widths = [len(bias) for _, bias in mbh.hidden_layers(network)]
    for source, samples in (("validation", data.validation), ("training", data.train)):
        bits = mbh.activation_patterns(network, samples.images)
        assert found[f"oui_{source}"].to_numpy() == pytest.approx(evolution.oui(bits, widths))


def test_the_table_says_what_networks_were_trained_on(done):
    rows = table("overfitting", TINY, store=done)
    assert len(rows) == len(EXPERIMENTS["overfitting"].cases(TINY)) * 4
    kinds = rows.drop_duplicates("dataset").set_index("dataset")
    facts = dict(
        zip(kinds.index, zip(kinds["training_images"], kinds["noise"], strict=True), strict=True)
    )
    assert facts["digits8_train60_noise40"] == (60, 0.4)
    assert facts["digits8_train300"] == (300, 0)
    assert facts["digits8_shuffled"] == (1437, 1)
    shuffled = rows[rows["noise"] == 1]
    assert (shuffled["clean_accuracy"] != shuffled["training_accuracy"]).any()
