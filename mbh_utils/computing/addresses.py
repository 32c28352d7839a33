"""Bare memory for compiled code: addresses in place of array objects, aligned arrays.

An array object counts its references and wraps negative indices, which costs a kernel of short
loops more than half of its time. An address does neither, and nothing checks an index.
"""

import math

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def at(typing_context, array, offset):
    """Address of element ``offset`` of an array's memory, or of what an address points to."""
    is_array = isinstance(array, types.Array)
    pointer = types.CPointer(array.dtype)

    def code(context, builder, signature, arguments):
        start, place = arguments
        if is_array:
            start = context.make_array(array)(context, builder, start).data
        return builder.gep(start, [place])

    return pointer(array, types.intp), code


@intrinsic
def addresses(typing_context, fields):
    """A named tuple of arrays and numbers, with the arrays' addresses in place of the arrays."""
    kinds = [
        types.CPointer(kind.dtype) if isinstance(kind, types.Array) else kind for kind in fields
    ]
    result = types.NamedTuple(kinds, fields.instance_class)

    def code(context, builder, signature, arguments):
        values = cgutils.unpack_tuple(builder, arguments[0])
        for i, kind in enumerate(fields):
            if isinstance(kind, types.Array):
                values[i] = context.make_array(kind)(context, builder, values[i]).data
        return context.make_tuple(builder, result, values)

    return result(fields), code


def aligned_zeros(shape: tuple[int, ...], dtype=np.float64) -> np.ndarray:
    """Zeros that start on a cache line: lanes that are read across two lines cost more."""
    size = math.prod(shape)
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(size + 64 // itemsize, dtype)
    start = -memory.ctypes.data % 64 // itemsize
    return memory[start : start + size].reshape(shape)
