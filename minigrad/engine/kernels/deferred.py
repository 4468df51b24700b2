"""Deferred updates: at batch size 1, changes of a large weight are remembered and made together.

The gradient of a dense layer's weight is then a column times a row, x·gᵀ. Subtracting it
from a weight of 3 MB means writing 3 MB and reading 6, more than the two products of the
step. So the last few are not subtracted but remembered:

    W = W₀ − Σ xₛ·rₛᵀ,   with rₛ = rate·gₛ

and the products take them into account: Wᵀx = W₀ᵀx − Σ rₛ·(xₛᵀx), Wg = W₀g − Σ xₛ·(rₛᵀg).
When the list is full, all are subtracted in one product of matrices. Whoever asks for the
variable's memory meanwhile has them subtracted first.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine import sizes
from minigrad.engine.blas import blas_threads
from minigrad.engine.calls import Prepared, run
from minigrad.engine.kernels.dense import DenseKernel
from minigrad.engine.kernels.kernel import Array, Call, Calls, Host
from minigrad.engine.scope import Scope
from minigrad.graph import Variable

MOST = 16  # steps that are remembered


class DeferredUpdate:
    """What a weight of shape (inputs, units) still has to be changed by; a ``Holder``.

    Args:
        variable: The weight; plain gradient descent trains it.

    Attributes:
        columns: Inputs of the steps remembered, of shape (steps, inputs); zeros are free.
        rows: Gradients times the learning rate, of shape (steps, units).
    """

    def __init__(self, variable: Variable) -> None:
        inputs, units = variable.shape
        self.variable, self.array = variable, variable._array
        self.arrays = [self.array]
        self.columns = np.zeros((MOST, inputs), variable.dtype)
        self.rows = np.zeros((MOST, units), variable.dtype)
        self.sum = np.zeros((inputs, units), variable.dtype)
        self.count = 0
        self.changes = [
            partial(np.matmul, self.columns.T, self.rows, out=self.sum),
            partial(np.subtract, self.array, self.sum, out=self.array),
            partial(self.columns.fill, 0),
            partial(self.rows.fill, 0),
            partial(setattr, self, "count", 0),
        ]

    def take(self) -> None:
        """From now on the variable's value is this one's to answer for."""
        self.variable._hold(self)
        if self.count == MOST:
            self.give_back()

    def remember(self, x: Array, row: Array) -> list[Call]:
        """The calls that note one step's change, x·rowᵀ."""
        return [
            partial(np.positive, x, out=self.columns[self.count]),  # a copy: see calls.at_once
            partial(np.positive, row, out=self.rows[self.count]),
            partial(setattr, self, "count", self.count + 1),
        ]

    def current(self) -> Array:
        """The weight with all changes made, a copy where some are remembered."""
        return self.array - self.columns.T @ self.rows if self.count else self.array

    def give_back(self) -> None:
        """Make all changes that are remembered."""
        if self.count:
            # In one go, without Python between: Ctrl-C finds all of them made, or none.
            with blas_threads(1):  # between two steps as well
                run(self.changes)


class DeferredDense(DenseKernel):
    """A dense layer for one sample, whose weight is changed later; see :class:`DeferredUpdate`."""

    kind = "dense, update deferred"
    holder: DeferredUpdate

    def __init__(self, nodes: Sequence[Any], scope: Scope) -> None:
        super().__init__(nodes, scope)
        self.holder, self.rate = DeferredUpdate(self.weight), scope.deferrable[self.weight]

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        nodes = super().takes(node, scope)
        if not nodes or node.shape[0] > 1:
            return None
        weight: Any = node.inputs[1]
        large = weight._array.nbytes >= sizes.LARGE
        return nodes if large and weight in scope.deferrable and scope.uses[weight] == 1 else None

    def product(self, host: Host, x: Array, z: Array) -> Calls:
        yield partial(np.matmul, self.holder.array.T, x, out=z)
        yield from self.less(host, x, self.holder.columns, self.holder.rows, z)

    def less(self, host: Host, x: Array, left: Array, right: Array, z: Array) -> Calls:
        # z − Σ right·(left·x): what the changes that are remembered make of a product
        alike = host.ask("products with earlier steps", (MOST,), z.dtype)
        deferred = host.ask("their part", (len(z),), z.dtype)
        yield partial(np.matmul, left, x[:, 0], out=alike)
        yield partial(np.matmul, alike, right, out=deferred)
        yield partial(np.subtract, z[:, 0], deferred, out=z[:, 0])

    def change(self, host: Host, x: Array, g: Array, by_x: Array | None) -> Calls:
        update = self.holder
        if by_x is not None:
            yield partial(np.matmul, update.array, g, out=by_x)
            yield from self.less(host, g, update.rows, update.columns, by_x)
        rated = host.ask("gradient times rate", g.shape, g.dtype)
        yield partial(np.multiply, g, self.rate, out=rated)
        host.at_end(Prepared(update.remember, x[:, 0], rated[:, 0]))
