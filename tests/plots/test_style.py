"""The style of all figures, and figures that are rendered in full."""

import matplotlib.pyplot as plt
import numpy as np
from drawn import measured

from mbh_utils import plots
from mbh_utils.regions.patterns import DecisionPattern


def test_the_style_comes_with_the_package_and_is_large_enough_to_read():
    with plt.rc_context():
        plots.use_style()
        assert min(plt.rcParams[f"{part}.labelsize"] for part in ("axes", "xtick", "ytick")) >= 8
        assert plt.rcParams["axes.prop_cycle"].by_key()["color"][0] == "#0072B2"


def test_figures_are_drawn_without_error(partition):
    # What only fails when the picture is made, such as a wrong dash or formatter.
    figure, axes = plt.subplots(2, 3, figsize=(12, 8))
    plots.regions(partition, axes[0, 0])
    plots.bent_hyperplanes(partition, axes[0, 1])
    plots.setup_curves(measured(), "density", "accuracy", axes[0, 2])
    plots.setup_map(measured().drop_duplicates("setup"), axes[1, 0])
    plots.setup_scatter(measured(), "accuracy", "s", axes[1, 1])
    plots.blanket(partition, DecisionPattern([0], [True]), axes[1, 2])
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba())[..., :3].std() > 10
