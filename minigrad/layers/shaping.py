"""Layers that change the shape: another order of axes, or a picture summed up in a number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.graph import Node
from minigrad.layers.base import Layer, Shape
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, is_whole, title

__all__ = ["GlobalAveragePooling2D", "GlobalMaxPooling2D", "Reshape"]


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
        shape = self.compute_output_shape(inputs.shape)
        return np.reshape(inputs, (inputs.shape[0], *shape[1:]))  # type: ignore[return-value]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        size, known = math.prod(input_shape[1:]), math.prod(n for n in self.target_shape if n > 0)
        shape = tuple(size // known if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != size:
            raise ValueError(
                f"{title(self)}: {size} numbers of a sample of shape {input_shape[1:]} do not fill "
                f"{self.target_shape}"
            )
        return (input_shape[0], *shape)


class GlobalPooling2D(Layer):
    """One number for each channel of a picture; the base of the two below."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        kind = type(self).__name__
        lookup.refuse(kind, data_format=(data_format, None, "channels_last"))
        if not isinstance(keepdims, bool):
            raise ValueError(f"{kind}: keepdims is True or False, got {brief(keepdims)}")
        self.keepdims = keepdims
        super().__init__(**options)

    def call(self, inputs: Node) -> Node:
        self.compute_output_shape(inputs.shape)
        return self._summary(inputs)

    def _summary(self, inputs: Any) -> Node:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 4:
            raise ValueError(
                f"{title(self)}: wants images of shape (batch, height, width, channel), "
                f"got {input_shape}"
            )
        batch, _, _, channels = input_shape
        return (batch, 1, 1, channels) if self.keepdims else (batch, channels)


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

    def _summary(self, inputs: Any) -> Node:
        return np.mean(inputs, axis=(1, 2), keepdims=self.keepdims)


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

    def _summary(self, inputs: Any) -> Node:
        return np.max(inputs, axis=(1, 2), keepdims=self.keepdims)
