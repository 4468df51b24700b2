"""Activation functions as operators; ``minigrad/activations.py`` has them under Keras's names.

ReLU is Nair and Hinton (2010), ELU Clevert et al., arXiv 1511.07289, eq. 15; the logistic
sigmoid is Bishop (2006), "Pattern recognition and machine learning", eq. 4.59, with its
derivative in eq. 4.88; softmax and its derivative stand in Goodfellow, Bengio and Courville,
"Deep Learning" (2016), section 6.2.2.3.

They compute in floating-point numbers: a node of whole numbers (pixels, say) is multiplied by
1.0 first, since negating an unsigned 3 would give 253.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, recordable
from minigrad.operators.elementwise import Elementwise, floating
from minigrad.operators.reductions import axes_of
from minigrad.shared.arguments import number

__all__ = ["Elu", "Gelu", "LogSoftmax", "Relu", "Sigmoid", "Softmax"]

# Mills' ratio, the tail of the standard normal distribution over its density, as t times a
# polynomial in 2t − 1 with t = 5/(5 + |x|): the Chebyshev series of 60 points computed with 60
# digits, cut off where it is below the rounding of float64, in powers.
MILLS = (
    *(0.3856162094306315, 0.33357331903779236, 0.24830941231477544, 0.15718221510927685),
    *(0.08272894314643445, 0.0346509468182674, 0.010425100484365393, 0.0015006565540879421),
    *(-0.00039999241341118403, -0.00027317176520307506, -2.9766505707761727e-05),
    *(2.49468588240705e-05, 8.362539413649893e-06, -1.9942425050781534e-06),
    *(-1.3881099679266608e-06, 1.65990355916295e-07, 2.1731295979094348e-07),
    *(-1.7969791215333455e-08, -3.379781522834457e-08, 2.5202805247849852e-09),
    *(4.649836019220064e-09, -2.5363559595745384e-10, -3.9376403962130394e-10),
)


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
        self.alpha = number("Elu", "alpha", alpha)
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


@recordable
class Gelu(Elementwise):
    """x·Φ(x), with Φ the distribution function of standard normal numbers.

    Φ is exact to 4e-16, and to 8e-15 of itself for x > -12, where it is tiny.

    Source: Hendrycks and Gimpel, arXiv 1606.08415, eq. 1.

    Args:
        x: A node or an array of any shape.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.gelu([-1.0, 0.0, 1.0]).round(4)
        array([-0.1587,  0.    ,  0.8413])
    """

    def __init__(self, x: Any, name: str | None = None) -> None:
        super().__init__(floating(x), name=name)

    def forward(self, x):
        far = np.minimum(np.absolute(x), 40)  # where the tail is 0, and no square overflows
        self.density = np.exp(far * far * -0.5) * 0.3989422804014327  # 1/√(2π)
        t = 5 / (far + 5)
        u, ratio = 2 * t - 1, MILLS[-1]
        for coefficient in MILLS[-2::-1]:  # Horner's scheme
            ratio = ratio * u + coefficient
        tail = self.density * (t * ratio)
        self.below = np.where(x > 0, 1 - tail, tail)  # Φ(x)
        return x * self.below

    def backward(self, g, x):
        return g * (self.below + x * self.density)


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
