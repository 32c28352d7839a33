"""Three related systems as further lenses on the same networks.

Each lens is a way to look at a trained network that somebody else found, beside the thesis's
specialization:

- ``clusters``: do groups of neurons matter more, and mean more, than chance (Hod, Casper, Filan
  et al. 2022)?
- ``topology``: how far apart are the wiring diagrams of two sparse networks (Liu et al. 2020)?
- ``evolution``: how do activation patterns form while a network learns (Hartmann et al. 2021)?
"""

from mbh_utils.lenses import clusters, evolution, topology

__all__ = ["clusters", "evolution", "topology"]
