"""A value that is looked at as it passes: its moving average is kept beside the graph."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, Variable

__all__ = ["MovingAverage"]


class MovingAverage(Operator):
    """x itself; in every forward sweep, an average of it is brought up to date.

        average ← momentum·average + (1 − momentum)·x

    A value that is not finite leaves the average as it is.

    Args:
        x: The node.
        average: The variable that holds the average, of the same shape.
        momentum: Part of the average that stays.
        name: What to call it.

    Example:
        >>> import minigrad as mg
        >>> average = mg.Variable([0.0])
        >>> x = mg.Constant([8.0])
        >>> mg.forward([x, mg.operators.MovingAverage(x, average, momentum=0.75)])
        array([8.])
        >>> average.value
        array([2.])
    """

    def __init__(self, x: Any, average: Variable, momentum: float, name: str | None = None) -> None:
        self.average, self.momentum = average, momentum
        # made once, so that a step makes no array
        dtype = average._array.dtype
        self.stays, self.enters = np.array(momentum, dtype), np.array(1 - momentum, dtype)
        self.spare, self.total = np.zeros_like(average._array), np.zeros((), dtype)
        super().__init__(x, name=name)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        return x.shape, x.dtype

    def forward(self, x):
        average = self.average._array
        np.multiply(x, self.enters, out=self.spare)
        np.add.reduce(self.spare, axis=None, out=self.total)
        if math.isfinite(self.total.item()):
            np.multiply(average, self.stays, out=average)
            np.add(average, self.spare, out=average)
        return x

    def backward(self, g, x):
        return g
