"""How much of the plane the regions under given patterns cover: a pass over every region's bits."""

import numpy as np

from mbh_utils.computing.native import cached


@cached(error_model="numpy", nogil=True)
def blanket_areas(bits, area, masks, values):
    """Total area of the regions whose bits agree with values[j] under masks[j], for each j.

    bits: (n_words, n).
    """
    n_words, n = bits.shape
    totals = np.empty(len(masks))
    differs = np.empty(n, np.uint64)
    for j in range(len(masks)):
        differs[:] = 0
        for w in range(n_words):
            mask, value, column = masks[j, w], values[j, w], bits[w]
            if mask != 0:
                for i in range(n):
                    differs[i] |= (column[i] ^ value) & mask
        total = 0.0
        for i in range(n):
            total += area[i] if differs[i] == 0 else 0.0
        totals[j] = total
    return totals
