"""Dropout as an operator: a part of the numbers is set to 0, at random, in every step.

Source: Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from
overfitting", JMLR 15; section 10 has the scaling that is used here: what is kept is scaled up in
training ("inverted dropout"), so that nothing is to be done after.
"""

from typing import Any

import numpy as np

from minigrad.graph import Node, recordable
from minigrad.operators.elementwise import Elementwise
from minigrad.shared.arguments import number

__all__ = ["Dropout"]


@recordable
class Dropout(Elementwise):
    """x, with each element set to 0 with probability ``rate`` and the others scaled up.

    Args:
        x: The node.
        rate: Part of the elements that is dropped, at least 0 and at most 1.
        generator: Where chance comes from; each forward sweep draws a new mask.
        name: What to call it.

    Raises:
        ValueError: When the rate is no such number.

    Example:
        >>> import numpy as np
        >>> from minigrad.operators.dropout import Dropout
        >>> node = Dropout(np.ones(6), 0.5, np.random.default_rng(3))
        >>> node.forward(np.ones(6))
        array([2., 0., 0., 0., 0., 2.])
    """

    def __init__(
        self, x: Any, rate: float, generator: np.random.Generator, name: str | None = None
    ) -> None:
        self.rate, self.generator = number("Dropout", "rate", rate, 0, 1), generator
        self.scale = 1 / (1 - rate) if rate < 1 else 0.0
        super().__init__(x, name=name)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        return x.shape, x.dtype  # without drawing a number

    def forward(self, x):
        # One random number for each element, in float32 whatever the dtype of x. The mask is kept
        # for the backward sweep: chance cannot be computed again.
        self.kept = self.generator.random(self.shape, dtype=np.float32) >= self.rate
        return x * self.kept * self.scale

    def backward(self, g, x):
        return g * self.kept * self.scale
