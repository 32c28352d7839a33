"""Training of one network, or of a whole stack of same-shaped networks at once.

The thesis tells of it in section 6.1 and Table A.1.
"""

from mbh_utils.networks.evaluation import accuracy
from mbh_utils.training.checks import check_trainable
from mbh_utils.training.recipe import MOST_ITERATIONS, History, Recipe, State
from mbh_utils.training.rewiring import SET, GradualPruning, Rewiring, RigL
from mbh_utils.training.train import train, train_stack

__all__ = [
    "MOST_ITERATIONS",
    "SET",
    "GradualPruning",
    "History",
    "Recipe",
    "Rewiring",
    "RigL",
    "State",
    "accuracy",
    "check_trainable",
    "train",
    "train_stack",
]
