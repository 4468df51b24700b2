"""Losses that do not square: the mean absolute error, and Huber's, which squares near 0 only."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.losses.base import Loss
from minigrad.shared.arguments import number

__all__ = ["Huber", "MeanAbsoluteError", "huber", "mean_absolute_error"]


class MeanAbsoluteError(Loss):
    """The mean of ``|t − p|`` over the last axis.

    Args:
        reduction: See :class:`Loss`.
        name: What to call it.

    Targets and predictions have the shape (batch, …, numbers).

    Example:
        >>> import minigrad as mg
        >>> float(mg.losses.MeanAbsoluteError()([[0.0, 0.0]], [[1.0, 3.0]]))
        2.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return np.mean(np.abs(y_pred - y_true), axis=-1)


class Huber(Loss):
    """½(t − p)² where the two are near each other, and a straight line elsewhere.

    Source: Huber (1964), "Robust estimation of a location parameter".

    Args:
        delta: How near.
        reduction: See :class:`Loss`.
        name: What to call it.

    Targets and predictions have the shape (batch, …, numbers).

    Raises:
        ValueError: When delta is no number of at least 0.

    Example:
        >>> import minigrad as mg
        >>> float(mg.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
        1.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
    ) -> None:
        super().__init__(name, reduction)
        self.delta = number(self.name, "delta", delta, least=0)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        far = np.abs(y_pred - y_true)
        line = self.delta * far - 0.5 * self.delta**2
        return np.mean(np.where(far <= self.delta, 0.5 * far * far, line), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean absolute error of each sample.

    Args:
        y_true: Targets of shape (batch, …, numbers), a node or an array.
        y_pred: Predictions of the same shape.

    Returns:
        A node or an array without the last axis.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.mean_absolute_error([[0, 0]], [[1, 3]])
        array([2.], dtype=float32)
    """
    return MeanAbsoluteError(reduction="none")(y_true, y_pred)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Huber's loss of each sample.

    Args:
        y_true: Targets of shape (batch, …, numbers), a node or an array.
        y_pred: Predictions of the same shape.
        delta: How near the two are where the error is squared.

    Returns:
        A node or an array without the last axis.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.huber([[0, 0]], [[1, 3]])
        array([1.5], dtype=float32)
    """
    return Huber(delta, reduction="none")(y_true, y_pred)
