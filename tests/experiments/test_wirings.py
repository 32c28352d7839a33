"""Networks with the masks of SET and of near starts, and the measures of their wirings."""

from dataclasses import replace

import numpy as np
import pytest

from mbh_utils.experiments import Run
from mbh_utils.training import Recipe

RUN = Run("digits8", (24, 24, 24), 600, 0, Recipe(30))


@pytest.mark.parametrize("mask", ["erdos_renyi", "near", "random", "reinitialised"])
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_every_connection_of_an_untrained_network_has_a_weight(mask, seed):
    network = replace(RUN, mask=mask, seed=seed).initial()
    assert network.n_parameters == 600
    for layer in network.linears[:-1]:
        weight = layer.weight.detach().numpy()
        assert ((weight != 0) == layer.mask.numpy()).all()


def test_near_starts_differ_in_few_connections_and_in_their_weights():
    first, second, tenth = (replace(RUN, mask="near", seed=s).initial() for s in (0, 1, 9))
    moved = [int((a & ~b).sum()) for a, b in zip(first.masks, second.masks, strict=True)]
    assert moved == [round(0.01 * int(mask.sum())) for mask in first.masks]
    kept = [(a & b).sum() / a.sum() for a, b in zip(first.masks, tenth.masks, strict=True)]
    assert np.mean(kept) == pytest.approx(0.92, abs=0.02)
    weights = [network.linears[1].weight for network in (first, second)]
    assert (weights[0] != weights[1]).any()
