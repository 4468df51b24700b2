"""Where chance comes from: one seeded source, from which everything else is seeded.

Initializers and dropout layers draw a seed here when they are made, and ``fit`` draws the
order of the samples. ``mg.utils.set_random_seed`` starts the source anew, after which the
same program makes the same numbers.

Example:
    >>> from minigrad.shared import randomness
    >>> randomness.restart(1)
    >>> first = randomness.new_seed()
    >>> randomness.restart(1)
    >>> first == randomness.new_seed()
    True
"""

from typing import Any

import numpy as np

_source = np.random.default_rng()


def source() -> np.random.Generator:
    """The package's own generator."""
    return _source


def restart(seed: int) -> None:
    """Start the package's generator anew.

    Args:
        seed: A whole number of at least 0.
    """
    global _source
    _source = np.random.default_rng(seed)


def new_seed() -> int:
    """A seed for a generator that belongs to one layer or initializer."""
    return int(_source.integers(2**63))


def state() -> Any:
    """Where the package's generator is, for :func:`restore`."""
    return _source.bit_generator.state


def restore(state: Any) -> None:
    """Put the package's generator back to where it was.

    Args:
        state: What :func:`state` returned.

    Example:
        >>> from minigrad.shared import randomness
        >>> before = randomness.state()
        >>> first = randomness.new_seed()
        >>> randomness.restore(before)
        >>> randomness.new_seed() == first
        True
    """
    _source.bit_generator.state = state


def check(state: Any) -> None:
    """Refuse what :func:`restore` would not take.

    Args:
        state: What may be a state.

    Raises:
        ValueError: When it is none; so do ``KeyError`` and ``TypeError``, which NumPy raises.
    """
    np.random.default_rng(0).bit_generator.state = state
