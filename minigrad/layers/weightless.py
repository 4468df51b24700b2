"""Layers without weights: flattening, and what is done to each number by itself."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import activations
from minigrad.graph import Node
from minigrad.layers.base import Layer
from minigrad.operators import dropout
from minigrad.operators.rescaling import Rescale
from minigrad.shared import randomness
from minigrad.shared.arguments import number, whole
from minigrad.shared.settings import argument, chosen, not_covered

__all__ = ["Activation", "Dropout", "Flatten", "Lambda", "Rescaling"]


class Flatten(Layer):
    """Each sample's numbers in a row: (batch, 27, 27, 8) becomes (batch, 5832).

    Args:
        data_format: Channels are last; nothing else is covered.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Flatten().compute_output_shape((None, 27, 27, 8))
        (None, 5832)
    """

    data_format: str | None = not_covered(None, "channels_last")

    def call(self, inputs: Node) -> Node:
        return np.reshape(inputs, (inputs.shape[0], -1))  # type: ignore[return-value]


class Activation(Layer):
    """An activation function as a layer of its own.

    Args:
        activation: Name or function.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Activation("relu")(np.array([[-1.0, 2.0]]))
        array([[0., 2.]], dtype=float32)
    """

    activation: Any = argument(chosen(activations.get))

    def call(self, inputs: Node) -> Node:
        return self.activation(inputs)


def function_of_node(owner: str, argument: str, value: Any) -> Callable[..., Any]:
    if not callable(value):
        raise TypeError(f"{owner}: wants a function of a node, got {value!r:.60}")
    return value  # type: ignore[no-any-return]


class Lambda(Layer):
    """A function of a node as a layer: ``lambda x: x / 255``.

    Args:
        function: A function of a node; NumPy's functions of nodes are nodes.
        output_shape: Not needed: what the function gives has its shape.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Lambda(lambda x: x / 2)(np.array([[1.0, 4.0]]))
        array([[0.5, 2. ]], dtype=float32)
    """

    function: Any = argument(function_of_node)
    output_shape: Any = argument(default=None, kept=False)

    def call(self, inputs: Any) -> Node:
        return self.function(inputs)


class Dropout(Layer):
    """In training, sets a random part of the numbers to 0; otherwise does nothing.

    Args:
        rate: Part that is dropped, from 0 to 1. What is kept is scaled up by 1/(1 − rate).
        noise_shape: Not covered.
        seed: A whole number, or ``None`` for one from the package's seeded source.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: When the rate is not between 0 and 1.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> drop, x = mg.layers.Dropout(0.5), mg.Constant(np.ones((1, 4)))
        >>> drop(x) is x, drop(x, training=True) is x
        (True, False)
    """

    rate: float = argument(number, least=0, most=1)
    noise_shape: None = not_covered(None)
    seed: int | None = argument(whole, None, least=0)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        seed = randomness.new_seed() if self.seed is None else self.seed
        self._generator = np.random.default_rng(seed)

    def call(self, inputs: Node, training: bool = False) -> Node:
        if not training or self.rate == 0:
            return inputs
        return dropout.Dropout(inputs, self.rate, self._generator)


class Rescaling(Layer):
    """x · scale + offset, for pictures that come as whole numbers.

    As the first layer it takes ``uint8`` pictures as they are, so that a set needs a
    quarter of the memory.

    Args:
        scale: What to multiply with: ``1 / 255``.
        offset: What to add afterwards.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Rescaling(1 / 255)(np.array([[0, 51, 255]], np.uint8))
        array([[0. , 0.2, 1. ]], dtype=float32)
    """

    scale: float = argument(number)
    offset: float = argument(number, 0.0)

    def call(self, inputs: Node) -> Node:
        return Rescale(inputs, self.scale, self.offset, self.dtype)
