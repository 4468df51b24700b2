"""Activation functions under Keras's names.

Each function takes a node and builds the graph, or takes an array and computes. What they are,
and where they come from, is said once, at the operators in ``minigrad/operators/activations.py``.

Example:
    >>> import numpy as np, minigrad as mg
    >>> mg.activations.relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> mg.activations.relu(mg.Variable([-1.0, 2.0]))
    <Relu shape=(2,) dtype=float64 value=None gradient=None>
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, forward, topological_sort
from minigrad.operators import Elu, Gelu, LogSoftmax, Relu, Sigmoid, Softmax
from minigrad.operators.elementwise import floating
from minigrad.shared import lookup
from minigrad.shared.arguments import default_name, real_array
from minigrad.shared.results import as_result


def function_of(operator: type[Operator]) -> Callable[..., Any]:
    """The function of an operator: of a node it is the operator, of an array its value.

    Args:
        operator: Its class, whose arguments and whose text the function has too.

    Example:
        >>> from minigrad.activations import function_of
        >>> from minigrad.operators import Relu
        >>> relu = function_of(Relu)
        >>> relu.__name__, relu([-1.0, 2.0])
        ('relu', array([0., 2.]))
    """

    @wraps(operator, assigned=("__doc__",), updated=())
    def function(x: Any, *arguments: Any, **options: Any) -> Any:
        if hasattr(x, "_layer"):  # a model's tensor
            return x._layer._formula(function, (x, *arguments), options)
        node = operator(x, *arguments, **options)
        return node if isinstance(x, Node) else as_result(forward(topological_sort(node)))

    function.__name__ = function.__qualname__ = default_name(operator)
    arguments = list(inspect.signature(operator).parameters.values())
    function.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    return function


relu = function_of(Relu)
elu = function_of(Elu)
sigmoid = function_of(Sigmoid)
softmax = function_of(Softmax)
log_softmax = function_of(LogSoftmax)
normal_part = function_of(Gelu)


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
    return np.tanh(as_given(x))


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


# -- composed of others ----------------------------------------------------------------------
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where x > 0, negative_slope·x elsewhere.

    Args:
        x: A node or an array of any shape.
        negative_slope: The slope below 0.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.leaky_relu([-1.0, 2.0])
        array([-0.2,  2. ])
    """
    x = as_given(x)
    return np.where(x > 0, x, negative_slope * x)


def selu(x: Any) -> Any:
    """Scaled ELU: what goes in with mean 0 and variance 1 comes out so.

    Source: Klambauer et al., arXiv 1706.02515, eq. 2.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.selu([-1.0, 2.0]).round(4)
        array([-1.1113,  2.1014])
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def softplus(x: Any) -> Any:
    """log(1 + eˣ), written so that it does not overflow: to a few roundings for every x.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.softplus([0.0, 1000.0]).round(4)
        array([6.931e-01, 1.000e+03])
    """
    x = as_given(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-abs(x)))


def silu(x: Any) -> Any:
    """x·sigmoid(x), also called swish.

    Source: Ramachandran et al., arXiv 1710.05941.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.silu([0.0, 100.0])
        array([  0., 100.])
    """
    x = as_given(x)
    return x * sigmoid(x)


def exponential(x: Any) -> Any:
    """eˣ.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.exponential([0.0]).round(4)
        array([1.])
    """
    return np.exp(as_given(x))


def gelu(x: Any, approximate: bool = False) -> Any:
    """x·Φ(x), with Φ the distribution function of standard normal numbers.

    Source: Hendrycks and Gimpel, arXiv 1606.08415, eq. 1 and the approximation after it.

    Args:
        x: A node or an array of any shape.
        approximate: Whether Φ is replaced by a formula of tanh that is 2e-4 off at most.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.gelu([-1.0, 1.0]).round(4)
        array([-0.1587,  0.8413])
        >>> mg.activations.gelu([-1.0, 1.0], approximate=True).round(4)
        array([-0.1588,  0.8412])
    """
    if not approximate:
        return normal_part(x)
    x = as_given(x)
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))  # √(2/π)


def relu6(x: Any) -> Any:
    """max(x, 0), at most 6.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.relu6([-1.0, 2.0, 7.0])
        array([0., 2., 6.])
    """
    x = as_given(x)
    return np.where(x >= 6, 6.0, relu(x))


def hard_sigmoid(x: Any) -> Any:
    """A sigmoid of three straight lines: 0, then x/6 + ½, then 1.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.hard_sigmoid([-3.0, 0.0, 3.0])
        array([0. , 0.5, 1. ])
    """
    return relu6(as_given(x) + 3) / 6


def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.softsign([-1.0, 3.0])
        array([-0.5 ,  0.75])
    """
    x = as_given(x)
    return x / (1 + abs(x))


def mish(x: Any) -> Any:
    """x·tanh(softplus(x)).

    Source: Misra, arXiv 1908.08681.

    Args:
        x: A node or an array of any shape.

    Returns:
        A node or an array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.activations.mish([0.0, 1.0]).round(4)
        array([0.    , 0.8651])
    """
    return as_given(x) * np.tanh(softplus(x))


def as_given(x: Any) -> Any:
    # numbers with a point: whole ones of few bits would wrap around, or make NumPy compute in half
    if isinstance(x, Node):
        return floating(x)
    if hasattr(x, "__array_ufunc__") and not isinstance(x, (np.ndarray, np.generic)):
        return x  # duals, formulas, the tensors of a model
    array = real_array("an activation wants", x)
    return as_result(array if array.dtype.kind == "f" else array * 1.0)


swish = silu

NAMES: dict[str, Callable[[Any], Any]] = {
    "swish": silu,
    **{f.__name__: f for f in (relu, elu, sigmoid, tanh, softmax, log_softmax, linear)},
    **{f.__name__: f for f in (leaky_relu, selu, softplus, silu, exponential)},
    **{f.__name__: f for f in (gelu, relu6, hard_sigmoid, softsign, mish)},
}
__all__ = sorted([*NAMES, "get"])


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
    also = " Any function of a node works as well: activation=np.tanh."
    return lookup.get("activation", identifier, NAMES, None, lambda f: f, sorted(NAMES), also)


__getattr__, __dir__ = lookup.public("activations", __all__)
