"""What a weight costs: a number that grows with its elements.

Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 7.1.
"""

from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, recordable

__all__ = ["Penalty"]


@recordable
class Penalty(Operator):
    """l1·Σ|x| + l2·Σx², with derivative 0 of ``|x|`` at the kink x = 0.

    Args:
        x: A node or an array of any shape.
        l1: What absolute values cost.
        l2: What squares cost.
        name: What to call it.

    Example:
        >>> import numpy as np
        >>> from minigrad.operators.penalty import Penalty
        >>> float(Penalty([-1.0, 2.0], 1.0, 0.5).forward(np.array([-1.0, 2.0])))
        5.5
    """

    def __init__(self, x: Any, l1: float, l2: float, name: str | None = None) -> None:
        self.l1, self.l2 = l1, l2
        super().__init__(x, name=name)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        return (), x.dtype

    def forward(self, x):
        squares = self.l2 * np.sum(x * x)
        return self.l1 * np.sum(np.absolute(x)) + squares if self.l1 else squares

    def backward(self, g, x):
        by_squares = x * (g * (2 * self.l2))
        return g * self.l1 * np.sign(x) + by_squares if self.l1 else by_squares
