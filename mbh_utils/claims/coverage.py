"""Claims on coverage."""

from mbh_utils.claims.claim import Part

PART = Part("coverage")
