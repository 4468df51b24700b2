"""A value that is looked at as it passes: its moving average is kept beside the graph."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
        self.before = np.zeros_like(average._array)
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


class Averages:
    """The moving averages of a graph, which go back to what they were if a step fails.

    Args:
        order: The nodes of the graph.
    """

    def __init__(self, order: Iterable[Node]) -> None:
        self.nodes = [node for node in order if isinstance(node, MovingAverage)]

    @contextmanager
    def kept_if(self, optimizer: Any) -> Iterator[None]:
        """Put them back if the block fails before the optimizer has taken its step.

        Args:
            optimizer: The optimizer; ``None`` to put them back in any case.
        """
        for node in self.nodes:
            np.copyto(node.before, node.average._array)
        taken, failed = optimizer and optimizer.iterations, True
        try:
            yield
            failed = False
        finally:
            if optimizer is None or (failed and optimizer.iterations == taken):
                for node in self.nodes:
                    np.copyto(node.average._array, node.before)
