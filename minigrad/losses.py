"""Losses: one number that says how far the predictions are from the targets.

Each loss is a formula of NumPy calls for every sample, and the mean of it over the batch.
Called with nodes it builds the graph, called with arrays it computes.

Example:
    >>> import minigrad as mg
    >>> loss = mg.losses.MeanSquaredError()
    >>> round(float(loss([[0.0, 1.0]], [[1.0, 1.0]])), 6)
    0.5
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import config, coverage
from minigrad.activations import Softmax
from minigrad.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy
from minigrad.graph import Constant, Node, forward, topological_sort

__all__ = [
    "CategoricalCrossentropy",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "categorical_crossentropy",
    "get",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]


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
        coverage.refuse(self.name, sample_weight=(sample_weight, None))
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


class CategoricalCrossentropy(Loss):
    """−Σ t·log p over the classes, for targets that are probabilities (one-hot rows).

    Where the predictions come from a softmax, the loss is computed from the numbers
    before it, as in Keras: exact also where a probability is tiny.

    Args:
        from_logits: Whether the predictions are numbers before a softmax.
        label_smoothing: Part of each target that is spread evenly over the classes.
        axis: The classes are along the last axis; nothing else is covered.
        reduction: See :class:`Loss`.
        name: What to call it.

    Raises:
        ValueError: When the smoothing is not between 0 and 1.

    Example:
        >>> import minigrad as mg
        >>> loss = mg.losses.CategoricalCrossentropy()
        >>> round(float(loss([[0.0, 1.0]], [[0.75, 0.25]])), 6)   # log 4
        1.386294
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
    ) -> None:
        super().__init__(name, reduction)
        coverage.refuse(self.name, axis=(axis, -1))
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"{self.name}: label_smoothing is from 0 to 1, got {label_smoothing}")
        self.from_logits, self.label_smoothing = bool(from_logits), label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if self.label_smoothing:
            even = self.label_smoothing / y_pred.shape[-1]
            y_true = y_true * (1 - self.label_smoothing) + even
        logits = logits_of(y_pred, self.from_logits, self.name)
        if logits is not None:
            return SoftmaxCrossEntropy(logits, y_true, name=self.name)
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"{self.name}: predictions have shape {y_pred.shape}, targets {y_true.shape}"
            )
        return -np.sum(y_true * np.log(probabilities(y_pred)), axis=-1)

    def check_targets(self, y: np.ndarray, output_shape: Shape) -> np.ndarray:
        classes = output_shape[-1]
        if y.shape[1:] != output_shape[1:] and y.shape[1:] in (output_shape[1:-1], (1,)):
            raise ValueError(
                f"{self.name}: targets have shape {y.shape}, wanted one-hot rows of "
                f"{classes} classes. For whole-number labels there is "
                f'loss="sparse_categorical_crossentropy", or to_categorical(y, {classes}).'
            )
        return super().check_targets(y, output_shape)


class SparseCategoricalCrossentropy(Loss):
    """−log p of the right class, for targets that are class numbers.

    Args:
        from_logits: Whether the predictions are numbers before a softmax.
        ignore_class: Not covered.
        reduction: See :class:`Loss`.
        axis: The classes are along the last axis; nothing else is covered.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> loss = mg.losses.SparseCategoricalCrossentropy()
        >>> round(float(loss([1], [[0.75, 0.25]])), 6)   # log 4
        1.386294
    """

    whole_numbers = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(name, reduction)
        coverage.refuse(self.name, ignore_class=(ignore_class, None), axis=(axis, -1))
        self.from_logits = bool(from_logits)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        logits = logits_of(y_pred, self.from_logits, self.name)
        if logits is None:  # softmax(log p) is p again
            logits = np.log(probabilities(y_pred))
        return SparseSoftmaxCrossEntropy(logits, y_true, name=self.name)

    def check_targets(self, y: np.ndarray, output_shape: Shape) -> np.ndarray:
        classes = output_shape[-1]
        if y.shape[1:] == (*output_shape[1:-1], 1):
            y = y[..., 0]
        if y.shape[1:] != output_shape[1:-1]:
            one_hot = y.shape[1:] == output_shape[1:]
            raise ValueError(
                f"{self.name}: labels have shape {y.shape}, wanted one whole number for each "
                f"of {len(y)} samples."
                + (' For one-hot rows there is loss="categorical_crossentropy".' * one_hot)
            )
        if y.dtype.kind == "f" and np.any(y != np.floor(y)):
            raise ValueError(f"{self.name}: labels are whole numbers, got fractions")
        if not 0 <= y.min() <= y.max() < classes:
            raise ValueError(
                f"{self.name}: labels run from {y.min():g} to {y.max():g}, "
                f"the model's {classes} classes are 0 to {classes - 1}"
            )
        return y


class MeanSquaredError(Loss):
    """The mean of (t − p)² over the last axis.

    Args:
        reduction: See :class:`Loss`.
        name: What to call it.

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


def logits_of(predictions: Node, from_logits: bool, name: str) -> Node | None:
    # the numbers before the softmax, if they are there to be had
    if isinstance(predictions, Softmax) and predictions.axis in (-1, predictions.ndim - 1):
        if from_logits:  # as in Keras, it is a warning, and the right numbers are taken
            warnings.warn(
                f"{name}: from_logits=True, but the predictions come from a softmax. The numbers "
                "before it are taken; leave one of the two out.",
                stacklevel=2,
            )
        return predictions.inputs[0]
    return predictions if from_logits else None


def probabilities(predictions: Any) -> Any:
    # as Keras: made to add up to 1, and kept away from log 0
    small = config.epsilon()
    total = np.sum(predictions, axis=-1, keepdims=True)
    return np.maximum(np.minimum(predictions / total, 1 - small), small)


class FromFunction(Loss):
    """A student's function of (y_true, y_pred) as a loss."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.function(y_true, y_pred)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Any:
    """Cross-entropy of each sample, for targets that are probabilities.

    Args:
        y_true: Targets of shape (batch, classes), a node or an array.
        y_pred: Predictions of the same shape.
        from_logits: Whether the predictions are numbers before a softmax.
        label_smoothing: Part of each target that is spread evenly over the classes.

    Returns:
        A node or an array of shape (batch,).

    Example:
        >>> import minigrad as mg
        >>> mg.losses.categorical_crossentropy([[0, 1]], [[0.5, 0.5]]).round(4)
        array([0.6931], dtype=float32)
    """
    return CategoricalCrossentropy(from_logits, label_smoothing, reduction="none")(y_true, y_pred)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of each sample, for targets that are class numbers.

    Args:
        y_true: Whole numbers of shape (batch,), a node or an array.
        y_pred: Predictions of shape (batch, classes).
        from_logits: Whether the predictions are numbers before a softmax.

    Returns:
        A node or an array of shape (batch,).

    Example:
        >>> import minigrad as mg
        >>> mg.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(4)
        array([0.6931], dtype=float32)
    """
    return SparseCategoricalCrossentropy(from_logits, reduction="none")(y_true, y_pred)


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


FUNCTIONS: dict[Any, type[Loss]] = {
    categorical_crossentropy: CategoricalCrossentropy,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
    mean_squared_error: MeanSquaredError,
}
FORMULAS = {function.__name__: loss for function, loss in FUNCTIONS.items()}
NAMES: dict[str, type[Loss]] = coverage.with_class_names(
    {**FORMULAS, "mse": MeanSquaredError, "MSE": MeanSquaredError}
)


def get(identifier: Any) -> Loss:
    """The loss of that name.

    Args:
        identifier: A name such as ``"mse"``, a loss or its class, or a function of targets
            and predictions that returns a node with a number for each sample.

    Returns:
        A loss.

    Raises:
        ValueError: When there is no loss of that name.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.get("mse").name
        'mean_squared_error'
    """
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        return FUNCTIONS[identifier]() if identifier in FUNCTIONS else FromFunction(identifier)
    return coverage.instance("loss", Loss, identifier, NAMES, shown=FORMULAS)


def __getattr__(name: str) -> Any:
    raise AttributeError(coverage.missing("losses", name, __all__))
