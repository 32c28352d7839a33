"""The thesis's second scenario: one architecture, one number of parameters, masks of every origin.

The thesis announces it in its introduction and section 2.3 and leaves it out. The widest network of
Fig 6.1 has the HNPs of the smallest dense one by a random mask, by one with the densities of SET,
as a one-shot ticket, as an iterative ticket, and by SET and RigL; the dense network stands beside.
All but the iterative tickets are networks of experiment ``rewired``. Every lens looks at them.
"""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd

from mbh_utils.computing.store import Store
from mbh_utils.experiments import lens_table
from mbh_utils.experiments.experiment import Experiment, measured_rows
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.rows import mask_kind
from mbh_utils.experiments.runs import NETWORK_COLUMNS, Case, Run
from mbh_utils.experiments.topology_measures import rewired_runs, rewired_setups
from mbh_utils.networks import pruning
from mbh_utils.regions.patterns import preactivations

#: Masks that are the same before and after training, besides the dense network's.
FIXED = ("random", "erdos_renyi", "ticket", "iterative")
#: All kinds of networks, in the order of a figure.
KINDS = ("dense", *FIXED, "SET", "RigL")
#: The minimum coverages c_P that stand in the joined table.
COVERAGES = (0.8, 0.95)
#: Shuffled copies beside each network: few, for clustering takes most of the time.
SHUFFLES = 10
#: The experiments whose tables are joined.
PARTS = (
    "one_architecture_s",
    "one_architecture_accuracies",
    "one_architecture_insiders",
    "one_architecture_neurons",
    "one_architecture_patterns",
    "one_architecture_wirings",
    "one_architecture_clusters",
    "one_architecture_importance",
)
#: What one network is found by in every part.
_KEYS = ["kind", "dataset", "model"]

# -------------------------------------------------------------------------------- which networks


def architecture_cases(profile: Profile) -> list[Case]:
    """The trained networks of all kinds, on all data sets."""
    cases = []
    setup, *_ = rewired_setups(profile)
    for dataset, seed in itertools.product(profile.datasets, range(profile.models)):
        random = Run(dataset, setup.hidden, setup.parameters, seed, profile.recipe)
        cases.append(Case(profile.setup(1), random.dense, profile.iterations))
        fixed = [replace(random, mask=mask) for mask in FIXED]
        rewired = rewired_runs(profile, setup, dataset, seed)
        cases += [Case(setup, run, profile.iterations) for run in (*fixed, *rewired)]
    return cases


def architecture_cases_before_and_after(profile: Profile) -> list[Case]:
    """The same, and those whose mask training leaves alone, with their initial weights."""
    cases = architecture_cases(profile)
    fixed = [case for case in cases if case.run.rewiring is None]
    return cases + [case._replace(iteration=0) for case in fixed]


# ------------------------------------------------------------------------------ what is measured


def architecture_planes(profile: Profile) -> list[dict]:
    """The planes of the main experiments, in the square and in the input box."""
    told = {"coverages": tuple(profile.coverages), "source": "validation"}
    domains = (PlaneSet(profile.planes), PlaneSet(profile.planes, domain="box"))
    return [{**chosen.settings, **told} for chosen in domains]


def few_shuffles(profile: Profile) -> list[dict]:
    """So many shuffled copies beside each network."""
    return [{"shuffles": min(SHUFFLES, profile.shuffles)}]


def importance_of_weights(profile: Profile) -> list[dict]:
    """Of clusters of weights, dead ends left out."""
    return [{"graph": "weights", "draws": profile.random_sets, "dead_ends": False}]


def effective_number(states: np.ndarray) -> float:
    """How many independent neurons would vary as much: the participation ratio of their states.

    states: (n, neurons) bool. With C their covariance over the samples, (tr C)^2 / tr C^2: k for k
    independent neurons of equal variance, 1 if all are copies of one, 0 if none varies.

    >>> effective_number(np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], bool))
    2.0
    """
    centred = states - states.mean(axis=0)
    covariance = centred.T @ centred / len(states)
    total = float((covariance**2).sum())
    return float(np.trace(covariance) ** 2 / total) if total else 0.0


def _live_neurons(subject: Subject) -> pd.DataFrame:
    """What a mask and training leave of the neurons of each hidden layer.

    Columns: layer, width; inputs_used (pixels or neurons before with a live connection into it);
    without_inputs; dead_ends (neurons without a live path to the last hidden layer); never_active
    and always_active (neurons, on the validation images); varying (the rest, the candidates of a
    maximal pattern that tell images apart); effective (see :func:`effective_number`).
    """
    masks = subject.network.masks
    images = subject.raw.validation.images
    rows = []
    ends = pruning.dead_ends(masks)
    layers = zip(masks, ends, preactivations(subject.layers, images), strict=True)
    for layer, (mask, dead, values) in enumerate(layers, start=1):
        states = values > 0
        share = states.mean(axis=0)
        row = {
            "layer": layer,
            "width": len(mask),
            "inputs_used": int(mask.any(axis=0).sum()),
            "without_inputs": int((~mask.any(axis=1)).sum()),
            "dead_ends": int(dead.sum()),
            "never_active": int((share == 0).sum()),
            "always_active": int((share == 1).sum()),
            "varying": int(((share > 0) & (share < 1)).sum()),
            "effective": effective_number(states),
        }
        rows.append(row)
    return pd.DataFrame(rows)


LIVE_NEURONS = register(
    Measure(
        name="live_neurons",
        columns=(
            "layer",
            "width",
            "inputs_used",
            "without_inputs",
            "dead_ends",
            "never_active",
            "always_active",
            "varying",
            "effective",
        ),
        compute=_live_neurons,
    )
)

# ------------------------------------------------------------------ how tables are put together


def architecture_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """What was measured of every network, after its kind."""
    parts = []
    for case in experiment.cases(profile):
        one = replace(experiment, cases=_only(case))
        found = measured_rows(one, profile, store).drop(columns="kind", errors="ignore")
        found.insert(0, "kind", mask_kind(case.run))
        parts.append(found)
    return pd.concat(parts, ignore_index=True)


def _only(case: Case):
    return lambda profile: [case]


def architecture_means(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """The same as means over classes, at the minimum coverages of the joined table."""
    rows = architecture_rows(experiment, profile, store).drop(columns="class")
    rows = rows[np.isclose(rows["coverage"].to_numpy()[:, None], COVERAGES).any(axis=1)]
    means = [name for name in ("s", "n_constraints", "covered", "own", "others") if name in rows]
    keys = [name for name in rows if name not in means]
    return rows.groupby(keys, sort=False, dropna=False)[means].mean().reset_index()


def architecture_join(profile: Profile, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every lens on each trained network of one architecture, a row per network.

    Columns: kind, those of networks; accuracy and training_accuracy; s_square and s_box (c_P .8)
    and s_square_95 and s_box_95; the same four of the initial weights under the mask (initial_...,
    NaN where training moves the mask); others and others_95; constraints; regions (in the square)
    and live_regions (without dead ends); candidates, never_active, effective (last hidden layer);
    hidden_never_active, dead_ends (all hidden layers); pixels (connected); relative_entropy,
    information, distinct_share, oui, oui_within; nnstd_over_null (see ``lens_table``); ncut_z,
    ncut_z_mask, left_out; importance, class_range, sub_clusters.
    """
    specializations = tables["one_architecture_s"]
    trained = specializations[specializations["trained"]]
    facts = ["kind", *NETWORK_COLUMNS, "accuracy"]
    rows = trained[facts].drop_duplicates(_KEYS).reset_index(drop=True)
    parts = [
        _training_accuracy(tables["one_architecture_accuracies"]),
        _wide(trained, ""),
        _wide(specializations[~specializations["trained"]], "initial_"),
        _regions(trained),
        _others(tables["one_architecture_insiders"]),
        _neurons(tables["one_architecture_neurons"]),
        _by_kind(lens_table.patterns_of, tables["one_architecture_patterns"]),
        _by_kind(lens_table.nnstd_of, tables["one_architecture_wirings"]),
        _by_kind(lens_table.clusterability_of, tables["one_architecture_clusters"]),
        _by_kind(lens_table.importance_of, tables["one_architecture_importance"]),
    ]
    for part in parts:
        rows = rows.merge(part, on=_KEYS, how="left", validate="one_to_one")
    return rows


def _training_accuracy(accuracies: pd.DataFrame) -> pd.DataFrame:
    return accuracies[[*_KEYS, "training_accuracy"]]


def _at(table: pd.DataFrame, coverage: float) -> pd.DataFrame:
    return table[np.isclose(table["coverage"], coverage)]


def _ending(coverage: float) -> str:
    """Of a column's name: none at the usual c_P."""
    return "" if coverage == COVERAGES[0] else f"_{round(100 * coverage)}"


def _wide(table: pd.DataFrame, beginning: str) -> pd.DataFrame:
    """Specialization in both domains at both minimum coverages, a column for each."""
    found = {
        f"{beginning}s_{domain}{_ending(coverage)}": _at(table[table["domain"] == domain], coverage)
        .groupby(_KEYS)["s"]
        .mean()
        for domain in ("square", "box")
        for coverage in COVERAGES
    }
    return pd.DataFrame(found).reset_index()


def _regions(trained: pd.DataFrame) -> pd.DataFrame:
    here = _at(trained[trained["domain"] == "square"], COVERAGES[0])
    return here.groupby(_KEYS, as_index=False).agg(
        constraints=("n_constraints", "mean"),
        regions=("n_regions", "mean"),
        live_regions=("n_live_regions", "mean"),
    )


def _others(insiders: pd.DataFrame) -> pd.DataFrame:
    found = {
        f"others{_ending(coverage)}": _at(insiders, coverage).set_index(_KEYS)["others"]
        for coverage in COVERAGES
    }
    return pd.DataFrame(found).reset_index()


def _neurons(table: pd.DataFrame) -> pd.DataFrame:
    last = table.loc[table.groupby(_KEYS)["layer"].idxmax()].set_index(_KEYS)
    first = table[table["layer"] == 1].set_index(_KEYS)
    sums = table.groupby(_KEYS)[["never_active", "dead_ends"]].sum()
    found = {
        "candidates": last["varying"],
        "never_active": last["never_active"],
        "effective": last["effective"],
        "hidden_never_active": sums["never_active"],
        "dead_ends": sums["dead_ends"],
        "pixels": first["inputs_used"],
    }
    return pd.DataFrame(found).reset_index()


def _by_kind(reader, table: pd.DataFrame) -> pd.DataFrame:
    """What a reader of a lens's table says, of each kind and data set for itself."""
    parts = []
    for (kind, dataset), rows in table.groupby(["kind", "dataset"], sort=False):
        found = reader(rows)
        others = [name for name in found if name not in (*NETWORK_COLUMNS, "kind")]
        parts.append(found[["model", *others]].assign(kind=kind, dataset=dataset))
    return pd.concat(parts, ignore_index=True)
