"""What every loss has: a formula for each sample, a reduction, and targets that must fit."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import config
from minigrad.graph import Constant, Node, forward, topological_sort
from minigrad.shared.arguments import default_name, real
from minigrad.shared.results import as_result
from minigrad.shared.settings import Configured, argument, not_covered
from minigrad.shared.showing import as_call

__all__ = ["Loss"]

Shape = tuple[Any, ...]  # with None for the batch
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum_over_batch_size": np.mean,
    "mean": np.mean,
    "mean_with_sample_weight": np.mean,
    "sum": np.sum,
}


def reduced(owner: str, argument: str, reduction: Any) -> str:
    """The name of a reduction, if it is one."""
    if reduction not in (*REDUCTIONS, "none", None):
        raise ValueError(
            f"{owner}: {argument} is 'sum_over_batch_size', 'sum' or 'none', got {reduction!r}"
        )
    return reduction or "none"


class Loss(Configured):
    """A formula for every sample and its mean; the base class of all losses.

    A loss of one's own defines ``call(y_true, y_pred)``, which takes two nodes of shape
    (batch, …, numbers) and returns one of shape (batch, …): a number for each sample.

    Args:
        name: What to call it.
        reduction: ``"sum_over_batch_size"`` for the mean, ``"sum"``, or ``"none"`` for a
            number for each sample.
        dtype: Not covered.

    Raises:
        ValueError: For another reduction, or a dtype.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Largest(mg.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return np.max(abs(y_true - y_pred), axis=-1)
        >>> float(Largest()([[0.0, 1.0]], [[3.0, 0.0]]))
        3.0
    """

    _whole_numbers = False  # whether targets are class numbers

    name: str = argument(default=None, usual=lambda loss: loss._usual_name())
    reduction: str = argument(reduced, "sum_over_batch_size")
    dtype: None = not_covered(None)

    def _usual_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return as_call(self)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample.

        Args:
            y_true: Node of targets, of shape (batch, …, numbers), or (batch, …) where they
                are class numbers.
            y_pred: Node of predictions, of shape (batch, …, numbers).

        Returns:
            A node of shape (batch, …).
        """
        raise NotImplementedError(f"{type(self).__name__} has no call method yet")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch.

        Args:
            y_true: Targets, a node or an array of the predictions' shape; class numbers of
                shape (batch, …) where the loss wants them.
            y_pred: Predictions, a node or an array of shape (batch, …, numbers).
            sample_weight: How much each number of the loss counts, a node or an array of shape
                (batch,) or (batch, …). The mean divides by how many there are all the same.

        Returns:
            A node if one of them is a node, otherwise an array: of shape () after a reduction,
            of shape (batch, …) without.

        Raises:
            ValueError: When the shapes do not fit, or the targets are none.
        """
        predictions, targets = y_pred, y_true
        if not isinstance(y_pred, Node):
            array = real(self.name, "predictions", y_pred)
            predictions = Constant(array.astype(config.floatx()))
        if isinstance(y_true, Node):
            shape = predictions.shape[:-1] if self._whole_numbers else predictions.shape
            targets = of_shape(y_true, shape)
            if targets.shape != shape:
                raise ValueError(
                    f"{self.name}: targets have shape {y_true.shape}, the predictions "
                    f"{predictions.shape}; wanted are targets of shape {shape}"
                )
        else:
            array = self._check_targets(real(self.name, "targets", y_true), predictions.shape)
            targets = Constant(array.astype(np.intp if self._whole_numbers else config.floatx()))
        each = self.call(targets, predictions)
        if sample_weight is not None:
            each = each * self._weights(sample_weight, each)
        result = each if self.reduction == "none" else REDUCTIONS[self.reduction](each)
        if isinstance(y_true, Node) or isinstance(y_pred, Node):
            return result
        return as_result(forward(topological_sort(result)))

    def _remark(self, activation: str) -> str:
        """What there is to say of predictions that come from an activation, if anything."""
        return ""

    def _weights(self, weights: Any, each: Node) -> Any:
        """Weights with the axes of what they weigh."""
        if self.reduction == "mean_with_sample_weight":
            raise ValueError(
                f"{self.name}: reduction='mean_with_sample_weight' with weights is not covered; "
                "weights divided by their mean, and the plain mean, give the same number"
            )
        if not isinstance(weights, Node):
            weights = Constant(real(self.name, "sample_weight", weights).astype(each.dtype))
        shape = weights.shape[:-1] if weights.shape == (*each.shape, 1) else weights.shape
        if each.ndim and shape != each.shape[: len(shape)]:
            raise ValueError(
                f"{self.name}: sample_weight has shape {weights.shape}, the loss {each.shape}"
            )
        shape = (*shape, *(1,) * (each.ndim - len(shape)))
        return weights if weights.shape == shape else np.reshape(weights, shape)

    def _targets(self, predictions: Node) -> Constant:
        """An empty place for the targets of a batch with these predictions."""
        if self._whole_numbers:
            return Constant(np.zeros(predictions.shape[:-1], np.intp), name="targets")
        return Constant(np.zeros(predictions.shape, predictions.dtype), name="targets")

    def _check_targets(self, y: np.ndarray, output_shape: Shape) -> np.ndarray:
        """The targets of a batch or a whole set, in the shape that the loss wants.

        Args:
            y: Targets of shape (samples, …).
            output_shape: Shape of the predictions, with ``None`` for a batch of any length.

        Raises:
            ValueError: When they do not fit the result.
        """
        wanted = (*y.shape[:1], *output_shape[1:]) if None in output_shape[:1] else output_shape
        y = of_shape(y, wanted)
        if y.shape != wanted:
            raise ValueError(
                f"{self.name}: targets have shape {y.shape}, the model's result {output_shape}"
            )
        return y


def of_shape(targets: Any, wanted: Shape) -> Any:
    """Targets without a last axis of length 1 that is too many, or with one that is missing."""
    column = wanted[:-1] if wanted[-1:] == (1,) else wanted
    alike = targets.shape in ((*wanted, 1), column) and targets.shape != wanted
    return np.reshape(targets, wanted) if alike else targets


class OfKeras(Loss):
    """What the losses that Keras has, too, have in common: their arguments and names."""

    reduction: str = argument(reduced, "sum_over_batch_size")

    def _usual_name(self) -> str:
        return default_name(type(self))


class FromFunction(Loss):
    """A student's function of (y_true, y_pred) as a loss."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(getattr(function, "__name__", "loss"))
        self._function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        result = self._function(y_true, y_pred)
        if not isinstance(result, Node):
            raise TypeError(
                f"loss {self.name!r} returned {type(result).__name__}, wanted a node: compute "
                "with y_true and y_pred in NumPy's functions"
            )
        return result
