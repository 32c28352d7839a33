"""The architectures and set-ups of Fig 6.1 of the thesis."""

from dataclasses import dataclass
from typing import NamedTuple

from mbh_utils.networks import pruning


class Setup(NamedTuple):
    """One set-up of the experiments: a point of Fig 6.1.

    Attributes
    ----------
    number : int
        Counted from 1 within its family.
    family : str
        "lenet" or "deepfc".
    hidden : tuple of int
        Widths of the hidden layers.
    parameters : int
        Hidden network parameters (HNPs).
    """

    number: int
    family: str
    hidden: tuple[int, ...]
    parameters: int

    @property
    def n_hidden(self) -> int:
        """Hidden neurons N."""
        return sum(self.hidden)


@dataclass(frozen=True)
class Family:
    """Architectures from large to small, and the levels of HNPs at which they are compared.

    Attributes
    ----------
    name : str
        "lenet" or "deepfc".
    architectures : tuple of tuple of int
        Widths of the hidden layers of each.

    Notes
    -----
    The dense size of each architecture is a level; half the size of the smallest is one more.

    Examples
    --------
    >>> from mbh_utils.networks import LENET
    >>> setups = LENET.setups(784)
    >>> len(setups)
    14
    >>> setups[0]
    Setup(number=1, family='lenet', hidden=(300, 100), parameters=265600)
    """

    name: str
    architectures: tuple[tuple[int, ...], ...]

    def setups(self, n_inputs: int) -> list[Setup]:
        """The set-ups of Fig 6.1.

        At each level, every architecture that has at least that many parameters.

        Parameters
        ----------
        n_inputs : int
            Width of the inputs, on which the dense sizes depend.

        Returns
        -------
        list of Setup
            Numbered from 1, level by level from the largest.
        """
        sizes = [pruning.dense_parameters(n_inputs, hidden) for hidden in self.architectures]
        levels = [*sizes, sizes[-1] // 2]
        setups = []
        for level in levels:
            for hidden, size in zip(self.architectures, sizes, strict=True):
                if size >= level:
                    setups.append(Setup(len(setups) + 1, self.name, hidden, level))
        return setups


LENET = Family("lenet", ((300, 100), (102, 34), (35, 11), (12, 4)))
DEEPFC = Family("deepfc", ((200, 100, 100), (68, 34, 34), (23, 12, 11), (8, 4, 4)))
#: The analogue for the 64 inputs of ``digits8``.
#: There (300, 100) could not be pruned to the smallest budgets.
LENET_SMALL = Family("lenet", ((96, 32), (48, 16), (24, 8), (12, 4)))
