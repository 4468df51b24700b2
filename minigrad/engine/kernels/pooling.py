"""Max pooling as the last calls of a convolution, where windows lie side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.kernels.kernel import Array, Calls, Host

__all__ = ["Pooling"]


class Pooling:
    """The largest of each window, where windows lie side by side; replaces ``MaxPool``.

    Of equal elements the first wins. Every element lies under one window at most, so the
    gradients may be written over the elements as we go.
    """

    def __init__(self, node: Any) -> None:
        self.down, self.across = node.down, node.across
        self.taps = [(i, j) for i in range(node.down.size) for j in range(node.across.size)]

    def under(self, images: Array, tap: tuple[int, int]) -> Array:
        # what lies under one place of the window, for all windows
        return images[self.down.at(tap[0]), :, self.across.at(tap[1])]

    def forward(self, source: Array, out: Array) -> Calls:
        first, *others = [self.under(source, tap) for tap in self.taps]
        if not others:
            yield partial(np.copyto, out, first)
        for other in others:
            yield partial(np.maximum, first, other, out=out)
            first = out

    def backward(self, host: Host, g: Array, source: Array, largest: Array) -> Calls:
        waiting = host.ask("windows still waiting", g.shape, bool)
        wins = host.ask("windows that found it", g.shape, bool)
        # what lies under no window has no gradient
        yield partial(source[self.down.size * self.down.count :].fill, 0)
        yield partial(source[:, :, self.across.size * self.across.count :].fill, 0)
        yield partial(waiting.fill, True)
        for tap in self.taps[:-1]:
            there = self.under(source, tap)
            yield partial(np.equal, there, largest, out=wins)
            yield partial(np.logical_and, wins, waiting, out=wins)
            yield partial(np.multiply, g, wins, out=there)
            yield partial(np.greater, waiting, wins, out=waiting)
        yield partial(np.multiply, g, waiting, out=self.under(source, self.taps[-1]))
