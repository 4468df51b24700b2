"""Dense layers as kernels."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.kernels.activations import bias_and_act, tail
from minigrad.engine.kernels.kernel import Array, Call, Calls, Holder, Host, Kernel
from minigrad.engine.kernels.products import by_rows, by_shares, pays, row_by_row
from minigrad.engine.scope import Scope
from minigrad.graph import Node, Variable


class Sum(Kernel):
    """Terms added up, bias, activation; the base of the kernels below."""

    def __init__(self, nodes: Sequence[Any], scope: Scope, reads: Sequence[Any]) -> None:
        super().__init__(nodes, scope, reads)
        self.bias, self.act = tail(nodes)

    def finish(self, host: Host, z: Array) -> Calls:
        """What follows the sum."""
        if self.bias is not None:
            yield partial(np.add, z, self.bias._array[:, np.newaxis], out=z)
        yield from self.act.forward(host, z, z)

    def to_sum(self, host: Host, g: Array) -> Calls:
        """Write the gradient of the sum to g, and that of the bias where it belongs."""
        z = host.value(self.output)
        yield from self.act.backward(host, host.gradient(self.output), z, g)
        if self.bias is not None:
            by_bias, after = host.receive(self.bias)
            yield partial(np.add.reduce, g, axis=1, out=by_bias)
            yield from after


class DenseKernel(Sum):
    """Product, bias and activation; replaces ``MatMul``, ``Add`` and the activation."""

    kind = "dense"

    def __init__(self, nodes: Sequence[Any], scope: Scope) -> None:
        self.x, self.weight = nodes[0].inputs
        super().__init__(nodes, scope, [self.x])
        self.rows = slice(0, self.weight.shape[0])  # of the weight, that this kernel has
        self.set_flops()

    def set_flops(self) -> None:
        products = 2 * self.x.shape[0] * (self.rows.stop - self.rows.start) * self.weight.shape[1]
        self.flops = (products, products * (1 + bool(self.sends)))

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        if type(node) is not op.MatMul or not scope.computed_from(node):
            return None
        weight = node.inputs[1]
        if not isinstance(weight, Variable) or not node.ndim == weight.ndim == 2:
            return None
        return [node, *bias_and_act(node, scope)]

    def rows_of_weight(self) -> Array:
        """The rows that this kernel has of the weight, wherever it is kept."""
        return (self.holder.arrays[0] if self.holder else self.weight._array)[self.rows]

    def forward(self, host: Host) -> Calls:
        z = host.value(self.output)
        yield from self.product(host, host.value(self.x), z)
        yield from self.finish(host, z)

    def product(self, host: Host, x: Array, z: Array) -> Calls:
        """Write the product with the weight, of shape (units, batch)."""
        yield from by_shares(host, self.rows_of_weight().T, x, z)

    def backward(self, host: Host) -> Calls:
        g = host.gradient(self.output)
        yield from self.to_sum(host, g)
        by_x, after = self.place_for_x(host)
        yield from self.change(host, host.value(self.x), g, by_x)
        yield from after

    def place_for_x(self, host: Host) -> tuple[Array | None, list[Call]]:
        return host.receive(self.x) if self.sends else (None, [])

    def change(self, host: Host, x: Array, g: Array, by_x: Array | None) -> Calls:
        """Write the gradient of the input, and change the weight or keep its gradient."""
        weight, fate = self.rows_of_weight(), host.fate(self.weight, self.rows, self.holder)
        left, right = x, g.T
        if fate.rate is not None:
            right = host.ask("gradient times rate", right.shape, g.dtype)
            yield partial(np.multiply, g.T, fate.rate, out=right)
        elif pays(x, right):
            right = yield from row_by_row(host, right)  # once for all pieces
        if x.shape[1] == 1:
            # NumPy's product of a column and a row is slow; with a second column of
            # zeros it is BLAS's and twenty times as fast.
            columns = host.ask("input and zeros", (len(x), 2), x.dtype, keep=True)
            pair = host.ask("gradient and zeros", (2, len(g)), g.dtype, keep=True)
            yield partial(np.copyto, columns[:, :1], x)
            yield partial(np.copyto, pair[:1], right)
            left, right = columns, pair
        for rows, place, after in fate.pieces():
            yield from by_rows(host, left[rows], right, place)
            if by_x is not None:  # with the weights of before the step
                yield from by_rows(host, weight[rows], g, by_x[rows])
            yield from after


class DenseShare(DenseKernel):
    """Some rows of the product of a dense layer; replaces a part of ``MatMul``.

    Several of them add up to the product, which :class:`SumOfShares` does; see
    ``minigrad/engine/bands.py``.

    Args:
        nodes: The product.
        scope: The part of the graph that it belongs to.
        rows: Which rows of the weight it has.
        inside: Which rows of its input belong to them.
        share: Where the share of the product goes, of shape (units, batch).
        by_sum: The gradient of the product.
        holder: Who keeps the weight meanwhile.
    """

    def __init__(
        self,
        nodes: Sequence[Any],
        scope: Scope,
        rows: slice,
        inside: slice,
        share: Array,
        by_sum: Array,
        holder: Holder | None,
    ) -> None:
        super().__init__(nodes, scope)
        self.rows, self.inside, self.share, self.by_sum = rows, inside, share, by_sum
        self.holder = holder
        self.set_flops()

    def forward(self, host: Host) -> Calls:
        host.put(self.output, self.share)
        yield from self.product(host, host.value(self.x)[self.inside], self.share)

    def backward(self, host: Host) -> Calls:
        by_x, after = self.place_for_x(host)
        if by_x is not None:  # the rows on the border belong to another thread
            for other in (by_x[: self.inside.start], by_x[self.inside.stop :]):
                if len(other):
                    yield partial(other.fill, 0)
            by_x = by_x[self.inside]
        yield from self.change(host, host.value(self.x)[self.inside], self.by_sum, by_x)
        yield from after


class SumOfShares(Sum):
    """Shares of a product added up, bias, activation; replaces ``Add`` and the activation.

    Args:
        nodes: The product, and what follows it.
        scope: The part of the graph that they belong to.
        shares: The shares, of shape (threads, units, batch).
        by_sum: Where the gradient of their sum goes.
    """

    kind = "sum of shares"

    def __init__(self, nodes: Sequence[Node], scope: Scope, shares: Array, by_sum: Array) -> None:
        super().__init__(nodes, scope, [])
        self.shares, self.by_sum = shares, by_sum

    def forward(self, host: Host) -> Calls:
        z = host.value(self.output)
        yield partial(np.add.reduce, self.shares, axis=0, out=z)
        yield from self.finish(host, z)

    def backward(self, host: Host) -> Calls:
        yield from self.to_sum(host, self.by_sum)
