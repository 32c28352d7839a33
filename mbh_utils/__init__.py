"""Network specialization by the hypervolume of minimal blankets: the package behind the workbook.

Follows V. Hätönen, *Network Specialization to Explain the Performance of Sparse Neural Networks*, MSc thesis,
University of Helsinki, 2020.
"""

import importlib

from mbh_utils import _home

__version__ = "0.1.0"

# Public name -> where it lives. Resolved on first use, so that `mbh --help` does not wait for torch.
_PUBLIC = {
    "MBHError": "errors",
    "load_dataset": "datasets:load",
    "from_arrays": "datasets",
    "Dataset": "datasets",
    "Samples": "datasets",
    "Network": "networks",
    "feed_forward": "networks",
    "lenet": "networks",
    "deepfc": "networks",
    "hidden_layers": "networks",
    "winning_ticket": "networks",
    "trace": "tracing",
    "Traced": "_canonical",
    "PiecewiseLinear": "tracing",
    "train": "training",
    "train_stack": "training",
    "Recipe": "training",
    "State": "training",
    "accuracy": "training",
    "activation_patterns": "patterns",
    "layer_patterns": "patterns",
    "unique_patterns": "patterns",
    "DecisionPattern": "patterns",
    "Plane": "subspaces",
    "Line": "subspaces",
    "Block": "subspaces",
    "partition_input_space": "partition",
    "Partition": "partition",
    "expected_cost": "_cost",
    "maximal_pattern": "mbh",
    "maximal_patterns": "mbh",
    "smallest_pattern": "mbh",
    "specialization": "mbh",
    "specialization_table": "mbh",
    "sampled_shares": "mbh",
    "open_chapter": "workbook",
}
_home.settle()
_MODULES = ("bounds", "datasets", "experiments", "networks", "paths", "patterns", "plots", "pruning", "widgets")

__all__ = [*_PUBLIC, *_MODULES]


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f"mbh_utils.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mbh_utils' has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(importlib.import_module(f"mbh_utils.{module}"), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
