"""Convolution and pooling as kernels; the reference operators are in ``convolution.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.kernels import ACTS, Asker, Kernel, Steps, act_of, stored_shape

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Convolution"]


class Sliding(Kernel):
    """What convolution and pooling share: padding, and the part of a picture under a tap."""

    edge = 0.0  # what the padding holds

    def __init__(self, program: Program, nodes: list[Any], band: slice | None = None) -> None:
        self.node = nodes[0]
        self.x = self.node.inputs[0]
        self.down, self.across = self.node.down, self.node.across
        super().__init__(program, nodes, [self.x])
        self.band = slice(0, self.down.count) if band is None else band
        self.height = self.band.stop - self.band.start
        self.padded = any(
            (self.down.before, self.down.after, self.across.before, self.across.after)
        )

    def ask_padding(self, memory: Asker) -> None:
        if self.padded:
            y, c, x, batch = stored_shape(self.x.shape)
            y += self.down.before + self.down.after
            x += self.across.before + self.across.after
            shape, dtype = (y, c, x, batch), self.x.dtype
            self.edged = memory("input with its padding", shape, dtype, memory.always)
            if self.sends:
                self.by_edged = memory("its gradient", shape, dtype, memory.later)

    def inner(self, padded: Any) -> Any:
        y, _, x, _ = stored_shape(self.x.shape)
        top, left = self.down.before, self.across.before
        return padded[top : top + y, :, left : left + x]

    def pad(self) -> Steps:
        if self.padded:
            if self.edge:
                yield partial(self.edged.array.fill, self.edge)
            yield partial(np.copyto, self.inner(self.edged.array), self.value(self.x))

    def source(self) -> Any:
        return self.edged.array if self.padded else self.value(self.x)

    def under(self, padded: Any, i: int, j: int) -> Any:
        # rows and columns of the pictures under place (i, j) of the window, everywhere
        stride = self.down.stride
        rows = slice(i, i + (self.height - 1) * stride + 1, stride)
        return padded[rows, :, self.across.at(j)]

    def taps(self) -> Iterable[tuple[int, int, int]]:
        return taps(self)

    def spread(self, parts: Callable[[int], Any]) -> Steps:
        # the gradient of every tap added where it came from
        target = self.program.receive(self, self.x)
        place = self.by_edged.array if self.padded else target.array
        yield partial(place.fill, 0)
        for tap, i, j in self.taps():
            there = self.under(place, i, j)
            yield partial(np.add, there, parts(tap), out=there)
        yield from self.crop(target, place)

    def crop(self, target: Any, place: Any) -> Steps:
        if self.padded:
            yield partial(np.copyto, target.array, self.inner(place))
        yield from target.add()


def taps(pool: Any) -> Iterable[tuple[int, int, int]]:
    """The places (i, j) of a window, numbered."""
    places = [(i, j) for i in range(pool.down.size) for j in range(pool.across.size)]
    return ((tap, i, j) for tap, (i, j) in enumerate(places))


class Route:
    """Max pooling by comparing; replaces ``MaxPool2D``. Of equal elements the first wins."""

    def __init__(self, pool: Sliding | PoolWindow) -> None:
        self.pool = pool
        self.count = pool.down.size * pool.across.size

    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        self.waiting = memory("windows still waiting", shape, bool, memory.later)
        self.wins = memory("windows that found it", shape, bool, memory.later)
        self.part = memory("gradient of a tap", shape, dtype, memory.later)

    def forward(self, source: Any, out: Any) -> Steps:
        first, *others = [self.pool.under(source, i, j) for _, i, j in self.pool.taps()]
        if not others:
            yield partial(np.copyto, out, first)
        for other in others:
            yield partial(np.maximum, first, other, out=out)
            first = out

    def backward(self, g: Any, source: Any, largest: Any, place: Any) -> Steps:
        waiting, wins, part = self.waiting.array, self.wins.array, self.part.array
        down, across = self.pool.down, self.pool.across
        apart = down.stride == down.size and across.stride == across.size
        if apart:  # each element lies under one window at most, and the source may be
            # overwritten as we go; what lies under none has no gradient
            yield partial(place[down.size * down.count :].fill, 0)
            yield partial(place[:, :, across.size * across.count :].fill, 0)
        else:
            yield partial(place.fill, 0)
        for tap, i, j in self.pool.taps():
            there = self.pool.under(place, i, j)
            last = tap == self.count - 1 and tap > 0  # wins what is still waiting
            if not last:
                yield partial(np.equal, self.pool.under(source, i, j), largest, out=wins)
                if tap > 0:
                    yield partial(np.logical_and, wins, waiting, out=wins)
            if apart:
                yield partial(np.multiply, g, waiting if last else wins, out=there)
            else:
                yield partial(np.multiply, g, waiting if last else wins, out=part)
                yield partial(np.add, there, part, out=there)
            if tap == 0:
                yield partial(np.logical_not, wins, out=waiting)
            elif not last:
                yield partial(np.greater, waiting, wins, out=waiting)


class Convolution(Sliding):
    """Convolution, bias, activation and perhaps max pooling; replaces ``Convolution2D``,
    ``Add``, the activation and ``MaxPool2D``.

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

    def __init__(self, program: Program, nodes: list[Any], band: slice | None = None) -> None:
        super().__init__(program, nodes, band)
        self.kernel = self.node.inputs[1]
        self.bias = next((n.inputs[1] for n in nodes[1:] if n.label == "add"), None)
        self.act = act_of(next((n for n in nodes[1:] if type(n) in ACTS), None))
        pool = next((n for n in nodes[1:] if n.label == "maxpool2d"), None)
        self.pool = None if pool is None else Route(PoolWindow(pool))
        kh, kw, channels, self.filters = self.kernel.shape
        self.columns = kw * channels  # rows of the window matrix for a row of the picture
        self.touched = (self.height - 1) * self.down.stride + kh  # rows of the picture
        products = 2 * self.kernel.size * self.height * self.across.count * self.x.shape[0]
        self.flops = (products, products * (1 + bool(self.sends)))

    def ask(self, memory: Asker) -> None:
        y, x, batch, dtype = self.height, self.across.count, self.x.shape[0], self.output.dtype
        kh, rows, filters = self.down.size, self.columns + (self.bias is not None), self.filters
        self.ask_padding(memory)
        self.window = memory("window matrix", (self.touched, rows, x, batch), dtype, memory.both)
        self.matrix = memory("kernel and bias", (kh, rows, filters), dtype, memory.always)
        self.by_rows = memory("gradient by row", (y, kh * rows, filters), dtype, memory.later)
        self.by_matrix = memory("gradient of both", (kh, rows, filters), dtype, memory.later)
        # Where the result is written elsewhere (pooled, or in flat order), the sums need a
        # place of their own; otherwise the activation works in place.
        self.apart = bool(self.sends) or self.pool is not None or self.output in self.program.apart
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
        self.program.weight(self.kernel).ask(memory)
        if self.bias is not None:
            self.program.weight(self.bias).ask(memory)

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
        yield partial(np.copyto, self.kernel_of(matrix), self.kernel.value)
        if self.bias is not None:  # one row of ones of the kh counts
            yield partial(np.copyto, matrix[0, self.columns], self.bias.value)
        if self.sends:
            kh, filters = self.down.size, self.filters
            flipped = self.flipped.array.reshape(self.columns, kh, filters)
            yield partial(np.copyto, flipped, matrix[::-1, : self.columns].transpose(1, 0, 2))

    def under_column(self, padded: Any, j: int) -> Any:
        # what lies under column j of the windows: (rows touched, channel, width, batch)
        return padded[: self.touched, :, self.across.at(j)]

    def tap(self, window: Any, j: int) -> Any:
        channels = self.kernel.shape[2]
        return window[:, j * channels : (j + 1) * channels]

    def forward(self) -> Steps:
        window, z, out = self.window.array, self.sums(), self.value()
        yield from self.pad()
        for j in range(self.across.size):
            yield partial(np.copyto, self.tap(window, j), self.under_column(self.source(), j))
        if self.bias is not None:
            yield partial(window[:, self.columns].fill, 1)
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
            yield from self.pool.backward(by_out, z, out, z)
        else:
            yield from self.act.backward(g, z, self.value(), z)
        blocks = overlapping(window, self.down.size, self.down.stride, self.height)
        by_matrix, by_rows = self.by_matrix.array, self.by_rows.array
        yield partial(np.matmul, blocks, flat(z).transpose(0, 2, 1), out=by_rows)
        yield partial(np.add.reduce, by_rows, axis=0, out=by_matrix.reshape(-1, self.filters))
        kernel = self.program.weight(self.kernel)
        yield partial(np.copyto, kernel.into(), self.kernel_of(by_matrix))
        yield from kernel.done()
        if self.bias is not None:
            bias = self.program.weight(self.bias)
            yield partial(np.copyto, bias.into(), by_matrix[0, self.columns])
            yield from bias.done()
        if self.sends:
            by_window = window[:, : self.columns]  # the window matrix is not needed any more
            blocks = overlapping(self.z.array, self.down.size, 1, self.touched)
            yield partial(
                np.matmul, self.flipped.array, blocks, out=flat(window)[:, : self.columns]
            )
            target = self.program.receive(self, self.x)
            place = self.by_edged.array if self.padded else target.array
            yield partial(place.fill, 0)
            for j in range(self.across.size):
                there = self.under_column(place, j)
                yield partial(np.add, there, self.tap(by_window, j), out=there)
            yield from self.crop(target, place)


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


class PoolWindow:
    """The windows of a max pooling, as :class:`Route` asks for them."""

    def __init__(self, node: Any) -> None:
        self.down, self.across = node.down, node.across

    def under(self, padded: Any, i: int, j: int) -> Any:
        return padded[self.down.at(i), :, self.across.at(j)]

    def taps(self) -> Iterable[tuple[int, int, int]]:
        return taps(self)
