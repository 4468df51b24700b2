"""Activation functions as layers of their own, with their parameters."""

from typing import Any

import numpy as np

from minigrad import activations
from minigrad.graph import Node
from minigrad.layers.base import Layer
from minigrad.shared.arguments import axis_number, number
from minigrad.shared.settings import argument

__all__ = ["ELU", "LeakyReLU", "ReLU", "Softmax"]


class ELU(Layer):
    """x where x > 0, alpha·(eˣ − 1) elsewhere.

    Args:
        alpha: What the negative part tends to, with the other sign.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.ELU(2.0)(np.array([[-1.0, 3.0]])).round(4)
        array([[-1.2642,  3.    ]], dtype=float32)
    """

    alpha: float = argument(number, 1.0)

    def call(self, inputs: Node) -> Node:
        return activations.elu(inputs, self.alpha)


class LeakyReLU(Layer):
    """x where x > 0, a small part of it elsewhere.

    Args:
        negative_slope: The part.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.LeakyReLU(0.1)(np.array([[-1.0, 3.0]]))
        array([[-0.1,  3. ]], dtype=float32)
    """

    negative_slope: float = argument(number, 0.3, least=0)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        if "alpha" in options:  # its name of old, as in Keras
            options["negative_slope"] = options.pop("alpha")
        super().__init__(*arguments, **options)

    def call(self, inputs: Node) -> Node:
        return activations.leaky_relu(inputs, self.negative_slope)


class ReLU(Layer):
    """max(x, 0), cut off above and with a slope below, if wanted.

    Args:
        max_value: The largest result; no limit by default.
        negative_slope: Slope below the threshold.
        threshold: Where the ramp begins.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.ReLU(max_value=6)(np.array([[-1.0, 3.0, 9.0]]))
        array([[0., 3., 6.]], dtype=float32)
    """

    max_value: float | None = argument(number, None, least=0)
    negative_slope: float = argument(number, 0.0, least=0)
    threshold: float = argument(number, 0.0, least=0)

    def call(self, inputs: Node) -> Node:
        if self.max_value is None and not (self.negative_slope or self.threshold):
            return activations.relu(inputs)
        below: Any = 0.0
        if self.negative_slope:
            below = (inputs - self.threshold) * self.negative_slope
        result: Any = np.where(inputs > self.threshold, inputs, below)
        if self.max_value is not None:
            result = np.where(result > self.max_value, self.max_value, result)
        return result


class Softmax(Layer):
    """Numbers turned into probabilities along an axis.

    Args:
        axis: Along which the probabilities add up to 1.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Softmax()(np.array([[1000.0, 1000.0]]))
        array([[0.5, 0.5]], dtype=float32)
    """

    axis: int = argument(axis_number, -1)

    def call(self, inputs: Node) -> Node:
        return activations.softmax(inputs, self.axis)
