"""Figures as PNG files."""

import io

import matplotlib.pyplot as plt
import numpy as np

from mbh_utils.plots.png import render


def a_figure(height=1.0):
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.plot([0, 1], [0, height])
    return figure


def test_same_figure_same_bytes_without_dates():
    first = render(a_figure(), "alt")
    assert first == render(a_figure(), "alt")
    assert first != render(a_figure(2.0), "alt")
    assert b"date" not in first.lower() and b"tIME" not in first
    plt.close("all")


def test_256_colours_make_a_picture_small_and_look_the_same():
    figure = plt.figure(figsize=(5, 5))
    figure.set_layout_engine("none")
    noise = np.random.default_rng(0).random((300, 300))
    figure.add_axes((0, 0, 1, 1)).imshow(noise, cmap="cividis")
    small = render(figure, "noise")
    full = io.BytesIO()
    figure.savefig(full, format="png", dpi=110)
    assert len(small) < len(full.getvalue()) / 2
    seen, meant = (plt.imread(io.BytesIO(png))[..., :3] for png in (small, full.getvalue()))
    assert seen.shape == meant.shape
    assert np.abs(seen - meant).mean() < 0.01
    plt.close(figure)
