"""Sums, means and largest values along axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, as_node, implements, recordable
from minigrad.shared.adding import added_up

__all__ = ["Max", "Mean", "Reduction", "Sum"]


def axes_of(title: str, axis: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that an argument names, counted from the front.

    Args:
        title: Whose argument, for the error.
        axis: One axis or several, negative ones counted from the end; ``None`` for all.
        shape: The shape whose axes are meant.

    Raises:
        ValueError: When there is no such axis, or one is named twice.

    Example:
        >>> from minigrad.operators.reductions import axes_of
        >>> axes_of("Sum", (-1, 0), (2, 3, 4)), axes_of("Sum", None, (2, 3))
        ((2, 0), (0, 1))
    """
    wanted = range(len(shape)) if axis is None else axis
    try:
        return tuple(np.lib.array_utils.normalize_axis_tuple(wanted, len(shape)))
    except (TypeError, ValueError):
        raise ValueError(f"{title}: no axis {axis} in shape {shape}") from None


class Reduction(Operator):
    """An operation that takes axes away.

    Args:
        x: The node.
        axis: Axis or axes to reduce over, negative ones counted from the end; all by default.
        keepdims: Whether the reduced axes stay, with length 1.
        name: What to call it.

    Raises:
        ValueError: When there is no such axis.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> np.sum(mg.Variable(np.ones((3, 4))), axis=-1).shape
        (3,)
    """

    def __init__(
        self, x: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
    ) -> None:
        x = as_node(x)
        self.name = name
        self.axes = axes_of(self.title, axis, x.shape)
        self.keepdims = bool(keepdims)
        super().__init__(x, name=name)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        kept = [1 if axis in self.axes else n for axis, n in enumerate(x.shape)]
        left = [n for axis, n in enumerate(x.shape) if axis not in self.axes]
        trial = self.forward(np.ones((1,) * x.ndim, x.dtype))
        return tuple(kept if self.keepdims else left), np.asarray(trial).dtype

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples) and 0 not in self.axes

    def spread(self, array: Any, x: Any) -> Any:
        """Stretch an array of the reduced shape to the shape of x again.

        Args:
            array: An array of the node's shape.
            x: The value of the input, of whose shape the result is.
        """
        if not self.keepdims:
            array = np.expand_dims(array, self.axes)
        return np.broadcast_to(array, x.shape)


@implements(np.sum)
@recordable
class Sum(Reduction):
    """The sum over axes: each element receives the whole gradient.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.forward(mg.topological_sort(np.sum(mg.Variable([[1.0, 2.0], [3.0, 4.0]]), axis=0)))
        array([4., 6.])
    """

    def forward(self, x):
        return added_up(np.sum, x, self.axes, self.keepdims)

    def backward(self, g, x):
        return self.spread(g, x)


@implements(np.mean)
@recordable
class Mean(Reduction):
    """The mean over axes: each element receives its share of the gradient.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable([1.0, 2.0, 3.0, 6.0])
        >>> order = mg.topological_sort(np.mean(x))
        >>> float(mg.forward(order)), mg.backward(order), x.gradient
        (3.0, None, array([0.25, 0.25, 0.25, 0.25]))
    """

    def forward(self, x):
        return added_up(np.mean, x, self.axes, self.keepdims)

    def backward(self, g, x):
        count = max(x.size // max(np.size(self.value), 1), 1)
        return self.spread(g / count, x)


@implements(np.max, np.amax)
@recordable
class Max(Reduction):
    """The largest element over axes; equal largest ones share the gradient.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable([2.0, 5.0, 5.0])
        >>> order = mg.topological_sort(np.max(x))
        >>> float(mg.forward(order)), mg.backward(order), x.gradient
        (5.0, None, array([0. , 0.5, 0.5]))
    """

    def forward(self, x):
        return np.max(x, axis=self.axes, keepdims=self.keepdims)

    def backward(self, g, x):
        largest = x == self.spread(self.value, x)
        winners = np.sum(largest, axis=self.axes, keepdims=True, dtype=x.dtype)
        return self.spread(g, x) * largest / winners
