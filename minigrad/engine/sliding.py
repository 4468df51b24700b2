"""Convolution and pooling as kernels; the reference operators are in ``convolution.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.kernels import ACTS, Asker, Kernel, Steps, act_of, as_stored, stored_shape
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["AveragePooling", "Convolution", "MaxPooling"]


class Sliding(Kernel):
    """What convolution and pooling share: padding, and the part of a picture under a tap."""

    edge = 0.0  # what the padding holds

    def __init__(self, program: Program, nodes: list[Node], band: slice | None = None) -> None:
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
        places = [(i, j) for i in range(self.down.size) for j in range(self.across.size)]
        return ((tap, i, j) for tap, (i, j) in enumerate(places))

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


class Route:
    """Max pooling by comparing; replaces ``MaxPool2D``. Of equal elements the first wins."""

    def __init__(self, pool: Sliding) -> None:
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

    The window matrix has a row for each tap of the kernel and channel, and a last one of
    ones for the bias; a column for each place of the window and picture. There is one
    matrix for each row of the result, small enough for the cache, and NumPy multiplies
    all of them in one call. With ReLU the largest of a window is found first, on fewer
    numbers: max(relu(z)) = relu(max(z)).
    """

    kind = "convolution"

    def __init__(self, program: Program, nodes: list[Node], band: slice | None = None) -> None:
        super().__init__(program, nodes, band)
        self.kernel = self.node.inputs[1]
        self.bias = next((n.inputs[1] for n in nodes[1:] if n.label == "add"), None)
        self.act = act_of(next((n for n in nodes[1:] if type(n) in ACTS), None))
        pool = next((n for n in nodes[1:] if n.label == "maxpool2d"), None)
        self.pool = None if pool is None else Route(PoolWindow(pool))
        kh, kw, channels, self.filters = self.kernel.shape
        self.count = kh * kw * channels
        products = 2 * self.count * self.filters * self.height * self.across.count
        self.flops = (
            products * self.x.shape[0],
            products * self.x.shape[0] * (1 + bool(self.sends)),
        )

    def ask(self, memory: Asker) -> None:
        y, x, batch, dtype = self.height, self.across.count, self.x.shape[0], self.output.dtype
        rows = self.count + (self.bias is not None)
        self.ask_padding(memory)
        self.window = memory("window matrix", (y, rows, x, batch), dtype, memory.both)
        # Where the result is written elsewhere (pooled, or in flat order), the sums need a
        # place of their own; otherwise the activation works in place.
        self.apart = self.pool is not None or self.output in self.program.apart
        if self.apart:
            self.z = memory("weighted sums", (y, self.filters, x, batch), dtype, memory.both)
        self.matrix = memory("kernel and bias", (rows, self.filters), dtype, memory.always)
        out = (y, self.filters, x, batch)
        if self.pool is not None:
            out = stored_shape(self.output.shape)
            self.pool.ask(memory, out, dtype)
            self.by_out = memory("gradient of the largest", out, dtype, memory.later)
        self.act.ask(memory, out, dtype)
        self.by_rows = memory("gradient by row", (y, rows, self.filters), dtype, memory.later)
        self.by_matrix = memory("gradient of both", (rows, self.filters), dtype, memory.later)
        self.program.weight(self.kernel).ask(memory)
        if self.bias is not None:
            self.program.weight(self.bias).ask(memory)

    def begin(self) -> Steps:
        matrix = self.matrix.array
        yield partial(np.copyto, matrix[: self.count].reshape(self.kernel.shape), self.kernel.value)
        if self.bias is not None:
            yield partial(np.copyto, matrix[self.count], self.bias.value)

    def flat(self, array: Any) -> Any:
        return array.reshape(*array.shape[:2], -1)  # width and batch as one axis

    def forward(self) -> Steps:
        window, out = self.window.array, self.value()
        z = self.z.array if self.apart else out
        channels = self.kernel.shape[2]
        yield from self.pad()
        for tap, i, j in self.taps():
            rows = window[:, tap * channels : (tap + 1) * channels]
            yield partial(np.copyto, rows, self.under(self.source(), i, j))
        if self.bias is not None:
            yield partial(window[:, self.count].fill, 1)
        yield partial(np.matmul, self.matrix.array.T, self.flat(window), out=self.flat(z))
        if self.pool is not None:
            yield from self.pool.forward(z, out)
            yield from self.act.forward(out, out)
        else:
            yield from self.act.forward(z, out)

    def backward(self) -> Steps:
        window, g, matrix = self.window.array, self.gradient, self.matrix.array
        z = self.z.array if self.apart else self.value()
        if self.pool is not None:
            by_out, out = self.by_out.array, self.value()
            yield from self.act.backward(g, out, out, by_out)
            # Where ReLU cut the largest off its gradient is 0, so it need not be found.
            yield from self.pool.backward(by_out, z, out, z)
        else:
            yield from self.act.backward(g, z, self.value(), z)
        by_z = self.flat(z)
        yield partial(np.matmul, self.flat(window), by_z.transpose(0, 2, 1), out=self.by_rows.array)
        by_matrix = self.by_matrix.array
        yield partial(np.add.reduce, self.by_rows.array, axis=0, out=by_matrix)
        kernel = self.program.weight(self.kernel)
        yield partial(np.copyto, kernel.into(), by_matrix[: self.count].reshape(self.kernel.shape))
        yield from kernel.done()
        if self.bias is not None:
            bias = self.program.weight(self.bias)
            yield partial(np.copyto, bias.into(), by_matrix[self.count])
            yield from bias.done()
        if self.sends:
            by_window = window[:, : self.count]  # the window matrix is not needed any more
            yield partial(
                np.matmul, matrix[: self.count], by_z, out=self.flat(window)[:, : self.count]
            )
            channels = self.kernel.shape[2]
            yield from self.spread(lambda tap: by_window[:, tap * channels : (tap + 1) * channels])


class PoolWindow:
    """The windows of a max pooling, as :class:`Route` asks for them."""

    def __init__(self, node: Node) -> None:
        self.down, self.across = node.down, node.across

    def under(self, padded: Any, i: int, j: int) -> Any:
        return padded[self.down.at(i), :, self.across.at(j)]

    taps = Sliding.taps


class MaxPooling(Sliding):
    """The largest of each window; replaces ``MaxPool2D``."""

    kind = "max pooling"
    edge = -np.inf

    def __init__(self, program: Program, nodes: list[Node]) -> None:
        super().__init__(program, nodes)
        self.route = Route(self)

    def ask(self, memory: Asker) -> None:
        self.ask_padding(memory)
        self.route.ask(memory, stored_shape(self.output.shape), self.output.dtype)

    def forward(self) -> Steps:
        yield from self.pad()
        yield from self.route.forward(self.source(), self.value())

    def backward(self) -> Steps:
        if not self.sends:
            return
        target = self.program.receive(self, self.x)
        place = self.by_edged.array if self.padded else target.array
        yield from self.route.backward(self.gradient, self.source(), self.value(), place)
        yield from self.crop(target, place)


class AveragePooling(Sliding):
    """The mean of each window; replaces ``AveragePool2D``."""

    kind = "average pooling"

    def ask(self, memory: Asker) -> None:
        self.ask_padding(memory)
        shape = stored_shape(self.output.shape)
        self.part = memory("share of a tap", shape, self.output.dtype, memory.later)

    def forward(self) -> Steps:
        yield from self.pad()
        out = self.value()
        yield partial(out.fill, 0)
        for _, i, j in self.taps():
            yield partial(np.add, out, self.under(self.source(), i, j), out=out)
        yield partial(np.divide, out, as_stored(self.node.count), out=out)

    def backward(self) -> Steps:
        if not self.sends:
            return
        part = self.part.array
        yield partial(np.divide, self.gradient, as_stored(self.node.count), out=part)
        yield from self.spread(lambda tap: part)
