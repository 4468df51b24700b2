"""Debts: at batch size 1, changes of a large weight that are remembered and made together.

The gradient of a dense layer's weight is then a column times a row, x·gᵀ. Subtracting it
from a weight of 3 MB means writing 3 MB and reading 6, more than the two products of the
step. So the last few are not subtracted but remembered:

    W = W₀ − Σ xₛ·rₛᵀ,   with rₛ = rate·gₛ

and the products take them into account: Wᵀx = W₀ᵀx − Σ rₛ·(xₛᵀx), Wg = W₀g − Σ xₛ·(rₛᵀg).
When the list is full, all are subtracted in one product of matrices. Whoever asks for the
variable's value meanwhile is paid first.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from operator import call
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.kernels.dense import Dense
from minigrad.engine.kernels.kernel import Steps
from minigrad.graph import Variable

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Debt", "OwingDense"]

MOST = 16  # steps that are remembered


class Debt:
    """What a weight of shape (inputs, units) still has to be changed by.

    Args:
        variable: The weight; plain gradient descent trains it.

    Attributes:
        columns: Inputs of the steps remembered, of shape (steps, inputs); zeros are free.
        rows: Gradients times the learning rate, of shape (steps, units).
    """

    reorders = False  # the weight stays in the variable's own memory

    def __init__(self, variable: Variable) -> None:
        inputs, units = variable.shape
        self.variable, self.array = variable, variable._array
        self.states: list[Any] = []
        self.columns = np.zeros((MOST, inputs), variable.dtype)
        self.rows = np.zeros((MOST, units), variable.dtype)
        self.sum = np.zeros((inputs, units), variable.dtype)
        self.count = 0
        self.payment = [
            partial(np.subtract, self.array, self.sum, out=self.array),
            partial(self.columns.fill, 0),
            partial(self.rows.fill, 0),
        ]

    def take(self) -> None:
        """From now on the variable's value is the debt's to answer for."""
        if self.variable.lender is not self:
            self.variable.lend(self)

    def remember(self, x: Any, row: Any) -> None:
        """Note one step's change, x·rowᵀ; pay when the list is full."""
        if self.count == MOST:  # Ctrl-C came before it was paid
            self.give_back()
        np.copyto(self.columns[self.count], x)
        np.copyto(self.rows[self.count], row)
        self.count += 1
        if self.count == MOST:
            self.give_back()

    def give_back(self) -> None:
        """Make all changes that are remembered."""
        if self.count:
            np.matmul(self.columns.T, self.rows, out=self.sum)
            # In one go, without Python between: Ctrl-C finds everything paid, or nothing.
            deque(map(call, self.payment), maxlen=0)
            self.count = 0


class OwingDense(Dense):
    """A dense layer for one picture, whose weight is changed later; see :class:`Debt`."""

    kind = "dense, owing"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes)
        self.debt = program.updates.loan = Debt(self.weight)

    def ask_change(self, memory: Any, shape: tuple[int, ...], dtype: Any) -> None:
        inputs, units = self.weight.shape
        self.alike = memory("products with earlier steps", (MOST,), dtype, memory.always)
        self.owed_units = memory("what is owed", (units,), dtype, memory.always)
        self.owed_inputs = memory("what is owed", (inputs,), dtype, memory.always)

    def product(self, x: Any, z: Any) -> Steps:
        debt, alike, owed = self.debt, self.alike.array, self.owed_units.array
        yield partial(np.matmul, debt.array.T, x, out=z)
        yield partial(np.matmul, debt.columns, x[:, 0], out=alike)
        yield partial(np.matmul, alike, debt.rows, out=owed)
        yield partial(np.subtract, z[:, 0], owed, out=z[:, 0])

    def change(self, x: Any, g: Any, by_x: Any) -> Steps:
        debt, alike, owed = self.debt, self.alike.array, self.owed_inputs.array
        if by_x is not None:
            yield partial(np.matmul, debt.array, g, out=by_x)
            yield partial(np.matmul, debt.rows, g[:, 0], out=alike)
            yield partial(np.matmul, alike, debt.columns, out=owed)
            yield partial(np.subtract, by_x[:, 0], owed, out=by_x[:, 0])
        rated = self.rated.array
        yield partial(np.multiply, g, self.program.weight(self.weight).rate, out=rated)
        yield partial(debt.remember, x[:, 0], rated[:, 0])
