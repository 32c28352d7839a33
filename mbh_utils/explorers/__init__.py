"""What a reader moves: one file per explorer."""

from mbh_utils.explorers.blanket_views import (
    BlanketView,
    blanket_explorer,
    blanket_figure,
    blanket_view,
    blanket_words,
)

__all__ = ["BlanketView", "blanket_explorer", "blanket_figure", "blanket_view", "blanket_words"]
