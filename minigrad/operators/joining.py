"""Arrays joined along an axis."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, implements, recordable

__all__ = ["Concatenate"]


@implements(np.concatenate)
@recordable
class Concatenate(Operator):
    """Several nodes one after the other along an axis.

    Args:
        arrays: The nodes, alike in shape but for that axis.
        axis: The axis.
        name: What to call it.

    Raises:
        ValueError: When the shapes do not fit.

    Example:
        >>> import minigrad as mg
        >>> mg.forward([mg.operators.Concatenate([[1.0, 2.0], [3.0]])])
        array([1., 2., 3.])
    """

    def __init__(self, arrays: Sequence[Any], axis: int = 0, name: str | None = None) -> None:
        self.axis = axis
        super().__init__(*arrays, name=name)

    def infer(self, *nodes: Node) -> tuple[tuple[int, ...], np.dtype]:
        try:
            empty = [np.broadcast_to(np.zeros((), node.dtype), node.shape) for node in nodes]
            joined = np.concatenate(empty, axis=self.axis)
        except (TypeError, ValueError):
            shapes = " and ".join(str(node.shape) for node in nodes)
            raise ValueError(
                f"{self.title}: shapes {shapes} do not join along axis {self.axis}"
            ) from None
        return joined.shape, joined.dtype

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples) and self.axis not in (None, 0, -len(self.shape))

    def forward(self, *values):
        return np.concatenate(values, axis=self.axis)

    def backward(self, g, *values):
        if self.axis is None:  # all numbers in a row
            places = np.cumsum([value.size for value in values])[:-1]
            pairs = zip(np.split(g, places), values, strict=True)
            return tuple(part.reshape(value.shape) for part, value in pairs)
        parts, start = [], 0
        for value in values:
            stop = start + value.shape[self.axis]
            index = [slice(None)] * len(self.shape)
            index[self.axis] = slice(start, stop)
            parts.append(g[tuple(index)])
            start = stop
        return tuple(parts)
