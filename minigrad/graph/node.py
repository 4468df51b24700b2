"""A node: a place in the graph, and how computing with nodes builds more of them.

Nothing is computed here. ``x * y`` asks NumPy for ``np.multiply(x, y)``, NumPy asks the node
what that means, and the node looks the operator up that stands for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import count
from operator import getitem
from typing import Any, TypeVar

import numpy as np

from minigrad.shared.numpy_calls import ArrayLike, arguments_of, refuse_options

Kind = TypeVar("Kind", bound=Callable[..., Any])
CLOCK = count(1)

# Which operator stands for which NumPy function. ``minigrad.operators`` fills the table.
NUMPY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Node]] = {}


def implements(*functions: Callable[..., Any]) -> Callable[[Kind], Kind]:
    """Register an operator as the meaning of NumPy functions on nodes.

    The arguments that a call of the function needs are handed on in a row, the others by
    NumPy's names for them; one that the operator does not have is refused.

    Args:
        functions: NumPy functions or ufuncs, such as ``np.sin``.

    Returns:
        A class decorator that leaves the class as it is.

    Example:
        A student teaches the graph a function that it did not know:

        >>> import numpy as np, minigrad as mg
        >>> @mg.implements(np.cbrt)
        ... class CubeRoot(mg.Operator):
        ...     def forward(self, x):
        ...         return np.cbrt(x)
        ...     def backward(self, gradient, x):
        ...         return gradient / (3 * self.value**2)
        >>> x = mg.Variable(8.0)
        >>> order = mg.topological_sort(np.cbrt(x))
        >>> float(mg.forward(order))
        2.0
        >>> mg.backward(order)
        >>> round(float(x.gradient), 6)
        0.083333
    """

    def register(operator: Kind) -> Kind:
        for function in functions:
            NUMPY_FUNCTIONS[function] = operator
        return operator

    return register


class Node(ArrayLike):
    """A place in the graph that has a shape, a dtype and, once computed, a value.

    Nodes are built as :class:`Constant`, :class:`Variable` and :class:`Operator`; this
    base class holds what they share: arithmetic that builds more nodes. What looks like NumPy
    means what it means in NumPy, element by element, or is refused by name. In sets, in
    dictionaries and in lists a node is found by which node it is. A long graph is built again
    rather than copied: ``copy.deepcopy`` and ``pickle`` meet Python's limit on recursion, which
    the sweeps do not.

    Args:
        shape: The shape of its value.
        dtype: The dtype of its value.
        name: What to call it.

    Attributes:
        name: What to call the node in pictures and in errors, or ``None``.
        inputs: The nodes that this one is computed from.
        shape: The shape of the value, known when the node is built.
        dtype: The dtype of the value, known when the node is built.
        value: The array that the node holds or last computed, or ``None``. It cannot be
            written into.
        gradient: The derivative of the last node of the sweep with respect to this
            one, of the same shape; ``None`` before a backward sweep. It is that of the last
            sweep along an order in which the node was.
        needs_gradient: Whether a variable lies upstream, so that a gradient has
            somewhere to go. Truth values and whole numbers have none to pass on.

    Raises:
        TypeError: When a name is not a string.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Variable([1.0, 2.0], name="x")
        >>> y = 3.0 * x
        >>> y.shape, y.value, y.inputs[1] is x
        ((2,), None, True)
    """

    inputs: tuple[Any, ...] = ()
    needs_gradient = False
    _value: Any = None
    _set_at = 0  # on the clock, when the value was set: who is older than an input is stale

    def __init__(self, shape: tuple[int, ...], dtype: Any, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: a name is a string, got {name!r:.60}")
        self.name = name
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.gradient: Any = None

    @property
    def value(self) -> Any:
        """The array that the node holds or last computed, or ``None``."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        self._value, self._set_at = value, next(CLOCK)

    @property
    def _array(self) -> Any:
        # The memory itself, for the sweeps and the engine: nothing is copied.
        return self._value

    @property
    def _current(self) -> Any:
        # The value to be read, perhaps a copy; see `Variable._current`.
        return self._array

    # -- what a reader sees ---------------------------------------------------------
    @property
    def label(self) -> str:
        """The operator's or the node's kind, in lower case, as ``multiply`` or ``variable``."""
        return type(self).__name__.lower()

    @property
    def title(self) -> str:
        """The kind with the name, as error messages show it, like ``Conv2D "conv2d"``."""
        kind = type(self).__name__
        return f'{kind} "{self.name}"' if self.name else kind

    def __repr__(self) -> str:
        def brief(array: Any) -> str:
            if array is None:
                return "None"
            if np.size(array) > 6:
                return "…"
            return np.array2string(np.asarray(array), precision=6, separator=", ")

        return (
            f"<{self.title} shape={self.shape} dtype={self.dtype} "
            f"value={brief(self._current)} gradient={brief(self.gradient)}>"
        )

    # -- what NumPy's functions of a node are: np.sin(node) builds another ------------
    def _called(
        self, function: Any, arguments: Any, options: dict[str, Any], method: str = ""
    ) -> Any:
        if function in KNOWN and (len(arguments), options) == (1, {}):
            return KNOWN[function](self)
        return build(function, arguments, options, method)

    def __getitem__(self, index: Any) -> Node:
        return NUMPY_FUNCTIONS[getitem](self, index)

    # Equality is NumPy's as well. So that a list of nodes can be searched, what cannot be
    # compared with the node is not equal to it; `minigrad.operators.Equal` says the rest.
    def __eq__(self, other: Any) -> Any:
        return build(np.equal, (self, other)) if comparable(self, other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return build(np.not_equal, (self, other)) if comparable(self, other) else NotImplemented

    __hash__ = object.__hash__  # sets and dictionaries go by identity

    # -- what a node is not -------------------------------------------------------------
    def __bool__(self) -> bool:
        raise TypeError(
            f"{self.title} has no truth value: the graph is built before anything is computed. "
            "Use np.where(condition, a, b) in place of if."
        )

    def __float__(self) -> float:
        if self._value is None or not self.inputs:  # math.sin(x) would lose that x is a variable
            raise TypeError(
                f"{self.title} is a node, not a number: compute it with mg.forward and read its "
                "value"
            )
        return float(self._value)

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else repr(self)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self.title} cannot become an array: it stands for a computation. "
            "Its numpy() computes it."
        )

    def numpy(self) -> np.ndarray:
        """A copy of the value, under the name that tensors of frameworks have for it.

        What has not been computed yet is computed for it.
        """
        if self._value is None:
            import_module("minigrad.graph.sweeps").completed(self)  # which knows nodes
        return np.array(self._current)


# What is known of a node before anything is computed.
KNOWN: dict[Callable[..., Any], Callable[[Node], Any]] = {
    np.shape: lambda node: node.shape,
    np.ndim: lambda node: node.ndim,
    np.size: lambda node: node.size,
}


def comparable(node: Node, other: Any) -> bool:
    if not isinstance(other, Node):
        return np.asarray(other).dtype.kind in "fiub"
    lengths = zip(reversed(node.shape), reversed(other.shape), strict=False)
    return all(n == m or 1 in (n, m) for n, m in lengths)  # they broadcast together


def build(
    function: Callable[..., Any], args: Any, options: dict[str, Any] | None = None, method: str = ""
) -> Node:
    """Build the node that a call of NumPy's stands for; the arguments are meant as NumPy's are.

    Raises:
        TypeError: When the graph does not cover the function, or one of the arguments.
    """
    called = f"np.{function.__name__}{method}"
    operator = NUMPY_FUNCTIONS.get(function)
    if operator is None or method:
        raise not_covered(called)
    if isinstance(function, np.ufunc) and not options:
        return operator(*args)
    try:
        inputs, named = arguments_of(function, args, options or {})
    except TypeError as error:
        raise TypeError(f"{called} of a node: {error}") from None
    refuse_options(called, "a node", named, known_to(operator))
    return operator(*inputs, **named)


@cache
def known_to(operator: Callable[..., Any]) -> list[str]:
    # the names of an operator's arguments, as a function of NumPy's may use them
    return [name for name in inspect.signature(operator).parameters if name != "name"]


def not_covered(called: str) -> TypeError:
    known = ", ".join(sorted({f.__name__ for f in NUMPY_FUNCTIONS if f is not getitem}))
    return TypeError(
        f"{called} is not covered by the graph. Covered are: {known}. "
        "A class derived from mg.Operator with @mg.implements adds one."
    )
