"""When which networks of a stack are rewired, and doing it layer by layer."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.training.live import Live, Moment
from mbh_utils.training.rewiring import Rewiring


def given_rewirings(rewiring, n_networks: int, iterations: int) -> list[Rewiring | None]:
    """The rewiring of each network: one for all of them, one each, or None.

    Raises MBHError for anything else, and for one that the training is too short for.
    """
    several = isinstance(rewiring, list | tuple)
    each = list(rewiring) if several else [rewiring] * n_networks
    for one in each:
        if one is not None:
            wanted = "SET(), RigL(), GradualPruning(), or None"
            require.kind_of("rewiring", one, Rewiring, wanted)
            one.when(iterations)
    if len(each) != n_networks:
        raise MBHError(
            f"rewiring is a list of {len(each)} for {n_networks} networks: give one for all of "
            "them, or one each"
        )
    return each


class Schedule:
    """When which members of a stack are rewired."""

    def __init__(
        self,
        rewirings: Sequence[Rewiring | None],
        seeds: Sequence[int],
        shapes: Sequence[tuple[int, int]],
        iterations: int,
    ):
        self.rewirings = rewirings
        self.seeds = seeds
        self.shapes = shapes  # (n_out, n_in) of all layers, the output layer's last
        self.iterations = iterations
        self.due: dict[int, dict[int, int]] = {}  # iteration -> member -> which rewiring it is
        for member, rewiring in enumerate(rewirings):
            for number, iteration in enumerate(rewiring.when(iterations) if rewiring else (), 1):
                self.due.setdefault(iteration, {})[member] = number
        self.iterations_due = np.array(sorted(self.due), dtype=np.int64)

    def parts(self, iteration: int, steps: int) -> Iterator[tuple[int, int]]:
        """These steps cut at the rewirings: (first, last + 1) of the steps of each part."""
        end = iteration + steps
        start, stop = np.searchsorted(self.iterations_due, [iteration + 1, end])
        cuts = [iteration, *self.iterations_due[start:stop].tolist(), end]
        return zip(cuts, cuts[1:], strict=False)

    def rewired(
        self, member: int, live: Live, iteration: int, gradients: Callable[[], list[np.ndarray]]
    ) -> Live:
        """The parameters of a member after what is due of it at an iteration.

        gradients: gives those by all weights of each hidden layer.
        """
        rewiring = self.rewirings[member]
        number = self.due.get(iteration, {}).get(member)
        if rewiring is None or number is None:
            return live
        rng = stream(self.seeds[member], "rewiring", number)
        n_layers = len(self.shapes) - (0 if rewiring.output else 1)
        wanted = gradients() if rewiring.needs_gradient else [None] * n_layers
        parts = []
        first = 0
        for (n_out, n_in), gradient in zip(self.shapes, wanted, strict=False):
            size = n_out * n_in
            weights = live.between(first, first + size)
            moment = Moment(iteration, self.iterations, size, rng, gradient)
            changed = rewiring.rewired(weights, moment)
            parts.append(changed._replace(places=changed.places + first))
            biases = live.between(first + size, first + size + n_out)
            parts.append(biases._replace(places=biases.places + (first + size)))
            first += size + n_out
        parts.append(live.where(live.places >= first))
        return Live(*map(np.concatenate, zip(*parts, strict=True)))
