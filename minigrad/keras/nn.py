"""``tf.nn``: activation functions, and what scripts of TensorFlow compute of logits."""

from typing import Any

import numpy as np

from minigrad import activations, losses
from minigrad.activations import softplus
from minigrad.keras.ops import called, cast
from minigrad.shared import lookup

__all__ = ["l2_normalize", "sigmoid_cross_entropy_with_logits"]
__all__ += ["softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits"]


@called
def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    """x divided by its length along an axis."""
    return x / np.sqrt(np.maximum(np.sum(x * x, axis=axis, keepdims=True), epsilon))


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any) -> Any:
    """The cross-entropy of each number, a logit, with what it should be, 0 or 1."""
    return softplus(logits) - logits * cast(labels, logits.dtype)


def softmax_cross_entropy_with_logits(labels: Any, logits: Any) -> Any:
    """The cross-entropy of each sample with a one-hot row."""
    return losses.categorical_crossentropy(labels, logits, from_logits=True)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any) -> Any:
    """The cross-entropy of each sample with the number of a class."""
    return losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)


NAMES = [*activations.__all__, *__all__]
__getattr__, __dir__ = lookup.public("nn", NAMES, vars(activations))
