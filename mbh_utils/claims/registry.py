"""All claims, in the order of the ledger."""

from mbh_utils.claims import (
    accuracy,
    cost,
    coverage,
    deepfc,
    lens_clusters,
    lens_evolution,
    lens_importance,
    lens_topology,
    lens_topology_training,
    lottery,
    normalisation,
    ours_hypervolume,
    patterns,
    regions,
    specialization,
    tickets,
    toy,
    training,
    trees,
)
from mbh_utils.claims.claim import Claim

#: The files of claims, in the order of the ledger.
PARTS = (
    accuracy.PART,
    specialization.PART,
    coverage.PART,
    regions.PART,
    training.PART,
    deepfc.PART,
    tickets.PART,
    lottery.PART,
    normalisation.PART,
    trees.PART,
    patterns.PART,
    toy.PART,
    cost.PART,
    lens_clusters.PART,
    lens_evolution.PART,
    lens_importance.PART,
    lens_topology.PART,
    lens_topology_training.PART,
    ours_hypervolume.PART,
)
#: Every claim that is judged, by its id.
CLAIMS: dict[str, Claim] = {claim.id: claim for part in PARTS for claim in part.claims}
