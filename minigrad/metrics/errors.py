"""Errors: how far the predictions are from the targets."""

from __future__ import annotations

import numpy as np

from minigrad.metrics.base import OfNumbers

__all__ = ["MeanSquaredError"]


class MeanSquaredError(OfNumbers):
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

    direction = "down"

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        dtype = y_pred.dtype if y_pred.dtype.kind == "f" else np.dtype(float)
        difference = self._keep("difference", y_pred.shape, dtype)
        np.subtract(y_true, y_pred, out=difference, casting="same_kind")
        np.square(difference, out=difference)
        total = self._keep("total", (), dtype)
        np.add.reduce(difference, axis=None, out=total)
        return float(total) * len(difference) / max(difference.size, 1)
