"""The same networks on the same planes in six domains: squares, input box, triangle."""

import pandas as pd

from mbh_utils.computing.store import Store
from mbh_utils.experiments.experiment import Experiment
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.rows import class_means

#: Half sides of the squares; that of the thesis is not known.
MARGINS = (0.75, 1.0, 1.5, 3.0)
#: The minimum coverages of the table.
COVERAGES = (0.8, 0.95)


def in_all_domains(profile: Profile) -> list[dict]:
    """Options of specializations; those that experiments grid and margins have too are shared."""
    sets = [PlaneSet(profile.planes, margin=margin) for margin in MARGINS]
    sets += [PlaneSet(profile.planes, domain=domain) for domain in ("box", "triangle")]
    told = {"coverages": profile.coverages, "source": "validation"}
    return [{**planes.settings, **told} for planes in sets]


def domain_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """Means over classes at few coverages, with what does not repeat the grid."""
    rows = class_means(experiment, profile, store)
    kept = rows[rows["coverage"].round(9).isin(COVERAGES)].reset_index(drop=True)
    kept = kept.drop(columns=["source", "covered", "n_dead_ends", "n_live_regions"])
    single = {name: kept[name].astype("float32") for name in ("s", "n_constraints")}
    return kept.assign(**single)
