"""Layers that change the shape: other axes, pictures with more around or in them, or summed up."""

import math
from typing import Any

import numpy as np

from minigrad.graph import Node
from minigrad.layers.base import Layer, Shape, truth
from minigrad.operators.convolution import pair
from minigrad.shared.arguments import brief, is_whole, title
from minigrad.shared.settings import argument, not_covered

__all__ = ["GlobalAveragePooling2D", "GlobalAvgPool2D", "GlobalMaxPool2D", "GlobalMaxPooling2D"]
__all__ += ["Permute", "Reshape", "UpSampling2D", "ZeroPadding2D"]


def shape_of_sample(owner: str, argument: str, shape: Any) -> tuple[int, ...]:
    lengths = shape if isinstance(shape, (tuple, list)) else [None]
    if not all(is_whole(n) or n == -1 for n in lengths) or list(lengths).count(-1) > 1:
        raise ValueError(
            f"{owner}: {argument} is that of one sample, such as (28, 28, 1); got {brief(shape)}"
        )
    return tuple(shape)


class Reshape(Layer):
    """Each sample's numbers in another shape.

    Args:
        target_shape: Shape of one sample; one length may be -1.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: When the shape is none, or the numbers do not fill it.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Reshape((28, 28, 1)).compute_output_shape((None, 784))
        (None, 28, 28, 1)
    """

    target_shape: tuple[int, ...] = argument(shape_of_sample)

    def call(self, inputs: Node) -> Node:
        batch, *lengths = inputs.shape
        size, known = math.prod(lengths), math.prod(n for n in self.target_shape if n > 0)
        shape = tuple(size // known if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != size:
            raise ValueError(
                f"{title(self)}: {size} numbers of a sample of shape {tuple(lengths)} do not fill "
                f"{self.target_shape}"
            )
        return np.reshape(inputs, (batch, *shape))  # type: ignore[return-value]


def order_of_axes(owner: str, argument: str, dims: Any) -> tuple[int, ...]:
    numbers = list(dims) if isinstance(dims, (tuple, list)) else []
    if not numbers or sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise ValueError(
            f"{owner}: {argument} are the numbers of a sample's axes in a new order, such as "
            f"(2, 1); got {brief(dims)}"
        )
    return tuple(numbers)


class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: For each axis of the result, which axis of a sample it was, counted from 1.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: When the numbers are no permutation, or do not fit the input.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Permute((2, 1)).compute_output_shape((None, 10, 64))
        (None, 64, 10)
    """

    dims: tuple[int, ...] = argument(order_of_axes)

    def call(self, inputs: Node) -> Node:
        if inputs.ndim != len(self.dims) + 1:
            shape = inputs.shape[1:]
            raise ValueError(f"{title(self)}: dims={self.dims} of samples of shape {shape}")
        return np.transpose(inputs, (0, *self.dims))  # type: ignore[return-value]


class Pictures(Layer):
    """A layer on pictures; the base of those below."""

    data_format: str | None = not_covered(None, "channels_last")

    def _lengths(self, images: Node) -> Shape:
        """Batch, height, width and channels of pictures."""
        if images.ndim != 4:
            raise ValueError(
                f"{title(self)}: wants images of shape (batch, height, width, channel), "
                f"got samples of shape {images.shape[1:]}"
            )
        return images.shape


class GlobalPooling2D(Pictures):
    """One number for each channel of a picture; the base of the two below."""

    _function: Any

    data_format: str | None = not_covered(None, "channels_last")
    keepdims: bool = argument(truth, False)

    def call(self, inputs: Node) -> Node:
        self._lengths(inputs)
        return self._function(inputs, axis=(1, 2), keepdims=self.keepdims)  # type: ignore[no-any-return]


class GlobalAveragePooling2D(GlobalPooling2D):
    """The mean of each channel over the whole picture.

    Args:
        data_format: Channels are last; nothing else is covered.
        keepdims: Whether height and width stay as axes of length 1.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: When it is called on anything but pictures.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.GlobalAveragePooling2D().compute_output_shape((None, 7, 7, 16))
        (None, 16)
    """

    _function = staticmethod(np.mean)


class GlobalMaxPooling2D(GlobalPooling2D):
    """The largest number of each channel over the whole picture.

    Args:
        data_format: Channels are last; nothing else is covered.
        keepdims: Whether height and width stay as axes of length 1.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: When it is called on anything but pictures.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.GlobalMaxPooling2D().compute_output_shape((None, 7, 7, 16))
        (None, 16)
    """

    _function = staticmethod(np.max)


GlobalAvgPool2D, GlobalMaxPool2D = GlobalAveragePooling2D, GlobalMaxPooling2D


def rows_and_columns(owner: str, argument: str, padding: Any) -> Any:
    sides = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    both = tuple(tuple(n) if isinstance(n, (tuple, list)) else (n, n) for n in sides)
    if len(both) != 2 or not all(len(n) == 2 and all(is_whole(k, 0) for k in n) for n in both):
        raise ValueError(
            f"{owner}: {argument} is a whole number, two of them, or two pairs such as "
            f"((1, 1), (2, 2)); got {brief(padding)}"
        )
    return both


class ZeroPadding2D(Pictures):
    """Zeros around each picture.

    Args:
        padding: How many rows and columns: a number, (above and below, left and right), or
            ((above, below), (left, right)).
        data_format: Channels are last; nothing else is covered.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: When the padding is none of the three, or it is called on anything but
            pictures.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.ZeroPadding2D((2, 1)).compute_output_shape((None, 28, 28, 1))
        (None, 32, 30, 1)
    """

    padding: Any = argument(rows_and_columns, (1, 1))

    def call(self, inputs: Node) -> Node:
        self._lengths(inputs)
        return np.pad(inputs, ((0, 0), *self.padding, (0, 0)))  # type: ignore[arg-type, return-value]


class UpSampling2D(Pictures):
    """Each picture larger: every number becomes a block of equal ones.

    Args:
        size: Height and width of a block, one number or a pair.
        data_format: Channels are last; nothing else is covered.
        interpolation: ``"nearest"``; nothing else is covered.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense, or when it is called on
            anything but pictures.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.UpSampling2D((2, 3)).compute_output_shape((None, 7, 7, 8))
        (None, 14, 21, 8)
    """

    size: tuple[int, int] = argument(pair, (2, 2))
    data_format: str | None = not_covered(None, "channels_last")
    interpolation: str = not_covered("nearest")

    def call(self, inputs: Node) -> Node:
        (batch, height, width, channels), (down, across) = self._lengths(inputs), self.size
        x: Any = np.reshape(inputs, (batch, height, 1, width, 1, channels))
        blocks = x * np.ones((down, 1, across, 1), inputs.dtype)
        shape = (batch, height * down, width * across, channels)
        return np.reshape(blocks, shape)  # type: ignore[return-value]
