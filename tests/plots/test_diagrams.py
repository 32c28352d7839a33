"""Drawn networks, images, heat maps and tables of words."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba

from mbh_utils import plots
from mbh_utils.networks import Network


def test_a_network_diagram_draws_live_connections_and_states():
    network = Network(2, (3, 2), 2).set_masks([np.eye(3, 2), np.ones((2, 3))])
    ax = plots.network_diagram(network, {0: True, 4: False}, title="a network")
    assert [len(c.get_segments()) for c in ax.collections[:3]] == [2, 6, 4]
    assert sorted(t.get_text() for t in ax.texts) == ["0", "1"] and ax.get_title() == "a network"
    names = [text.get_text() for text in ax.get_xticklabels()]
    assert names == ["input", "hidden 1", "hidden 2", "output"]
    colours = [tuple(c.get_facecolor()[0]) for c in ax.collections[3:]]
    states = (plots.ACTIVE, plots.INACTIVE, plots.FREE)
    assert [colours.count(to_rgba(c)) for c in states] == [1, 1, 3]


def test_an_image_keeps_its_shape_and_scale():
    pixels = np.arange(6) / 10
    ax = plots.image(pixels, (2, 3), title="six")
    assert (ax.images[0].get_array() == pixels.reshape(2, 3)).all()
    assert ax.images[0].get_clim() == (0, 1)
    colours = ax.images[0].to_rgba(np.array([[0, 1.0]]))[0, :, :3]
    assert colours.tolist() == [[0, 0, 0], [1, 1, 1]], "0 is black and 1 is white"
    named = plots.image(pixels, (2, 3), label="mean")
    assert named.images[0].get_clim() == (0, 0.5) and named.figure.axes[1].get_ylabel() == "mean"


def test_a_heat_map_has_a_named_colour_bar():
    ax = plots.heat_map(np.arange(6).reshape(2, 3), label="count", limits=(0, 9))
    assert ax.images[0].get_clim() == (0, 9) and ax.figure.axes[1].get_ylabel() == "count"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("pixel column", "pixel row")


def test_a_text_table_holds_every_word():
    figure = plots.text_table(pd.DataFrame({"what": ["a", "b"], "value": [1, 2]}))
    cells = figure.axes[0].tables[0].get_celld()
    words = [[cells[i, j].get_text().get_text() for j in range(2)] for i in range(3)]
    assert words == [["what", "value"], ["a", "1"], ["b", "2"]]
