"""What a reader moves: one file per explorer."""

from mbh_utils.explorers.blanket import blanket_page
from mbh_utils.explorers.blanket_views import (
    BlanketView,
    blanket_figure,
    blanket_view,
    blanket_words,
)
from mbh_utils.explorers.chooser import BlanketChooser, blanket_chooser
from mbh_utils.explorers.gallery import page
from mbh_utils.explorers.regions import regions_page
from mbh_utils.explorers.sparsity import sparsity_page
from mbh_utils.explorers.training import training_page
from mbh_utils.explorers.web_page import Page

__all__ = [
    "BlanketChooser",
    "BlanketView",
    "Page",
    "blanket_chooser",
    "blanket_figure",
    "blanket_page",
    "blanket_view",
    "blanket_words",
    "page",
    "regions_page",
    "sparsity_page",
    "training_page",
]
