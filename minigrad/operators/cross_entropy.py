"""Softmax and cross-entropy in one operator.

Apart, the two lose digits: softmax rounds a small probability to 0, whose logarithm is
infinite. Together the exponential and the logarithm cancel, and the derivative becomes
the shortest in the library: probabilities minus targets.

    loss = −Σ t·log softmax(z) = Σ t·(log Σ eᶻ − z),    ∂loss/∂z = softmax(z)·Σt − t

Source: Bishop (2006), "Pattern recognition and machine learning", eq. 4.108 and 4.109.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Constant, Node, Operator, recordable
from minigrad.operators.activations import log_softmax
from minigrad.operators.elementwise import floating

__all__ = ["SoftmaxCrossEntropy", "SparseSoftmaxCrossEntropy"]


@recordable
class SoftmaxCrossEntropy(Operator):
    """Cross-entropy of softmax(logits) with target probabilities, for each sample.

    Args:
        logits: Node of shape (batch, classes), before softmax.
        targets: Probabilities (one-hot rows, say), of the same shape.
        name: What to call it.

    Returns:
        A node of shape (batch,).

    Raises:
        ValueError: When the shapes differ.

    Example:
        >>> import numpy as np
        >>> from minigrad.operators.cross_entropy import SoftmaxCrossEntropy
        >>> logits, targets = np.zeros((1, 4)), np.eye(4)[:1]
        >>> SoftmaxCrossEntropy(logits, targets).forward(logits, targets)   # log 4
        array([1.38629436])
    """

    def __init__(self, logits: Any, targets: Any, name: str | None = None) -> None:
        super().__init__(floating(logits), targets, name=name)

    def infer(self, logits: Node, targets: Node) -> tuple[tuple[int, ...], np.dtype]:
        if logits.shape != targets.shape or logits.ndim == 0:
            raise ValueError(
                f"{self.title}: predictions have shape {logits.shape}, targets {targets.shape}; "
                "they must be the same (for whole-number labels there is "
                "sparse_categorical_crossentropy)"
            )
        return logits.shape[:-1], np.result_type(logits.dtype, targets.dtype)

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples)

    def forward(self, logits, targets):
        self.log_probabilities = log_softmax(logits)
        return -np.sum(targets * self.log_probabilities, axis=-1)

    def backward(self, g, logits, targets):
        g = g[..., np.newaxis]  # (batch,) → (batch, 1)
        probabilities = np.exp(self.log_probabilities)
        total = np.sum(targets, axis=-1, keepdims=True)  # 1, as a rule
        return g * (probabilities * total - targets), -g * self.log_probabilities


@recordable
class SparseSoftmaxCrossEntropy(Operator):
    """Cross-entropy of softmax(logits) with class numbers, for each sample.

    Args:
        logits: Node of shape (batch, classes), before softmax.
        labels: Whole numbers from 0 to classes − 1, of shape (batch,).
        name: What to call it.

    Returns:
        A node of shape (batch,).

    Raises:
        ValueError: When the shapes do not fit, or the labels are not whole numbers from 0 to
            classes − 1.

    Example:
        >>> import numpy as np
        >>> from minigrad.operators.cross_entropy import SparseSoftmaxCrossEntropy
        >>> logits, labels = np.zeros((1, 4)), np.array([2])
        >>> SparseSoftmaxCrossEntropy(logits, labels).forward(logits, labels)   # log 4
        array([1.38629436])
    """

    def __init__(self, logits: Any, labels: Any, name: str | None = None) -> None:
        super().__init__(floating(logits), labels, name=name)

    def infer(self, logits: Node, labels: Node) -> tuple[tuple[int, ...], np.dtype]:
        if logits.ndim == 0 or logits.shape[:-1] != labels.shape:
            raise ValueError(
                f"{self.title}: predictions have shape {logits.shape}, labels {labels.shape}; "
                f"wanted are labels of shape {logits.shape[:-1]} (for one-hot rows there is "
                "categorical_crossentropy)"
            )
        if labels.dtype.kind not in "iu":
            raise ValueError(f"{self.title}: labels are whole numbers, got dtype {labels.dtype}")
        if isinstance(labels, Constant):
            self.check(labels._array, logits.shape[-1])
        return labels.shape, logits.dtype

    def check(self, labels: Any, classes: int) -> None:
        """Whether each label is the number of a class; of no other the loss would be 0."""
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(
                f"{self.title}: labels are from 0 to {classes - 1}, "
                f"got labels from {labels.min()} to {labels.max()}"
            )

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples)

    def forward(self, logits, labels):
        if isinstance(labels, (np.ndarray, np.generic)):  # in a plan, who feeds it checks them
            self.check(labels, logits.shape[-1])
        classes = np.arange(logits.shape[-1])
        self.one_hot = labels[..., np.newaxis] == classes  # (batch, classes)
        self.log_probabilities = log_softmax(logits)
        return -np.sum(np.where(self.one_hot, self.log_probabilities, 0), axis=-1)

    def backward(self, g, logits, labels):
        return g[..., np.newaxis] * (np.exp(self.log_probabilities) - self.one_hot), None
