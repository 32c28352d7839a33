"""The figures of the chapter on specialization: what stands where, and what a legend says."""

import numpy as np
import pandas as pd
import pytest

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import specialization

SQUARE = mbh.Plane.rectangle((-1, -1), (1, 1))


@pytest.fixture(scope="module")
def toy():
    data = mbh.datasets.xor_with_outliers(n=20)
    network = mbh.feed_forward(data, (4, 2))
    decided = mbh.partition_input_space(network, SQUARE, decision_boundary=True)
    return data, decided, mbh.partition_input_space(network, SQUARE)


def legend_of(axes_or_figure) -> list[str]:
    legends = getattr(axes_or_figure, "legends", None) or [axes_or_figure.get_legend()]
    return [text.get_text() for text in legends[0].get_texts()]


def test_a_row_of_images_for_each_class():
    images = {"one": np.zeros((3, 4)), "two": np.ones((3, 4))}
    figure = specialization.samples_of_classes(images, (2, 2))
    assert [ax.get_ylabel() for ax in figure.axes] == ["one", "", "", "two", "", ""]
    assert [ax.images[0].get_array().mean() for ax in figure.axes] == [0, 0, 0, 1, 1, 1]
    for wrong in ({}, {"one": np.zeros((0, 4))}, {"one": np.zeros((2, 4)), "two": np.ones((3, 4))}):
        with pytest.raises(MBHError, match="equally many of each class"):
            specialization.samples_of_classes(wrong, (2, 2))


def test_a_walk_shows_each_station_with_its_distance_and_answer():
    stations = np.linspace(np.zeros(4), np.ones(4), 3)
    figure = specialization.walk(stations, [0, 1.04, 2], ["a", "b", "c"], (2, 2))
    assert [ax.get_title("left") for ax in figure.axes] == ["the image", "1.0 away", "2.0 away"]
    assert [ax.get_xlabel() for ax in figure.axes] == ["a", "b", "c"]
    assert [ax.images[0].get_array().mean() for ax in figure.axes] == [0, 0.5, 1]
    with pytest.raises(MBHError, match="3 stations, 2 distances, 3 answers"):
        specialization.walk(stations, [0, 1], ["a", "b", "c"], (2, 2))


def test_neurons_are_lines_with_an_arrow_to_their_active_side():
    upright = (np.array([[2.0, 0.0]]), np.array([-0.4]))
    both = (np.array([[0.0, -1.0], [-1.0, 0.0]]), np.array([0.25, 0.1]))
    outline = [[-1, -1], [1, -1], [0, 1]]
    shapes = {"seen": (outline, (0.1, 0.2)), "new": (outline, (0.5, 0.7))}
    figure = specialization.neurons_and_shapes(
        {"F": upright, "G": both}, shapes, ["seen"], ("x", "y")
    )
    left, right = figure.axes
    assert set(left.lines[0].get_xdata()) == {0.2}  # where 2 x - 0.4 is zero
    assert set(right.lines[0].get_ydata()) == {0.25} and set(right.lines[1].get_xdata()) == {0.1}
    arrow, name = left.texts
    assert arrow.xy[0] > 0.2 and name.get_text() == "neuron 1"
    downwards, _, to_the_left, _ = right.texts
    assert downwards.xy[1] < 0.25 and to_the_left.xy[0] < 0.1
    assert [patch.get_fill() for patch in left.patches] == [True, False]
    assert legend_of(figure) == ["made for", "never seen"]


@pytest.mark.parametrize("weights", [[1.0, 1.0], [0.0, 0.0]])
def test_a_neuron_looks_at_one_number(weights):
    network = {"F": (np.array([weights]), np.array([0.0]))}
    with pytest.raises(MBHError, match="expected that one of them is 0"):
        specialization.neurons_and_shapes(network, {}, [], ("x", "y"))


def test_the_toy_shows_classes_and_mistakes(toy):
    data, decided, hidden = toy
    wrong = np.zeros(20, dtype=bool)
    wrong[[3, 7, 9]] = True
    figure = specialization.toy(decided, hidden, data.validation, wrong, data.classes)
    left, right = figure.axes
    assert legend_of(left) == ["equal signs", "opposite signs", "misclassified"]
    drawn = [len(line.get_xdata()) for line in left.lines]
    assert sum(drawn) == 20 and drawn[-1] == 3
    np.testing.assert_allclose(
        left.lines[-1].get_xydata(), data.validation.images[wrong], rtol=0, atol=1e-6
    )
    assert right.get_title("left") == f"(b) bent hyperplanes, {len(hidden)} regions"


def test_all_seeds_of_the_toy_and_what_some_decide(toy):
    _, decided, _ = toy
    table = pd.DataFrame({"seed": [2, 0, 1], "accuracy": [0.9, 0.5, 0.7]})
    figure = specialization.toy_seeds(table, {"one": decided, "two": decided}, expected=0.95)
    first, *others = figure.axes
    seeds, right_boundary = first.lines
    np.testing.assert_allclose(seeds.get_xydata(), [[0, 50], [1, 70], [2, 90]])
    assert set(right_boundary.get_ydata()) == {95}
    assert [ax.get_title("left") for ax in others] == ["(b) one", "(c) two"]
    with pytest.raises(MBHError):
        specialization.toy_seeds(table[:0], {}, expected=0.95)


def test_labels_of_regions_keep_off_the_samples_and_stand_upright_where_it_is_narrow():
    layers = [(np.array([[1.0, 0.0]]), np.array([0.9]))]  # active right of -0.9
    partition = mbh.partition_input_space(layers, SQUARE)
    samples = np.array([[0.05, 0.0], [0.3, 0.1]])  # in the middle of the wide region
    states = mbh.activation_patterns(layers, samples)
    sigma = {"all": mbh.DecisionPattern([], [])}
    figure = specialization.blankets_of_samples(partition, samples, sigma, states)
    texts = {text.get_text(): text for text in figure.axes[0].texts}
    assert texts["0"].get_rotation() == 90 and texts["1"].get_rotation() == 0
    spot = np.array(texts["1"].get_position())
    assert np.linalg.norm(samples - spot, axis=1).min() > 0.4
    assert mbh.activation_patterns(layers, [spot]).tolist() == [[True]]
