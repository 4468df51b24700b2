"""From pictures to vectors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.kernels.kernel import Kernel, Steps
from minigrad.engine.kernels.layout import as_reference

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Flatten"]


class Flatten(Kernel):
    """Pictures as vectors, in Keras's order; replaces ``Reshape``.

    Where nobody else reads the pictures, the kernel before writes them in this order, and
    there is nothing left to do.
    """

    kind = "flatten"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes, list(nodes[0].inputs))

    def forward(self) -> Steps:
        x, out = as_reference(self.value(self.reads[0])), as_reference(self.value())
        if not np.shares_memory(x, out):
            yield partial(np.copyto, out.reshape(x.shape), x)  # a view: one axis becomes several

    def backward(self) -> Steps:
        if self.sends and not np.shares_memory(self.program.gradient[self.reads[0]], self.gradient):
            by_x, after = self.program.receive(self.reads[0])
            by_x = as_reference(by_x)
            yield partial(np.copyto, by_x, as_reference(self.gradient).reshape(by_x.shape))
            yield from after


def unflatten(flat: Any, shape: tuple[int, ...]) -> Any:
    """Vectors (height·width·channel, batch) seen as (height, channel, width, batch)."""
    height, channel, width, batch = shape
    return flat.reshape(height, width, channel, batch).transpose(0, 2, 1, 3)
