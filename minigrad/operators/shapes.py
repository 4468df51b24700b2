"""The same numbers in another shape or in another order, or some of them."""

from collections.abc import Sequence
from operator import getitem
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, as_node, implements, recordable

__all__ = ["Index", "Pad", "Reshape", "Transpose"]


@implements(np.reshape)
@recordable
class Reshape(Operator):
    """The same elements in another shape.

    Args:
        x: The node.
        shape: The new shape; one length may be -1.
        name: What to call it.

    Raises:
        ValueError: When the number of elements differs.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> np.reshape(mg.Variable(np.ones((2, 3))), (3, -1)).shape
        (3, 2)
    """

    def __init__(self, x: Any, shape: Any, name: str | None = None) -> None:
        self.new_shape = tuple(shape) if np.ndim(shape) else shape
        super().__init__(x, name=name)

    def forward(self, x):
        return np.reshape(x, self.new_shape)

    def backward(self, g, x):
        return np.reshape(g, x.shape)

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples)  # in row-major order, each sample's numbers stay together

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        try:
            trial = np.broadcast_to(np.zeros((), bool), x.shape).reshape(self.new_shape)
        except (TypeError, ValueError):
            raise ValueError(
                f"{self.title}: {x.size} elements of shape {x.shape} do not fill {self.new_shape}"
            ) from None
        return trial.shape, x.dtype


@implements(np.transpose)
@recordable
class Transpose(Operator):
    """The same elements with the axes in another order.

    Args:
        x: The node.
        axes: For each axis of the result, which axis of x it was; reversed by default.
        name: What to call it.

    Raises:
        ValueError: When the axes are no permutation.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> np.transpose(mg.Variable(np.ones((2, 3, 4))), (2, 0, 1)).shape
        (4, 2, 3)
    """

    def __init__(self, x: Any, axes: Any = None, name: str | None = None) -> None:
        x = as_node(x)
        self.name = name
        wanted = range(x.ndim)[::-1] if axes is None else axes
        try:
            self.axes = tuple(np.lib.array_utils.normalize_axis_tuple(wanted, x.ndim))
        except (TypeError, ValueError):
            self.axes = ()
        if len(self.axes) != x.ndim:
            raise ValueError(f"{self.title}: axes {axes} do not permute {x.shape}")
        super().__init__(x, name=name)

    def forward(self, x):
        return np.transpose(x, self.axes)

    def backward(self, g, x):
        return np.transpose(g, np.argsort(self.axes))

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        return tuple(x.shape[axis] for axis in self.axes), x.dtype


@implements(np.pad)
@recordable
class Pad(Operator):
    """Zeros before and after the elements, along each axis.

    Args:
        array: The node.
        pad_width: For each axis (before, after); one pair, or one number, for all of them.
        name: What to call it.

    Raises:
        ValueError: When the numbers do not fit the axes.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.forward(mg.topological_sort(np.pad(mg.Variable([1.0, 2.0]), (1, 2))))
        array([0., 1., 2., 0., 0.])
    """

    def __init__(self, array: Any, pad_width: Any, name: str | None = None) -> None:
        node = as_node(array)
        self.name = name
        try:
            widths = np.broadcast_to(pad_width, (node.ndim, 2))
            if widths.dtype.kind not in "iu" or np.any(widths < 0):
                raise ValueError
        except ValueError:
            raise ValueError(
                f"{self.title}: pad_width is (before, after) for each axis of shape {node.shape}, "
                f"whole numbers of at least 0; got {pad_width!r:.60}"
            ) from None
        self.widths = tuple((int(before), int(after)) for before, after in widths)
        super().__init__(node, name=name)

    def forward(self, x):
        return np.pad(x, self.widths)

    def backward(self, g, x):
        lengths = zip(self.widths, x.shape, strict=True)
        return g[tuple(slice(before, before + n) for (before, _), n in lengths)]

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples) and self.widths[0] == (0, 0)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        lengths = zip(self.widths, x.shape, strict=True)
        return tuple(before + n + after for (before, after), n in lengths), x.dtype


def copied(index: Any) -> Any:
    # an index that nobody else can change
    if isinstance(index, Node):
        raise TypeError(
            f"an index cannot be a node, got {index.title}: how many elements it picks is not "
            "known before it is computed. np.where(condition, x, 0) keeps the shape."
        )
    if isinstance(index, tuple):
        return tuple(copied(part) for part in index)
    if isinstance(index, (list, np.ndarray)):
        array = np.array(index)
        return array if array.size or isinstance(index, np.ndarray) else array.astype(np.intp)
    return index


@implements(getitem)
@recordable
class Index(Operator):
    """Elements picked by an index: ``x[index]``.

    Args:
        x: The node.
        index: Whatever an array can be indexed with, but for nodes; of an array the node has
            its own copy. An element picked more than once receives the sum of its gradients.
        name: What to call it.

    Raises:
        IndexError: When the index does not fit the shape.
        TypeError: When there is a node in it.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Variable([1.0, 2.0, 3.0])
        >>> order = mg.topological_sort(x[[0, 2, 2]].sum())
        >>> float(mg.forward(order)), mg.backward(order), x.gradient
        (7.0, None, array([1., 0., 2.]))
    """

    def __init__(self, x: Any, index: Any, name: str | None = None) -> None:
        self.index = copied(index)
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
