"""Convolution and pooling as operators, written as their definition reads.

Images are channels-last: (batch, height, width, channel). What deep learning calls a
convolution is a cross-correlation; the kernel is not flipped:

    z[b, y, x, f] = Σ over i, j, c of  images[b, y·s + i, x·t + j, c] · kernel[i, j, c, f]

The sum over i and j is a loop over the few positions of the kernel, and for each of them
the whole batch is one product of NumPy's. Forward and backward run over the same loop, so
that a product and its two derivatives can be compared line by line. The fast versions are
in ``minigrad/engine/kernels``; the two agree to rounding, and a test says so.

Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
arXiv 1603.07285; padding as TensorFlow does it (more of an odd number at the far end).
"""

from collections.abc import Iterator, Sequence
from functools import cached_property, reduce
from typing import Any, NamedTuple, Self

import numpy as np

from minigrad.graph import Node, Operator, as_node, recordable
from minigrad.operators.elementwise import floating
from minigrad.shared.arguments import is_whole

__all__ = ["AveragePool", "Convolve", "ConvolveTransposed", "MaxPool"]


class Window(NamedTuple):
    """How a window slides along one axis.

    Attributes:
        size: Elements that the window covers.
        stride: Elements from one position to the next.
        before: Padding in front of the first element.
        after: Padding behind the last element.
        count: Positions of the window, the length of the result.

    Example:
        >>> from minigrad.operators.convolution import Window
        >>> Window.along(28, size=2, stride=1, padding="valid")
        Window(size=2, stride=1, before=0, after=0, count=27)
        >>> Window.along(28, size=5, stride=2, padding="same")
        Window(size=5, stride=2, before=1, after=2, count=14)
    """

    size: int
    stride: int
    before: int
    after: int
    count: int  # type: ignore[assignment]

    @classmethod
    def along(cls, length: int, size: int, stride: int, padding: str) -> Self:
        """Fit a window to an axis.

        Args:
            length: Elements of the axis.
            size: Elements that the window covers.
            stride: Elements from one position to the next.
            padding: ``"valid"`` for no padding, ``"same"`` for as many positions as
                elements (divided by the stride, rounded up).
        """
        if padding == "valid":
            return cls(size, stride, 0, 0, (length - size) // stride + 1)
        count = -(-length // stride)
        total = max((count - 1) * stride + size - length, 0)
        return cls(size, stride, total // 2, total - total // 2, count)

    def at(self, offset: int) -> slice:
        """The elements under one place of the window, for all positions of the window."""
        return slice(offset, offset + (self.count - 1) * self.stride + 1, self.stride)


def pair(owner: str, argument: str, value: Any) -> tuple[int, int]:
    """A whole number or two of them as (height, width).

    Args:
        owner: Name of whose argument it is, for the error.
        argument: Name of the argument, for the error.
        value: An integer or a pair of integers, each at least 1.

    Raises:
        ValueError: When it is neither.

    Example:
        >>> from minigrad.operators.convolution import pair
        >>> pair("Conv2D", "kernel_size", 2), pair("Conv2D", "kernel_size", (2, 3))
        ((2, 2), (2, 3))
    """
    numbers = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(numbers) != 2 or not all(map(is_whole, numbers)):
        raise ValueError(
            f"{owner}: {argument} is a whole number of at least 1 or a pair of them, got {value!r}"
        )
    return int(numbers[0]), int(numbers[1])


def check_padding(owner: str, argument: str, padding: Any) -> str:
    if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
        raise ValueError(f'{owner}: {argument} is "valid" or "same", got {padding!r}')
    return padding.lower()


def place_windows(
    owner: str,
    shape: tuple[Any, ...],
    window: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
) -> tuple[Window, Window]:
    """Fit a window to the images that it is to slide over.

    Args:
        owner: Whose window, for the errors.
        shape: Shape of the images, (batch, height, width, channel).
        window: Height and width of the window.
        strides: Its step, (down, across).
        padding: ``"valid"`` or ``"same"``.

    Returns:
        How it slides down, and how it slides across.

    Raises:
        ValueError: When the shape is not that of images, or they are smaller than the window.

    Example:
        >>> from minigrad.operators.convolution import place_windows
        >>> down, across = place_windows("Conv2D", (None, 28, 28, 1), (2, 3), (1, 1), "valid")
        >>> down.count, across.count
        (27, 26)
    """
    if len(shape) != 4:
        hint = " (a Reshape of the data to (…, 1) adds the channel)" if len(shape) == 3 else ""
        raise ValueError(
            f"{owner}: wants images of shape (batch, height, width, channel), got {shape}{hint}"
        )
    height, width = shape[1:3]
    down = Window.along(height, window[0], strides[0], padding)
    across = Window.along(width, window[1], strides[1], padding)
    if down.count < 1 or across.count < 1:
        raise ValueError(
            f"{owner}: kernel {window[0]}×{window[1]} does not fit "
            f'a {height}×{width} input with padding="{padding}"'
        )
    return down, across


class Sliding(Operator):
    """An operation that slides a window over the images; the base of the three below.

    Args:
        images: Node or array of shape (batch, height, width, channel).
        others: The other inputs, if there are any.
        window: Height and width of the window, one number or a pair.
        strides: Step of the window, one number or (down, across).
        padding: ``"valid"`` or ``"same"``.
        name: What to call it.

    Raises:
        ValueError: When the window does not fit the images.
    """

    fill = 0.0  # what the padding holds

    def __init__(
        self,
        images: Any,
        *others: Any,
        window: Any,
        strides: Any,
        padding: str,
        name: str | None = None,
    ) -> None:
        images = as_node(images)
        self.name = name
        self.padding = check_padding(self.title, "padding", padding)
        self.window = pair(self.title, "window", window)
        self.strides = pair(self.title, "strides", strides)
        self.down, self.across = place_windows(
            self.title, images.shape, self.window, self.strides, self.padding
        )
        super().__init__(images, *others, name=name)

    def pad(self, images: Any) -> Any:
        """The images with the padding around them."""
        down, across = self.down, self.across
        widths = ((0, 0), (down.before, down.after), (across.before, across.after), (0, 0))
        if not any(map(any, widths)):
            return images
        return np.pad(images, widths, constant_values=self.fill)

    def crop(self, padded: Any, shape: tuple[int, ...]) -> Any:
        """The images without the padding: the derivative of :meth:`pad`."""
        top, left = self.down.before, self.across.before
        return padded[:, top : top + shape[1], left : left + shape[2]]

    def offsets(self) -> Iterator[tuple[int, int, tuple[slice, slice, slice]]]:
        """Each place (i, j) of the window, with the slice of the padded images under it."""
        for i in range(self.window[0]):
            for j in range(self.window[1]):
                yield i, j, (slice(None), self.down.at(i), self.across.at(j))


@recordable
class Convolve(Sliding):
    """Weighted sums over windows of images.

    Args:
        images: Node or array of shape (batch, height, width, channel).
        kernel: Node or array of shape (height, width, channel, filter).
        strides: Step of the window, one number or (down, across).
        padding: ``"valid"`` or ``"same"``.
        name: What to call it.

    Returns:
        A node of shape (batch, height', width', filter).

    Raises:
        ValueError: When the kernel does not fit the images, or their channels differ.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> ramp = np.arange(9.0).reshape(1, 3, 3, 1)
        >>> edges = np.array([[-1.0, 1.0]]).reshape(1, 2, 1, 1)   # right minus left
        >>> node = mg.operators.Convolve(ramp, edges)
        >>> mg.forward([node])[0, :, :, 0]
        array([[1., 1.],
               [1., 1.],
               [1., 1.]])
    """

    def __init__(
        self,
        images: Any,
        kernel: Any,
        strides: Any = 1,
        padding: str = "valid",
        name: str | None = None,
    ) -> None:
        images, kernel = as_node(images), as_node(kernel)
        self.name = name
        check_kernel(self.title, kernel, "channel, filter")
        size = kernel.shape[:2]
        super().__init__(images, kernel, window=size, strides=strides, padding=padding, name=name)

    def infer(self, images: Node, kernel: Node) -> tuple[tuple[int, ...], np.dtype]:
        if images.shape[3] != kernel.shape[2]:
            raise ValueError(
                f"{self.title}: images {images.shape} have {images.shape[3]} channels, "
                f"the kernel {kernel.shape} wants {kernel.shape[2]}"
            )
        shape = (images.shape[0], self.down.count, self.across.count, kernel.shape[3])
        return shape, np.result_type(images.dtype, kernel.dtype)

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        images, kernel = samples
        return images and not kernel

    def forward(self, images, kernel):
        padded = self.pad(images)
        z = np.zeros(self.shape, self.dtype)
        for i, j, under in self.offsets():
            # (batch, y, x, channel) · (channel, filter) → (batch, y, x, filter)
            z += np.tensordot(padded[under], kernel[i, j], axes=1)
        return z

    def backward(self, g, images, kernel):
        padded = self.pad(images)
        by_padded = np.zeros(padded.shape, g.dtype)
        by_kernel = np.zeros(kernel.shape, g.dtype)
        for i, j, under in self.offsets():
            # each use of an image's element adds to its gradient: +=, never =
            by_padded[under] += np.tensordot(g, kernel[i, j].T, axes=1)
            # sum over batch, y and x: the kernel's element was used at every position
            by_kernel[i, j] = np.tensordot(padded[under], g, axes=([0, 1, 2], [0, 1, 2]))
        return self.crop(by_padded, images.shape), by_kernel


@recordable
class ConvolveTransposed(Sliding):
    """What a convolution does to the gradient of its result, as an operation of its own.

    Each number of the images adds the kernel, times it, to the place under the window. Value and
    derivative of :class:`Convolve` have changed places: no loop is another one.

    Source: Dumoulin and Visin, arXiv 1603.07285, section 4.

    Args:
        images: Node or array of shape (batch, height, width, channel).
        kernel: Node or array of shape (height, width, filter, channel).
        strides: Step of the window, one number or (down, across): how much larger the result is.
        padding: ``"same"`` for results as large as the images times the strides, ``"valid"`` for
            the whole of what the kernel reaches.
        name: What to call it.

    Returns:
        A node of shape (batch, height', width', filter).

    Raises:
        ValueError: When the kernel does not fit the images.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> dots = np.array([1.0, 2.0]).reshape(1, 1, 2, 1)
        >>> brush = np.array([[1.0, 3.0]]).reshape(1, 2, 1, 1)
        >>> mg.forward([mg.operators.ConvolveTransposed(dots, brush, (1, 2))])[0, :, :, 0]
        array([[1., 3., 2., 6.]])
    """

    def __init__(
        self,
        images: Any,
        kernel: Any,
        strides: Any = 1,
        padding: str = "valid",
        name: str | None = None,
    ) -> None:
        images, kernel = as_node(images), as_node(kernel)
        self.name = name
        check_kernel(self.title, kernel, "filter, channel")
        place_windows(self.title, images.shape, (1, 1), (1, 1), "valid")  # refuses no pictures
        self.window, self.strides = kernel.shape[:2], pair(self.title, "strides", strides)
        self.padding = check_padding(self.title, "padding", padding)
        larger = enlarged(images.shape, self.window, self.strides, self.padding)
        larger = (*larger, kernel.shape[2])
        self.down, self.across = place_windows(
            self.title, larger, self.window, self.strides, self.padding
        )
        Operator.__init__(self, images, kernel, name=name)

    def infer(self, images: Node, kernel: Node) -> tuple[tuple[int, ...], np.dtype]:
        if images.shape[3] != kernel.shape[3]:
            raise ValueError(
                f"{self.title}: images {images.shape} have {images.shape[3]} channels, "
                f"the kernel {kernel.shape} wants {kernel.shape[3]}"
            )
        shape = enlarged(images.shape, self.window, self.strides, self.padding)
        return (*shape, kernel.shape[2]), np.result_type(images.dtype, kernel.dtype)

    keeps_samples_apart = Convolve.keeps_samples_apart

    def forward(self, images, kernel):
        places = images.reshape(-1, images.shape[3])  # (batch · y · x, channel)
        height, width = (
            n + w.before + w.after
            for n, w in zip(self.shape[1:3], (self.down, self.across), strict=True)
        )
        padded = np.zeros_like(
            images, self.dtype, shape=(*self.shape[:1], height, width, *self.shape[3:])
        )
        for i, j, under in self.offsets():
            # (place, channel) · (channel, filter) → (batch, y, x, filter)
            by_place = places @ kernel[i, j].swapaxes(0, 1)
            padded[under] += by_place.reshape(*images.shape[:3], self.shape[3])
        return self.crop(padded, self.shape)

    def backward(self, g, images, kernel):
        padded, places = self.pad(g), images.reshape(-1, images.shape[3])
        by_images, by_kernel = np.zeros_like(images, g.dtype), np.zeros_like(kernel, g.dtype)
        for i, j, under in self.offsets():
            seen = padded[under].reshape(-1, self.shape[3])  # (batch · y · x, filter)
            by_images += (seen @ kernel[i, j]).reshape(images.shape)
            by_kernel[i, j] = seen.swapaxes(0, 1) @ places
        return by_images, by_kernel


def check_kernel(owner: str, kernel: Node, last: str) -> None:
    if kernel.ndim != 4:
        raise ValueError(
            f"{owner}: wants a kernel of shape (height, width, {last}), got {kernel.shape}"
        )


def enlarged(
    shape: tuple[Any, ...], window: Any, strides: tuple[int, int], padding: str
) -> tuple[Any, ...]:
    """Batch, height and width of the pictures over which a window has as many places as these have.

    Example:
        >>> from minigrad.operators.convolution import enlarged
        >>> enlarged((1, 7, 7, 3), (3, 3), (2, 1), "valid")
        (1, 15, 9)
    """
    more = [0 if padding == "same" else max(n - s, 0) for n, s in zip(window, strides, strict=True)]
    return (shape[0], shape[1] * strides[0] + more[0], shape[2] * strides[1] + more[1])


class Pool(Sliding):
    """A number for each window and channel; the base of the two poolings.

    Args:
        images: Node or array of shape (batch, height, width, channel).
        pool_size: Height and width of the window, one number or a pair.
        strides: Step of the window; the window's size by default.
        padding: ``"valid"`` or ``"same"``.
        name: What to call it.

    Returns:
        A node of shape (batch, height', width', channel).

    Raises:
        ValueError: When the window does not fit the images.
    """

    def __init__(
        self,
        images: Any,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        name: str | None = None,
    ) -> None:
        strides = pool_size if strides is None else strides
        images = floating(images)  # whole numbers have no mean, and nothing below the smallest
        super().__init__(images, window=pool_size, strides=strides, padding=padding, name=name)

    def keeps_samples_apart(self, samples: Sequence[bool]) -> bool:
        return all(samples)

    def infer(self, images: Node) -> tuple[tuple[int, ...], np.dtype]:
        shape = (images.shape[0], self.down.count, self.across.count, images.shape[3])
        return shape, images.dtype


@recordable
class MaxPool(Pool):
    """The largest element of each window; of equal ones the first receives the gradient.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> node = mg.operators.MaxPool(np.arange(16.0).reshape(1, 4, 4, 1))
        >>> mg.forward([node])[0, :, :, 0]
        array([[ 5.,  7.],
               [13., 15.]])
    """

    fill = -np.inf  # padding is never the largest

    def forward(self, images):
        padded = self.pad(images)
        return reduce(np.maximum, [padded[under] for _, _, under in self.offsets()])

    def backward(self, g, images):
        padded = self.pad(images)
        by_padded = np.zeros_like(padded)
        waiting = np.ones_like(g, bool)  # windows whose largest element was not met yet
        for _, _, under in self.offsets():
            largest = waiting & (padded[under] == self.value)
            by_padded[under] += g * largest
            waiting &= ~largest
        return self.crop(by_padded, images.shape)


@recordable
class AveragePool(Pool):
    """The mean of each window; padding does not count, as in TensorFlow.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> node = mg.operators.AveragePool(np.arange(16.0).reshape(1, 4, 4, 1))
        >>> mg.forward([node])[0, :, :, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]])
    """

    @cached_property
    def count(self) -> Any:
        """How many elements of the image lie under each window: (1, y, x, 1)."""
        ones = self.pad(np.ones((1, *self.inputs[0].shape[1:3], 1), self.dtype))
        return sum(ones[under] for _, _, under in self.offsets())

    def forward(self, images):
        padded = self.pad(images)
        return sum(padded[under] for _, _, under in self.offsets()) / self.count

    def backward(self, g, images):
        by_padded = np.zeros_like(self.pad(images))
        share = g / self.count
        for _, _, under in self.offsets():
            by_padded[under] += share
        return self.crop(by_padded, images.shape)
