"""Checking the arrays that ``fit``, ``evaluate`` and ``predict`` are given.

Everything is checked before anything has changed, and converted once, not in every batch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.shared.arguments import number

__all__ = ["as_samples", "batches", "finite", "of_shape", "split", "unpack"]


def as_array(values: Any, what: str) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{what} is a masked array; x.filled(0) says what stands for its gaps")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: no array can be made of it: {error}") from None
    if array.dtype.kind == "O" and hasattr(values, "columns"):
        raise TypeError(
            f"{what} wants real numbers, and the columns of this table have different types: "
            '.astype("float32") makes numbers of them'
        )
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
    if not 0 < number("fit", "validation_split", part) < 1:
        raise ValueError(f"fit: validation_split is a number between 0 and 1, got {part!r}")
    at = math.floor(len(x) * (1.0 - part))
    if at in (0, len(x)):
        raise ValueError(
            f"fit: validation_split={part} leaves {at} of {len(x)} samples for training and "
            f"{len(x) - at} for validation"
        )
    return (x[:at], y[:at]), (x[at:], y[at:])


def of_shape(x: np.ndarray, shape: tuple[int, ...], what: str, title: str) -> np.ndarray:
    """The samples in the shape that a model takes, if they have it but for a last axis of 1.

    Args:
        x: Samples, of shape (samples, …).
        shape: Shape of one sample that the model takes.
        what: What was called, for the error.
        title: The model, for the error.

    Raises:
        ValueError: When they have another shape.

    Example:
        >>> import numpy as np
        >>> from minigrad.model.samples import of_shape
        >>> of_shape(np.zeros((5, 28, 28)), (28, 28, 1), "fit", "model").shape
        (5, 28, 28, 1)
    """
    if x.shape[1:] == (*shape, 1) or (*x.shape[1:], 1) == shape:  # as Keras does
        return x.reshape(len(x), *shape)
    if x.shape[1:] != shape:
        raise ValueError(
            f"{what}: {title} takes samples of shape {shape}, got {x.shape[1:]} "
            f"(x has shape {x.shape})"
        )
    return x


def finite(array: np.ndarray, dtype: Any, what: str) -> np.ndarray:
    """The numbers in a dtype, if all of them are finite in it.

    Args:
        array: The numbers.
        dtype: The dtype in which they enter the graph.
        what: What they are, for the error.

    Returns:
        An array in one piece, so that no runner has to copy it (and see an old copy in the
        next ``fit``).

    Raises:
        ValueError: When there is one that is not; the error names its sample.

    Example:
        >>> import numpy as np
        >>> from minigrad.model.samples import finite
        >>> finite(np.array([1.0, 1e300]), "float32", "x")
        Traceback (most recent call last):
        ValueError: x holds a number that is not finite in float32 (NaN, infinite or too large): sample 1
    """
    with np.errstate(over="ignore", invalid="ignore"):
        given, array = array, np.asarray(array, dtype, order="C")
    # the smallest and the largest are NaN if any is: two passes, and no array is made
    if array.dtype.kind != "f" and not np.array_equal(array, given):
        raise ValueError(f"{what} holds a number that {array.dtype} cannot hold")
    if array.dtype.kind != "f" or not array.size:
        return array
    if np.all(np.isfinite((array.min(), array.max()))):
        return array
    sample = next(i for i, row in enumerate(array) if not np.all(np.isfinite(row)))
    raise ValueError(
        f"{what} holds a number that is not finite in {array.dtype} (NaN, infinite or too large): "
        f"sample {sample}"
    )


def batches(samples: int, batch_size: int) -> list[tuple[int, int]]:
    """Where each batch begins and ends; the last may be smaller.

    Example:
        >>> from minigrad.model.samples import batches
        >>> batches(5, 2)
        [(0, 2), (2, 4), (4, 5)]
    """
    return [(a, min(a + batch_size, samples)) for a in range(0, samples, batch_size)]
