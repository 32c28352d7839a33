"""Claims on regions."""

from mbh_utils.claims.claim import Part

PART = Part("regions")
