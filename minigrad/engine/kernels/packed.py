"""Packed weights: a weight kept in another order while it is trained.

Keras flattens images as (height, width, channel). A convolution gives them here as
(height, channel, width, batch), and writing its result in Keras's order means writing in
runs of one batch, which costs more than the convolution. The order of the inputs of a dense
layer does not matter as long as the rows of its weight have the same one. So the plan
keeps a copy of the weight with its rows in the plan's own order, trains that, and copies it back
when somebody asks for the variable's memory.
"""

from __future__ import annotations

import numpy as np

from minigrad.engine.kernels.kernel import Array
from minigrad.graph import Variable
from minigrad.optimizers import Optimizer


class PackedWeight:
    """A weight of shape (height·width·channel, units) with rows in the order of a plan; a ``Holder``.

    Args:
        variable: The weight.
        optimizer: What it remembers of the weight is packed as well; ``None`` for nothing.
        images: (height, width, channel) of what was flattened.

    Attributes:
        arrays: The weight with rows ordered (height, channel, width), and what the optimizer
            remembers of it in the same order.
        holds: Whether these are newer than the variable's own.
    """

    def __init__(
        self, variable: Variable, optimizer: Optimizer | None, images: tuple[int, int, int]
    ) -> None:
        self.variable, self.optimizer, self.images = variable, optimizer, images
        theirs = [variable._array, *([] if optimizer is None else optimizer.state(variable))]
        self.arrays = [np.empty_like(array) for array in theirs]
        self.pairs = [(self.in_order(a), t) for a, t in zip(self.arrays, theirs, strict=True)]
        self.holds = False

    @classmethod
    def of(
        cls, variable: Variable, optimizer: Optimizer | None, images: tuple[int, int, int]
    ) -> PackedWeight:
        """The packed weight of a variable; plans of other batch sizes that train it share one."""
        known = variable._holder
        if isinstance(known, cls) and (known.optimizer, known.images) == (optimizer, images):
            if optimizer is None or len(known.arrays) == 1 + optimizer.slots:
                return known
        return cls(variable, optimizer, images)

    def in_order(self, mine: Array) -> Array:
        # a view of my array in the variable's order: (height, width, channel, units)
        height, width, channel = self.images
        return mine.reshape(height, channel, width, -1).transpose(0, 2, 1, 3)

    def take(self) -> None:
        """Copy weight and state from the variable, unless they are held already."""
        self.variable._hold(self)
        if not self.holds:
            for mine, theirs in self.pairs:
                np.copyto(mine, theirs.reshape(mine.shape))
            self.holds = True

    def current(self) -> Array:
        """The weight in the variable's order, a copy where it is held."""
        value = self.variable._value
        # With one channel both orders are the same, and reshape alone would give a view.
        return self.pairs[0][0].copy().reshape(value.shape) if self.holds else value

    def give_back(self) -> None:
        """Copy them to where they belong."""
        if self.holds:
            for mine, theirs in self.pairs:
                np.copyto(theirs.reshape(mine.shape), mine)
            self.holds = False
