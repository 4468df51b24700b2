"""Cross-entropy, for targets that are probabilities and for class numbers."""

import warnings
from typing import Any

import numpy as np

from minigrad import config
from minigrad.graph import Node
from minigrad.losses.base import OfKeras, Shape, reduced
from minigrad.operators import Softmax
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy
from minigrad.shared.arguments import flag, number
from minigrad.shared.settings import argument, not_covered

__all__ = ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"]
__all__ += ["categorical_crossentropy", "sparse_categorical_crossentropy"]


class CrossEntropy(OfKeras):
    """What the losses of target probabilities have in common: their arguments."""

    from_logits: bool = argument(flag, False)
    label_smoothing: float = argument(number, 0.0, least=0, most=1)
    axis: int = not_covered(-1)

    def _smoothed(self, targets: Any, classes: int) -> Any:
        """The targets, a part of them spread evenly over the classes."""
        if not self.label_smoothing:
            return targets
        return targets * (1 - self.label_smoothing) + self.label_smoothing / classes


class CategoricalCrossentropy(CrossEntropy):
    """−Σ t·log p over the classes, for targets that are probabilities (one-hot rows).

    Where the predictions come from a softmax, the loss is computed from the numbers
    before it, as in Keras: exact also where a probability is tiny.

    Args:
        from_logits: Whether the predictions are numbers before a softmax.
        label_smoothing: Part of each target that is spread evenly over the classes.
        axis: The classes are along the last axis; nothing else is covered.
        reduction: See :class:`Loss`.
        name: What to call it.
        dtype: Not covered.

    Targets and predictions have the shape (batch, …, classes).

    Raises:
        ValueError: When the smoothing is not between 0 and 1.

    Example:
        >>> import minigrad as mg
        >>> loss = mg.losses.CategoricalCrossentropy()
        >>> round(float(loss([[0.0, 1.0]], [[0.75, 0.25]])), 6)   # log 4
        1.386294
    """

    def _remark(self, activation: str) -> str:
        return "" if self.from_logits else no_softmax(self.name, activation)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_true = self._smoothed(y_true, y_pred.shape[-1])
        logits = logits_of(y_pred, self.from_logits, self.name)
        if logits is not None:
            return SoftmaxCrossEntropy(logits, y_true, name=self.name)
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"{self.name}: predictions have shape {y_pred.shape}, targets {y_true.shape}"
            )
        return -np.sum(y_true * np.log(probabilities(y_pred)), axis=-1)

    def _check_targets(self, y: np.ndarray, output_shape: Shape) -> np.ndarray:
        classes = last_axis(self.name, output_shape)
        if y.shape[1:] != output_shape[1:] and y.shape[1:] in (output_shape[1:-1], (1,)):
            raise ValueError(
                f"{self.name}: targets have shape {y.shape}, wanted one-hot rows of "
                f"{classes} classes. For whole-number labels there is "
                f'loss="sparse_categorical_crossentropy", or to_categorical(y, {classes}).'
            )
        return super()._check_targets(y, output_shape)


class SparseCategoricalCrossentropy(OfKeras):
    """−log p of the right class, for targets that are class numbers.

    Args:
        from_logits: Whether the predictions are numbers before a softmax.
        ignore_class: Not covered.
        reduction: See :class:`Loss`.
        axis: The classes are along the last axis; nothing else is covered.
        name: What to call it.
        dtype: Not covered.

    Targets have the shape (batch, …) or (batch, …, 1), predictions (batch, …, classes).

    Example:
        >>> import minigrad as mg
        >>> loss = mg.losses.SparseCategoricalCrossentropy()
        >>> round(float(loss([1], [[0.75, 0.25]])), 6)   # log 4
        1.386294
    """

    _whole_numbers = True

    from_logits: bool = argument(flag, False)
    ignore_class: None = not_covered(None)
    reduction: str = argument(reduced, "sum_over_batch_size")
    axis: int = not_covered(-1)

    def _remark(self, activation: str) -> str:
        return "" if self.from_logits else no_softmax(self.name, activation)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        logits = logits_of(y_pred, self.from_logits, self.name)
        if logits is None:  # softmax(log p) is p/Σp
            logits = np.log(kept_from_zero(y_pred))
        return SparseSoftmaxCrossEntropy(logits, y_true, name=self.name)

    def _check_targets(self, y: np.ndarray, output_shape: Shape) -> np.ndarray:
        classes, wanted = last_axis(self.name, output_shape), output_shape[1:-1]
        lengths = {len(y) if y.ndim else 0, output_shape[0] or len(y)}
        if y.shape[1:] not in (wanted, (*wanted, 1)) or len(lengths) > 1:
            one_hot = y.shape[1:] == output_shape[1:]
            samples = output_shape[0] or len(y)
            raise ValueError(
                f"{self.name}: labels have shape {y.shape}, wanted one whole number for each "
                f"of {samples} samples."
                + (' For one-hot rows there is loss="categorical_crossentropy".' * one_hot)
            )
        y = y.reshape(len(y), *wanted)
        if y.dtype.kind == "f" and np.any(y != np.floor(y)):
            raise ValueError(f"{self.name}: labels are whole numbers, got fractions")
        if y.size and not 0 <= y.min() <= y.max() < classes:
            raise ValueError(
                f"{self.name}: labels run from {y.min():g} to {y.max():g}, "
                f"the model's {classes} classes are 0 to {classes - 1}"
            )
        return y


def last_axis(name: str, shape: Shape) -> int:
    if not shape:
        raise ValueError(f"{name}: predictions want at least one axis, that of the classes")
    return shape[-1]


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


def no_softmax(name: str, activation: str) -> str:
    # a forgotten softmax is the commonest mistake there is
    if activation == "softmax":
        return ""
    there = {"linear": "no activation"}.get(activation, f"the activation {activation!r}")
    sigmoid = " (Keras takes the numbers before a sigmoid for those before a softmax.)"
    return (
        f"{name} takes probabilities that add up to 1, but {{layer}} has {there}: "
        'activation="softmax" was probably meant, or from_logits=True.'
        + (sigmoid if activation == "sigmoid" else "")
    )


def probabilities(predictions: Any) -> Any:
    # as Keras: made to add up to 1, and kept away from log 0
    return kept_from_zero(predictions / np.sum(predictions, axis=-1, keepdims=True))


def kept_from_zero(predictions: Any, most: float | None = None) -> Any:
    small = config.epsilon()
    return np.maximum(np.minimum(predictions, 1 - small if most is None else most), small)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Any:
    """Cross-entropy of each sample, for targets that are probabilities.

    Args:
        y_true: Targets of shape (batch, …, classes), a node or an array.
        y_pred: Predictions of the same shape.
        from_logits: Whether the predictions are numbers before a softmax.
        label_smoothing: Part of each target that is spread evenly over the classes.

    Returns:
        A node or an array of shape (batch, …).

    Example:
        >>> import minigrad as mg
        >>> mg.losses.categorical_crossentropy([[0, 1]], [[0.5, 0.5]]).round(4)
        array([0.6931], dtype=float32)
    """
    return CategoricalCrossentropy(from_logits, label_smoothing, reduction="none")(y_true, y_pred)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of each sample, for targets that are class numbers.

    Args:
        y_true: Whole numbers of shape (batch, …), a node or an array.
        y_pred: Predictions of shape (batch, …, classes).
        from_logits: Whether the predictions are numbers before a softmax.

    Returns:
        A node or an array of shape (batch, …).

    Example:
        >>> import minigrad as mg
        >>> mg.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(4)
        array([0.6931], dtype=float32)
    """
    return SparseCategoricalCrossentropy(from_logits, reduction="none")(y_true, y_pred)
