"""The computational graph: nodes, the topological sort, the forward and the backward sweep.

A *graph* is built by computing with nodes as if they were numbers. Nothing is computed
while it is built; each operation only notes what it would be applied to::

    x ──┬──▶ multiply ──▶ sin ──▶ y
        └──▶

Three sweeps then do everything that automatic differentiation needs:

``topological_sort``
    puts the nodes in an order in which every node comes after its inputs;
``forward``
    walks that order and gives each operator its value;
``backward``
    walks it in reverse and gives each node its gradient, the derivative of the last
    node with respect to it, by the chain rule.

An operator knows two things only: how to compute its value from the values of its
inputs, and its *vector–Jacobian product*: how a gradient with respect to its value
becomes gradients with respect to its inputs. The Jacobian itself is never formed; for
one elementwise product of 5,832 numbers it would be a matrix of 272 MB.

Source: Szczepański and Zieliński (2023), section II.D; Baydin et al., arXiv 1502.05767.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

__all__ = [
    "Constant",
    "Node",
    "Operator",
    "Variable",
    "as_node",
    "backward",
    "forward",
    "implements",
    "topological_sort",
    "unbroadcast",
]

# Which operator stands for which NumPy function. ``operators.py`` fills the table.
NUMPY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Operator]] = {}


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
        from minigrad.operators import Index

        return Index(self, index)


def not_covered(called: str) -> TypeError:
    known = ", ".join(sorted({f.__name__ for f in NUMPY_FUNCTIONS}))
    return TypeError(
        f"{called} is not covered by the graph. Covered are: {known}. "
        "A class derived from mg.Operator with @mg.implements adds one."
    )


class Constant(Node):
    """A node that holds a value with respect to which nothing is differentiated.

    Args:
        value: A number or array. Its dtype is kept. Assigning a new ``value`` of the
            same shape feeds the graph with other data.
        name: What to call it.

    Raises:
        ValueError: When a value of another shape is assigned.

    Example:
        >>> import minigrad as mg
        >>> c = mg.Constant([1.0, 2.0])
        >>> c.value = [3.0, 4.0]
        >>> c.value
        array([3., 4.])
    """

    def __init__(self, value: Any, name: str | None = None) -> None:
        array = self._array(value)
        super().__init__(array.shape, array.dtype, name)
        self._value = array

    def _array(self, value: Any) -> np.ndarray:
        if isinstance(value, Node):
            raise TypeError(f"{type(self).__name__} wants a number or an array, got {value.title}")
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError(
                f"{type(self).__name__} wants real numbers, got dtype {array.dtype} from {value!r:.60}"
            )
        return array

    @property
    def value(self) -> Any:
        """The array that the node holds."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        array = np.asarray(value, dtype=self.dtype)
        if array.shape != self.shape:
            raise ValueError(f"{self.title} holds shape {self.shape}, got {array.shape}")
        self._assign(array)

    def _assign(self, array: np.ndarray) -> None:
        self._value = array


class Variable(Constant):
    """A node that holds a value and receives a gradient: a weight, or an input of interest.

    Args:
        value: A number or array; integers become ``float64``. The variable has its own
            copy, so that training never changes an array of the caller's.
        name: What to call it.
        dtype: ``float32`` or ``float64`` to convert to; by default the value's own.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(5.0, name="x")
        >>> y = np.sin(x * x)
        >>> order = mg.topological_sort(y)
        >>> round(float(mg.forward(order)), 12)
        -0.132351750098
        >>> mg.backward(order)
        >>> round(float(x.gradient), 12)
        9.912028118635
    """

    needs_gradient = True

    def __init__(self, value: Any, name: str | None = None, dtype: Any = None) -> None:
        array = self._array(value)
        if dtype is None and array.dtype.kind != "f":
            dtype = np.float64
        super().__init__(np.array(array, dtype=dtype), name)

    def _assign(self, array: np.ndarray) -> None:
        # Into the variable's own memory, which the optimised version changes in place; an
        # array of the caller's is never trained upon.
        self.recall()
        self._value[...] = array

    # The optimised version may keep a weight in another order while it trains. The variable
    # is then lent, and whoever asks for its value brings it back.
    lender: Any = None
    loan: Any = None  # made once, and used again by every plan

    @property
    def value(self) -> Any:
        """The array that the node holds."""
        self.recall()
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        Constant.value.fset(self, value)  # type: ignore[attr-defined]

    def lend(self, loan: Any) -> None:
        """Let somebody keep the value for a while.

        Args:
            loan: An object whose ``give_back()`` writes the value into the variable again.
        """
        self.recall()
        self.lender = loan

    def recall(self) -> None:
        """Have the value given back, if it is lent."""
        if self.lender is not None:
            lender, self.lender = self.lender, None
            lender.give_back()


class Operator(Node):
    """A node that is computed from others; the base class of every operation.

    A new operation is one short class with ``forward`` and ``backward``. Parameters that
    are not nodes are stored by ``__init__`` before it calls this one.

    Args:
        inputs: Nodes, arrays or numbers. What is not a node becomes a constant; a Python
            number takes the dtype of the nodes it meets.
        name: What to call it.

    Raises:
        ValueError: When the inputs' shapes do not fit, before anything is computed.

    Example:
        >>> import minigrad as mg
        >>> class Square(mg.Operator):
        ...     def forward(self, x):
        ...         return x * x
        ...     def backward(self, gradient, x):
        ...         return 2 * x * gradient
        >>> x = mg.Variable(3.0)
        >>> order = mg.topological_sort(Square(x))
        >>> float(mg.forward(order)), mg.backward(order), float(x.gradient)
        (9.0, None, 6.0)
    """

    def __init__(self, *inputs: Any, name: str | None = None) -> None:
        self.inputs = as_nodes(inputs)
        self.name = name  # known to the errors that `infer` may raise
        shape, dtype = self.infer(*self.inputs)
        super().__init__(shape, dtype, name)
        self.value: Any = None
        self.needs_gradient = any(node.needs_gradient for node in self.inputs)

    def forward(self, *values: Any) -> Any:
        """The value of the operation.

        Args:
            values: The values of the inputs, as arrays.

        Returns:
            An array of the node's shape.
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward method yet")

    def backward(self, gradient: Any, *values: Any) -> Any:
        """The vector–Jacobian product of the operation.

        Args:
            gradient: Derivative of the result of the sweep with respect to this node's
                value; an array of the node's shape.
            values: The values of the inputs. The node's own is ``self.value``.

        Returns:
            One gradient for each input, alone or as a tuple. ``None`` stands for zero.
            Axes that broadcasting added may be left in: the sweep sums over them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no backward method yet")

    def infer(self, *inputs: Any, **_: Any) -> tuple[tuple[int, ...], np.dtype]:
        """Shape and dtype of the value; also the place to refuse inputs that do not fit.

        By default the forward method is tried on ones of the inputs' shapes, so that a
        short class need not say it.
        """
        trial = np.asarray(self.forward(*(np.ones(i.shape, i.dtype) for i in inputs)))
        return trial.shape, trial.dtype


def as_node(value: Any) -> Node:
    """The value itself if it is a node, otherwise a constant that holds it.

    Args:
        value: A node, an array or a number.

    Example:
        >>> import minigrad as mg
        >>> mg.as_node(2.0)
        <Constant shape=() dtype=float64 value=2. gradient=None>
    """
    return value if isinstance(value, Node) else Constant(value)


def as_nodes(inputs: Sequence[Any]) -> tuple[Node, ...]:
    # A Python number is "weak" (NEP 50): 2.0 * x stays float32 where x is float32.
    weak = [type(value) in (int, float, bool) for value in inputs]
    strong = [as_node(value) for value, w in zip(inputs, weak, strict=True) if not w]
    dtypes = [node.dtype for node in strong]
    nodes = iter(strong)
    return tuple(
        Constant(np.asarray(value, np.result_type(*dtypes, value))) if w else next(nodes)
        for value, w in zip(inputs, weak, strict=True)
    )


def topological_sort(*results: Node) -> list[Node]:
    """Order all nodes that the results depend on, each once, inputs before users.

    The search keeps its own stack, so that a chain of 100,000 nodes does not meet
    Python's limit on recursion. Time and memory grow with the number of edges.

    Args:
        results: The node or nodes wanted; the last one given ends the order.

    Returns:
        The nodes in an order in which they can be computed.

    Raises:
        ValueError: When a node depends on itself.

    Example:
        >>> import minigrad as mg
        >>> a = mg.Variable(1.0, name="a")
        >>> b = a + a
        >>> [node.label for node in mg.topological_sort(b * b)]
        ['variable', 'add', 'multiply']
    """
    order: list[Node] = []
    done: set[Node] = set()
    for result in results:
        path: set[Node] = set()  # nodes entered but not yet left
        stack: list[tuple[Node, bool]] = [(result, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                path.discard(node)
                done.add(node)
                order.append(node)
            elif node in path:
                raise ValueError(f"{node.title} depends on itself: the graph has a cycle")
            elif node not in done:
                path.add(node)
                stack.append((node, True))
                stack.extend((i, False) for i in reversed(node.inputs) if i not in done)
    return order


def forward(order: Sequence[Node]) -> Any:
    """Compute each operator's value, in order.

    Args:
        order: Nodes as :func:`topological_sort` returns them.

    Returns:
        The value of the last node.

    Raises:
        ValueError: When an operator's value has another shape than it promised.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Variable([1.0, 2.0])
        >>> mg.forward(mg.topological_sort(x * x))
        array([1., 4.])
    """
    for node in order:
        if isinstance(node, Operator):
            value = node.forward(*(i.value for i in node.inputs))
            if np.shape(value) != node.shape:
                raise ValueError(
                    f"{node.title}: forward returned shape {np.shape(value)}, wanted {node.shape}"
                )
            node.value = value
    return order[-1].value


def backward(order: Sequence[Node], gradient: Any = None) -> None:
    """Give every node its gradient: the derivative of the last node with respect to it.

    One sweep in reverse order. Where a node is used more than once, the gradients that
    arrive are added; where its value was broadcast, they are summed over the axes added.
    Gradients of an earlier sweep are forgotten first.

    Args:
        order: Nodes as :func:`topological_sort` returns them, computed by :func:`forward`.
        gradient: What to start from, an array of the last node's shape. A scalar node
            starts from 1 by default.

    Raises:
        ValueError: When the last node is not a scalar and no gradient is given, when the
            values were not computed, or when an operator returns a gradient that does
            not fit its input.

    Example:
        >>> import minigrad as mg
        >>> a = mg.Variable([1.0, 2.0], name="a")
        >>> loss = (a * a).sum()
        >>> order = mg.topological_sort(loss)
        >>> _ = mg.forward(order)
        >>> mg.backward(order)
        >>> a.gradient
        array([2., 4.])
    """
    result = order[-1]
    if result.value is None:
        raise ValueError(f"{result.title} has no value yet: call mg.forward(order) first")
    if gradient is None:
        if result.size != 1:
            raise ValueError(
                f"{result.title} has shape {result.shape}: a gradient starts at a scalar. "
                "Sum the result, or pass gradient= with the weight of each element."
            )
        gradient = np.ones(result.shape, result.dtype)
    gradient = np.asarray(gradient, result.dtype)
    if gradient.shape != result.shape:
        raise ValueError(f"gradient has shape {gradient.shape}, wanted {result.shape}")

    for node in order:
        node.gradient = None
    result.gradient = gradient
    for node in reversed(order):
        if isinstance(node, Operator) and node.needs_gradient and node.gradient is not None:
            parts = node.backward(node.gradient, *(i.value for i in node.inputs))
            parts = parts if isinstance(parts, tuple) else (parts,)
            if len(parts) != len(node.inputs):
                raise ValueError(
                    f"{node.title}: backward returned {len(parts)} gradients "
                    f"for {len(node.inputs)} inputs"
                )
            for source, part in zip(node.inputs, parts, strict=True):
                if source.needs_gradient and part is not None:
                    accumulate(source, unbroadcast(part, source.shape, node.title))
    for node in order:
        if isinstance(node, Variable):
            node.gradient = own_copy(node)


def accumulate(node: Node, gradient: Any) -> None:
    # A new array, never +=: an operator may hand the same array to both of its inputs
    # (addition does), and adding in place would change the other input's gradient too.
    node.gradient = gradient if node.gradient is None else node.gradient + gradient


def own_copy(variable: Variable) -> Any:
    # What the user gets to keep and change shares memory with no other gradient.
    if variable.gradient is None:
        return np.zeros(variable.shape, variable.dtype)
    return np.array(variable.gradient, dtype=variable.dtype)[()]


def unbroadcast(gradient: Any, shape: tuple[int, ...], title: str = "unbroadcast") -> Any:
    """Sum a gradient over the axes that broadcasting added or stretched.

    If a value of shape (3, 1) was stretched to (2, 3, 4), each element was used eight
    times, and the gradients of the eight uses add up.

    Args:
        gradient: An array of the broadcast shape.
        shape: The shape before broadcasting.
        title: Who to name in the error.

    Returns:
        An array of the wanted shape.

    Raises:
        ValueError: When the gradient could not have come from that shape.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.unbroadcast(np.ones((2, 3, 4)), (3, 1))
        array([[8.],
               [8.],
               [8.]])
    """
    if np.shape(gradient) == shape:
        return gradient
    gradient = np.asarray(gradient)
    added = gradient.ndim - len(shape)
    stretched = tuple(
        added + axis
        for axis, length in enumerate(shape)
        if length == 1 and added >= 0 and gradient.shape[added + axis] != 1
    )
    summed = gradient.sum(axis=(*range(added), *stretched), keepdims=True)
    summed = summed.reshape(summed.shape[max(added, 0) :])
    if summed.shape != shape:
        raise ValueError(
            f"{title}: backward returned a gradient of shape {gradient.shape} "
            f"for an input of shape {shape}"
        )
    return summed
