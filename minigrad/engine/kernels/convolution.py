"""Convolution as a kernel, with all that may follow it at once.

The reference operators are in ``minigrad/operators/convolution.py``.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.kernels.activations import bias_and_act, tail
from minigrad.engine.kernels.kernel import WHOLE, Array, Calls, Host, Kernel
from minigrad.engine.kernels.layout import stored_shape
from minigrad.engine.kernels.pooling import Pooling
from minigrad.engine.kernels.products import by_rows, in_parts, product
from minigrad.engine.scope import Scope
from minigrad.graph import Variable


class ConvolutionKernel(Kernel):
    """Convolution, bias, activation and perhaps max pooling; replaces ``Convolve``,
    ``Add``, the activation and ``MaxPool``.

    A window covers kh rows of an image, and the windows one row further down cover all of
    these but one. So the window matrix is kept by rows of the image: for each row, what
    lies under the kw columns of a window, for all its places across (and a row of ones,
    for the bias). The matrix of all windows in one line is then kh such rows one after the
    other in memory, and that of the next line begins one row later: the matrices overlap,
    nothing is copied kh times, and NumPy multiplies all of them in one call.

    The input's gradient works the same way, on rows of the result's gradient. With ReLU the
    largest of a window is found first, on fewer numbers: max(relu(z)) = relu(max(z)).

    Args:
        nodes: The nodes that it serves.
        scope: The part of the graph that it belongs to.
        part: Which rows of the result it computes; all by default.
    """

    kind = "convolution"

    def __init__(self, nodes: Sequence[Any], scope: Scope, part: slice = WHOLE) -> None:
        self.x, self.weight = nodes[0].inputs
        super().__init__(nodes, scope, [self.x], part)
        down, across = nodes[0].down, nodes[0].across
        self.bias, self.act = tail(nodes[1:])
        self.pool = next((Pooling(n) for n in nodes if type(n) is op.MaxPool), None)
        self.taps = 1
        if self.pool is not None:  # what lies under none of its windows is not computed
            down = down._replace(count=self.pool.down.size * self.pool.down.count)
            across = across._replace(count=self.pool.across.size * self.pool.across.count)
            if not self.sends:  # else the gradient of the images wants the sums in turn
                self.taps = self.pool.across.size
        self.down, self.across = down, across
        self.height = down.count if part == WHOLE else self.shape[0]
        self.padded = any((down.before, down.after, across.before, across.after))
        kh, kw, channels, self.filters = self.weight.shape
        self.columns = kw * channels  # rows of the window matrix for a row of the image
        self.touched = (self.height - 1) * down.stride + kh  # rows of the image
        products = 2 * self.weight.size * self.height * across.count * self.x.shape[0]
        self.flops = (products, products * (1 + bool(self.sends)))

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        if type(node) is not op.Convolve or not scope.computed_from(node):
            return None
        if not isinstance(node.inputs[1], Variable):
            return None
        chain = [node, *bias_and_act(node, scope)]
        if type(chain[-1]) in (op.Relu, op.Add, op.Convolve):
            pool = scope.only_user(chain[-1], op.MaxPool)
            chain += [
                p
                for p in pool
                if p.padding == "valid" and p.strides == p.window and min(p.window) > 1
            ]
        return chain

    # -- the matrix of weights and bias -----------------------------------------------------------
    def begin(self, host: Host) -> Calls:
        kh, filters, dtype = self.down.size, self.filters, self.output.dtype
        rows = self.columns + (self.bias is not None)
        shape, with_zeros = (kh, rows, filters), self.bias is not None
        self.matrix = matrix = host.ask("kernel and bias", shape, dtype, keep=with_zeros)
        weight = matrix[:, : self.columns].reshape(self.weight.shape)  # a view: one axis is split
        yield partial(np.copyto, weight, self.weight._array)
        if self.bias is not None:  # one row of ones of the kh counts
            yield partial(np.copyto, matrix[0, self.columns], self.bias._array)
        if self.sends:
            self.flipped = host.ask("flipped kernel", (self.columns, kh * filters), dtype)
            flipped = self.flipped.reshape(self.columns, kh, filters)
            yield partial(np.copyto, flipped, matrix[::-1, : self.columns].transpose(1, 0, 2))

    # -- where a window's numbers are ----------------------------------------------------------------
    def inner(self, padded: Array) -> Array:
        # the images without their padding
        height, _, width, _ = stored_shape(self.x.shape)
        top, left = self.down.before, self.across.before
        return padded[top : top + height, :, left : left + width]

    def under_columns(self, padded: Array) -> Array:
        # what lies under the windows, column by column:
        # (rows touched, kw, channel, tap, width / taps, batch)
        row, channel, column, sample = padded.strides
        step = column * self.across.stride
        strides = (row, column, channel, step, step * self.taps, sample)
        shape = (self.touched, *self.weight.shape[1:3], *self.places(), padded.shape[3])
        return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)

    def by_columns(self, window: Array) -> Array:
        # the window matrix, without ones, of the same shape
        _, kw, channels, _ = self.weight.shape
        rows = window[:, : self.columns]
        return rows.reshape(len(rows), kw, channels, *self.places(), window.shape[3])

    def places(self) -> tuple[int, int]:
        # The places across, as they lie in memory: in turn, or first those that come first in a
        # window of the pooling, and so on: then long runs are compared with one another.
        return self.taps, self.across.count // self.taps

    def windows(self) -> Array:
        return overlapping(self.window, self.down.size, self.down.stride, self.height)

    def padded_shape(self) -> tuple[int, ...]:
        height, channels, width, batch = stored_shape(self.x.shape)
        height += self.down.before + self.down.after
        width += self.across.before + self.across.after
        return height, channels, width, batch

    def sums(self, host: Host, out: Array) -> Array:
        """Where the weighted sums are put, of shape (height, filter, width, batch)."""
        shape = (self.height, self.filters, self.across.count, self.x.shape[0])
        if self.sends:  # with rows of zeros around, as far as a window reaches
            kh = self.down.size
            shape = (self.touched + kh - 1, *shape[1:])
            self.bordered = host.ask("weighted sums", shape, self.output.dtype, keep=True)
            return self.bordered[kh - 1 : self.touched : self.down.stride]
        # What is pooled or put in flat order is written elsewhere than the sums; otherwise the
        # activation works in place.
        if self.pool is None and out.flags.c_contiguous:
            return out
        return host.ask("weighted sums", shape, self.output.dtype)

    # -- the two sweeps --------------------------------------------------------------------------------
    def forward(self, host: Host) -> Calls:
        source, out, batch = host.value(self.x), host.value(self.output), self.x.shape[0]
        # The row of ones is written once, so this memory is nobody else's.
        rows, with_ones = self.columns + (self.bias is not None), self.bias is not None
        shape = (self.touched, rows, self.across.count, batch)
        self.window = host.ask("window matrix", shape, self.output.dtype, keep=with_ones)
        self.z = z = self.sums(host, out)
        if self.padded:
            edged = host.ask(
                "input with its padding", self.padded_shape(), self.output.dtype, keep=True
            )
            yield partial(np.copyto, self.inner(edged), source)
            source = edged
        yield partial(np.copyto, self.by_columns(self.window), self.under_columns(source))
        matrix = self.matrix.reshape(-1, self.filters)
        yield product(matrix.T, self.windows(), z)
        if self.pool is not None:
            yield from self.pool.forward(host, self.pool.seen(z, self.taps), out)
            yield from self.act.forward(host, out, out)
        else:
            yield from self.act.forward(host, z, out)

    def once(self) -> Calls:
        if self.bias is not None:
            yield partial(self.window[:, self.columns].fill, 1)

    def backward(self, host: Host) -> Calls:
        yield from self.to_sums(host)
        kh, rows, filters = self.matrix.shape
        by_line = host.ask("gradient by row", (self.height, kh, rows, filters), self.output.dtype)
        flat_z = flat(self.by_z).transpose(0, 2, 1)
        out = by_line.reshape(self.height, -1, filters)
        yield from by_rows(host, flat(self.windows()), flat_z, out)
        by_weight, after = host.receive(self.weight)
        out = by_weight.reshape(kh, self.columns, filters)
        yield partial(np.add.reduce, by_line[:, :, : self.columns], axis=0, out=out)
        yield from after
        if self.bias is not None:
            by_bias, after = host.receive(self.bias)
            yield partial(np.add.reduce, by_line[:, 0, self.columns], axis=0, out=by_bias)
            yield from after
        if self.sends:
            yield from self.to_images(host)

    def to_sums(self, host: Host) -> Calls:
        """The gradient of the sums, back through activation and pooling, to ``by_z``."""
        g, z, out = host.gradient(self.output), self.z, host.value(self.output)
        if self.pool is not None:
            self.by_z = z
            by_out = host.ask("gradient of the largest", out.shape, out.dtype)
            yield from self.act.backward(host, g, out, by_out)
            # Where ReLU cut the largest off its gradient is 0, so it need not be found.
            yield from self.pool.backward(host, by_out, self.pool.seen(z, self.taps))
        else:
            self.by_z = g if z is out else z
            yield from self.act.backward(host, g, z, self.by_z)

    def to_images(self, host: Host) -> Calls:
        """The gradient of the images."""
        blocks = overlapping(self.bordered, self.down.size, 1, self.touched)
        by_x, after = host.receive(self.x)
        place = by_x
        if self.padded:
            place = host.ask("its gradient", self.padded_shape(), self.output.dtype)
        by_window, shifted = self.shifted(host, place)
        yield product(self.flipped, blocks, by_window)
        yield partial(np.add.reduce, shifted, axis=1, out=place[: self.touched])
        if len(place) > self.touched:
            yield partial(place[self.touched :].fill, 0)
        if self.padded:
            yield partial(np.copyto, by_x, self.inner(place))
        yield from after

    def shifted(self, host: Host, place: Array) -> tuple[Array, Array]:
        """Where the gradient of what lies under the windows is put, and how it is added up.

        An element of an image lies under each column of a window once, each time in another
        window. With zeros between the lines of the matrix, the terms of all elements are a view
        of it in which every column of the window is moved by one.

        Returns:
            The matrix, of shape (rows touched, kw·channels, width·batch), and the terms, of shape
            (rows touched, kw, channel, width of the images, batch).
        """
        kw, channels, stride = self.across.size, self.weight.shape[2], self.across.stride
        batch, width, size = place.shape[3], place.shape[2], place.itemsize
        line = (width + kw - 1) * batch
        whole = (self.touched, self.columns, width + kw - 1, batch)
        lines = host.ask("gradient of the window matrix", whole, place.dtype, keep=True)
        shape = (self.touched, kw, channels, width, batch)
        steps = (self.columns * line, channels * line - batch, line, batch, 1)
        moved = np.lib.stride_tricks.as_strided(lines, shape, [n * size for n in steps])
        return lines[:, :, : self.across.count * stride : stride], moved


def flat(array: Array) -> Array:
    """(height, rows, width, batch) with width and batch as one axis: a view."""
    return in_parts(array, array.shape[2])[:, 0]


def overlapping(array: Array, rows: int, stride: int, count: int) -> Array:
    """Blocks of some rows each, every one beginning ``stride`` rows after the one before.

    Args:
        array: Of shape (height, lines, width, batch), in one piece.
        rows: Rows of a block.
        stride: Rows from one block to the next.
        count: Number of blocks.

    Returns:
        A view of shape (count, rows·lines, width, batch).
    """
    shape = (count, rows * array.shape[1], *array.shape[2:])
    strides = (array.strides[0] * stride, *array.strides[1:])
    return np.lib.stride_tricks.as_strided(array, shape, strides, writeable=False)
