"""Feed-forward ReLU networks whose masks are part of them, pruning, and how anybody's network is read."""

from mbh_utils.networks.network import (
    DEEPFC,
    LENET,
    LENET_SMALL,
    Family,
    MaskedLinear,
    Network,
    Setup,
    checked_layer,
    deepfc,
    feed_forward,
    hidden_layers,
    layer_widths,
    lenet,
    n_linear,
    winning_ticket,
)

__all__ = [
    "DEEPFC",
    "LENET",
    "LENET_SMALL",
    "Family",
    "MaskedLinear",
    "Network",
    "Setup",
    "checked_layer",
    "deepfc",
    "feed_forward",
    "hidden_layers",
    "layer_widths",
    "lenet",
    "n_linear",
    "winning_ticket",
]
