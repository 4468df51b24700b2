"""Errors: how far the predictions are from the targets."""

from typing import Any

import numpy as np

from minigrad.metrics.base import OfNumbers
from minigrad.shared.results import Number

__all__ = ["MeanAbsoluteError", "MeanSquaredError", "RootMeanSquaredError"]


class OfDifferences(OfNumbers):
    """The mean of a function of t − p over all numbers."""

    direction = "down"
    _function: Any

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        difference = self._keep("difference", y_pred.shape, y_pred.dtype)
        np.subtract(y_true, y_pred, out=difference, casting="same_kind")
        self._function(difference, out=difference)
        total = self._keep("total", (), y_pred.dtype)
        np.add.reduce(difference, axis=None, out=total)
        return float(total) * len(difference) / max(difference.size, 1)


class MeanAbsoluteError(OfDifferences):
    """The mean of ``|t − p|`` over all numbers.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> error = mg.metrics.MeanAbsoluteError()
        >>> error.update_state(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]))
        >>> error.result()
        2.0
    """

    _function = np.absolute


class MeanSquaredError(OfDifferences):
    """The mean of (t − p)² over all numbers.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> error = mg.metrics.MeanSquaredError()
        >>> error.update_state(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]))
        >>> error.result()
        5.0
    """

    _function = np.square


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean of (t − p)² over all numbers.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> error = mg.metrics.RootMeanSquaredError()
        >>> error.update_state(np.array([[0.0, 0.0]]), np.array([[1.0, 7.0]]))
        >>> error.result()
        5.0
    """

    def result(self) -> float:
        return Number(super().result() ** 0.5)
