# Plain imports of every public name, for editors; written by tests/test_public_names.py.
from mbh_utils import claims as claims
from mbh_utils import datasets as datasets
from mbh_utils import experiments as experiments
from mbh_utils import explorers as widgets
from mbh_utils import lenses as lenses
from mbh_utils import networks as networks
from mbh_utils import plots as plots
from mbh_utils.blankets.baselines import baseline_samples as baseline_samples
from mbh_utils.blankets.baselines import baseline_table as baseline_table
from mbh_utils.blankets.candidates import matched_specialization as matched_specialization
from mbh_utils.blankets.hypervolume import hypervolume as hypervolume
from mbh_utils.blankets.maximal_pattern import maximal_pattern as maximal_pattern
from mbh_utils.blankets.maximal_pattern import maximal_patterns as maximal_patterns
from mbh_utils.blankets.maximal_pattern import smallest_pattern as smallest_pattern
from mbh_utils.blankets.mbh import specialization as specialization
from mbh_utils.blankets.mbh import specialization_table as specialization_table
from mbh_utils.blankets.mining import mine_patterns as mine_patterns
from mbh_utils.blankets.optimal import optimal_pattern as optimal_pattern
from mbh_utils.blankets.overlap import overlap as overlap
from mbh_utils.blankets.sampled import sampled_shares as sampled_shares
from mbh_utils.computing import paths as paths
from mbh_utils.datasets import Dataset as Dataset
from mbh_utils.datasets import Samples as Samples
from mbh_utils.datasets import from_arrays as from_arrays
from mbh_utils.datasets import load as load_dataset
from mbh_utils.errors import MBHError as MBHError
from mbh_utils.networks import Network as Network
from mbh_utils.networks import deepfc as deepfc
from mbh_utils.networks import feed_forward as feed_forward
from mbh_utils.networks import lenet as lenet
from mbh_utils.networks import pruning as pruning
from mbh_utils.networks import winning_ticket as winning_ticket
from mbh_utils.networks.evaluation import accuracy as accuracy
from mbh_utils.networks.reading.piecewise import PiecewiseLinear as PiecewiseLinear
from mbh_utils.networks.reading.reader import hidden_layers as hidden_layers
from mbh_utils.networks.reading.traced import Traced as Traced
from mbh_utils.networks.reading.tracing import trace as trace
from mbh_utils.regions import bounds as bounds
from mbh_utils.regions import patterns as patterns
from mbh_utils.regions.bending import bending as bending
from mbh_utils.regions.blocks import Block as Block
from mbh_utils.regions.cost import expected_cost as expected_cost
from mbh_utils.regions.lines import Line as Line
from mbh_utils.regions.partition import Partition as Partition
from mbh_utils.regions.partition import partition_input_space as partition_input_space
from mbh_utils.regions.patterns import DecisionPattern as DecisionPattern
from mbh_utils.regions.patterns import activation_patterns as activation_patterns
from mbh_utils.regions.patterns import layer_patterns as layer_patterns
from mbh_utils.regions.patterns import unique_patterns as unique_patterns
from mbh_utils.regions.planes import Plane as Plane
from mbh_utils.regions.random_planes import random_planes as random_planes
from mbh_utils.regions.region_kinds import region_kinds as region_kinds
from mbh_utils.training import SET as SET
from mbh_utils.training import GradualPruning as GradualPruning
from mbh_utils.training import Recipe as Recipe
from mbh_utils.training import RigL as RigL
from mbh_utils.training import State as State
from mbh_utils.training import train as train
from mbh_utils.training import train_stack as train_stack
from mbh_utils.workbook.chapter import open_chapter as open_chapter

__version__: str

__all__ = [
    "Block",
    "Dataset",
    "DecisionPattern",
    "GradualPruning",
    "Line",
    "MBHError",
    "Network",
    "Partition",
    "PiecewiseLinear",
    "Plane",
    "Recipe",
    "RigL",
    "SET",
    "Samples",
    "State",
    "Traced",
    "accuracy",
    "activation_patterns",
    "baseline_samples",
    "baseline_table",
    "bending",
    "bounds",
    "claims",
    "datasets",
    "deepfc",
    "expected_cost",
    "experiments",
    "feed_forward",
    "from_arrays",
    "hidden_layers",
    "hypervolume",
    "layer_patterns",
    "lenet",
    "lenses",
    "load_dataset",
    "matched_specialization",
    "maximal_pattern",
    "maximal_patterns",
    "mine_patterns",
    "networks",
    "open_chapter",
    "optimal_pattern",
    "overlap",
    "partition_input_space",
    "paths",
    "patterns",
    "plots",
    "pruning",
    "random_planes",
    "region_kinds",
    "sampled_shares",
    "smallest_pattern",
    "specialization",
    "specialization_table",
    "trace",
    "train",
    "train_stack",
    "unique_patterns",
    "widgets",
    "winning_ticket",
]
