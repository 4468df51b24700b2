"""Numbers drawn from one distribution, whatever the size of the layer."""

from typing import Any

import numpy as np

from minigrad.initializers.base import Random
from minigrad.shared.arguments import number

__all__ = ["RandomNormal", "RandomUniform"]


class RandomNormal(Random):
    """Normally distributed numbers.

    Args:
        mean: Their mean.
        stddev: Their standard deviation.
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> round(float(mg.initializers.RandomNormal(stddev=0.1, seed=1)((10000,)).std()), 2)
        0.1
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = number(type(self).__name__, "mean", mean)
        self.stddev = number(type(self).__name__, "stddev", stddev, least=0)

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return generator.normal(self.mean, self.stddev, shape)


class RandomUniform(Random):
    """Numbers spread evenly over an interval.

    Args:
        minval: Lower end.
        maxval: Upper end.
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> round(float(mg.initializers.RandomUniform(0, 2, seed=1)((10000,)).max()), 2)
        2.0
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = number(type(self).__name__, "minval", minval)
        self.maxval = number(type(self).__name__, "maxval", maxval, least=self.minval)

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return generator.uniform(self.minval, self.maxval, shape)
