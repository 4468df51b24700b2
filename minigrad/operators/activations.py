"""Activation functions as operators; ``minigrad/activations.py`` has them under Keras's names.

ReLU is Nair and Hinton (2010), ELU Clevert et al., arXiv 1511.07289, eq. 15; the logistic
sigmoid is Bishop (2006), "Pattern recognition and machine learning", eq. 4.59, with its
derivative in eq. 4.88; softmax and its derivative stand in Goodfellow, Bengio and Courville,
"Deep Learning" (2016), section 6.2.2.3.

They compute in floating-point numbers: a node of whole numbers (pixels, say) is multiplied by
1.0 first, since negating an unsigned 3 would give 253.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, recordable
from minigrad.operators.elementwise import Elementwise, floating
from minigrad.operators.reductions import axes_of

__all__ = ["Elu", "LogSoftmax", "Relu", "Sigmoid", "Softmax"]


@recordable
class Relu(Elementwise):
    """max(x, 0), with derivative 0 at the kink x = 0, as in TensorFlow.

    Args:
        x: A node or an array of any shape.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.relu([-1.0, 2.0])
        array([0., 2.])
    """

    def __init__(self, x: Any, name: str | None = None) -> None:
        super().__init__(x, name=name)

    def forward(self, x):
        return np.maximum(x, 0)

    def backward(self, g, x):
        return g * (x > 0)


@recordable
class Elu(Elementwise):
    """x where x > 0, α·(eˣ − 1) elsewhere; accurate near 0, where eˣ − 1 cancels.

    Args:
        x: A node or an array of any shape.
        alpha: The value −α is what the function tends to for x → −∞.
        name: What to call it.

    Raises:
        ValueError: When alpha is not a finite number.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.elu([-1.0, 2.0]).round(4)
        array([-0.6321,  2.    ])
    """

    def __init__(self, x: Any, alpha: float = 1.0, name: str | None = None) -> None:
        if not isinstance(alpha, (int, float, np.number)) or not np.isfinite(alpha):
            raise ValueError(f"Elu: alpha is a finite number, got {alpha!r:.60}")
        self.alpha = alpha
        super().__init__(floating(x), name=name)

    def forward(self, x):
        # expm1 of min(x, 0): no overflow where x is large, no cancellation near 0
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def backward(self, g, x):
        return g * np.where(x > 0, 1, self.value + self.alpha)


@recordable
class Sigmoid(Elementwise):
    """1 / (1 + e⁻ˣ), written so that it does not overflow: exact to a few roundings for every x.

    The derivative s·(1 − s) is exact to the rounding of 1: it is 0 from x = 37 on in ``float64``.

    Args:
        x: A node or an array of any shape.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.sigmoid([0.0, -1000.0])
        array([0.5, 0. ])
    """

    def __init__(self, x: Any, name: str | None = None) -> None:
        super().__init__(floating(x), name=name)

    def forward(self, x):
        small = np.exp(-np.abs(x))  # at most 1
        return np.where(x >= 0, 1, small) / (1 + small)

    def backward(self, g, x):
        return g * self.value * (1 - self.value)


class AlongAxis(Operator):
    """An operation on the numbers along an axis, that keeps the shape; base of the two below.

    Args:
        x: A node or an array with at least one axis.
        axis: Along which the probabilities add up to 1.
        name: What to call it.

    Raises:
        ValueError: When there is no such axis.
    """

    def __init__(self, x: Any, axis: int = -1, name: str | None = None) -> None:
        x = floating(x)
        self.axis, self.name = axis, name
        axes_of(self.title, axis, x.shape)  # refuses an axis that is not there
        super().__init__(x, name=name)

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples) and self.axis not in (0, -self.ndim)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        return x.shape, x.dtype


@recordable
class Softmax(AlongAxis):
    """e^x / Σ e^x along an axis: numbers turned into probabilities.

    Args:
        x: A node or an array with at least one axis.
        axis: Along which the probabilities add up to 1.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.softmax([1000.0, 1000.0])
        array([0.5, 0.5])
    """

    def forward(self, x):
        # Softmax does not change when a number is added to all: the largest becomes 0.
        e = np.exp(x - np.max(x, axis=self.axis, keepdims=True))
        return e / np.sum(e, axis=self.axis, keepdims=True)

    def backward(self, g, x):
        s = self.value
        return s * (g - np.sum(g * s, axis=self.axis, keepdims=True))


def log_softmax(x: Any, axis: int = -1) -> Any:
    shifted = x - np.max(x, axis=axis, keepdims=True)  # the largest becomes 0: no overflow
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


@recordable
class LogSoftmax(AlongAxis):
    """The logarithm of softmax, accurate where the probability is tiny.

    The error is a few roundings of the largest number, or of 1 where that is more: of a
    probability of 1 − 1e-20 the logarithm is 0.

    Args:
        x: A node or an array with at least one axis.
        axis: Along which the probabilities add up to 1.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.log_softmax([0.0, -1000.0])
        array([    0., -1000.])
    """

    def forward(self, x):
        return log_softmax(x, self.axis)

    def backward(self, g, x):
        return g - np.exp(self.value) * np.sum(g, axis=self.axis, keepdims=True)
