"""Training of one network, or of a whole stack of same-shaped networks at once (thesis, section 6.1, Table A.1)."""

from mbh_utils.training.train import (
    MOST_ITERATIONS,
    History,
    Recipe,
    State,
    accuracy,
    check_trainable,
    train,
    train_stack,
)

__all__ = [
    "MOST_ITERATIONS",
    "History",
    "Recipe",
    "State",
    "accuracy",
    "check_trainable",
    "train",
    "train_stack",
]
