"""Activation functions: as operators of the graph and under Keras's names.

Each function takes a node and builds the graph, or takes an array and computes. Formulas
are those of the Keras documentation; ELU is Clevert et al., arXiv 1511.07289, eq. 15.

Example:
    >>> import numpy as np, minigrad as mg
    >>> mg.activations.relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> mg.activations.relu(mg.Variable([-1.0, 2.0]))
    <Relu shape=(2,) dtype=float64 value=None gradient=None>
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import coverage
from minigrad.graph import Node, Operator
from minigrad.operators import Elementwise

__all__ = [
    "Elu",
    "LogSoftmax",
    "Relu",
    "Sigmoid",
    "Softmax",
    "elu",
    "get",
    "linear",
    "log_softmax",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]


class Relu(Elementwise):
    """max(x, 0), with derivative 0 at the kink x = 0, as in TensorFlow.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.activations.Relu([-1.0, 2.0])])
        array([0., 2.])
    """

    def forward(self, x):
        return np.maximum(x, 0)

    def backward(self, g, x):
        return g * (x > 0)


class Elu(Elementwise):
    """x where x > 0, α·(eˣ − 1) elsewhere.

    Args:
        x: The node.
        alpha: The value −α that the function tends to for x → −∞.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.activations.Elu([-1.0, 2.0])]).round(4)
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


class Sigmoid(Elementwise):
    """1 / (1 + e⁻ˣ), written so that it does not overflow.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.activations.Sigmoid([0.0, -1000.0])])
        array([0.5, 0. ])
    """

    def forward(self, x):
        small = np.exp(-np.abs(x))  # at most 1
        return np.where(x >= 0, 1, small) / (1 + small)

    def backward(self, g, x):
        return g * self.value * (1 - self.value)


class Softmax(Operator):
    """e^x / Σ e^x along an axis: numbers turned into probabilities.

    Args:
        x: The node.
        axis: Along which the probabilities add up to 1.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.activations.Softmax([1000.0, 1000.0])])
        array([0.5, 0.5])
    """

    def __init__(self, x: Any, axis: int = -1, name: str | None = None) -> None:
        self.axis = axis
        super().__init__(x, name=name)

    def forward(self, x):
        # Softmax does not change when a number is added to all: the largest becomes 0.
        e = np.exp(x - np.max(x, axis=self.axis, keepdims=True))
        return e / np.sum(e, axis=self.axis, keepdims=True)

    def backward(self, g, x):
        s = self.value
        return s * (g - np.sum(g * s, axis=self.axis, keepdims=True))


class LogSoftmax(Operator):
    """The logarithm of softmax, accurate where the probability is tiny.

    Args:
        x: The node.
        axis: Along which the probabilities add up to 1.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.activations.LogSoftmax([0.0, -1000.0])])
        array([    0., -1000.])
    """

    def __init__(self, x: Any, axis: int = -1, name: str | None = None) -> None:
        self.axis = axis
        super().__init__(x, name=name)

    def forward(self, x):
        shifted = x - np.max(x, axis=self.axis, keepdims=True)
        return shifted - np.log(np.sum(np.exp(shifted), axis=self.axis, keepdims=True))

    def backward(self, g, x):
        return g - np.exp(self.value) * np.sum(g, axis=self.axis, keepdims=True)


def compute(operator: type[Operator], x: Any, **parameters: Any) -> Any:
    # One definition serves nodes and arrays: for an array the operator is built on a
    # constant and its forward method is called once.
    if isinstance(x, Node):
        return operator(x, **parameters)
    built = operator(np.asarray(x), **parameters)
    return built.forward(np.asarray(x))


def relu(x: Any) -> Any:
    """max(x, 0).

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.relu([-1.0, 2.0])
        array([0., 2.])
    """
    return compute(Relu, x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, alpha·(eˣ − 1) elsewhere.

    Args:
        x: A node or an array of any shape.
        alpha: What the function's negative part tends to.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.elu([-1.0, 2.0]).round(4)
        array([-0.6321,  2.    ])
    """
    return compute(Elu, x, alpha=alpha)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ).

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.sigmoid([0.0, 1000.0])
        array([0.5, 1. ])
    """
    return compute(Sigmoid, x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> float(mg.activations.tanh(0.0))
        0.0
    """
    return np.tanh(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """Numbers turned into probabilities along an axis.

    Args:
        x: A node or an array with at least one axis.
        axis: Along which the probabilities add up to 1.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.softmax([1000.0, 1000.0])
        array([0.5, 0.5])
    """
    return compute(Softmax, x, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of softmax along an axis.

    Args:
        x: A node or an array with at least one axis.
        axis: Along which the probabilities add up to 1.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.log_softmax([0.0, -1000.0])
        array([    0., -1000.])
    """
    return compute(LogSoftmax, x, axis=axis)


def linear(x: Any) -> Any:
    """x itself: no activation.

    Args:
        x: A node or an array.

    Returns:
        The same object.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.linear(2.0)
        2.0
    """
    return x


NAMES: dict[str, Callable[[Any], Any]] = {
    function.__name__: function
    for function in (relu, elu, sigmoid, tanh, softmax, log_softmax, linear)
}


def get(identifier: Any) -> Callable[[Any], Any]:
    """The activation function of that name.

    Args:
        identifier: A name such as ``"relu"``, a function (returned as it is), or ``None``
            for no activation.

    Returns:
        A function of a node or an array.

    Raises:
        ValueError: When there is no activation of that name.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.get("relu") is mg.activations.relu
        True
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    hint = " Any function of a node works as well: activation=np.tanh."
    return coverage.find("activation", identifier, NAMES, sorted(NAMES), hint)


def __getattr__(name: str) -> Any:
    raise AttributeError(coverage.missing("activations", name, sorted(NAMES)))
