"""Loans: a weight kept in another order while it is trained.

Keras flattens pictures as (height, width, channel). A convolution gives them here as
(height, channel, width, batch), and writing its result in Keras's order means writing in
runs of one batch, which costs more than the convolution. The order of the inputs of a dense
layer does not matter as long as the rows of its weight have the same one. So the plan
borrows the weight: it puts the rows in its own order, trains, and gives them back when
somebody asks for the variable's value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Variable
from minigrad.optimizers import Optimizer

__all__ = ["Loan", "loan_of"]


class Loan:
    """A weight of shape (height·width·channel, units) with rows in the order of the plan.

    Args:
        variable: The weight.
        optimizer: What it remembers of the weight is lent as well; ``None`` for nothing.
        pictures: (height, width, channel) of what was flattened.

    Attributes:
        array: The weight with rows ordered (height, channel, width).
        states: What the optimizer remembers of it, in the same order.
    """

    reorders = True

    def __init__(
        self, variable: Variable, optimizer: Optimizer | None, pictures: tuple[int, int, int]
    ) -> None:
        self.variable, self.optimizer, self.pictures = variable, optimizer, pictures
        self.array = np.empty_like(variable._array)
        self.states = [np.empty_like(state) for state in self.theirs()]

    def theirs(self) -> list[Any]:
        return [] if self.optimizer is None else self.optimizer.state(self.variable)

    def in_order(self, mine: Any) -> Any:
        # a view of my array in the variable's order: (height, width, channel, units)
        height, width, channel = self.pictures
        return mine.reshape(height, channel, width, -1).transpose(0, 2, 1, 3)

    def take(self) -> None:
        """Copy weight and state from the variable, unless they are lent to this loan."""
        if self.variable.lender is self:
            return
        pairs = [(self.array, self.variable._array), *zip(self.states, self.theirs(), strict=True)]
        for mine, theirs in pairs:
            view = self.in_order(mine)
            np.copyto(view, theirs.reshape(view.shape))
        self.variable.lend(self)

    def give_back(self) -> None:
        """Copy them to where they belong."""
        pairs = [(self.array, self.variable._array), *zip(self.states, self.theirs(), strict=True)]
        for mine, theirs in pairs:
            view = self.in_order(mine)
            np.copyto(theirs.reshape(view.shape), view)


def loan_of(
    variable: Variable, optimizer: Optimizer | None, pictures: tuple[int, int, int]
) -> Loan:
    """The loan of a variable; plans of other batch sizes that train it share one.

    Args:
        variable: The weight.
        optimizer: What trains it.
        pictures: (height, width, channel) of what was flattened.
    """
    loan = variable.loan
    if loan is None or (loan.optimizer, loan.pictures) != (optimizer, pictures):
        loan = variable.loan = Loan(variable, optimizer, pictures)
    return loan
