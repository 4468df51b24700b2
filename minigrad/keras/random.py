"""``keras.random`` and ``tf.random``: NumPy's generators, seeded by ``set_seed``."""

from typing import Any

import numpy as np

from minigrad import config
from minigrad.graph import Node
from minigrad.operators.dropout import Dropout
from minigrad.shared import lookup, randomness
from minigrad.shared.results import as_result, building
from minigrad.utils import set_random_seed as set_seed

__all__ = ["SeedGenerator", "dropout", "normal", "set_seed", "uniform"]


def SeedGenerator(seed: int | None = None) -> np.random.Generator:  # noqa: N802 (Keras's name)
    """Where chance comes from: a generator of NumPy's.

    Args:
        seed: A whole number; one from the package's seeded source by default.
    """
    return np.random.default_rng(randomness.new_seed() if seed is None else seed)


def drawing(name: str, seed: Any) -> np.random.Generator:
    """Where chance comes from, unless each step would get the same numbers."""
    if building.get():
        raise TypeError(
            f"random.{name} would be drawn once here, where a graph is built for all steps: "
            "random.dropout draws in each, and so does a model that is called on arrays"
        )
    return SeedGenerator(seed)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers from a normal distribution.

    Args:
        shape: How many.
        mean: Their mean.
        stddev: Their standard deviation.
        dtype: A dtype, or its name; by default that in which layers compute.
        seed: A whole number or a :func:`SeedGenerator`.

    Example:
        >>> from minigrad import random
        >>> random.normal((2, 3), seed=1).shape
        (2, 3)
    """
    numbers = drawing("normal", seed).normal(mean, stddev, shape)
    return as_result(numbers.astype(dtype or config.floatx()))


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers evenly spread.

    Args:
        shape: How many.
        minval: The lowest.
        maxval: The end, which is not reached.
        dtype: A dtype, or its name; by default that in which layers compute.
        seed: A whole number or a :func:`SeedGenerator`.

    Example:
        >>> from minigrad import random
        >>> bool(abs(random.uniform((9,), -2, 2, seed=1)).max() < 2)
        True
    """
    numbers = drawing("uniform", seed).uniform(minval, maxval, shape)
    return as_result(numbers.astype(dtype or config.floatx()))


def dropout(inputs: Node, rate: float, noise_shape: None = None, seed: Any = None) -> Node:
    """Set a random part of the numbers to 0, in each step another: for layers of one's own.

    Args:
        inputs: A node.
        rate: Part that is dropped; what is kept is scaled up.
        noise_shape: Not covered.
        seed: A whole number or a :func:`SeedGenerator`.
    """
    lookup.refuse("dropout", noise_shape=(noise_shape, None))
    return Dropout(inputs, rate, SeedGenerator(seed))


__getattr__, __dir__ = lookup.public("random", __all__)
