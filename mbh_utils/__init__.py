"""Network specialization by the hypervolume of minimal blankets: the package behind the workbook.

Follows V. Hätönen, *Network Specialization to Explain the Performance of Sparse Neural Networks*,
MSc thesis, University of Helsinki, 2020.

A ReLU network cuts its input space into activation regions, one for each set of active neurons.
Every step from a network to its specialization is one function; here for the class "9" of small
images of digits, on one plane through the input space:

>>> import mbh_utils as mbh
>>> data = mbh.load_dataset("digits8")
>>> network = mbh.lenet(data, (24, 8), seed=0)  # or any ReLU network of torch
>>> plane = mbh.Plane.through(data.validation.images[[3, 8, 12]], margin=1.5)
>>> regions = mbh.partition_input_space(network, plane)  # Algorithm 2
>>> len(regions)
231
>>> nines = data.validation.of_class(9)
>>> pattern = mbh.maximal_pattern(network, nines, coverage=0.8)  # Algorithm 3
>>> blanket = regions.blanket(pattern)  # the regions in which the pattern holds
>>> round(1 - blanket.share, 2)
0.48
>>> round(mbh.specialization(network, nines, planes=[plane], coverage=0.8), 2)  # Algorithm 1
0.48

``dir(mbh)`` lists all public names, and ``help(mbh.Plane)`` explains one. What the chapters read is
computed by :mod:`mbh_utils.experiments` and drawn by :mod:`mbh_utils.plots`.
"""

import importlib

from mbh_utils.computing import home
from mbh_utils.version import __version__ as __version__

# Libraries look for a home folder when they are imported; where there is none, they get another.
home.settle()

#: Public name -> where it lives. Resolved on first use: `mbh --help` does not wait for torch.
#: For editors, ``__init__.pyi`` says the same (see tests/test_public_names.py).
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
    "SET": "training",
    "RigL": "training",
    "GradualPruning": "training",
    "accuracy": "networks.evaluation",
    "activation_patterns": "regions.patterns",
    "layer_patterns": "regions.patterns",
    "unique_patterns": "regions.patterns",
    "DecisionPattern": "regions.patterns",
    "Plane": "regions.planes",
    "Line": "regions.lines",
    "random_planes": "regions.random_planes",
    "Block": "regions.blocks",
    "partition_input_space": "regions.partition",
    "Partition": "regions.partition",
    "bending": "regions.bending",
    "region_kinds": "regions.region_kinds",
    "expected_cost": "regions.cost",
    "maximal_pattern": "blankets.maximal_pattern",
    "maximal_patterns": "blankets.maximal_pattern",
    "smallest_pattern": "blankets.maximal_pattern",
    "optimal_pattern": "blankets.optimal",
    "specialization": "blankets.mbh",
    "specialization_table": "blankets.mbh",
    "baseline_table": "blankets.baselines",
    "baseline_samples": "blankets.baselines",
    "sampled_shares": "blankets.sampled",
    "matched_specialization": "blankets.candidates",
    "hypervolume": "blankets.hypervolume",
    "mine_patterns": "blankets.mining",
    "overlap": "blankets.overlap",
    "open_chapter": "workbook.chapter",
}

#: Public modules -> where they live.
_MODULES = {
    "bounds": "regions.bounds",
    "claims": "claims",
    "datasets": "datasets",
    "experiments": "experiments",
    "lenses": "lenses",
    "networks": "networks",
    "paths": "computing.paths",
    "patterns": "regions.patterns",
    "plots": "plots",
    "pruning": "networks.pruning",
    "widgets": "explorers",
}

# Checkers read the stub beside this file, which lists them one by one.
__all__ = [*_PUBLIC, *_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]


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
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
