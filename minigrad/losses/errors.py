"""Losses that compare each number with the target at the same place."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.losses.base import OfKeras
from minigrad.losses.cross_entropies import kept_from_zero
from minigrad.shared.arguments import number
from minigrad.shared.settings import argument

__all__ = ["Huber", "KLDivergence", "LogCosh", "MeanAbsoluteError", "MeanSquaredError"]
__all__ += ["huber", "kl_divergence", "log_cosh", "mean_absolute_error", "mean_squared_error"]


class OverLastAxis(OfKeras):
    """A formula of targets and predictions, and its mean over the last axis."""

    _reduce: Callable[..., Any] = staticmethod(np.mean)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        each = self._formula(y_true, y_pred)
        return self._reduce(each, axis=-1) if y_pred.ndim else each

    def _formula(self, t: Any, p: Any) -> Any:
        raise NotImplementedError


class MeanSquaredError(OverLastAxis):
    """The mean of (t − p)² over the last axis.

    Args:
        reduction: See :class:`Loss`.
        name: What to call it.
        dtype: Not covered.

    Targets and predictions have the shape (batch, …, numbers).

    Example:
        >>> import minigrad as mg
        >>> float(mg.losses.MeanSquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
        5.0
    """

    def _formula(self, t: Any, p: Any) -> Any:
        difference = p - t
        return difference * difference


class MeanAbsoluteError(OverLastAxis):
    """The mean of ``|t − p|`` over the last axis.

    Args:
        reduction: See :class:`Loss`.
        name: What to call it.
        dtype: Not covered.

    Targets and predictions have the shape (batch, …, numbers).

    Example:
        >>> import minigrad as mg
        >>> float(mg.losses.MeanAbsoluteError()([[0.0, 0.0]], [[1.0, 3.0]]))
        2.0
    """

    def _formula(self, t: Any, p: Any) -> Any:
        return np.abs(p - t)


class LogCosh(OverLastAxis):
    """The mean of log cosh(t − p): squares near 0, absolute values far from it.

    Args:
        reduction: See :class:`Loss`.
        name: What to call it.
        dtype: Not covered.

    Targets and predictions have the shape (batch, …, numbers).

    Example:
        >>> import minigrad as mg
        >>> round(float(mg.losses.LogCosh()([[0.0, 0.0]], [[0.0, 1000.0]])), 4)
        499.6534
    """

    def _formula(self, t: Any, p: Any) -> Any:
        far = np.abs(p - t)  # cosh itself would overflow
        return far + np.log(0.5 + 0.5 * np.exp(-2 * far))


class KLDivergence(OverLastAxis):
    """Σ t·log(t/p) over the last axis: how far a distribution p is from t.

    Source: Kullback and Leibler (1951), "On information and sufficiency".

    Args:
        reduction: See :class:`Loss`.
        name: What to call it.
        dtype: Not covered.

    Targets and predictions have the shape (batch, …, numbers).

    Example:
        >>> import minigrad as mg
        >>> round(float(mg.losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
        0.1438
    """

    _reduce = staticmethod(np.sum)

    def _formula(self, t: Any, p: Any) -> Any:
        t, p = kept_from_zero(t, 1), kept_from_zero(p, 1)
        return t * np.log(t / p)


class Huber(OverLastAxis):
    """½(t − p)² where the two are near each other, and a straight line elsewhere.

    Source: Huber (1964), "Robust estimation of a location parameter".

    Args:
        delta: How near.
        reduction: See :class:`Loss`.
        name: What to call it.
        dtype: Not covered.

    Targets and predictions have the shape (batch, …, numbers).

    Raises:
        ValueError: When delta is no number of at least 0.

    Example:
        >>> import minigrad as mg
        >>> float(mg.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
        1.5
    """

    delta: float = argument(number, 1.0, least=0)

    def _usual_name(self) -> str:
        return "huber_loss"

    def _formula(self, t: Any, p: Any) -> Any:
        far = np.abs(p - t)
        line = self.delta * far - 0.5 * self.delta**2
        return np.where(far <= self.delta, 0.5 * far * far, line)


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
    return MeanSquaredError("none")(y_true, y_pred)


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
    return MeanAbsoluteError("none")(y_true, y_pred)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of log cosh(t − p) of each sample.

    Args:
        y_true: Targets of shape (batch, …, numbers), a node or an array.
        y_pred: Predictions of the same shape.

    Returns:
        A node or an array without the last axis.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.log_cosh([[0.0]], [[1.0]]).round(4)
        array([0.4338], dtype=float32)
    """
    return LogCosh("none")(y_true, y_pred)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """How far the predicted distribution of each sample is from the target's.

    Args:
        y_true: Targets of shape (batch, …, numbers), a node or an array.
        y_pred: Predictions of the same shape.

    Returns:
        A node or an array without the last axis.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
        array([0.1438], dtype=float32)
    """
    return KLDivergence("none")(y_true, y_pred)


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
    return Huber(delta, "none")(y_true, y_pred)
