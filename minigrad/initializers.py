"""Initial weights: small random numbers whose spread depends on the layer's size.

If a layer adds up n products, its result varies √n times as much as one of them. Glorot
and He divide that out, so that signals neither fade nor explode from layer to layer.

Source: Glorot and Bengio (2010), eq. 16; He et al., arXiv 1502.01852, eq. 10; LeCun et al.
(1998), "Efficient BackProp", sec. 4.6. Defaults, and the truncation of the normal distributions
at two standard deviations, are Keras's.

Example:
    >>> import minigrad as mg
    >>> weights = mg.initializers.GlorotUniform(seed=1)((784, 128))
    >>> bool(abs(weights).max() <= (6 / (784 + 128)) ** 0.5)
    True
"""

import copy
import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from minigrad import config
from minigrad.shared import lookup, randomness
from minigrad.shared.arguments import brief, default_name, is_whole, number, one_of, whole
from minigrad.shared.settings import Configured, argument
from minigrad.shared.showing import as_call

__all__ = ["Constant", "Initializer", "Ones", "RandomNormal", "RandomUniform", "Zeros", "get"]
__all__ += ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"]
__all__ += ["LecunNormal", "LecunUniform", "TruncatedNormal", "VarianceScaling"]
__all__.sort()

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

# Standard deviation of a standard normal distribution cut off at −2 and 2.
TRUNCATED = 0.87962566103423978


class Initializer(Configured):
    """Makes the initial values of a weight; the base class of those below.

    One of one's own is a function of a shape and a dtype, or a class with such a ``__call__``.
    An initializer called again returns the same numbers, as in Keras: its seed is fixed
    when it is made.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Signs(mg.initializers.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.random.default_rng(1).choice([-1.0, 1.0], shape)
        >>> layer = mg.layers.Dense(100, kernel_initializer=Signs())
        >>> layer.build((None, 1))
        >>> sorted(set(layer.kernel.value.ravel().tolist()))
        [-1.0, 1.0]
    """

    __repr__ = as_call

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        """Values for a weight.

        Args:
            shape: Shape of the weight.
            dtype: Its dtype; ``mg.config.floatx()`` by default.

        Returns:
            A new array.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method yet")


def drawn(initializer: Any) -> int:
    """A seed for an initializer that was given none."""
    initializer._drawn = True
    return randomness.new_seed()


class Random(Initializer):
    """Numbers drawn at random; the base of those that do so.

    Args:
        seed: A whole number, or ``None`` for one from the package's seeded source.
    """

    seed: int = argument(whole, None, least=0, usual=drawn)
    _drawn = False  # whether the seed was

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        values = self._draw(np.random.default_rng(self.seed), lengths(self, shape))
        return np.asarray(values, dtype or config.floatx())

    def _another(self) -> Self:
        """One like it, which draws other numbers unless a seed was given."""
        new = copy.copy(self)
        new.seed = None if self._drawn else self.seed  # type: ignore[assignment]
        return new

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """The values, from a generator that begins anew at each call."""
        raise NotImplementedError


def lengths(owner: Initializer, shape: Any) -> tuple[int, ...]:
    """The shape of a weight, if it is one."""
    if not isinstance(shape, (tuple, list)) or not all(is_whole(n, 0) for n in shape):
        raise ValueError(
            f"{type(owner).__name__}: the shape of a weight is whole numbers such as (784, 128), "
            f"got {brief(shape)}"
        )
    return tuple(shape)


class Constant(Initializer):
    """The same value everywhere.

    Args:
        value: The value.

    Example:
        >>> import minigrad as mg
        >>> mg.initializers.Constant(0.5)((3,))
        array([0.5, 0.5, 0.5], dtype=float32)
    """

    value: float = argument(number, 0.0)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        return np.full(lengths(self, shape), self.value, dtype or config.floatx())


class Zeros(Initializer):
    """Zero everywhere: the usual start of a bias.

    Example:
        >>> import minigrad as mg
        >>> mg.initializers.Zeros()((3,))
        array([0., 0., 0.], dtype=float32)
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        return np.zeros(lengths(self, shape), dtype or config.floatx())


class Ones(Initializer):
    """One everywhere.

    Example:
        >>> import minigrad as mg
        >>> mg.initializers.Ones()((3,))
        array([1., 1., 1.], dtype=float32)
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        return np.ones(lengths(self, shape), dtype or config.floatx())


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

    mean: float = argument(number, 0.0)
    stddev: float = argument(number, 0.05, least=0)

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return generator.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normally distributed numbers, those drawn anew that are two standard deviations away.

    Args:
        mean: The mean of the whole distribution.
        stddev: Its standard deviation; that of what is left is 0.88 times as large.
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.TruncatedNormal(1.0, 0.5, seed=1)((10000,))
        >>> round(float(w.min()), 1), round(float(w.max()), 1), round(float(w.std()), 2)
        (0.0, 2.0, 0.44)
    """

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self.mean + self.stddev * truncated(generator, shape)


def truncated(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    values = np.asarray(generator.standard_normal(shape))  # of no axes it would be a number
    while np.any(far := np.abs(values) > 2):
        values[far] = generator.standard_normal(np.count_nonzero(far))
    return values


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

    minval: float = argument(number, -0.05)
    maxval: float = argument(number, 0.05)

    def _agree(self) -> None:
        number(type(self).__name__, "maxval", self.maxval, least=self.minval)

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return generator.uniform(self.minval, self.maxval, shape)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many numbers flow into and out of one unit of a weight of this shape.

    Args:
        shape: (inputs, outputs) of a dense kernel, (height, width, inputs, outputs) of a
            convolution's; a vector counts as both.

    Returns:
        Fan-in and fan-out.

    Example:
        >>> from minigrad.initializers import fans
        >>> fans((784, 128)), fans((2, 2, 1, 8))
        ((784, 128), (4, 32))
    """
    if len(shape) < 2:
        n = shape[0] if shape else 1
        return n, n
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def positive(owner: str, argument: str, value: Any) -> float:
    if not number(owner, argument, value) > 0:
        raise ValueError(f"{owner}: {argument} is positive, got {value!r}")
    return float(value)


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

    scale: float = argument(positive, 1.0)
    mode: str = argument(one_of, "fan_in", among=MODES)
    distribution: str = argument(one_of, "truncated_normal", among=DISTRIBUTIONS)

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        deviation = math.sqrt(self.scale / max(n, 1))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * deviation  # a uniform distribution on ±a has variance a²/3
            return generator.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return generator.normal(0, deviation, shape)
        return truncated(generator, shape) * (deviation / TRUNCATED)


class GlorotUniform(VarianceScaling, scale=1.0, mode="fan_avg", distribution="uniform"):
    """Evenly spread over ±√(6 / (fan-in + fan-out)): what Keras's layers start from.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.GlorotUniform(seed=1)((200, 300))
        >>> round(float(abs(w).max()) / (6 / (200 + 300)) ** 0.5, 1)
        1.0
    """


class GlorotNormal(VarianceScaling, scale=1.0, mode="fan_avg", distribution="truncated_normal"):
    """Truncated normal of variance 2 / (fan-in + fan-out).

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.GlorotNormal(seed=1)((200, 300))
        >>> round(float(w.std()) / (2 / (200 + 300)) ** 0.5, 1)
        1.0
    """


class HeUniform(VarianceScaling, scale=2.0, mode="fan_in", distribution="uniform"):
    """Evenly spread over ±√(6 / fan-in): made for relu, which halves the variance.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.HeUniform(seed=1)((200, 300))
        >>> round(float(abs(w).max()) / (6 / 200) ** 0.5, 1)
        1.0
    """


class HeNormal(VarianceScaling, scale=2.0, mode="fan_in", distribution="truncated_normal"):
    """Truncated normal of variance 2 / fan-in.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.HeNormal(seed=1)((200, 300))
        >>> round(float(w.std()) / (2 / 200) ** 0.5, 1)
        1.0
    """


class LecunUniform(VarianceScaling, scale=1.0, mode="fan_in", distribution="uniform"):
    """Evenly spread over ±√(3 / fan-in): results vary as much as what a layer is given.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.LecunUniform(seed=1)((200, 300))
        >>> round(float(abs(w).max()) / (3 / 200) ** 0.5, 1)
        1.0
    """


class LecunNormal(VarianceScaling, scale=1.0, mode="fan_in", distribution="truncated_normal"):
    """Truncated normal of variance 1 / fan-in, which goes with selu.

    Args:
        seed: A whole number; one from the package's seeded source by default.

    Example:
        >>> import minigrad as mg
        >>> w = mg.initializers.LecunNormal(seed=1)((200, 300))
        >>> round(float(w.std()) / (1 / 200) ** 0.5, 1)
        1.0
    """


KINDS: list[type[Initializer]] = [
    globals()[name] for name in __all__ if name not in ("Initializer", "get")
]
# Keras has them under three kinds of names: GlorotUniform, glorot_uniform, and a few short ones.
NAMES: dict[str, type[Initializer]] = {
    **{default_name(kind): kind for kind in KINDS},
    **{kind.__name__: kind for kind in KINDS},
    **{"normal": RandomNormal, "uniform": RandomUniform, "zero": Zeros, "one": Ones},
}


def get(identifier: Any) -> Callable[..., np.ndarray]:
    """The initializer of that name.

    Args:
        identifier: A name such as ``"he_normal"`` or ``"HeNormal"``, an initializer or its
            class, or a function of a shape and a dtype.

    Returns:
        A function of a shape and a dtype.

    Raises:
        ValueError: When there is no initializer of that name.

    Example:
        >>> import minigrad as mg
        >>> type(mg.initializers.get("glorot_uniform")).__name__
        'GlorotUniform'
    """
    shown = [default_name(kind) for kind in KINDS]
    return lookup.get("initializer", identifier, NAMES, Initializer, lambda f: f, shown)


__getattr__, __dir__ = lookup.public("initializers", __all__, NAMES)
