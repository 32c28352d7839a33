"""Claims on accuracy."""

from mbh_utils.claims.claim import Part

PART = Part("accuracy")
