"""What every operation on each element by itself has in common."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, as_node

__all__ = ["Elementwise"]


class Elementwise(Operator):
    """An operation on each element by itself; its inputs are broadcast together.

    Args:
        inputs: Nodes, arrays or numbers, of any dtype and of shapes that broadcast together.
        name: What to call it.

    Raises:
        ValueError: When the shapes cannot be broadcast.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> (mg.Variable(np.ones((3, 1))) * np.ones(4)).shape
        (3, 4)
    """

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        # What has a row for each of them goes along, and nothing else has as many rows.
        shape = self.shape
        rows = [len(i.shape) == len(shape) and i.shape[:1] == shape[:1] for i in self.inputs]
        return rows == list(samples)

    def infer(self, *inputs: Any, **_: Any) -> tuple[tuple[int, ...], np.dtype]:
        try:
            shape = np.broadcast_shapes(*(i.shape for i in inputs))
        except ValueError:
            shapes = " and ".join(str(i.shape) for i in inputs)
            raise ValueError(f"{self.title}: shapes {shapes} do not broadcast together") from None
        single = self.forward(*(np.ones((), i.dtype) for i in inputs))
        return shape, np.asarray(single).dtype


def floating(x: Any) -> Node:
    """The node, in floating-point numbers if it holds whole ones.

    Args:
        x: A node, an array or a number.

    Example:
        >>> import numpy as np
        >>> from minigrad.operators.elementwise import floating
        >>> floating(np.array([1, 2], np.uint8)).dtype
        dtype('float64')
    """
    node = as_node(x)
    if node.dtype.kind != "f":
        node = node * 1.0
    return node
