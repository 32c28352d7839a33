"""Every kind of picture that the chapters draw, each a function."""

from mbh_utils.plots import figures
from mbh_utils.plots.blankets import blanket, blanket_grid, blanket_legend, blanket_words
from mbh_utils.plots.curve_kinds import coverage_curves, iteration_curves, setup_curves
from mbh_utils.plots.diagrams import heat_map, image, network_diagram, text_table
from mbh_utils.plots.hyperplanes import bent_hyperplanes
from mbh_utils.plots.lines import curves
from mbh_utils.plots.overview import claims_overview
from mbh_utils.plots.planes import class_map, plane_labels, regions, spanning_points, union
from mbh_utils.plots.scatters import setup_map, setup_scatter
from mbh_utils.plots.style import (
    ACTIVE,
    FREE,
    INACTIVE,
    INSIDE,
    LAYER_STYLES,
    LAYERS,
    MARKERS,
    NAMES,
    OUTSIDE,
    SPANNING_MARKERS,
    use_style,
)
from mbh_utils.plots.tickets import lottery_curves, mask_curves, ticket_curves

__all__ = [
    "ACTIVE",
    "FREE",
    "INACTIVE",
    "INSIDE",
    "LAYERS",
    "LAYER_STYLES",
    "MARKERS",
    "NAMES",
    "OUTSIDE",
    "SPANNING_MARKERS",
    "bent_hyperplanes",
    "blanket",
    "blanket_grid",
    "blanket_legend",
    "blanket_words",
    "claims_overview",
    "class_map",
    "coverage_curves",
    "curves",
    "figures",
    "heat_map",
    "image",
    "iteration_curves",
    "lottery_curves",
    "mask_curves",
    "network_diagram",
    "plane_labels",
    "regions",
    "setup_curves",
    "setup_map",
    "setup_scatter",
    "spanning_points",
    "text_table",
    "ticket_curves",
    "union",
    "use_style",
]
