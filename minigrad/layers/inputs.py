"""The input of a model: the shape of one sample."""

from typing import Any

import numpy as np

from minigrad.graph import Node
from minigrad.layers.base import Layer, Shape
from minigrad.layers.building import sample_shape
from minigrad.layers.tensors import KerasTensor
from minigrad.shared.arguments import whole

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """The shape of one sample; made by :func:`Input`.

    Args:
        shape: Shape of one sample, without the batch.
        batch_size: Has no meaning here: a model takes batches of any size.
        dtype: Dtype in which the samples enter the graph.
        batch_shape: In place of ``shape``: the same with the batch before it.
        name: What to call it.
        input_shape: In place of ``shape``, as scripts for earlier versions have it.

    Raises:
        ValueError: When a length is not a whole number of at least 1, or there are two shapes.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.InputLayer((28, 28, 1)).batch_shape
        (None, 28, 28, 1)
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        batch_shape: Any = None,
        name: str | None = None,
        input_shape: Any = None,
    ) -> None:
        given = [each for each in (shape, input_shape) if each is not None]
        if batch_shape is not None:
            if not isinstance(batch_shape, (tuple, list)) or not batch_shape:
                raise ValueError(
                    f"Input: batch_shape is (None, 28, 28, 1), got {batch_shape!r:.60}"
                )
            batch_size, *rest = batch_shape
            given.append(tuple(rest))
        if len(given) > 1:
            raise ValueError("Input: one of shape, batch_shape and input_shape says the shape")
        if batch_size is not None:
            whole("Input", "batch_size", batch_size)
        lengths = sample_shape("Input", "shape", given[0] if given else None)
        super().__init__(name=name)
        self._given_dtype = None if dtype is None else given_dtype(dtype)
        self.batch_shape: Shape = (None, *lengths)
        self.built = True
        self._results = (KerasTensor(self.batch_shape, self),)

    def get_config(self) -> dict[str, Any]:
        """Its arguments; no dtype where none was given."""
        return {**super().get_config(), "dtype": self._given_dtype and self._given_dtype.name}

    def call(self, inputs: Node) -> Node:
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.batch_shape


def given_dtype(dtype: Any) -> np.dtype:
    """The dtype of samples, if they can be of it."""
    try:
        known = np.dtype(dtype)
    except TypeError:
        known = np.dtype(object)
    if known.kind not in "fiub":
        raise ValueError(f"Input: dtype is one of real numbers, got {dtype!r:.60}")
    return known


def Input(  # noqa: N802 (Keras's name)
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
) -> KerasTensor:
    """Say the shape of one sample: where a model begins.

    Args:
        shape: Shape of one sample, without the batch: ``(28, 28, 1)``.
        batch_size: Has no meaning here: a model takes batches of any size.
        dtype: Dtype in which the samples enter the graph; by default the model's, and
            ``uint8`` for ``uint8`` samples where the first layer is ``Rescaling``.
        batch_shape: In place of ``shape``: the same with the batch before it.
        name: What to call it.

    Returns:
        A symbolic tensor: the first item of a ``Sequential``, or what layers are called on
        for a ``Model``.

    Raises:
        ValueError: When a length is not a whole number of at least 1.

    Example:
        >>> import minigrad as mg
        >>> mg.Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    return InputLayer(shape, batch_size, dtype, batch_shape, name).output
