"""What a reader moves: one file per explorer."""

from mbh_utils.explorers.blanket import blanket_explorer, blanket_figure

__all__ = ["blanket_explorer", "blanket_figure"]
