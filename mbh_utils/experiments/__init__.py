"""The thesis's experiments (chapter 6, appendices A to E): which networks, and what is measured.

Everything that takes longer than seconds happens here, between the store of trained networks and
the store of tables. A chapter asks ``table(name, profile)``.

Which file to open:

- ``catalogue.py``: the experiments declared as data. A new experiment is one entry there.
- ``cases.py``, ``options.py``: which networks they measure, and on what.
- ``profiles.py``: how large everything is: quick, draft, paper.
- ``runs.py``: the networks: what defines one, how it is trained, where it is found again.
- ``profile_runs.py``: the runs of a profile, by set-up.
- ``planes.py``: the planes that networks are measured on; where a plane's domain is chosen.
- ``measures.py``: what is measured of a network, and specialization. A new measure is one file:
  ``baseline_measures.py``, ``bending.py``, ``inside_measures.py``, ``pattern_measures.py``,
  ``region_measures.py``, ``sample_measures.py``, ``ticket_measures.py`` are such;
  ``domain_measures.py`` says in which domains.
- ``baseline_tables.py``, ``domain_tables.py``: what chapter 8 reads from the tables of baselines
  and domains.
- ``lens_table.py``: what all lenses see of each network, joined from their tables.
- ``cluster_measures.py``, ``importance_measures.py``, ``topology_measures.py``,
  ``evolution_measures.py``: the measures of the lenses; ``rewiring_experiments.py`` their networks
  whose connections move.
- ``one_architecture_measures.py``: masks of every origin at one architecture, for all lenses.
- ``lottery.py``: winning tickets by iterative pruning, a measure and its experiment.
- ``drawn.py``, ``networks_file.py``: the committed networks that chapters draw. Another one is one
  line in the first.
- ``experiment.py``, ``rows.py``: what an experiment is, and how its table is put together.
- ``tables.py``: what a chapter asks for.
- ``specializations.py``: one row per network of a table of specializations.
- ``correlations.py``: how measures of the same networks go together.
- ``certainty.py``: where the variance of s comes from, how many planes it takes, how firm a ranking
  is; ``certainty_measures.py`` and ``overlap_measures.py`` measure what that needs, and how the
  blankets of classes overlap.
- ``overfitting.py``: how indicators of overfitting go with the gap between two accuracies;
  ``overfitting_measures.py`` measures them.
- ``planning.py``: what is missing, as tasks for all cores, and computing it.
- ``estimates.py``: how long that takes, and how much memory.
- ``results_files.py``: the committed tables: whether they are whole and up to date.
- ``committed.py``: reading a committed file, and what to say of a damaged one.
"""

from mbh_utils.experiments.baseline_tables import (
    beside_baselines,
    gain_by_training,
    with_plane_classes,
)
from mbh_utils.experiments.catalogue import EXPERIMENTS
from mbh_utils.experiments.certainty import planes_needed, ranking, variance_components
from mbh_utils.experiments.cluster_measures import beside_published
from mbh_utils.experiments.correlations import associations
from mbh_utils.experiments.domain_tables import domains_and_accuracy
from mbh_utils.experiments.experiment import Experiment
from mbh_utils.experiments.hypervolume_measures import beside_planes
from mbh_utils.experiments.lens_table import lens_measures
from mbh_utils.experiments.measures import MEASURES, Measure, register
from mbh_utils.experiments.overfitting import gap_correlations, overfitting_indicators
from mbh_utils.experiments.planes import PlaneSet, class_plane, grid_planes
from mbh_utils.experiments.planning import Stage, plan, prepare
from mbh_utils.experiments.profile_runs import run_of, ticket_runs
from mbh_utils.experiments.profiles import PROFILES, Profile, profile_named
from mbh_utils.experiments.results_files import check_results, results_checksums, results_file
from mbh_utils.experiments.runs import Run
from mbh_utils.experiments.specializations import per_network
from mbh_utils.experiments.tables import table, toy, write_networks, write_tables

__all__ = [
    "EXPERIMENTS",
    "MEASURES",
    "PROFILES",
    "Experiment",
    "Measure",
    "PlaneSet",
    "Profile",
    "Run",
    "Stage",
    "associations",
    "beside_baselines",
    "beside_planes",
    "beside_published",
    "check_results",
    "class_plane",
    "domains_and_accuracy",
    "gain_by_training",
    "gap_correlations",
    "grid_planes",
    "lens_measures",
    "overfitting_indicators",
    "per_network",
    "plan",
    "planes_needed",
    "prepare",
    "profile_named",
    "ranking",
    "register",
    "results_checksums",
    "results_file",
    "run_of",
    "table",
    "ticket_runs",
    "toy",
    "with_plane_classes",
    "variance_components",
    "write_networks",
    "write_tables",
]
