"""A node: a place in the graph, and how computing with nodes builds more of them.

Nothing is computed here. ``x * y`` asks NumPy for ``np.multiply(x, y)``, NumPy asks the node
what that means, and the node looks the operator up that stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import getitem
from typing import Any

import numpy as np

__all__ = ["NUMPY_FUNCTIONS", "Node", "implements"]

# Which operator stands for which NumPy function. ``minigrad.operators`` fills the table.
NUMPY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Node]] = {}


def implements(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    """Register an operator as the meaning of NumPy functions on nodes.

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

    def register(operator: Any) -> Any:
        for function in functions:
            NUMPY_FUNCTIONS[function] = operator
        return operator

    return register


class Node:
    """A place in the graph that has a shape, a dtype and, once computed, a value.

    Nodes are built as :class:`Constant`, :class:`Variable` and :class:`Operator`; this
    base class holds what they share: arithmetic that builds more nodes.

    Attributes:
        name: What to call the node in pictures and in errors, or ``None``.
        inputs: The nodes that this one is computed from.
        shape: The shape of the value, known when the node is built.
        dtype: The dtype of the value, known when the node is built.
        value: The array that the node holds or last computed, or ``None``.
        gradient: The derivative of the last node of the sweep with respect to this
            one, of the same shape; ``None`` before a backward sweep.
        needs_gradient: Whether a variable lies upstream, so that a gradient has
            somewhere to go.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Variable([1.0, 2.0], name="x")
        >>> y = 3.0 * x
        >>> y.shape, y.value, y.inputs[1] is x
        ((2,), None, True)
    """

    inputs: tuple[Any, ...] = ()
    needs_gradient = False
    value: Any

    def __init__(self, shape: tuple[int, ...], dtype: Any, name: str | None = None) -> None:
        self.name = name
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.gradient: Any = None

    # -- what a reader sees ---------------------------------------------------------
    @property
    def label(self) -> str:
        """The operator's or the node's kind, in lower case: ``multiply``, ``variable``."""
        return type(self).__name__.lower()

    @property
    def title(self) -> str:
        """The kind with the name, as error messages show it: ``Conv2D "conv2d"``."""
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
            f"value={brief(self.value)} gradient={brief(self.gradient)}>"
        )

    # -- what NumPy asks an array ---------------------------------------------------
    @property
    def ndim(self) -> int:
        """Number of axes, as of an array."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements, as of an array."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def T(self) -> Node:  # noqa: N802 (NumPy's name)
        """The transposed node, as of an array."""
        return np.transpose(self)  # type: ignore

    def reshape(self, *shape: Any) -> Node:
        """The node in another shape, as ``ndarray.reshape``; one length may be -1."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore

    def sum(self, axis: Any = None, keepdims: bool = False) -> Node:
        """The sum over the axes, as ``ndarray.sum``."""
        return np.sum(self, axis=axis, keepdims=keepdims)  # type: ignore

    def mean(self, axis: Any = None, keepdims: bool = False) -> Node:
        """The mean over the axes, as ``ndarray.mean``."""
        return np.mean(self, axis=axis, keepdims=keepdims)  # type: ignore

    def max(self, axis: Any = None, keepdims: bool = False) -> Node:
        """The largest element over the axes, as ``ndarray.max``."""
        return np.max(self, axis=axis, keepdims=keepdims)  # type: ignore

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"{self.title} is a scalar and has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Node]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self.title} has no truth value: the graph is built before anything is computed. "
            "Use np.where(condition, a, b) in place of if."
        )

    def __float__(self) -> float:
        raise TypeError(
            f"{self.title} is a node, not a number: compute it with mg.forward and read its value"
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self.title} cannot become an array: it stands for a computation. "
            "Compute it with mg.forward and read its value."
        )

    def numpy(self) -> np.ndarray:
        """A copy of the value, under the name that tensors of frameworks have for it.

        Raises:
            TypeError: When nothing has been computed yet.
        """
        if self.value is None:
            raise TypeError(
                f"{self.title} has no value yet: compute it with mg.forward, or ask a model for "
                "its predictions with model.predict"
            )
        return np.array(self.value)

    # -- NumPy's protocols: np.sin(node) builds a node ------------------------------
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Node:
        operator = NUMPY_FUNCTIONS.get(ufunc)
        called = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        if operator is None or method != "__call__":
            raise not_covered(called)
        if options:
            raise TypeError(f"{called} on a node takes no {', '.join(options)}=")
        return operator(*inputs)

    def __array_function__(
        self, function: Callable[..., Any], types: Iterable[type], args: Any, kwargs: Any
    ) -> Node:
        operator = NUMPY_FUNCTIONS.get(function)
        called = f"np.{function.__name__}"
        if operator is None:
            raise not_covered(called)
        return operator(*args, **kwargs)

    # -- Python's operators: the same as the ufuncs ----------------------------------
    def __add__(self, other: Any) -> Node:
        return np.add(self, other)

    def __radd__(self, other: Any) -> Node:
        return np.add(other, self)

    def __sub__(self, other: Any) -> Node:
        return np.subtract(self, other)

    def __rsub__(self, other: Any) -> Node:
        return np.subtract(other, self)

    def __mul__(self, other: Any) -> Node:
        return np.multiply(self, other)

    def __rmul__(self, other: Any) -> Node:
        return np.multiply(other, self)

    def __truediv__(self, other: Any) -> Node:
        return np.true_divide(self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return np.true_divide(other, self)

    def __pow__(self, other: Any) -> Node:
        return np.power(self, other)

    def __rpow__(self, other: Any) -> Node:
        return np.power(other, self)

    def __matmul__(self, other: Any) -> Node:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Node:
        return np.matmul(other, self)

    def __neg__(self) -> Node:
        return np.negative(self)  # type: ignore

    def __abs__(self) -> Node:
        return np.absolute(self)  # type: ignore

    # Comparisons build nodes (for np.where). Equality does not: two nodes are equal
    # when they are the same node, so that sets and dictionaries of nodes work.
    def __lt__(self, other: Any) -> Node:
        return np.less(self, other)

    def __le__(self, other: Any) -> Node:
        return np.less_equal(self, other)

    def __gt__(self, other: Any) -> Node:
        return np.greater(self, other)

    def __ge__(self, other: Any) -> Node:
        return np.greater_equal(self, other)

    def __getitem__(self, index: Any) -> Node:
        return NUMPY_FUNCTIONS[getitem](self, index)


def not_covered(called: str) -> TypeError:
    known = ", ".join(sorted({f.__name__ for f in NUMPY_FUNCTIONS if f is not getitem}))
    return TypeError(
        f"{called} is not covered by the graph. Covered are: {known}. "
        "A class derived from mg.Operator with @mg.implements adds one."
    )
