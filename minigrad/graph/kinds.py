"""The three kinds of nodes: constants and variables hold a value, operators compute one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph.node import CLOCK, Node
from minigrad.shared import aligned
from minigrad.shared.arguments import real_array
from minigrad.shared.turns import Lock, turn_of


class Constant(Node):
    """A node that holds a value with respect to which nothing is differentiated.

    Args:
        value: A number or array, of which the node has its own copy. Its dtype is kept.
        name: What to call it.

    Attributes:
        value: A copy, which cannot be written into. Assigning a new value of the same shape
            feeds the graph with other data.

    Raises:
        TypeError: When the value is not of real numbers.
        ValueError: When a value of another shape is assigned, or one that the dtype cannot
            hold: 0.5 where whole numbers are, 1e300 where ``float32`` is.

    Example:
        >>> import minigrad as mg
        >>> c = mg.Constant([1.0, 2.0])
        >>> c.value = [3.0, 4.0]
        >>> c.value
        array([3., 4.])
    """

    _turn: Lock | None = None  # of the models that it belongs to

    def __init__(self, value: Any, name: str | None = None) -> None:
        array = self._checked(value)
        super().__init__(array.shape, array.dtype, name)
        self._value = np.array(array)

    def _checked(self, value: Any) -> np.ndarray[Any, Any]:
        if isinstance(value, Node):
            raise TypeError(f"{type(self).__name__} wants a number or an array, got {value.title}")
        return real_array(f"{type(self).__name__} wants", value)

    def _converted(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if array.dtype == self.dtype:
            return array
        with np.errstate(all="ignore"):
            converted = array.astype(self.dtype)
            if self.dtype.kind == "f":  # rounding is fine, what becomes infinite is not
                lost = np.isfinite(array) & ~np.isfinite(converted)
            else:
                lost = converted != array
        if lost.any():
            raise ValueError(
                f"{self.title} is of dtype {self.dtype}, which cannot hold {array[lost].flat[0]}"
            )
        return converted

    def __getstate__(self) -> dict[str, Any]:
        # For copies and for pickle: a copy has memory of its own, and is as old as can be, since
        # the clock of another process shows another time.
        return {**vars(self), "_value": np.array(self._current), "_set_at": 0}

    @property
    def value(self) -> Any:
        """A copy of the array that the node holds; assign a new one to change it."""
        copy = np.array(self._current)
        copy.flags.writeable = False
        return copy[()]

    @value.setter
    def value(self, value: Any) -> None:
        array = self._checked(value)
        if array.shape != self.shape:
            raise ValueError(f"{self.title} holds shape {self.shape}, got {array.shape}")
        new = self._converted(array)
        with turn_of([self]), turn_of([self]):  # not in the middle of another thread's step
            # Into the node's own memory, where the engine may have it; see `Node._array`.
            self._array[...] = new
            self._set_at = next(CLOCK)


class Variable(Constant):
    """A node that holds a value and receives a gradient: a weight, or an input of interest.

    Args:
        value: A number or array; whole numbers become ``float64``. The variable has its own
            copy, so that training never changes an array of the caller's.
        name: What to call it.
        dtype: A floating-point dtype to convert to; by default the value's own.
        trainable: Whether ``fit`` changes it, where it is a weight of a layer that is trained.
        initial_value: What TensorFlow calls the value.

    Attributes:
        value: A copy, which cannot be written into: ``x.value = x.value - step`` changes it.
        gradient: An array of its own, which may be changed.

    Raises:
        TypeError: When the value is not of real numbers, or the dtype not a floating-point one:
            whole numbers have no derivative.
        ValueError: As :class:`Constant`.

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
    trainable = True

    def __init__(
        self,
        value: Any = None,
        name: str | None = None,
        dtype: Any = None,
        *,
        trainable: bool = True,
        initial_value: Any = None,
    ) -> None:
        self.trainable = trainable
        array = self._checked(initial_value if value is None else value)
        if dtype is None:
            dtype = array.dtype if array.dtype.kind == "f" else np.float64
        if np.dtype(dtype).kind != "f":
            raise TypeError(
                f"Variable wants a floating-point dtype, got {np.dtype(dtype)}: only such numbers "
                "have a derivative"
            )
        Node.__init__(self, array.shape, dtype, name)
        self._value = aligned.zeros(self.shape, self.dtype)
        self._value[...] = self._converted(array)

    def assign(self, value: Any) -> "Variable":
        """Give the variable another value, as ``x.value = value`` does.

        Args:
            value: A number or an array of its shape; of a node its value.

        Returns:
            The variable itself.
        """
        self.value = value.numpy() if isinstance(value, Node) else value
        return self

    def assign_add(self, value: Any) -> "Variable":
        """Add a number, an array or a node's value; see :meth:`assign`."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> "Variable":
        """Take away a number, an array or a node's value; see :meth:`assign`."""
        return self.assign(self - value)

    # While a plan trains, the engine may hold a weight in another form; the holder brings the
    # variable up to date when somebody asks for its memory (``Holder`` in the engine's kernels).
    # Reading the value leaves it held: another thread may read in the middle of a step.
    _holder: Any = None

    @property
    def _array(self) -> Any:
        self._settle()
        return self._value

    @property
    def _current(self) -> Any:
        holder = self._holder
        return self._value if holder is None else holder.current()

    def _settle(self, holder: Any = None) -> None:
        if self._holder is not None and self._holder is not holder:
            with turn_of([self]), turn_of([self]):
                self._holder.give_back()

    def _hold(self, holder: Any) -> None:
        self._settle(holder)
        self._holder = holder

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_holder", None)  # a copy is held by nobody
        return state


class Operator(Node):
    """A node that is computed from others; the base class of every operation.

    A new operation is one short class with ``forward`` and ``backward``. Parameters that
    are not nodes are stored by ``__init__`` before it calls this one.

    Args:
        inputs: Nodes, arrays or numbers. What is not a node becomes a constant; a Python
            number takes the dtype of the nodes it meets.
        name: What to call it.

    Raises:
        TypeError: When an input is not of real numbers, or the value would not be.
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
        if self.dtype.kind not in "fiub":
            raise TypeError(
                f"{self.title}: its value is of dtype {self.dtype}, not of real numbers"
            )
        upstream = any(node.needs_gradient for node in self.inputs)
        self.needs_gradient = upstream and self.dtype.kind == "f"

    def forward(self, *values: Any) -> Any:
        """The value of the operation.

        What it keeps on the node for :meth:`backward` (a mask drawn at random, say) belongs to
        that sweep, as the value does.

        Args:
            values: The values of the inputs, as arrays that cannot be written into.

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
            One gradient for each input, alone or as a tuple or list. ``None`` stands for
            zero. Axes that broadcasting added may be left in: the sweep sums over them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no backward method yet")

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        """Whether a batch may be cut in pieces: each sample's value depends on that sample alone.

        The engine asks it of nodes whose first axis is that of the samples. The answer counts
        for the class that gives it, and not for one derived from it.

        Args:
            samples: For each input, whether its first axis is that of the samples too. What
                is left, a weight or a constant, is the same for all samples.

        Returns:
            ``False`` unless a class knows better.
        """
        return False

    def infer(self, *inputs: Any, **_: Any) -> tuple[tuple[int, ...], np.dtype]:
        """Shape and dtype of the value; also the place to refuse inputs that do not fit.

        It is asked once, while the node is built, and changes nothing. By default the forward
        method is tried on ones of the inputs' shapes, so that a short class need not say it.

        Args:
            inputs: The nodes that the operator is applied to; of their shapes and dtypes those
                of the result follow.

        Returns:
            The shape of the value, and its dtype.

        Raises:
            ValueError: When the inputs do not fit, or not together.
        """
        trial = np.asarray(self.forward(*(np.ones(i.shape, i.dtype) for i in inputs)))
        return trial.shape, trial.dtype


def as_node(value: Any) -> Node:
    """The value itself if it is a node, otherwise a constant that holds it.

    Args:
        value: A node, an array or a number.

    Raises:
        TypeError: When it is not of real numbers, or a matrix.

    Example:
        >>> import minigrad as mg
        >>> mg.as_node(2.0)
        <Constant shape=() dtype=float64 value=2. gradient=None>
    """
    if isinstance(value, np.matrix):
        raise TypeError("np.matrix has a product of its own: np.asarray(x) is an array")
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
