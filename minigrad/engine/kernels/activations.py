"""Activations where the sums already are: the last calls of a convolution or dense layer.

The reference operators are in ``minigrad/activations.py``. An activation that is not in
here is a kernel of its own, recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators
from minigrad.engine.kernels.kernel import Asker, Steps
from minigrad.graph import Node, Variable

__all__ = ["ACTS", "Act", "tail"]


class Act:
    """An activation as calls; the reference operators are in ``minigrad/activations.py``.

    ``forward`` turns z into out (which may be the same memory), ``backward`` the gradient
    g with respect to out into the gradient with respect to z.
    """

    def __init__(self, node: Node | None) -> None:
        self.node = node

    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        # NumPy's maximum with a row of zeros is four times as fast as with the number 0.
        row = shape if len(shape) < 3 else shape[-2:]
        self.zeros = memory("zeros", row, dtype, memory.always)

    def forward(self, z: Any, out: Any) -> Steps:
        if out is not z:
            yield partial(np.copyto, out, z)

    def backward(self, g: Any, z: Any, out: Any, by_z: Any) -> Steps:
        if g is not by_z:
            yield partial(np.copyto, by_z, g)


class Relu(Act):
    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        super().ask(memory, shape, dtype)
        self.mask = memory("where x > 0", shape, bool, memory.later)

    def forward(self, z, out):
        yield partial(np.maximum, z, self.zeros.array, out=out)

    def backward(self, g, z, out, by_z):
        yield partial(np.greater, z, 0, out=self.mask.array)
        yield partial(np.multiply, g, self.mask.array, out=by_z)


class Elu(Act):
    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        super().ask(memory, shape, dtype)
        self.slope = memory("slope", shape, dtype, memory.both)  # e^min(z, 0)
        self.spare = memory("spare", shape, dtype, memory.then)
        self.mask = memory("where x > 0", shape, bool, memory.then)

    def forward(self, z, out):
        alpha, slope, spare = self.node.alpha, self.slope.array, self.spare.array
        yield partial(np.minimum, z, self.zeros.array, out=slope)
        if alpha != 1:
            yield partial(np.greater, z, 0, out=self.mask.array)
        yield partial(np.exp, slope, out=slope)
        yield partial(np.subtract, slope, 1, out=spare)
        yield partial(np.maximum, z, self.zeros.array, out=out)
        if alpha != 1:
            yield partial(np.multiply, spare, alpha, out=spare)
            yield partial(np.multiply, slope, alpha, out=slope)
            yield partial(np.copyto, slope, 1, where=self.mask.array)
        yield partial(np.add, out, spare, out=out)

    def backward(self, g, z, out, by_z):
        yield partial(np.multiply, g, self.slope.array, out=by_z)


ACTS: dict[type, type[Act]] = {operators.Relu: Relu, operators.Elu: Elu}


def tail(nodes: Sequence[Any]) -> tuple[Variable | None, Act]:
    """The bias and the activation among the nodes that follow a product."""
    bias = next((n.inputs[1] for n in nodes if n.label == "add"), None)
    act = next((n for n in nodes if type(n) in ACTS), None)
    return bias, Act(None) if act is None else ACTS[type(act)](act)
