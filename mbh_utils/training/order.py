"""The order in which training sees its samples."""

import numpy as np

from mbh_utils.computing.seeds import stream


class MinibatchOrder:
    """Minibatches of one seed: a fresh permutation per epoch, an incomplete last batch left out.

    Parameters
    ----------
    n_samples : int
        How many samples there are.
    batch_size : int
        Samples of a minibatch; all of them where there are fewer.
    seed : int
        Equal seeds give equal orders.
    taken : int
        Minibatches that were taken before; the order goes on behind them.

    Examples
    --------
    >>> order = MinibatchOrder(n_samples=7, batch_size=3, seed=0)
    >>> order.take(2).shape
    (2, 3)
    >>> later = MinibatchOrder(n_samples=7, batch_size=3, seed=0, taken=2)
    >>> bool((later.take(5) == order.take(5)).all())
    True
    """

    def __init__(self, n_samples: int, batch_size: int, seed: int, taken: int = 0):
        self.rng = stream(seed, "batches")
        self.n_samples = n_samples
        self.size = min(batch_size, n_samples)
        epochs, rest = divmod(taken, n_samples // self.size)
        for _ in range(epochs):  # drawn again, so that what follows is what would have followed
            self.rng.permutation(n_samples)
        self.left = np.empty((0, self.size), dtype=np.int64)
        self.take(rest)

    def take(self, n: int) -> np.ndarray:
        """The next n minibatches, (n, batch size) int64 indices of samples."""
        while len(self.left) < n:
            self.left = np.concatenate([self.left, self._epoch()])
        taken = np.ascontiguousarray(self.left[:n])
        self.left = self.left[n:]
        return taken

    def _epoch(self) -> np.ndarray:
        """All whole minibatches of a fresh permutation."""
        samples = self.rng.permutation(self.n_samples)
        n_used = self.n_samples - self.n_samples % self.size
        return samples[:n_used].reshape(-1, self.size)
