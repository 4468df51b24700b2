"""Checking the arrays that ``fit``, ``evaluate`` and ``predict`` are given.

Everything is checked before anything has changed, and converted once, not in every batch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["as_samples", "batches", "check_finite", "split", "unpack"]


def as_array(values: Any, what: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{what}: no array can be made of it: {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{what} wants arrays of real numbers, got {type(values).__name__} of dtype "
            f"{array.dtype} (generators and framework data sets are not covered)"
        )
    if array.ndim == 0:
        raise ValueError(f"{what} wants one row for each sample, got a single number")
    if len(array) == 0:
        raise ValueError(f"{what} has no samples: shape {array.shape}")
    return array


def as_samples(x: Any, y: Any, what: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Samples and targets as arrays of the same length.

    Args:
        x: Samples, an array or lists, of shape (samples, …).
        y: Targets, of shape (samples, …), or ``None``.
        what: Whose they are, for the error.

    Raises:
        ValueError: When one is empty, or their lengths differ.
        TypeError: When they are no arrays of real numbers.

    Example:
        >>> from minigrad.model.samples import as_samples
        >>> as_samples([[1.0], [2.0]], [0], "fit")
        Traceback (most recent call last):
        ValueError: fit: x has 2 samples, y has 1
    """
    x = as_array(x, f"{what}: x")
    if y is None:
        return x, None
    y = as_array(y, f"{what}: y")
    if len(x) != len(y):
        raise ValueError(f"{what}: x has {len(x)} samples, y has {len(y)}")
    return x, y


def unpack(data: Any) -> tuple[Any, Any]:
    """The two parts of ``validation_data``.

    Raises:
        ValueError: When it is no pair.
    """
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise ValueError("fit: validation_data is a pair (x, y) of arrays")
    return data[0], data[1]


def split(
    x: np.ndarray, y: np.ndarray, part: float
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Take the last part of a set away for validation, before it is shuffled.

    Args:
        x: Samples.
        y: Targets.
        part: How much to take, between 0 and 1.

    Returns:
        The first part and the last, each with samples and targets; nothing is copied.

    Raises:
        ValueError: When one of them would be empty.

    Example:
        >>> import numpy as np
        >>> from minigrad.model.samples import split
        >>> [part[0].tolist() for part in split(np.arange(5), np.arange(5), 0.4)]
        [[0, 1, 2], [3, 4]]
    """
    if not 0 < part < 1:
        raise ValueError(f"fit: validation_split is a number between 0 and 1, got {part!r}")
    at = math.floor(len(x) * (1.0 - part))
    if at in (0, len(x)):
        raise ValueError(
            f"fit: validation_split={part} leaves {at} of {len(x)} samples for training and "
            f"{len(x) - at} for validation"
        )
    return (x[:at], y[:at]), (x[at:], y[at:])


def check_finite(array: np.ndarray, what: str) -> None:
    """Refuse NaN and infinite numbers.

    Args:
        array: The numbers.
        what: What they are, for the error.

    Raises:
        ValueError: When there is one; the error names its sample.
    """
    # the smallest and the largest are NaN if any is: two passes, and no array is made
    if array.dtype.kind != "f" or np.all(np.isfinite((array.min(), array.max()))):
        return
    sample = next(i for i, row in enumerate(array) if not np.all(np.isfinite(row)))
    raise ValueError(f"{what} holds a number that is not finite (NaN or infinite): sample {sample}")


def batches(samples: int, batch_size: int) -> list[tuple[int, int]]:
    """Where each batch begins and ends; the last may be smaller.

    Example:
        >>> from minigrad.model.samples import batches
        >>> batches(5, 2)
        [(0, 2), (2, 4), (4, 5)]
    """
    return [(a, min(a + batch_size, samples)) for a in range(0, samples, batch_size)]
