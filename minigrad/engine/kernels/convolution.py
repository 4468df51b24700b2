"""Convolution as a kernel, with all that may follow it at once.

The reference operators are in ``minigrad/operators/convolution.py``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.kernels.activations import tail
from minigrad.engine.kernels.kernel import Asker, Kernel, Steps
from minigrad.engine.kernels.layout import stored_shape
from minigrad.operators.convolution import MaxPool

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Convolution"]


class Convolution(Kernel):
    """Convolution, bias, activation and perhaps max pooling; replaces ``Convolve``,
    ``Add``, the activation and ``MaxPool``.

    A window covers kh rows of a picture, and the windows one row further down cover all of
    these but one. So the window matrix is kept by rows of the picture: for each row, what
    lies under the kw columns of a window, for all its places across (and a row of ones,
    for the bias). The matrix of all windows in one line is then kh such rows one after the
    other in memory, and that of the next line begins one row later: the matrices overlap,
    nothing is copied kh times, and NumPy multiplies all of them in one call.

    The input's gradient works the same way, on rows of the result's gradient. With ReLU the
    largest of a window is found first, on fewer numbers: max(relu(z)) = relu(max(z)).
    """

    kind = "convolution"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        self.x, self.kernel = nodes[0].inputs
        super().__init__(program, nodes, [self.x])
        self.down, self.across = down, across = nodes[0].down, nodes[0].across
        rows = slice(0, down.count) if program.band is None else program.band.output
        self.height = rows.stop - rows.start
        self.padded = any((down.before, down.after, across.before, across.after))
        self.bias, self.act = tail(nodes[1:])
        self.pool = next((Pooling(n) for n in nodes if type(n) is MaxPool), None)
        kh, kw, channels, self.filters = self.kernel.shape
        self.columns = kw * channels  # rows of the window matrix for a row of the picture
        self.touched = (self.height - 1) * self.down.stride + kh  # rows of the picture
        products = 2 * self.kernel.size * self.height * self.across.count * self.x.shape[0]
        self.flops = (products, products * (1 + bool(self.sends)))

    def ask(self, memory: Asker) -> None:
        y, x, batch, dtype = self.height, self.across.count, self.x.shape[0], self.output.dtype
        kh, rows, filters = self.down.size, self.columns + (self.bias is not None), self.filters
        if self.padded:
            height, channels, width, _ = stored_shape(self.x.shape)
            height += self.down.before + self.down.after
            width += self.across.before + self.across.after
            shape = (height, channels, width, batch)
            self.edged = memory("input with its padding", shape, dtype, memory.always)
            if self.sends:
                self.by_edged = memory("its gradient", shape, dtype, memory.later)
        # The row of ones is written once, so this memory is nobody else's.
        life = memory.both if self.bias is None else memory.always
        self.window = memory("window matrix", (self.touched, rows, x, batch), dtype, life)
        self.matrix = memory("kernel and bias", (kh, rows, filters), dtype, memory.always)
        self.by_rows = memory("gradient by row", (y, kh * rows, filters), dtype, memory.later)
        self.by_matrix = memory("gradient of both", (kh, rows, filters), dtype, memory.later)
        # Where the result is written elsewhere (pooled, or in flat order), the sums and their
        # gradient need a place of their own; otherwise the activation works in place.
        strided = self.output in self.program.strided
        self.apart = bool(self.sends) or self.pool is not None or strided
        out = stored_shape(self.output.shape) if self.pool is not None else (y, filters, x, batch)
        if self.sends:  # with rows of zeros around, as far as a window reaches
            shape = (self.touched + kh - 1, filters, x, batch)
            self.z = memory("weighted sums", shape, dtype, memory.always)
            self.flipped = memory(
                "flipped kernel", (self.columns, kh * filters), dtype, memory.always
            )
        elif self.apart:
            self.z = memory("weighted sums", (y, filters, x, batch), dtype, memory.both)
        if self.pool is not None:
            self.pool.ask(memory, out, dtype)
            self.by_out = memory("gradient of the largest", out, dtype, memory.later)
        self.act.ask(memory, out, dtype)
        self.program.ask_for(self.kernel, memory)
        if self.bias is not None:
            self.program.ask_for(self.bias, memory)

    def kernel_of(self, matrix: Any) -> Any:
        # (kh, kw·channels, filters) seen as (kh, kw, channels, filters): a view
        kh, kw, channels, filters = self.kernel.shape
        rows = matrix[:, : self.columns]
        size = matrix.itemsize
        strides = (matrix.strides[0], channels * filters * size, filters * size, size)
        return np.lib.stride_tricks.as_strided(rows, (kh, kw, channels, filters), strides)

    def sums(self) -> Any:
        """The weighted sums, of shape (height, filter, width, batch)."""
        if not self.apart:
            return self.value()
        if not self.sends:
            return self.z.array
        first = self.down.size - 1
        return self.z.array[first : self.touched : self.down.stride]

    def begin(self) -> Steps:
        matrix = self.matrix.array
        yield partial(np.copyto, self.kernel_of(matrix), self.kernel._array)
        if self.bias is not None:  # one row of ones of the kh counts
            yield partial(np.copyto, matrix[0, self.columns], self.bias._array)
        if self.sends:
            kh, filters = self.down.size, self.filters
            flipped = self.flipped.array.reshape(self.columns, kh, filters)
            yield partial(np.copyto, flipped, matrix[::-1, : self.columns].transpose(1, 0, 2))

    def inner(self, padded: Any) -> Any:
        # the pictures without their padding
        height, _, width, _ = stored_shape(self.x.shape)
        top, left = self.down.before, self.across.before
        return padded[top : top + height, :, left : left + width]

    def under_column(self, padded: Any, j: int) -> Any:
        # what lies under column j of the windows: (rows touched, channel, width, batch)
        return padded[: self.touched, :, self.across.at(j)]

    def tap(self, window: Any, j: int) -> Any:
        channels = self.kernel.shape[2]
        return window[:, j * channels : (j + 1) * channels]

    def forward(self) -> Steps:
        window, z, out, source = self.window.array, self.sums(), self.value(), self.value(self.x)
        if self.bias is not None:
            window[:, self.columns] = 1
        if self.padded:
            yield partial(np.copyto, self.inner(self.edged.array), source)
            source = self.edged.array
        for j in range(self.across.size):
            yield partial(np.copyto, self.tap(window, j), self.under_column(source, j))
        blocks = overlapping(window, self.down.size, self.down.stride, self.height)
        matrix = self.matrix.array.reshape(-1, self.filters)
        yield partial(np.matmul, matrix.T, blocks, out=flat(z))
        if self.pool is not None:
            yield from self.pool.forward(z, out)
            yield from self.act.forward(out, out)
        else:
            yield from self.act.forward(z, out)

    def backward(self) -> Steps:
        window, g, z = self.window.array, self.gradient, self.sums()
        if self.pool is not None:
            by_out, out = self.by_out.array, self.value()
            yield from self.act.backward(g, out, out, by_out)
            # Where ReLU cut the largest off its gradient is 0, so it need not be found.
            yield from self.pool.backward(by_out, z, out)
        else:
            z = z if self.apart else g
            yield from self.act.backward(g, self.sums(), self.value(), z)
        blocks = overlapping(window, self.down.size, self.down.stride, self.height)
        by_matrix, by_rows = self.by_matrix.array, self.by_rows.array
        yield partial(np.matmul, blocks, flat(z).transpose(0, 2, 1), out=by_rows)
        yield partial(np.add.reduce, by_rows, axis=0, out=by_matrix.reshape(-1, self.filters))
        by_kernel, after = self.program.receive(self.kernel)
        yield partial(np.copyto, by_kernel, self.kernel_of(by_matrix))
        yield from after
        if self.bias is not None:
            by_bias, after = self.program.receive(self.bias)
            yield partial(np.copyto, by_bias, by_matrix[0, self.columns])
            yield from after
        if self.sends:
            by_window = window[:, : self.columns]  # the window matrix is not needed any more
            blocks = overlapping(self.z.array, self.down.size, 1, self.touched)
            yield partial(
                np.matmul, self.flipped.array, blocks, out=flat(window)[:, : self.columns]
            )
            by_x, after = self.program.receive(self.x)
            place = self.by_edged.array if self.padded else by_x
            yield partial(place.fill, 0)
            for j in range(self.across.size):
                there = self.under_column(place, j)
                yield partial(np.add, there, self.tap(by_window, j), out=there)
            if self.padded:
                yield partial(np.copyto, by_x, self.inner(place))
            yield from after


def flat(array: Any) -> Any:
    """(height, rows, width, batch) with width and batch as one axis: a view."""
    return array.reshape(*array.shape[:2], -1)


def overlapping(array: Any, rows: int, stride: int, count: int) -> Any:
    """Blocks of some rows each, every one beginning ``stride`` rows after the one before.

    Args:
        array: Of shape (height, lines, width, batch), in one piece.
        rows: Rows of a block.
        stride: Rows from one block to the next.
        count: Number of blocks.

    Returns:
        A view of shape (count, rows·lines, width·batch).
    """
    lines = array.shape[1]
    width = array.shape[2] * array.shape[3]
    strides = (array.strides[0] * stride, width * array.itemsize, array.itemsize)
    shape = (count, rows * lines, width)
    return np.lib.stride_tricks.as_strided(array, shape, strides, writeable=False)


class Pooling:
    """The largest of each window, where windows lie side by side; replaces ``MaxPool``.

    Of equal elements the first wins. Every element lies under one window at most, so the
    gradients may be written over the elements as we go.
    """

    def __init__(self, node: Any) -> None:
        self.down, self.across = node.down, node.across
        self.taps = [(i, j) for i in range(node.down.size) for j in range(node.across.size)]

    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        self.waiting = memory("windows still waiting", shape, bool, memory.later)
        self.wins = memory("windows that found it", shape, bool, memory.later)

    def under(self, pictures: Any, tap: tuple[int, int]) -> Any:
        # what lies under one place of the window, for all windows
        return pictures[self.down.at(tap[0]), :, self.across.at(tap[1])]

    def forward(self, source: Any, out: Any) -> Steps:
        first, *others = [self.under(source, tap) for tap in self.taps]
        if not others:
            yield partial(np.copyto, out, first)
        for other in others:
            yield partial(np.maximum, first, other, out=out)
            first = out

    def backward(self, g: Any, source: Any, largest: Any) -> Steps:
        waiting, wins = self.waiting.array, self.wins.array
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
