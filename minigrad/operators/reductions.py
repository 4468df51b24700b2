"""Sums, means and largest values along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, implements, recordable

__all__ = ["Max", "Mean", "Reduction", "Sum"]


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

    def keeps_samples_apart(self, samples):
        return all(samples) and 0 not in self.axes

    def spread(self, array: Any, x: Any) -> Any:
        """Stretch an array of the reduced shape to the shape of x again."""
        if not self.keepdims:
            array = np.expand_dims(array, self.axes)
        return np.broadcast_to(array, x.shape)


@implements(np.sum)
@recordable
class Sum(Reduction):
    """The sum over axes: each element receives the whole gradient."""

    def forward(self, x):
        return np.sum(x, axis=self.axes, keepdims=self.keepdims)

    def backward(self, g, x):
        return self.spread(g, x)


@implements(np.mean)
@recordable
class Mean(Reduction):
    """The mean over axes: each element receives its share of the gradient."""

    def forward(self, x):
        return np.mean(x, axis=self.axes, keepdims=self.keepdims)

    def backward(self, g, x):
        count = max(x.size // max(np.size(self.value), 1), 1)
        return self.spread(g / count, x)


@implements(np.max, np.amax)
@recordable
class Max(Reduction):
    """The largest element over axes; equal largest ones share the gradient."""

    def forward(self, x):
        return np.max(x, axis=self.axes, keepdims=self.keepdims)

    def backward(self, g, x):
        largest = x == self.spread(self.value, x)
        winners = np.sum(largest, axis=self.axes, keepdims=True, dtype=x.dtype)
        return self.spread(g, x) * largest / winners
