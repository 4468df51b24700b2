"""The upper rungs: no graph any more, only arrays that are there before the first step.

What the graph would have told is written down by hand here: which operation follows which,
and what each hands back. ``minigrad.engine`` does the same from the graph, for any network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.threads import side_by_side
from minigrad_course.lessons.ladder.graphs import Rung, SinglePrecision

__all__ = ["Band", "BatchLast", "BothCores", "InPlace"]

TAPS = [(0, 0), (0, 1), (1, 0), (1, 1)]  # places (i, j) of a kernel of 2×2
ROWS = 27  # of the feature maps, and as many columns


def empty(*shape: int) -> np.ndarray:
    return np.empty(shape, np.float32)


def update(weights: Sequence[np.ndarray], gradients: Sequence[np.ndarray], rate: float) -> None:
    for w, g in zip(weights, gradients, strict=True):
        np.multiply(g, np.float32(rate), out=g)
        np.subtract(w, g, out=w)


class InPlace(Rung):
    """The same operations in the same layout, each told where to put its result.

    Every array is made here, in ``__init__``. The gradient of a layer goes where its value
    was, as soon as the value is of no more use.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.InPlace(ladder.reference_network().get_weights(), batch=4)
        >>> round(rung.step(np.zeros((4, 28, 28, 1)), np.eye(10)[:4]), 4)
        2.3026
    """

    title = "out=, no allocation"
    tolerance = SinglePrecision.tolerance

    def __init__(self, weights: Sequence[np.ndarray], batch: int = 1) -> None:
        self.batch = batch
        self.weights = [np.array(w, np.float32) for w in weights]
        self.gradients = [empty(*w.shape) for w in self.weights]
        self.windows = empty(batch, ROWS, ROWS, 4)
        self.maps = empty(batch * ROWS * ROWS, 8)
        self.by_maps = empty(batch, ROWS * ROWS * 8)
        self.mask = np.empty(self.maps.shape, bool)
        self.hidden, self.slope, self.by_hidden = (empty(batch, 128) for _ in range(3))
        self.head = Scores(batch, axis=1)

    def step(self, x: Any, y: Any, rate: float = 0.01) -> float:
        loss = self.forward(x, y)
        self.backward()
        update(self.weights, self.gradients, rate)
        return loss

    def forward(self, x: Any, y: Any) -> float:
        kernel, bias, w1, b1, w2, b2 = self.weights
        for tap, (i, j) in enumerate(TAPS):
            np.copyto(self.windows[..., tap], x[:, i : i + ROWS, j : j + ROWS, 0])
        np.matmul(self.windows.reshape(-1, 4), kernel.reshape(4, 8), out=self.maps)
        np.add(self.maps, bias, out=self.maps)
        np.maximum(self.maps, 0, out=self.maps)
        np.matmul(self.maps.reshape(self.batch, -1), w1, out=self.hidden)
        np.add(self.hidden, b1, out=self.hidden)
        elu(self.hidden, self.slope, 0)
        np.matmul(self.hidden, w2, out=self.head.z)
        np.add(self.head.z, b2, out=self.head.z)
        return self.head.loss(y)

    def backward(self) -> None:
        _, _, w1, _, w2, _ = self.weights
        by_kernel, by_bias, by_w1, by_b1, by_w2, by_b2 = self.gradients
        g = self.head.gradient  # (batch, 10)
        np.matmul(self.hidden.T, g, out=by_w2)
        np.sum(g, axis=0, out=by_b2)
        np.matmul(g, w2.T, out=self.by_hidden)
        np.multiply(self.by_hidden, self.slope, out=self.by_hidden)
        np.matmul(self.maps.reshape(self.batch, -1).T, self.by_hidden, out=by_w1)
        np.sum(self.by_hidden, axis=0, out=by_b1)
        np.matmul(self.by_hidden, w1.T, out=self.by_maps)
        g = self.by_maps.reshape(-1, 8)
        np.greater(self.maps, 0, out=self.mask)
        np.multiply(g, self.mask, out=g)
        np.matmul(self.windows.reshape(-1, 4).T, g, out=by_kernel.reshape(4, 8))
        np.sum(g, axis=0, out=by_bias)


def elu(z: Any, slope: Any, zero: Any) -> None:
    """ELU in place of z, and its derivative: max(z, 0) + (e^min(z, 0) − 1), and e^min(z, 0)."""
    np.minimum(z, zero, out=slope)
    np.exp(slope, out=slope)
    np.maximum(z, zero, out=z)
    np.add(z, slope, out=z)
    np.subtract(z, 1, out=z)


class Scores:
    """Softmax and cross-entropy in place, with the classes along an axis of one's choice."""

    def __init__(self, batch: int, axis: int) -> None:
        self.axis = axis
        shape, ones = ((batch, 10), (batch, 1)) if axis == 1 else ((10, batch), (1, batch))
        self.z, self.gradient, self.terms = (empty(*shape) for _ in range(3))
        self.largest, self.sum = empty(*ones), empty(*ones)
        self.share = np.float32(1 / batch)

    def loss(self, y: Any) -> float:
        """The mean of Σ y · (log Σ eᶻ − z); leaves (softmax − y) / batch in ``gradient``."""
        z, g = self.z, self.gradient
        along: Any = {"axis": self.axis, "keepdims": True}
        np.max(z, out=self.largest, **along)
        np.subtract(z, self.largest, out=z)
        np.exp(z, out=g)
        np.sum(g, out=self.sum, **along)
        np.divide(g, self.sum, out=g)
        np.subtract(g, y, out=g)
        np.multiply(g, self.share, out=g)
        np.log(self.sum, out=self.sum)
        np.subtract(self.sum, z, out=self.terms)
        np.multiply(self.terms, y, out=self.terms)
        return float(np.sum(self.terms)) * float(self.share)


class Band:
    """Some rows of all pictures, with the part of the first dense layer that belongs to them.

    The batch is the last axis: (row, filter, column, batch). There is one window matrix for
    each row, small enough for the cache, and ``np.matmul`` multiplies all of them in one call.
    The bias of the convolution is a fifth tap that always lies on a 1.

    Args:
        rows: Which rows of the feature maps.
        kernel: Kernel and bias, of shape (4 + 1, 8).
        weight: The dense layer's weights, of shape (27, 8, 27, 128): row, filter, column, unit.
        batch: How many pictures a step takes.
    """

    def __init__(self, rows: slice, kernel: Any, weight: Any, batch: int) -> None:
        count = rows.stop - rows.start
        self.rows, self.kernel, self.weight = rows, kernel, weight[rows].reshape(-1, 128)
        self.pictures = empty(count + 1, ROWS + 1, batch)
        self.windows = np.ones((count, 5, ROWS, batch), np.float32)
        self.maps, self.by_maps = (empty(count, 8, ROWS * batch) for _ in range(2))
        self.mask = np.empty(self.maps.shape, bool)
        self.zeros = np.zeros(ROWS * batch, np.float32)
        self.share, self.by_weight = empty(128, batch), empty(*self.weight.shape)
        self.by_row, self.by_kernel = empty(count, 5, 8), empty(5, 8)
        self.flat = self.windows.reshape(count, 5, -1)

    def forward(self, x: Any) -> None:
        count = len(self.windows)
        # (batch, row, column) → (row, column, batch)
        above = x[:, self.rows.start : self.rows.stop + 1, :, 0]
        np.copyto(self.pictures, above.transpose(1, 2, 0))
        for tap, (i, j) in enumerate(TAPS):
            np.copyto(self.windows[:, tap], self.pictures[i : i + count, j : j + ROWS])
        np.matmul(self.kernel.T, self.flat, out=self.maps)
        np.maximum(self.maps, self.zeros, out=self.maps)
        np.matmul(self.weight.T, self.maps.reshape(len(self.weight), -1), out=self.share)

    def backward(self, g: Any, rate: float) -> None:
        self.gradient_of_weight(g)
        self.gradient_of_maps(g)
        self.move(rate)  # only now: the line above has read the weights
        self.gradient_of_kernel()

    def gradient_of_weight(self, g: Any) -> None:
        np.matmul(self.maps.reshape(len(self.weight), -1), g.T, out=self.by_weight)

    def gradient_of_maps(self, g: Any) -> None:
        np.matmul(self.weight, g, out=self.by_maps.reshape(len(self.weight), -1))

    def move(self, rate: float) -> None:
        update([self.weight], [self.by_weight], rate)

    def gradient_of_kernel(self) -> None:
        np.greater(self.maps, self.zeros, out=self.mask)
        np.multiply(self.by_maps, self.mask, out=self.by_maps)
        np.matmul(self.flat, self.by_maps.transpose(0, 2, 1), out=self.by_row)
        np.add.reduce(self.by_row, axis=0, out=self.by_kernel)


class BatchLast(Rung):
    """The same work on arrays that are laid out for it: a single :class:`Band` of all rows.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.BatchLast(ladder.reference_network().get_weights(), batch=4)
        >>> round(rung.step(np.zeros((4, 28, 28, 1)), np.eye(10)[:4]), 4)
        2.3026
    """

    title = "layout: batch last"
    tolerance = SinglePrecision.tolerance
    cuts: tuple[int, ...] = (0, ROWS)  # where the bands of rows begin and end
    band = Band

    def __init__(self, weights: Sequence[np.ndarray], batch: int = 1) -> None:
        self.batch = batch
        kernel, bias, w1, *others = (np.array(w, np.float32) for w in weights)
        self.kernel = np.concatenate([kernel.reshape(4, 8), bias[np.newaxis]])
        # Keras's order of the inputs is (row, column, filter); here the columns come last.
        self.w1 = w1.reshape(ROWS, ROWS, 8, 128).transpose(0, 2, 1, 3).copy()
        self.b1, self.w2, self.b2 = others
        self.gradients = [empty(*w.shape) for w in (self.b1, self.w2, self.b2)]
        self.hidden, self.slope, self.by_hidden = (empty(128, batch) for _ in range(3))
        self.zeros = np.zeros(batch, np.float32)
        self.head = Scores(batch, axis=0)
        rows = [slice(*pair) for pair in zip(self.cuts, self.cuts[1:], strict=False)]
        self.bands = [self.band(part, self.kernel, self.w1, batch) for part in rows]

    @property
    def weights(self) -> list[np.ndarray]:  # type: ignore[override]
        w1 = self.w1.transpose(0, 2, 1, 3).reshape(-1, 128)
        return [self.kernel[:4].reshape(2, 2, 1, 8), self.kernel[4], w1, self.b1, self.w2, self.b2]

    def step(self, x: Any, y: Any, rate: float = 0.01) -> float:
        self.each([partial(band.forward, x) for band in self.bands])
        loss = self.upper_layers(y)
        self.each([partial(band.backward, self.by_hidden, rate) for band in self.bands])
        for band in self.bands:
            update([self.kernel], [band.by_kernel], rate)
        update([self.b1, self.w2, self.b2], self.gradients, rate)
        return loss

    def each(self, calls: list[Any]) -> None:
        for call in calls:
            call()

    def upper_layers(self, y: Any) -> float:
        first, *others = self.bands
        np.add(first.share, self.b1[:, np.newaxis], out=self.hidden)
        for band in others:
            np.add(self.hidden, band.share, out=self.hidden)
        elu(self.hidden, self.slope, self.zeros)
        np.matmul(self.w2.T, self.hidden, out=self.head.z)
        np.add(self.head.z, self.b2[:, np.newaxis], out=self.head.z)
        loss, g = self.head.loss(y.T), self.head.gradient  # (10, batch)
        by_b1, by_w2, by_b2 = self.gradients
        np.matmul(self.hidden, g.T, out=by_w2)
        np.sum(g, axis=1, out=by_b2)
        np.matmul(self.w2, g, out=self.by_hidden)
        np.multiply(self.by_hidden, self.slope, out=self.by_hidden)
        np.sum(self.by_hidden, axis=1, out=by_b1)
        return loss


class BothCores(BatchLast):
    """Two bands of rows, each in a thread of its own; nobody writes where another reads.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.BothCores(ladder.reference_network().get_weights(), batch=4)
        >>> round(rung.step(np.zeros((4, 28, 28, 1)), np.eye(10)[:4]), 4)
        2.3026
    """

    title = "both cores"
    cuts = (0, 14, ROWS)

    def __init__(self, weights: Sequence[np.ndarray], batch: int = 1) -> None:
        super().__init__(weights, batch)
        self.threads = len(self.bands)

    def each(self, calls: list[Any]) -> None:
        side_by_side([[call] for call in calls])  # one list of calls for each thread
