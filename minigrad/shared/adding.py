"""Sums of many numbers, whose digits do not depend on how the numbers lie in memory."""

from collections.abc import Callable
from typing import Any

import numpy as np

LONG = 65_536  # numbers, from which on it is worth the time to add up in float64


def added_up(function: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    """The sum or mean of an array along axes, in the array's dtype.

    NumPy adds up in pairs what lies side by side, and one after the other what does not: of the
    mean of half a million pixels of three channels in ``float32`` two digits may be left.

    Args:
        function: ``np.sum`` or ``np.mean``.
        x: An array, or what stands for one.
        axis: Along which axes.
        keepdims: Whether these stay, with length 1.

    Example:
        >>> import numpy as np
        >>> from minigrad.shared.adding import added_up
        >>> x = np.full((2**20, 2), 0.1, np.float32)
        >>> added_up(np.sum, x, 0, False).round()
        array([104858., 104858.], dtype=float32)
    """
    if isinstance(x, np.ndarray) and x.dtype == np.float32 and x.size >= LONG:
        return function(x, axis=axis, keepdims=keepdims, dtype=np.float64).astype(x.dtype)
    return function(x, axis=axis, keepdims=keepdims)
