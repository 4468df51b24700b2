"""Activation functions as operators; ``minigrad/activations.py`` has them under Keras's names.

ELU is Clevert et al., arXiv 1511.07289, eq. 15; softmax and its derivative stand in Goodfellow,
Bengio and Courville, "Deep Learning" (2016), section 6.2.2.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Operator, recordable
from minigrad.operators.elementwise import Elementwise

__all__ = ["Elu", "LogSoftmax", "Relu", "Sigmoid", "Softmax"]


@recordable
class Relu(Elementwise):
    """max(x, 0), with derivative 0 at the kink x = 0, as in TensorFlow.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.operators.Relu([-1.0, 2.0])])
        array([0., 2.])
    """

    def forward(self, x):
        return np.maximum(x, 0)

    def backward(self, g, x):
        return g * (x > 0)


@recordable
class Elu(Elementwise):
    """x where x > 0, α·(eˣ − 1) elsewhere.

    Args:
        x: The node.
        alpha: The value −α that the function tends to for x → −∞.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.operators.Elu([-1.0, 2.0])]).round(4)
        array([-0.6321,  2.    ])
    """

    def __init__(self, x: Any, alpha: float = 1.0, name: str | None = None) -> None:
        self.alpha = alpha
        super().__init__(x, name=name)

    def forward(self, x):
        # expm1 of min(x, 0): no overflow where x is large, no cancellation near 0
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def backward(self, g, x):
        return g * np.where(x > 0, 1, self.value + self.alpha)


@recordable
class Sigmoid(Elementwise):
    """1 / (1 + e⁻ˣ), written so that it does not overflow.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.operators.Sigmoid([0.0, -1000.0])])
        array([0.5, 0. ])
    """

    def forward(self, x):
        small = np.exp(-np.abs(x))  # at most 1
        return np.where(x >= 0, 1, small) / (1 + small)

    def backward(self, g, x):
        return g * self.value * (1 - self.value)


@recordable
class Softmax(Operator):
    """e^x / Σ e^x along an axis: numbers turned into probabilities.

    Args:
        x: The node.
        axis: Along which the probabilities add up to 1.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.operators.Softmax([1000.0, 1000.0])])
        array([0.5, 0.5])
    """

    def __init__(self, x: Any, axis: int = -1, name: str | None = None) -> None:
        self.axis = axis
        super().__init__(x, name=name)

    def keeps_samples_apart(self, samples):
        return all(samples) and self.axis not in (0, -self.ndim)

    def forward(self, x):
        # Softmax does not change when a number is added to all: the largest becomes 0.
        e = np.exp(x - np.max(x, axis=self.axis, keepdims=True))
        return e / np.sum(e, axis=self.axis, keepdims=True)

    def backward(self, g, x):
        s = self.value
        return s * (g - np.sum(g * s, axis=self.axis, keepdims=True))


@recordable
class LogSoftmax(Operator):
    """The logarithm of softmax, accurate where the probability is tiny.

    Args:
        x: The node.
        axis: Along which the probabilities add up to 1.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.operators.LogSoftmax([0.0, -1000.0])])
        array([    0., -1000.])
    """

    def __init__(self, x: Any, axis: int = -1, name: str | None = None) -> None:
        self.axis = axis
        super().__init__(x, name=name)

    def keeps_samples_apart(self, samples):
        return all(samples) and self.axis not in (0, -self.ndim)

    def forward(self, x):
        shifted = x - np.max(x, axis=self.axis, keepdims=True)
        return shifted - np.log(np.sum(np.exp(shifted), axis=self.axis, keepdims=True))

    def backward(self, g, x):
        return g - np.exp(self.value) * np.sum(g, axis=self.axis, keepdims=True)
