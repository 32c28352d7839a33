"""The order of minibatches."""

import numpy as np
import pytest
from training_helpers import clusters, small

from mbh_utils.training.order import MinibatchOrder
from mbh_utils.training.train import train


def test_an_epoch_shows_every_sample_at_most_once_and_leaves_the_rest_out():
    order = MinibatchOrder(100, 30, seed=0)
    epochs = [order.take(3) for _ in range(40)]
    assert all(e.shape == (3, 30) and len(np.unique(e)) == 90 for e in epochs)
    assert len({tuple(e.flatten()) for e in epochs}) == 40
    assert len(np.unique(np.concatenate(epochs))) == 100, "what one epoch leaves out others show"


@pytest.mark.parametrize("taken", [0, 1, 3, 4, 17])
def test_an_order_goes_on_where_it_was_left(taken):
    whole = MinibatchOrder(100, 30, seed=3).take(30)
    order = MinibatchOrder(100, 30, 3, taken)
    assert (
        np.concatenate([order.take(n) for n in (1, 5, 0, 7)]) == whole[taken : taken + 13]
    ).all()


def test_a_batch_larger_than_the_data_is_all_of_it():
    assert [sorted(batch) for batch in MinibatchOrder(5, 60, seed=0).take(3).tolist()] == 3 * [
        [0, 1, 2, 3, 4]
    ]
    train(small(), clusters(5), iterations=4)
