"""Layers that several branches of a model meet in."""

from functools import partial, reduce
from typing import Any

import numpy as np

from minigrad.graph import Node, Variable
from minigrad.layers.base import Layer
from minigrad.shared.arguments import axis_number, brief, title
from minigrad.shared.settings import argument

__all__ = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"]


class Merge(Layer):
    """A layer that is called on a list, the items of which meet one after the other.

    Args:
        options: ``name``, ``dtype``: see :class:`Layer`.
    """

    _function: np.ufunc

    def call(self, inputs: Any) -> Node:
        return self._merged(self._checked(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        self._checked(input_shape)
        try:
            return super().compute_output_shape(input_shape)
        except ValueError as error:
            raise ValueError(f"{title(self)}: {error}") from None

    def _checked(self, inputs: Any) -> list[Any]:
        if not isinstance(inputs, list) or len(inputs) < 2:
            raise ValueError(
                f"{title(self)}: is called on a list of at least two inputs, got {brief(inputs)}"
            )
        return inputs

    def _merged(self, inputs: list[Any]) -> Any:
        # As in Keras: of fewer axes, further ones stand behind that of the batch. (A weight has
        # none.)
        most = max(node.ndim for node in inputs)
        samples = [n.ndim > 0 and not isinstance(n, Variable) for n in inputs]
        ones = [(1,) * (most - n.ndim) * s for n, s in zip(inputs, samples, strict=True)]
        pairs = zip(inputs, ones, strict=True)
        return reduce(
            self._function,
            [np.reshape(n, (n.shape[0], *o, *n.shape[1:])) if o else n for n, o in pairs],
        )


class Add(Merge):
    """The sum of several inputs, number by number: where a branch comes back.

    Args:
        options: ``name``, ``dtype``: see :class:`Layer`.

    Raises:
        ValueError: When it is called on anything but a list, or the shapes do not fit.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Input((8,))
        >>> mg.layers.Add()([x, mg.layers.Dense(8)(x)]).shape
        (None, 8)
    """

    _function = np.add


class Average(Add):
    """The mean of several inputs, number by number; see :class:`Add`.

    Args:
        options: ``name``, ``dtype``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])])
        array([[2., 4.]], dtype=float32)
    """

    def _merged(self, inputs: list[Any]) -> Any:
        return super()._merged(inputs) / len(inputs)


class Subtract(Merge):
    """The first of two inputs minus the second; see :class:`Add`.

    Args:
        options: ``name``, ``dtype``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Subtract()([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])])
        array([[-2., -4.]], dtype=float32)
    """

    _function = np.subtract

    def _checked(self, inputs: Any) -> list[Any]:
        if len(super()._checked(inputs)) != 2:
            raise ValueError(f"{title(self)}: is called on two inputs, got {len(inputs)}")
        return inputs  # type: ignore[no-any-return]


class Multiply(Merge):
    """The product of several inputs, number by number: a gate; see :class:`Add`.

    Args:
        options: ``name``, ``dtype``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Multiply()([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])])
        array([[ 3., 12.]], dtype=float32)
    """

    _function = np.multiply


class Maximum(Merge):
    """The largest of several inputs, number by number; see :class:`Add`.

    Args:
        options: ``name``, ``dtype``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Maximum()([np.array([[1.0, 7.0]]), np.array([[3.0, 6.0]])])
        array([[3., 7.]], dtype=float32)
    """

    _function = np.maximum


class Minimum(Merge):
    """The smallest of several inputs, number by number; see :class:`Add`.

    Args:
        options: ``name``, ``dtype``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Minimum()([np.array([[1.0, 7.0]]), np.array([[3.0, 6.0]])])
        array([[1., 6.]], dtype=float32)
    """

    _function = np.minimum


class Concatenate(Merge):
    """Several inputs one after the other along an axis.

    Args:
        axis: The axis; the last by default, that of the channels.
        options: ``name``, ``dtype``: see :class:`Layer`.

    Raises:
        ValueError: When it is called on anything but a list, or the shapes do not fit.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Concatenate()([mg.Input((8,)), mg.Input((3,))]).shape
        (None, 11)
    """

    axis: int = argument(axis_number, -1)

    def _agree(self) -> None:
        if self.axis == 0:
            raise ValueError("Concatenate: axis is not 0, that of the batch")

    def _merged(self, inputs: list[Any]) -> Any:
        return np.concatenate(inputs, axis=self.axis)


def merged(kind: type[Layer], inputs: Any, **options: Any) -> Any:
    """A layer of this kind, made and called."""
    return kind(**options)(inputs)


# Keras has each as a function, too: layers.concatenate([a, b]).
FUNCTIONS = {
    kind.__name__.lower(): partial(merged, kind)
    for kind in (Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract)
}
