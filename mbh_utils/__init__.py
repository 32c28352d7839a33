"""Network specialization by the hypervolume of minimal blankets: the package behind the workbook.

Follows V. Hätönen, *Network Specialization to Explain the Performance of Sparse Neural Networks*, MSc thesis,
University of Helsinki, 2020.
"""

import importlib

from mbh_utils.computing import home

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
    "hidden_layers": "networks.reading.reader",
    "winning_ticket": "networks",
    "trace": "networks.reading.tracing",
    "Traced": "networks.reading.traced",
    "PiecewiseLinear": "networks.reading.piecewise",
    "train": "training",
    "train_stack": "training",
    "Recipe": "training",
    "State": "training",
    "accuracy": "training",
    "activation_patterns": "regions.patterns",
    "layer_patterns": "regions.patterns",
    "unique_patterns": "regions.patterns",
    "DecisionPattern": "regions.patterns",
    "Plane": "regions.planes",
    "Line": "regions.lines",
    "Block": "regions.blocks",
    "partition_input_space": "regions.partition",
    "Partition": "regions.partition",
    "expected_cost": "regions.cost",
    "maximal_pattern": "blankets.maximal_pattern",
    "maximal_patterns": "blankets.maximal_pattern",
    "smallest_pattern": "blankets.maximal_pattern",
    "specialization": "blankets.mbh",
    "specialization_table": "blankets.mbh",
    "sampled_shares": "blankets.sampled",
    "mine_patterns": "blankets.mining",
    "open_chapter": "workbook.chapter",
}
home.settle()
#: Public modules -> where they live.
_MODULES = {
    "bounds": "regions.bounds",
    "datasets": "datasets",
    "experiments": "experiments",
    "networks": "networks",
    "paths": "computing.paths",
    "patterns": "regions.patterns",
    "plots": "plots",
    "pruning": "networks.pruning",
    "widgets": "explorers",
}

__all__ = [*_PUBLIC, *_MODULES]


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f"mbh_utils.{_MODULES[name]}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mbh_utils' has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(importlib.import_module(f"mbh_utils.{module}"), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
