"""Feed-forward ReLU networks, pruning, and how anybody's network is read.

=================  ================================================================================
``network.py``     ``Network``, ``lenet``, ``deepfc``, winning tickets: masks are part of a network
``pruning.py``     masks of sparse networks, and how hidden network parameters are counted
``wiring.py``      masks made from masks
``setups.py``      the architectures and set-ups of Fig 6.1
``initial.py``     initial weights of Keras, and some with planted modules
``layers.py``      one layer as numbers: weight, bias, linear units
``stored.py``      networks in a store
``packed.py``      networks as few bytes, without loss
``reading/``       the hidden layers of anything: ``hidden_layers``, ``trace``
=================  ================================================================================
"""

from mbh_utils.networks.initial import glorot, modular, planted_modules
from mbh_utils.networks.layers import Layer, checked_layer, layer_widths, n_linear
from mbh_utils.networks.network import (
    MaskedLinear,
    Network,
    deepfc,
    feed_forward,
    lenet,
    winning_ticket,
)
from mbh_utils.networks.reading.reader import hidden_layers
from mbh_utils.networks.setups import DEEPFC, LENET, LENET_SMALL, Family, Setup
from mbh_utils.networks.wiring import (
    changed_masks,
    masks_with_degrees,
    masks_with_pixel_degrees,
    relative_masks,
)

__all__ = [
    "DEEPFC",
    "LENET",
    "LENET_SMALL",
    "Family",
    "Layer",
    "MaskedLinear",
    "Network",
    "Setup",
    "changed_masks",
    "checked_layer",
    "deepfc",
    "feed_forward",
    "glorot",
    "hidden_layers",
    "layer_widths",
    "lenet",
    "masks_with_degrees",
    "masks_with_pixel_degrees",
    "modular",
    "n_linear",
    "planted_modules",
    "relative_masks",
    "winning_ticket",
]
