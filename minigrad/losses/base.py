"""What every loss has: a formula for each sample, a reduction, and targets that must fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import config
from minigrad.graph import Constant, Node, forward, topological_sort
from minigrad.shared import lookup

__all__ = ["FromFunction", "Loss", "Shape"]

Shape = tuple[Any, ...]  # with None for the batch
REDUCTIONS: dict[str, Callable[[Any], Any]] = {"mean": np.mean, "sum": np.sum}


class Loss:
    """A formula for every sample and its mean; the base class of all losses.

    A loss of one's own defines ``call(y_true, y_pred)``, which returns a node with a
    number for each sample.

    Args:
        name: What to call it.
        reduction: ``"sum_over_batch_size"`` for the mean, ``"sum"``, or ``"none"`` for a
            number for each sample.

    Raises:
        ValueError: For another reduction.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Largest(mg.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return np.max(abs(y_true - y_pred), axis=-1)
        >>> float(Largest()([[0.0, 1.0]], [[3.0, 0.0]]))
        3.0
    """

    whole_numbers = False  # whether targets are class numbers

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size"):
        means = ("sum_over_batch_size", "mean", "mean_with_sample_weight")
        if reduction not in (*means, "sum", "none", None):
            raise ValueError(
                f"{type(self).__name__}: reduction is 'sum_over_batch_size', 'sum' or 'none', "
                f"got {reduction!r}"
            )
        self.name = name or type(self).__name__
        self.reduction = "mean" if reduction in means else reduction or "none"

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample.

        Args:
            y_true: Node of targets.
            y_pred: Node of predictions.

        Returns:
            A node of one axis less.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call method yet")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: None = None) -> Any:
        """The loss of a batch.

        Args:
            y_true: Targets, a node or an array.
            y_pred: Predictions, a node or an array of shape (batch, …).
            sample_weight: Not covered.

        Returns:
            A node if one of them is a node; a number otherwise.

        Raises:
            ValueError: When the shapes do not fit.
        """
        lookup.refuse(self.name, sample_weight=(sample_weight, None))
        predictions: Any = self.node(y_pred)
        targets: Any = self.node(y_true, self.whole_numbers)
        if self.whole_numbers and targets.shape == (*predictions.shape[:-1], 1):
            targets = np.reshape(targets, targets.shape[:-1])
        each = self.call(targets, predictions)
        result = each if self.reduction == "none" else REDUCTIONS[self.reduction](each)
        if isinstance(y_true, Node) or isinstance(y_pred, Node):
            return result
        return forward(topological_sort(result))

    def node(self, values: Any, whole_numbers: bool = False) -> Node:
        """The values themselves if they are a node, otherwise a constant that holds them."""
        if isinstance(values, Node):
            return values
        return Constant(np.asarray(values, np.intp if whole_numbers else config.floatx()))

    def targets(self, predictions: Node) -> Constant:
        """An empty place for the targets of a batch with these predictions."""
        if self.whole_numbers:
            return Constant(np.zeros(predictions.shape[:-1], np.intp), name="targets")
        return Constant(np.zeros(predictions.shape, predictions.dtype), name="targets")

    def check_targets(self, y: np.ndarray, output_shape: Shape) -> np.ndarray:
        """The targets of a whole set, in the shape that the loss wants.

        Args:
            y: Targets of shape (samples, …).
            output_shape: Shape of the model's result, with ``None`` for the batch.

        Raises:
            ValueError: When they do not fit the result.
        """
        wanted = output_shape[1:]
        if y.shape[1:] != wanted and (*y.shape[1:], 1) == wanted:
            y = y[..., np.newaxis]
        elif y.shape[1:] != wanted and y.shape[1:] == (*wanted, 1):
            y = y[..., 0]
        if y.shape[1:] != wanted:
            raise ValueError(
                f"{self.name}: targets have shape {y.shape}, the model's result {output_shape}"
            )
        return y


class FromFunction(Loss):
    """A student's function of (y_true, y_pred) as a loss."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.function(y_true, y_pred)
