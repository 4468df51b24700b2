"""Cross-entropy of yes and no: each number is the probability of a class of its own."""

from typing import Any

import numpy as np

from minigrad import activations
from minigrad.losses.cross_entropies import CrossEntropy, kept_from_zero
from minigrad.operators import Sigmoid

__all__ = ["BinaryCrossentropy", "binary_crossentropy"]


class BinaryCrossentropy(CrossEntropy):
    """−t·log p − (1 − t)·log(1 − p), the mean over the last axis.

    Where the predictions come from a sigmoid, the loss is computed from the numbers before it,
    as in Keras: exact also where a probability is tiny.

    Args:
        from_logits: Whether the predictions are numbers before a sigmoid.
        label_smoothing: Part of each target that is moved towards ½.
        axis: The mean is over the last axis; nothing else is covered.
        reduction: See :class:`Loss`.
        name: What to call it.
        dtype: Not covered.

    Targets and predictions have the shape (batch, …, numbers).

    Raises:
        ValueError: When the smoothing is not between 0 and 1.

    Example:
        >>> import minigrad as mg
        >>> loss = mg.losses.BinaryCrossentropy()
        >>> round(float(loss([[1.0]], [[0.25]])), 4)   # log 4
        1.3863
    """

    def _remark(self, activation: str) -> str:
        if self.from_logits or activation not in ("linear", "relu", "elu", "tanh", "softmax"):
            return ""
        if activation == "softmax":
            return (
                f"{self.name} takes each number for a probability of its own, but those of "
                '{layer} add up to 1: activation="sigmoid" or a categorical cross-entropy was '
                "probably meant. (Keras takes the numbers before a softmax for those before a "
                "sigmoid.)"
            )
        return (
            f"{self.name} takes probabilities, but {{layer}} has the activation {activation!r}: "
            'activation="sigmoid" was probably meant, or from_logits=True.'
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_true = self._smoothed(y_true, 2)
        before = y_pred.inputs[0] if isinstance(y_pred, Sigmoid) else y_pred
        if self.from_logits or before is not y_pred:
            each = activations.softplus(before) - before * y_true
        else:
            p = kept_from_zero(y_pred)
            each = -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
        return np.mean(each, axis=-1)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Any:
    """Binary cross-entropy of each sample.

    Args:
        y_true: Targets of shape (batch, …, numbers), a node or an array.
        y_pred: Predictions of the same shape.
        from_logits: Whether the predictions are numbers before a sigmoid.
        label_smoothing: Part of each target that is moved towards ½.

    Returns:
        A node or an array without the last axis.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.binary_crossentropy([[1, 0]], [[0.5, 0.5]]).round(4)
        array([0.6931], dtype=float32)
    """
    return BinaryCrossentropy(from_logits, label_smoothing, reduction="none")(y_true, y_pred)
