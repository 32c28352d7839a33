"""Lenses: what other systems than the thesis's see in the same networks."""

from mbh_utils.lenses import clusters

__all__ = ["clusters"]
