"""Computed arrays that can be asked as tensors of frameworks are."""

from contextvars import ContextVar
from typing import Any

import numpy as np

# Whether a derivative will be asked for, so that layers give the nodes of what they compute.
recording: ContextVar[bool] = ContextVar("recording", default=False)
# Whether a graph is built that many steps will use, so that what is drawn now would never change.
building: ContextVar[bool] = ContextVar("building", default=False)


class Result(np.ndarray):
    """An array that has ``.numpy()`` as well: what a layer gives for an array.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> result = mg.layers.ReLU()(np.array([[-1.0, 2.0]]))
        >>> result.numpy(), int(np.argmax(result))
        (array([[0., 2.]], dtype=float32), 1)
    """

    def numpy(self) -> np.ndarray:
        """A copy as an ordinary array."""
        return np.array(self)

    def __repr__(self) -> str:
        return repr(np.asarray(self))


class Number(float):
    """A number that has ``.numpy()`` as well: what a metric has counted.

    Example:
        >>> import numpy as np
        >>> from minigrad.shared.results import Number
        >>> (Number(0.5) * np.ones(2, np.float32)).dtype
        dtype('float32')
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        # A number of Python's takes the dtype of the array that it meets; of one that is derived
        # from them NumPy would make float64, and so of the array.
        plain = [float(each) if isinstance(each, Number) else each for each in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def numpy(self) -> np.float64:
        """The number as one of NumPy's."""
        return np.float64(self)


def as_result(values: Any) -> Result:
    """The values as an array of this kind.

    Example:
        >>> from minigrad.shared.results import as_result
        >>> f"{as_result(0.25):.3f}", as_result(0.25).numpy()
        ('0.250', array(0.25))
    """
    return np.asarray(values).view(Result)
