"""The two helpers that Keras keeps in ``keras.utils`` and every script calls."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from minigrad.shared import lookup, randomness
from minigrad.shared.arguments import whole

__all__ = ["set_random_seed", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as one-hot rows.

    Args:
        x: Whole numbers from 0 to ``num_classes - 1``, of shape (samples,); a last axis
            of length 1 is dropped, other axes are kept.
        num_classes: Length of a row; by default the largest number plus 1.

    Returns:
        A ``float64`` array of shape (samples, num_classes), as Keras returns.

    Raises:
        ValueError: When a number is negative, not whole, or not below ``num_classes``.

    Example:
        >>> import minigrad as mg
        >>> mg.utils.to_categorical([0, 2], 3)
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    try:
        given = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"to_categorical wants whole numbers: {error}") from None
    if num_classes is not None:
        num_classes = whole("to_categorical", "num_classes", num_classes)
    if given.dtype.kind not in "iufb":
        raise ValueError(f"to_categorical wants whole numbers, got dtype {given.dtype}")
    labels = given.astype(np.int64)
    if given.dtype.kind == "f" and not np.array_equal(labels, given):
        raise ValueError("to_categorical wants whole numbers, got fractions")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if not num_classes and not labels.size:
        raise ValueError("to_categorical got no labels: num_classes= is needed")
    classes = int(num_classes or labels.max() + 1)
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"to_categorical: labels run from {labels.min()} to {labels.max()}, "
            f"num_classes={classes} allows 0 to {classes - 1}"
        )
    one_hot = np.zeros((labels.size, classes))
    one_hot[np.arange(labels.size), labels.reshape(-1)] = 1
    return one_hot.reshape(*labels.shape, classes)


def set_random_seed(seed: int) -> None:
    """Make chance repeatable: initial weights, the order of samples, dropout.

    Like Keras's, it also seeds Python's ``random`` and NumPy's global generator.

    Args:
        seed: A whole number from 0 to 2³² − 1.

    Raises:
        ValueError: When it is not.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.utils.set_random_seed(7)
        >>> first = mg.initializers.GlorotUniform()((2, 2))
        >>> mg.utils.set_random_seed(7)
        >>> bool(np.all(first == mg.initializers.GlorotUniform()((2, 2))))
        True
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ValueError(f"seed is a whole number from 0 to 2**32 - 1, got {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    randomness.restart(int(seed))


__getattr__, __dir__ = lookup.public("utils", __all__)
