"""Max pooling as the last calls of a convolution, where windows lie side by side."""

from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.kernels.kernel import Array, Calls, Host


class Chain:
    """The largest of several arrays, as a chain of the larger of two.

    Of equal elements the first wins, link by link; so does it on the way back, where a link
    gives the gradient to one of its two.

    Args:
        taps: The arrays, in the order in which the first wins.
        out: Where the largest are put.
        host: Gives memory for what is in between.
    """

    def __init__(self, taps: list[Array], out: Array, host: Host) -> None:
        self.host, self.taps = host, taps
        between = [host.ask("larger so far", out.shape, out.dtype) for _ in taps[2:]]
        self.largest = [taps[0], *between, out]  # of the first, the first two, …

    def forward(self) -> Calls:
        pairs = zip(self.largest, self.taps[1:], self.largest[1:], strict=False)
        for sofar, tap, larger in pairs:
            yield partial(np.maximum, sofar, tap, out=larger)

    def backward(self, g: Array, places: list[Array]) -> Calls:
        """Give the gradient of the largest to the arrays; it may be written over them."""
        first_wins = self.host.ask("where the first is larger", g.shape, bool)
        for k in range(len(self.taps) - 1, 0, -1):
            before = places[0] if k == 1 else self.largest[k - 1]
            yield partial(np.greater_equal, self.largest[k - 1], self.taps[k], out=first_wins)
            yield partial(np.multiply, g, first_wins, out=before)
            yield partial(np.subtract, g, before, out=places[k])
            g = before


class Pooling:
    """The largest of each window, where windows lie side by side; replaces ``MaxPool``.

    First the largest of each of its rows, then the largest of these. Every element lies under
    one window, so the gradients may be written over the elements as we go. The images that it is
    given have the shape (height, channel, windows across, column of a window, batch).
    """

    def __init__(self, node: Any) -> None:
        self.down, self.across = node.down, node.across

    def seen(self, sums: Array, taps: int) -> Array:
        """Weighted sums, (height, channel, width, batch), as such images.

        Args:
            sums: All of a line in turn, or first those that come first in a window, and so on.
            taps: How many such parts a line has: 1, or as many as a window has columns.
        """
        height, channels, _, batch = sums.shape
        windows, columns = self.across.count, self.across.size
        if taps == 1:
            return sums.reshape(height, channels, windows, columns, batch)
        return sums.reshape(height, channels, columns, windows, batch).swapaxes(2, 3)

    def rows(self, images: Array) -> list[Array]:
        # the rows of all windows
        return [images[self.down.at(i)] for i in range(self.down.size)]

    def columns(self, images: Array) -> list[Array]:
        # the columns of all windows
        return [images[..., j, :] for j in range(self.across.size)]

    def forward(self, host: Host, source: Array, out: Array) -> Calls:
        shape = (self.down.size * len(out), *out.shape[1:])
        self.by_row = host.ask("largest of each row", shape, out.dtype)
        self.chains = [
            Chain(self.columns(source), self.by_row, host),
            Chain(self.rows(self.by_row), out, host),
        ]
        for chain in self.chains:
            yield from chain.forward()

    def backward(self, host: Host, g: Array, source: Array) -> Calls:
        across, down = self.chains
        yield from down.backward(g, self.rows(self.by_row))
        yield from across.backward(self.by_row, self.columns(source))
