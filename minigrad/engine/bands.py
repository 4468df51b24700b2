"""Bands: how a large dense layer, and the convolution before it, are shared by rows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.engine import sizes
from minigrad.engine.kernels.convolution import Convolution
from minigrad.engine.kernels.dense import Dense
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.flatten import Flatten
from minigrad.engine.kernels.kernel import Kernel
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Band", "Cut", "find_cut"]

WAKING = 1 << 20  # multiplications that a thread makes while another wakes up, measured


class Band(NamedTuple):
    """Which rows belong to a thread.

    Attributes:
        input: Rows of the pictures (or elements of the vectors).
        output: Rows of the convolution's result; ``None`` without a convolution.
        weight: Rows of the dense layer's weight.
        inside: Which of the band's vector belong to these rows.
        lengths: For each node of the band, how many rows its value has.
        share: Where its share of the product goes, of shape (units, batch).
    """

    input: slice
    output: Any
    weight: slice
    inside: slice
    lengths: dict[Node, int]
    share: Any


class Cut:
    """Where bands meet: the product of a large dense layer.

    Args:
        dense: The layer's kernel.
        before: The kernels before it, from the first on.
        threads: How many bands to make.

    Attributes:
        node: The product.
        by_sum: Its gradient, of shape (units, batch).
        bands: One for each thread.
        feed: The kernel that gathers the batch for all bands.
    """

    def __init__(self, dense: Dense, before: list[Kernel], threads: int) -> None:
        self.node: Any = dense.nodes[0]
        self.feed: Feed | None = None
        self.before, self.weight = before, dense.weight
        self.conv = next((k for k in before if isinstance(k, Convolution)), None)
        # rows of the convolution's result, or of the pictures
        self.rows = self.conv.height if self.conv else before[0].output.shape[1]
        inputs, units = dense.weight.shape
        batch = self.node.shape[0]
        self.by_sum = np.zeros((units, batch), self.node.dtype)
        # Weights are shared evenly, but for what the first thread does while others wake up.
        ahead = min(WAKING // (units * batch), inputs // 8)
        ends = [0, *(ahead + (inputs - ahead) * t // threads for t in range(1, threads + 1))]
        self.bands = [self.band(first, end) for first, end in pairwise(ends)]

    def band(self, first: int, end: int) -> Band:
        # A row of pictures on the border is computed twice; each thread reads its part of it.
        per_row = self.weight.shape[0] // self.rows
        start, stop = first // per_row, -(-end // per_row)
        source, output, lengths = slice(start, stop), None, {}
        if self.conv:
            output, down = source, self.conv.down
            source = slice(start * down.stride, (stop - 1) * down.stride + down.size)
        for kernel in self.before:
            part = source if isinstance(kernel, Feed) else slice(start, stop)
            length = part.stop - part.start
            if isinstance(kernel, Flatten):
                length *= per_row
            lengths.update(dict.fromkeys(kernel.nodes, length))
        inside = slice(first - start * per_row, end - start * per_row)
        share = np.zeros_like(self.by_sum)
        return Band(source, output, slice(first, end), inside, lengths, share)


def find_cut(program: Program, threads: int) -> Cut | None:
    """The first large dense layer, if nothing but one convolution comes before it."""
    makers = {kernel.output: kernel for kernel in program.kernels}
    for dense in program.kernels:
        if isinstance(dense, Dense) and dense.weight._array.nbytes >= sizes.LARGE:
            break
    else:
        return None
    before: list[Any] = [makers[dense.x]]
    while before[0].reads and len(before) < 4:
        before.insert(0, makers[before[0].reads[0]])
    readers = [node for kernel in program.kernels for node in kernel.reads]
    kinds = [type(kernel) for kernel in before]
    alone = all(readers.count(kernel.output) == 1 for kernel in before)
    fits = kinds in ([Feed], [Feed, Flatten], [Feed, Convolution, Flatten])
    if not (fits and alone and before[0].output.ndim in (2, 4) and program.uses[dense.weight] == 1):
        return None
    if dense.nodes[0] is program.network.outputs:
        return None
    if kinds[1:2] == [Convolution] and (before[1].pool or before[1].padded):
        return None
    cut = Cut(dense, before, threads)
    return cut if cut.rows >= threads else None
