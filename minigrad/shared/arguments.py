"""Arguments that many classes have: whole numbers, and a name that need not be given."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

__all__ = ["default_name", "is_whole", "whole"]


def default_name(kind: type) -> str:
    """The name that Keras gives to an instance of a class.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.arguments import default_name
        >>> default_name(mg.layers.MaxPooling2D), default_name(mg.metrics.BinaryAccuracy)
        ('max_pooling2d', 'binary_accuracy')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind.__name__).lower()


def is_whole(value: Any, least: int = 1) -> bool:
    """Whether a value is a whole number, of Python's or NumPy's, and large enough.

    Args:
        value: Anything; ``True`` is no number.
        least: The smallest that will do.

    Example:
        >>> from minigrad.shared.arguments import is_whole
        >>> [is_whole(value) for value in (3, 0, 2.0, True)]
        [True, False, False, False]
    """
    number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return number and value >= least


def whole(owner: str, argument: str, value: Any, least: int = 1) -> int:
    """The value, if it is a whole number that is large enough.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        value: What was given.
        least: The smallest that will do.

    Raises:
        ValueError: When it is not.

    Example:
        >>> from minigrad.shared.arguments import whole
        >>> whole("Dense", "units", 0)
        Traceback (most recent call last):
        ValueError: Dense: units is a whole number of at least 1, got 0
    """
    if not is_whole(value, least):
        raise ValueError(
            f"{owner}: {argument} is a whole number of at least {least}, got {value!r}"
        )
    return int(value)
