"""Rescaling as an operator: images of whole numbers become numbers of the network.

Source: the layer ``Rescaling`` of Keras; why inputs of a similar, small size train better is in
LeCun et al. (1998), "Efficient backprop", section 4.3.
"""

from typing import Any

import numpy as np

from minigrad.graph import recordable
from minigrad.operators.elementwise import Elementwise

__all__ = ["Rescale"]


@recordable
class Rescale(Elementwise):
    """x · scale + offset, in the dtype that the network computes in.

    Args:
        x: The node; of whole numbers (``uint8`` images) as well.
        scale: What to multiply with.
        offset: What to add afterwards.
        dtype: The result's dtype.
        name: What to call it.

    Raises:
        ValueError: When scale or offset is not finite, or the dtype not of floating-point
            numbers.

    Example:
        >>> import numpy as np
        >>> from minigrad.operators.rescaling import Rescale
        >>> images = np.array([0, 51, 255], np.uint8)
        >>> Rescale(images, 1 / 255).forward(images)
        array([0. , 0.2, 1. ], dtype=float32)
    """

    def __init__(
        self,
        x: Any,
        scale: float,
        offset: float = 0.0,
        dtype: Any = np.float32,
        name: str | None = None,
    ) -> None:
        self.scale, self.offset, self.to = float(scale), float(offset), np.dtype(dtype)
        if not np.isfinite([self.scale, self.offset]).all() or self.to.kind != "f":
            raise ValueError(
                "Rescale: scale and offset are finite numbers, and dtype is one of floating-point "
                f"numbers; got {scale}, {offset} and {self.to}"
            )
        super().__init__(x, name=name)

    def forward(self, x):
        return np.multiply(x, self.scale, dtype=self.to) + self.offset

    def backward(self, g, x):
        return g * self.scale
