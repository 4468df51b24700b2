"""Layers that change the shape: other axes, pictures with more around or in them, or summed up."""

import math
from typing import Any

import numpy as np

from minigrad.graph import Node
from minigrad.layers.base import Layer, Shape
from minigrad.operators.convolution import pair
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, is_whole, title

__all__ = [
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "Permute",
    "Reshape",
    "UpSampling2D",
    "ZeroPadding2D",
]


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

    def __init__(self, target_shape: Any, **options: Any) -> None:
        shape = target_shape
        lengths = shape if isinstance(shape, (tuple, list)) else [None]
        if not all(is_whole(n) or n == -1 for n in lengths) or list(lengths).count(-1) > 1:
            raise ValueError(
                f"Reshape: target_shape is that of one sample, such as (28, 28, 1); "
                f"got {brief(target_shape)}"
            )
        self.target_shape = tuple(shape)
        super().__init__(**options)

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

    def __init__(self, dims: Any, **options: Any) -> None:
        numbers = list(dims) if isinstance(dims, (tuple, list)) else []
        if not numbers or sorted(numbers) != list(range(1, len(numbers) + 1)):
            raise ValueError(
                f"Permute: dims are the numbers of a sample's axes in a new order, such as (2, 1); "
                f"got {brief(dims)}"
            )
        self.dims = tuple(numbers)
        super().__init__(**options)

    def call(self, inputs: Node) -> Node:
        if inputs.ndim != len(self.dims) + 1:
            shape = inputs.shape[1:]
            raise ValueError(f"{title(self)}: dims={self.dims} of samples of shape {shape}")
        return np.transpose(inputs, (0, *self.dims))  # type: ignore[return-value]


class Pictures(Layer):
    """A layer on pictures; the base of those below."""

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        kind = type(self).__name__
        lookup.refuse(kind, data_format=(data_format, None, "channels_last"))
        super().__init__(**options)

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

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        if not isinstance(keepdims, bool):
            kind = type(self).__name__
            raise ValueError(f"{kind}: keepdims is True or False, got {brief(keepdims)}")
        self.keepdims = keepdims
        super().__init__(data_format, **options)

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

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **options: Any
    ) -> None:
        sides = padding if isinstance(padding, (tuple, list)) else (padding, padding)
        both = tuple(tuple(n) if isinstance(n, (tuple, list)) else (n, n) for n in sides)
        if len(both) != 2 or not all(len(n) == 2 and all(is_whole(k, 0) for k in n) for n in both):
            raise ValueError(
                "ZeroPadding2D: padding is a whole number, two of them, or two pairs such as "
                f"((1, 1), (2, 2)); got {brief(padding)}"
            )
        self.padding = both
        super().__init__(data_format, **options)

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

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Any,
    ) -> None:
        lookup.refuse("UpSampling2D", interpolation=(interpolation, "nearest"))
        self.size = pair(size, "size", "UpSampling2D")
        self.interpolation = interpolation
        super().__init__(data_format, **options)

    def call(self, inputs: Node) -> Node:
        (batch, height, width, channels), (down, across) = self._lengths(inputs), self.size
        x: Any = np.reshape(inputs, (batch, height, 1, width, 1, channels))
        blocks = x * np.ones((down, 1, across, 1), inputs.dtype)
        shape = (batch, height * down, width * across, channels)
        return np.reshape(blocks, shape)  # type: ignore[return-value]
