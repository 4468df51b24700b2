"""The mean squared error."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.losses.base import Loss

__all__ = ["MeanSquaredError", "mean_squared_error"]


class MeanSquaredError(Loss):
    """The mean of (t − p)² over the last axis.

    Args:
        reduction: See :class:`Loss`.
        name: What to call it.

    Targets and predictions have the shape (batch, …, numbers).

    Example:
        >>> import minigrad as mg
        >>> float(mg.losses.MeanSquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
        5.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        difference = y_pred - y_true
        return np.mean(difference * difference, axis=-1) if y_pred.ndim else difference**2


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean squared error of each sample.

    Args:
        y_true: Targets of shape (batch, …, numbers), a node or an array.
        y_pred: Predictions of the same shape.

    Returns:
        A node or an array without the last axis.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.mean_squared_error([[0, 0]], [[1, 3]])
        array([5.], dtype=float32)
    """
    return MeanSquaredError(reduction="none")(y_true, y_pred)
