"""What every initializer has, and those that do not draw."""

from typing import Any

import numpy as np

from minigrad import config
from minigrad.shared import randomness
from minigrad.shared.arguments import brief, is_whole, number, whole
from minigrad.shared.settings import Settings
from minigrad.shared.showing import as_call

__all__ = ["Constant", "Initializer", "Ones", "Zeros"]


class Initializer(Settings):
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


class Random(Initializer):
    """Numbers drawn at random; the base of those that do so.

    Args:
        seed: A whole number, or ``None`` for one from the package's seeded source.
    """

    def __init__(self, seed: int | None = None) -> None:
        kind = type(self).__name__
        self.seed = randomness.new_seed() if seed is None else whole(kind, "seed", seed, least=0)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        values = self._draw(np.random.default_rng(self.seed), lengths(self, shape))
        return np.asarray(values, dtype or config.floatx())

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

    def __init__(self, value: float = 0.0) -> None:
        self.value = number(type(self).__name__, "value", value)

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
