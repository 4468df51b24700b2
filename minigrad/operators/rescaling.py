"""Rescaling as an operator: pictures of whole numbers become numbers of the network."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, recordable

__all__ = ["Rescale"]


@recordable
class Rescale(Operator):
    """x · scale + offset, in the dtype that the network computes in.

    Args:
        x: The node; of whole numbers (``uint8`` pictures) as well.
        scale: What to multiply with.
        offset: What to add afterwards.
        dtype: The result's dtype.
        name: What to call it.

    Example:
        >>> import numpy as np
        >>> from minigrad.operators.rescaling import Rescale
        >>> pictures = np.array([0, 51, 255], np.uint8)
        >>> Rescale(pictures, 1 / 255).forward(pictures)
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
        super().__init__(x, name=name)

    def infer(self, x: Node) -> tuple[tuple[int, ...], np.dtype]:
        return x.shape, self.to

    def keeps_samples_apart(self, samples):
        return all(samples)

    def forward(self, x):
        return np.multiply(x, self.scale, dtype=self.to) + self.offset

    def backward(self, g, x):
        return g * self.scale
