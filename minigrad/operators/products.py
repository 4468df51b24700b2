"""The product of matrices."""

from collections.abc import Sequence

import numpy as np

from minigrad.graph import Node, Operator, implements, recordable

__all__ = ["MatMul"]


@implements(np.matmul)
@recordable
class MatMul(Operator):
    """The product of matrices, x @ y; leading axes are broadcast as stacks.

    With one axis, x is a row or y a column vector, as in NumPy.

    Args:
        x: A node or an array of shape (…, n, k) or (k,).
        y: A node or an array of shape (…, k, m) or (k,).
        name: What to call it.

    Raises:
        ValueError: When the inner lengths differ, or an input is a scalar.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x, y = mg.Variable([[1.0, 2.0]]), mg.Variable([[3.0], [4.0]])
        >>> order = mg.topological_sort(x @ y)
        >>> mg.forward(order), mg.backward(order), x.gradient
        (array([[11.]]), None, array([[3., 4.]]))
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

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        # Samples are rows of x or a stack of matrices; the other factor has no row for each.
        x, y = self.inputs
        rows = x.ndim > 1 and x.ndim - (y.ndim == 1) == self.ndim and len(x) == len(self)
        stack = y.ndim > 2 and y.ndim - (x.ndim == 1) == self.ndim and len(y) == len(self)
        return [rows, stack] == list(samples)

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
