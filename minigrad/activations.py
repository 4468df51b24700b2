"""Activation functions under Keras's names.

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

from minigrad.graph import Node, Operator
from minigrad.operators import Elu, LogSoftmax, Relu, Sigmoid, Softmax
from minigrad.shared import lookup

__all__ = [
    "elu",
    "get",
    "linear",
    "log_softmax",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]


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
    return lookup.find("activation", identifier, NAMES, sorted(NAMES), hint)


def __getattr__(name: str) -> Any:
    raise AttributeError(lookup.missing("activations", name, sorted(NAMES)))
