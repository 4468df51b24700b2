"""Arrays that begin where a cache line does."""

import math
from typing import Any

import numpy as np

LINE = 64  # bytes of a cache line


def zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array of zeros that begins at an address divisible by :data:`LINE`.

    NumPy's own begin at any multiple of 16. Whether a weight of 3 MB does so at a multiple of
    32 makes a difference of 13 % to its product with a vector (38 and 44 µs on an AMD EPYC), and
    it is luck: any other array made before may shift it.

    Args:
        shape: Its shape.
        dtype: Its dtype.

    Example:
        >>> from minigrad.shared.aligned import LINE, zeros
        >>> zeros((3, 5), "float32").ctypes.data % LINE
        0
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    block = np.zeros(size + LINE, np.uint8)
    start = -block.ctypes.data % LINE
    return block[start : start + size].view(dtype).reshape(shape)
