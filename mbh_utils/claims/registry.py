"""All claims, in the order of the ledger."""

from mbh_utils.claims import accuracy, coverage, regions, specialization
from mbh_utils.claims.claim import Claim

#: The files of claims, in the order of the ledger.
PARTS = (
    accuracy.PART,
    specialization.PART,
    coverage.PART,
    regions.PART,
)
#: Every claim of the thesis that is judged, by its id.
CLAIMS: dict[str, Claim] = {claim.id: claim for part in PARTS for claim in part.claims}
