"""Dense layers as kernels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.kernels.activations import tail
from minigrad.engine.kernels.kernel import Asker, Kernel, Steps
from minigrad.engine.kernels.layout import stored_shape
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["BiasAct", "Dense"]


class BiasAct(Kernel):
    """Terms added up, bias, activation; replaces ``Add`` and the activation.

    In bands, the terms are the threads' shares of a product; see ``minigrad/engine/bands.py``.
    """

    kind = "sum of shares"

    def __init__(self, program: Program, nodes: list[Any], reads: Sequence[Node] = ()) -> None:
        super().__init__(program, nodes, list(reads))
        self.bias, self.act = tail(nodes)

    def ask(self, memory: Asker) -> None:
        self.act.ask(memory, stored_shape(self.output.shape), self.output.dtype)
        if self.bias is not None:
            self.program.ask_for(self.bias, memory)

    def forward(self) -> Steps:
        assert self.program.cut is not None
        yield from self.finish(*(band.share for band in self.program.cut.bands))

    def finish(self, first: Any, *terms: Any) -> Steps:
        z = self.value()
        if self.bias is not None:
            terms = (*terms, self.bias._array[:, np.newaxis])
        if not terms and first is not z:
            yield partial(np.copyto, z, first)
        for term in terms:
            yield partial(np.add, first, term, out=z)
            first = z
        yield from self.act.forward(z, z)

    def backward(self) -> Steps:
        assert self.program.cut is not None
        yield from self.to_sum(self.program.cut.by_sum)

    def to_sum(self, g: Any) -> Steps:
        yield from self.act.backward(self.gradient, self.value(), self.value(), g)
        if self.bias is not None:
            by_bias, after = self.program.receive(self.bias)
            yield partial(np.add.reduce, g, axis=1, out=by_bias)
            yield from after


class Dense(BiasAct):
    """Product, bias and activation; replaces ``MatMul``, ``Add`` and the activation.

    In a band, a thread has some of the inputs and the rows of the weight that belong to
    them. Its product is its share of the sum; bias and activation follow elsewhere.
    """

    kind = "dense"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        self.x, self.weight = nodes[0].inputs
        band = program.band
        self.rows = slice(0, self.weight.shape[0]) if band is None else band.weight
        self.inside = self.rows if band is None else band.inside  # of the input's rows
        super().__init__(program, nodes, [self.x])
        batch, units = self.x.shape[0], self.weight.shape[1]
        share = 2 * batch * (self.rows.stop - self.rows.start) * units
        self.flops = (share, share * (1 + bool(self.sends)))

    def ask(self, memory: Asker) -> None:
        super().ask(memory)
        shape, dtype = stored_shape(self.output.shape), self.output.dtype
        self.rated = memory("gradient times rate", shape, dtype, memory.later)
        self.ask_change(memory, shape, dtype)

    def ask_change(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        self.program.ask_for(self.weight, memory, self.rows)
        if self.x.shape[0] == 1:
            # NumPy's product of a column and a row is slow; with a second column of
            # zeros it is BLAS's and twenty times as fast.
            inputs = self.rows.stop - self.rows.start
            self.columns = memory("input and zeros", (inputs, 2), dtype, memory.always)
            self.pair = memory("gradient and zeros", (shape[0], 2), dtype, memory.always)

    def forward(self) -> Steps:
        yield from self.product(self.value(self.x)[self.inside], self.value())
        yield from self.finish(self.value())

    def product(self, x: Any, z: Any) -> Steps:
        """Write the product with the weight, of shape (units, batch)."""
        yield partial(np.matmul, self.program.updates.array(self.weight)[self.rows].T, x, out=z)

    def backward(self) -> Steps:
        yield from self.to_sum(self.gradient)
        by_x, after = self.program.receive(self.x) if self.sends else (None, [])
        if by_x is not None:
            for other in (by_x[: self.inside.start], by_x[self.inside.stop :]):
                if len(other):
                    yield partial(other.fill, 0)
            by_x = by_x[self.inside]
        yield from self.change(self.value(self.x)[self.inside], self.gradient, by_x)
        yield from after

    def change(self, x: Any, g: Any, by_x: Any) -> Steps:
        """Write the gradient of the input, and change the weight or keep its gradient."""
        weight = self.program.updates.array(self.weight)[self.rows]
        by_weight = self.program.weight(self.weight)
        left, right, rated = x, g, by_weight.rate is not None
        if rated:
            right = self.rated.array
            yield partial(np.multiply, g, by_weight.rate, out=right)
        if x.shape[1] == 1:
            left = self.columns.array
            yield partial(np.copyto, left[:, :1], x)
            yield partial(np.copyto, self.pair.array[:, :1], right)
            right = self.pair.array
        for rows in by_weight.pieces():
            yield partial(np.matmul, left[rows], right.T, out=by_weight.into(rows))
            if by_x is not None:  # with the weights of before the step
                yield partial(np.matmul, weight[rows], g, out=by_x[rows])
            yield from by_weight.done(rows, rated)
