"""NumPy's functions on nodes: each operator's value and derivative side by side.

Every class here is one mathematical operation. Its ``forward`` is the value, its
``backward`` the vector–Jacobian product: ``g`` is the derivative of the end result with
respect to the operator's value, and what is returned is the derivative with respect to
each input. :func:`~minigrad.graph.implements` names the NumPy function that builds it.

The derivatives are those of Baydin et al. (arXiv 1502.05767), table 3, and Giles (2008),
"Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", for the products of matrices.

Example:
    >>> import numpy as np, minigrad as mg
    >>> x = mg.Variable([0.0, 1.0])
    >>> loss = np.sum(np.exp(x) * 2)
    >>> order = mg.topological_sort(loss)
    >>> round(float(mg.forward(order)), 6)
    7.436564
    >>> mg.backward(order)
    >>> x.gradient.round(6)
    array([2.      , 5.436564])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, implements

__all__ = [
    "Absolute",
    "Add",
    "Comparison",
    "Cos",
    "Divide",
    "Elementwise",
    "Exp",
    "Index",
    "Log",
    "MatMul",
    "Max",
    "Maximum",
    "Mean",
    "Minimum",
    "Multiply",
    "Negative",
    "Power",
    "Reduction",
    "Reshape",
    "Sin",
    "Sqrt",
    "Subtract",
    "Sum",
    "Tanh",
    "Transpose",
    "Where",
]


class Elementwise(Operator):
    """An operation on each element by itself; its inputs are broadcast together.

    Raises:
        ValueError: When the shapes cannot be broadcast.
    """

    def infer(self, *inputs: Any, **_: Any) -> tuple[tuple[int, ...], np.dtype]:
        try:
            shape = np.broadcast_shapes(*(i.shape for i in inputs))
        except ValueError:
            shapes = " and ".join(str(i.shape) for i in inputs)
            raise ValueError(f"{self.title}: shapes {shapes} do not broadcast together") from None
        single = self.forward(*(np.ones((), i.dtype) for i in inputs))
        return shape, np.asarray(single).dtype


@implements(np.add)
class Add(Elementwise):
    """x + y."""

    def forward(self, x, y):
        return x + y

    def backward(self, g, x, y):
        return g, g


@implements(np.subtract)
class Subtract(Elementwise):
    """x − y."""

    def forward(self, x, y):
        return x - y

    def backward(self, g, x, y):
        return g, -g


@implements(np.multiply)
class Multiply(Elementwise):
    """x · y."""

    def forward(self, x, y):
        return x * y

    def backward(self, g, x, y):
        return g * y, g * x


@implements(np.true_divide)
class Divide(Elementwise):
    """x / y."""

    def forward(self, x, y):
        return x / y

    def backward(self, g, x, y):
        return g / y, -g * self.value / y


@implements(np.negative)
class Negative(Elementwise):
    """−x."""

    def forward(self, x):
        return -x

    def backward(self, g, x):
        return -g


@implements(np.power)
class Power(Elementwise):
    """x to the power y.

    The derivative with respect to y exists where x > 0; at x = 0 it is taken as 0, its
    limit for y > 0. It is computed only where the exponent is not a constant, so that
    ``x**2`` works for negative x.
    """

    def forward(self, x, y):
        return x**y

    def backward(self, g, x, y):
        base, exponent = self.inputs
        # y·x^(y−1), and 0 where y is 0 (at x = 0 the formula would give 0·∞)
        by_base = g * y * x ** np.where(y == 0, 1, y - 1) if base.needs_gradient else None
        if not exponent.needs_gradient:
            return by_base, None
        return by_base, g * self.value * np.log(np.where(x == 0, 1, x))


@implements(np.exp)
class Exp(Elementwise):
    """e to the power x."""

    def forward(self, x):
        return np.exp(x)

    def backward(self, g, x):
        return g * self.value


@implements(np.log)
class Log(Elementwise):
    """The natural logarithm of x."""

    def forward(self, x):
        return np.log(x)

    def backward(self, g, x):
        return g / x


@implements(np.sqrt)
class Sqrt(Elementwise):
    """The square root of x."""

    def forward(self, x):
        return np.sqrt(x)

    def backward(self, g, x):
        return g / (2 * self.value)


@implements(np.sin)
class Sin(Elementwise):
    """The sine of x, in radians."""

    def forward(self, x):
        return np.sin(x)

    def backward(self, g, x):
        return g * np.cos(x)


@implements(np.cos)
class Cos(Elementwise):
    """The cosine of x, in radians."""

    def forward(self, x):
        return np.cos(x)

    def backward(self, g, x):
        return -g * np.sin(x)


@implements(np.tanh)
class Tanh(Elementwise):
    """The hyperbolic tangent of x."""

    def forward(self, x):
        return np.tanh(x)

    def backward(self, g, x):
        return g * (1 - self.value**2)


@implements(np.absolute)
class Absolute(Elementwise):
    """|x|, with derivative 0 at the kink x = 0."""

    def forward(self, x):
        return np.absolute(x)

    def backward(self, g, x):
        return g * np.sign(x)


@implements(np.maximum)
class Maximum(Elementwise):
    """The larger of x and y; where they are equal, each receives half of the gradient."""

    def forward(self, x, y):
        return np.maximum(x, y)

    def backward(self, g, x, y):
        return g * share(x > y, x == y), g * share(y > x, x == y)


@implements(np.minimum)
class Minimum(Elementwise):
    """The smaller of x and y; where they are equal, each receives half of the gradient."""

    def forward(self, x, y):
        return np.minimum(x, y)

    def backward(self, g, x, y):
        return g * share(x < y, x == y), g * share(y < x, x == y)


def share(wins: Any, ties: Any) -> Any:
    # 1 where it wins, ½ where it ties; int8 and a power of two keep float32 what it is
    return np.where(ties, np.float16(0.5), wins)


class Comparison(Elementwise):
    """A truth value for each element, for ``np.where``; no gradient flows through it."""

    compare: np.ufunc

    def forward(self, x, y):
        return self.compare(x, y)

    def backward(self, g, x, y):
        return None, None


@implements(np.greater)
class Greater(Comparison):
    """x > y."""

    compare = np.greater


@implements(np.greater_equal)
class GreaterEqual(Comparison):
    """x ≥ y."""

    compare = np.greater_equal


@implements(np.less)
class Less(Comparison):
    """x < y."""

    compare = np.less


@implements(np.less_equal)
class LessEqual(Comparison):
    """x ≤ y."""

    compare = np.less_equal


@implements(np.where)
class Where(Elementwise):
    """x where the condition holds, y elsewhere."""

    def __init__(self, condition: Any, x: Any, y: Any, name: str | None = None) -> None:
        super().__init__(condition, x, y, name=name)

    def forward(self, condition, x, y):
        return np.where(condition, x, y)

    def backward(self, g, condition, x, y):
        return None, np.where(condition, g, 0), np.where(condition, 0, g)


@implements(np.matmul)
class MatMul(Operator):
    """The product of matrices, x @ y; leading axes are broadcast as stacks.

    With one axis, x is a row or y a column vector, as in NumPy.

    Raises:
        ValueError: When the inner lengths differ, or an input is a scalar.
    """

    def forward(self, x, y):
        return x @ y

    def backward(self, g, x, y):
        # Vectors are given their missing axis first, so that one rule serves all shapes.
        matrix_x = x[np.newaxis, :] if x.ndim == 1 else x
        matrix_y = y[:, np.newaxis] if y.ndim == 1 else y
        if x.ndim == 1:
            g = np.expand_dims(g, -2 if y.ndim > 1 else -1)
        if y.ndim == 1:
            g = np.expand_dims(g, -1)
        by_x, by_y = g @ matrix_y.swapaxes(-1, -2), matrix_x.swapaxes(-1, -2) @ g
        return (by_x[..., 0, :] if x.ndim == 1 else by_x, by_y[..., 0] if y.ndim == 1 else by_y)

    def infer(self, x: Node, y: Node) -> tuple[tuple[int, ...], np.dtype]:
        if x.ndim == 0 or y.ndim == 0:
            raise ValueError(
                f"{self.title}: a scalar has no rows; use * for {x.shape} and {y.shape}"
            )
        if x.shape[-1] != (y.shape[-2] if y.ndim > 1 else y.shape[0]):
            raise ValueError(
                f"{self.title}: shapes {x.shape} and {y.shape} do not fit: "
                f"{x.shape[-1]} columns against {y.shape[-2] if y.ndim > 1 else y.shape[0]} rows"
            )
        try:
            stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        except ValueError:
            raise ValueError(
                f"{self.title}: stacks {x.shape} and {y.shape} do not broadcast"
            ) from None
        rows, columns = x.shape[-2:-1], y.shape[-1:] if y.ndim > 1 else ()
        return (*stack, *rows, *columns), np.result_type(x.dtype, y.dtype)


class Reduction(Operator):
    """An operation that takes axes away.

    Args:
        x: The node.
        axis: Axis or axes to reduce over, negative ones counted from the end; all by default.
        keepdims: Whether the reduced axes stay, with length 1.
        name: What to call it.

    Raises:
        ValueError: When there is no such axis.
    """

    def __init__(
        self, x: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
    ) -> None:
        self.axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
        self.keepdims = bool(keepdims)
        super().__init__(x, name=name)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        try:
            self.axes = np.lib.array_utils.normalize_axis_tuple(
                range(x.ndim) if self.axis is None else self.axis, x.ndim
            )
        except ValueError:
            raise ValueError(f"{self.title}: no axis {self.axis} in shape {x.shape}") from None
        kept = [1 if axis in self.axes else n for axis, n in enumerate(x.shape)]
        left = [n for axis, n in enumerate(x.shape) if axis not in self.axes]
        trial = self.forward(np.ones((1,) * x.ndim, x.dtype))
        return tuple(kept if self.keepdims else left), np.asarray(trial).dtype

    def spread(self, array: Any, x: Any) -> Any:
        """Stretch an array of the reduced shape to the shape of x again."""
        if not self.keepdims:
            array = np.expand_dims(array, self.axes)
        return np.broadcast_to(array, x.shape)


@implements(np.sum)
class Sum(Reduction):
    """The sum over axes: each element receives the whole gradient."""

    def forward(self, x):
        return np.sum(x, axis=self.axes, keepdims=self.keepdims)

    def backward(self, g, x):
        return self.spread(g, x)


@implements(np.mean)
class Mean(Reduction):
    """The mean over axes: each element receives its share of the gradient."""

    def forward(self, x):
        return np.mean(x, axis=self.axes, keepdims=self.keepdims)

    def backward(self, g, x):
        count = max(x.size // max(np.size(self.value), 1), 1)
        return self.spread(g / count, x)


@implements(np.max, np.amax)
class Max(Reduction):
    """The largest element over axes; equal largest ones share the gradient."""

    def forward(self, x):
        return np.max(x, axis=self.axes, keepdims=self.keepdims)

    def backward(self, g, x):
        largest = x == self.spread(self.value, x)
        winners = np.sum(largest, axis=self.axes, keepdims=True, dtype=x.dtype)
        return self.spread(g, x) * largest / winners


@implements(np.reshape)
class Reshape(Operator):
    """The same elements in another shape.

    Args:
        x: The node.
        shape: The new shape; one length may be -1.
        name: What to call it.

    Raises:
        ValueError: When the number of elements differs.
    """

    def __init__(self, x: Any, shape: Any, name: str | None = None) -> None:
        self.new_shape = shape
        super().__init__(x, name=name)

    def forward(self, x):
        return np.reshape(x, self.new_shape)

    def backward(self, g, x):
        return np.reshape(g, x.shape)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        try:
            trial = np.broadcast_to(np.zeros((), bool), x.shape).reshape(self.new_shape)
        except ValueError:
            raise ValueError(
                f"{self.title}: {x.size} elements of shape {x.shape} do not fill {self.new_shape}"
            ) from None
        return trial.shape, x.dtype


@implements(np.transpose)
class Transpose(Operator):
    """The same elements with the axes in another order.

    Args:
        x: The node.
        axes: For each axis of the result, which axis of x it was; reversed by default.
        name: What to call it.

    Raises:
        ValueError: When the axes are no permutation.
    """

    def __init__(self, x: Any, axes: Any = None, name: str | None = None) -> None:
        self.axes = axes
        super().__init__(x, name=name)

    def forward(self, x):
        return np.transpose(x, self.axes)

    def backward(self, g, x):
        return np.transpose(g, np.argsort(self.axes))

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        wanted = self.axes if self.axes is not None else range(x.ndim)[::-1]
        try:
            self.axes = np.lib.array_utils.normalize_axis_tuple(wanted, x.ndim)
            return tuple(x.shape[axis] for axis in np.arange(x.ndim)[list(self.axes)]), x.dtype
        except (ValueError, IndexError):
            raise ValueError(f"{self.title}: axes {wanted} do not permute {x.shape}") from None


class Index(Operator):
    """Elements picked by an index: ``x[index]``.

    Args:
        x: The node.
        index: Whatever an array can be indexed with, but for nodes. An element picked
            more than once receives the sum of its gradients.
        name: What to call it.

    Raises:
        IndexError: When the index does not fit the shape.
    """

    def __init__(self, x: Any, index: Any, name: str | None = None) -> None:
        self.index = index
        super().__init__(x, name=name)

    def forward(self, x):
        return x[self.index]

    def backward(self, g, x):
        gradient = np.zeros_like(x)
        np.add.at(gradient, self.index, g)
        return gradient

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        try:
            return np.broadcast_to(np.zeros((), bool), x.shape)[self.index].shape, x.dtype
        except IndexError as error:
            raise IndexError(f"{self.title} of shape {x.shape}: {error}") from None
