"""Checking the arrays that ``fit``, ``evaluate`` and ``predict`` are given.

Everything is checked before anything has changed, and converted once, not in every batch.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.shared.arguments import brief, number


def as_array(values: Any, what: str) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{what} is a masked array; x.filled(0) says what stands for its gaps")
    try:
        array = np.asarray(values)
    except Exception as error:  # of another library's object, in any way
        raise ValueError(f"{what}: no array can be made of it: {error}") from None
    if array.dtype.kind == "O" and hasattr(values, "columns"):
        raise TypeError(
            f"{what} wants real numbers, and the columns of this table have different types: "
            '.astype("float32") makes numbers of them'
        )
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{what} wants arrays of real numbers, got {type(values).__name__} of dtype "
            f"{array.dtype}"
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
    __tracebackhide__ = True
    x = as_array(x, f"{what}: x")
    if y is None:
        return x, None
    y = as_array(y, f"{what}: y")
    if len(x) != len(y):
        raise ValueError(f"{what}: x has {len(x)} samples, y has {len(y)}")
    return x, y


def unpack(data: Any, what: str) -> tuple[Any, Any, Any]:
    """Samples, targets and weights of a batch or of ``validation_data``.

    Args:
        data: The samples alone, or a tuple or list of up to the three.
        what: What it is, for the error.

    Returns:
        All three, with ``None`` for those that are not given.

    Raises:
        ValueError: When there are none, or more.

    Example:
        >>> from minigrad.model.samples import unpack
        >>> unpack(([1.0], [0]), "fit")
        ([1.0], [0], None)
    """
    parts = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"{what} is (x, y) or (x, y, sample_weight), got {len(parts)} parts")
    x, y, weights = (*parts, None, None)[:3]
    return x, y, weights


def split(arrays: Any, part: float) -> tuple[list[Any], list[Any]]:
    """Take the last part of a set away for validation, before it is shuffled.

    Args:
        arrays: Samples, targets and weights, of which some may be ``None``; nothing else can be
            split.
        part: How much to take, between 0 and 1.

    Returns:
        The first part of all and the last; nothing is copied.

    Raises:
        ValueError: When one of them would be empty, or there are no arrays.

    Example:
        >>> import numpy as np
        >>> from minigrad.model.samples import split
        >>> [part[0].tolist() for part in split([np.arange(5)], 0.4)]
        [[0, 1, 2], [3, 4]]
    """
    if arrays is None:
        raise ValueError(
            "fit: validation_split takes the last part of arrays; x yields batches, of which "
            "nobody knows the last. validation_data= does what you mean."
        )
    if not 0 < number("fit", "validation_split", part) < 1:
        raise ValueError(f"fit: validation_split is a number between 0 and 1, got {part!r}")
    length = len(arrays[0])
    at = math.floor(length * (1.0 - part))
    if at in (0, length):
        raise ValueError(
            f"fit: validation_split={part} leaves {at} of {length} samples for training and "
            f"{length - at} for validation"
        )
    return [a if a is None else a[:at] for a in arrays], [
        a if a is None else a[at:] for a in arrays
    ]


def as_weights(weights: Any, shape: tuple[int, ...], dtype: Any, what: str) -> np.ndarray:
    """How much samples count in the loss, as an array.

    Args:
        weights: A number for each sample, or for each number of the loss.
        shape: Shape of the loss before it is reduced to one number: (samples, …).
        dtype: The dtype in which they enter the graph.
        what: What was called, for the error.

    Returns:
        An array of shape (samples,), or of the loss's.

    Raises:
        ValueError: When they do not fit the samples, or are not finite.

    Example:
        >>> from minigrad.model.samples import as_weights
        >>> as_weights([1, 2], (3,), "float32", "fit")
        Traceback (most recent call last):
        ValueError: fit: sample_weight has shape (2,), wanted one number for each of 3 samples
    """
    array = as_array(weights, f"{what}: sample_weight")
    if array.shape == (shape[0], 1):
        array = array[:, 0]
    if array.shape not in (shape[:1], shape):
        raise ValueError(
            f"{what}: sample_weight has shape {array.shape}, wanted one number for each of "
            f"{shape[0]} samples"
        )
    return finite(array, dtype, f"{what}: sample_weight")


def of_classes(class_weight: Any, y: np.ndarray, classes: int, dtype: Any, what: str) -> np.ndarray:
    """How much samples count in the loss, by their class.

    Args:
        class_weight: Weights by the numbers of the classes; 1 for a class that is not named.
        y: Targets: one-hot rows, or class numbers of shape (samples,) or (samples, 1).
        classes: How many classes there are; 1 where nobody knows.
        dtype: The dtype in which they enter the graph.
        what: What was called, for the error.

    Raises:
        TypeError: When it is no dictionary.
        ValueError: When there is no such class, or a weight is no number.

    Example:
        >>> import numpy as np
        >>> from minigrad.model.samples import of_classes
        >>> of_classes({1: 5.0}, np.array([0, 1]), 2, "float32", "fit").tolist()
        [1.0, 5.0]
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            f"{what}: class_weight is a dictionary such as {{0: 1.0, 1: 5.0}}, "
            f"got {brief(class_weight)}"
        )
    if y.ndim > 2:
        raise ValueError(f"{what}: class_weight wants one class a sample, y has shape {y.shape}")
    one_hot = y.ndim == 2 and y.shape[1] > 1
    labels = np.argmax(y, axis=1) if one_hot else np.round(y.reshape(-1))
    weights, most = np.ones(len(y), dtype), float(np.finfo(dtype).max)
    for key, weight in class_weight.items():
        known = number(what, "class_weight's class", key)
        if known % 1 or known < 0 or (classes > 1 and known >= classes):
            raise ValueError(
                f"{what}: class_weight names the class {key!r}; the classes are 0 to {classes - 1}"
                if classes > 1
                else f"{what}: class_weight names the class {key!r}, wanted whole numbers"
            )
        of_class = f"class_weight of class {key}"
        weights[labels == known] = number(what, of_class, weight, -most, most)
    return weights


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
        single = "; x[None] makes a batch of one sample" if x.shape in (shape, shape[:-1]) else ""
        raise ValueError(
            f"{what}: {title} takes samples of shape {shape}, got {x.shape[1:]} "
            f"(x has shape {x.shape}{single})"
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
    if array.dtype.kind != "f" and not np.array_equal(array, given):
        raise ValueError(f"{what} holds a number that {array.dtype} cannot hold")
    if array.dtype.kind != "f" or not array.size:
        return array
    # the smallest and the largest are NaN if any is: two passes, and no array is made
    if np.all(np.isfinite((array.min(), array.max()))):
        return array
    sample = next(i for i, row in enumerate(array) if not np.all(np.isfinite(row)))
    raise ValueError(
        f"{what} holds a number that is not finite in {array.dtype} (NaN, infinite or too large): "
        f"sample {sample}"
    )
