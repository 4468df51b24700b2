"""Random numbers whose spread depends on the layer's size: Glorot, He, LeCun, and their general form.

Source: Glorot and Bengio (2010), eq. 16; He et al., arXiv 1502.01852, eq. 10; LeCun et al.
(1998), "Efficient BackProp", sec. 4.6.
"""

import math
from typing import Any

import numpy as np

from minigrad.initializers.base import Random
from minigrad.shared.arguments import number

__all__ = ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"]
__all__ += ["LecunNormal", "LecunUniform", "VarianceScaling"]

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

# Standard deviation of a standard normal distribution cut off at −2 and 2.
TRUNCATED = 0.87962566103423978


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many numbers flow into and out of one unit of a weight of this shape.

    Args:
        shape: (inputs, outputs) of a dense kernel, (height, width, inputs, outputs) of a
            convolution's; a vector counts as both.

    Returns:
        Fan-in and fan-out.

    Example:
        >>> from minigrad.initializers.scaling import fans
        >>> fans((784, 128)), fans((2, 2, 1, 8))
        ((784, 128), (4, 32))
    """
    if len(shape) < 2:
        n = shape[0] if shape else 1
        return n, n
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


class VarianceScaling(Random):
    """Random numbers of variance scale / n, with n the weight's fan.

    Args:
        scale: The factor above.
        mode: n is ``"fan_in"``, ``"fan_out"`` or their mean, ``"fan_avg"``.
        distribution: ``"truncated_normal"`` (at two standard deviations),
            ``"untruncated_normal"`` or ``"uniform"``.
        seed: A whole number; one from the package's seeded source by default.

    Raises:
        ValueError: For another mode or distribution, or a scale that is not positive.

    Example:
        >>> import minigrad as mg
        >>> he = mg.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal", seed=1)
        >>> round(float(he((2000, 100)).std()) / (2 / 2000) ** 0.5, 1)
        1.0
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if not number("VarianceScaling", "scale", scale) > 0:
            raise ValueError(f"VarianceScaling: scale is positive, got {scale!r}")
        if mode not in MODES:
            raise ValueError(f"VarianceScaling: mode is one of {MODES}, got {mode!r}")
        if distribution not in DISTRIBUTIONS:
            raise ValueError(
                f"VarianceScaling: distribution is one of {DISTRIBUTIONS}, got {distribution!r}"
            )
        super().__init__(seed)
        self.scale, self.mode, self.distribution = float(scale), mode, distribution

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        deviation = math.sqrt(self.scale / max(n, 1))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * deviation  # a uniform distribution on ±a has variance a²/3
            return generator.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return generator.normal(0, deviation, shape)
        values = generator.standard_normal(shape)
        while np.any(far := np.abs(values) > 2):
            values[far] = generator.standard_normal(np.count_nonzero(far))
        return values * (deviation / TRUNCATED)


class GlorotUniform(VarianceScaling):
    """Evenly spread over ±√(6 / (fan-in + fan-out)): what Keras's layers start from.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.GlorotUniform(seed=1)((200, 300))
        >>> round(float(abs(w).max()) / (6 / (200 + 300)) ** 0.5, 1)
        1.0
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal of variance 2 / (fan-in + fan-out).

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.GlorotNormal(seed=1)((200, 300))
        >>> round(float(w.std()) / (2 / (200 + 300)) ** 0.5, 1)
        1.0
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Evenly spread over ±√(6 / fan-in): made for relu, which halves the variance.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.HeUniform(seed=1)((200, 300))
        >>> round(float(abs(w).max()) / (6 / 200) ** 0.5, 1)
        1.0
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal of variance 2 / fan-in.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.HeNormal(seed=1)((200, 300))
        >>> round(float(w.std()) / (2 / 200) ** 0.5, 1)
        1.0
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Evenly spread over ±√(3 / fan-in): results vary as much as what a layer is given.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.LecunUniform(seed=1)((200, 300))
        >>> round(float(abs(w).max()) / (3 / 200) ** 0.5, 1)
        1.0
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal of variance 1 / fan-in, which goes with selu.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.LecunNormal(seed=1)((200, 300))
        >>> round(float(w.std()) / (1 / 200) ** 0.5, 1)
        1.0
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)
