"""``keras.ops``, ``tf.math`` and ``tf.reduce_sum``: functions of NumPy's under other names.

Of arrays they give arrays that have ``.numpy()``; of nodes and of a model's tensors, what NumPy's
functions of these build.
"""

from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from typing import Any

import numpy as np

from minigrad import activations, losses
from minigrad.graph import Node
from minigrad.shared import lookup
from minigrad.shared.results import as_result
from minigrad.utils import to_categorical

__all__ = ["cast", "clip", "clip_by_value", "confusion_matrix", "constant", "convert_to_numpy"]
__all__ += ["convert_to_tensor", "expand_dims", "one_hot", "shape", "square"]

NUMPY = """
abs absolute add all any arange argmax argmin argsort concatenate cos divide dot equal exp
eye floor full greater less linspace log log10 matmul max maximum mean min minimum
multiply negative not_equal ones ones_like pad power prod repeat reshape round sign sin sort split
sqrt squeeze stack std subtract sum tanh tensordot tile transpose var where zeros zeros_like
""".split()
TENSORFLOW = {
    f"reduce_{name}": name for name in ("all", "any", "max", "mean", "min", "prod", "sum")
}
TENSORFLOW |= {"concat": "concatenate", "pow": "power", "range": "arange"}


def beside(function: Callable[..., Any]) -> Callable[..., Any]:
    """TensorFlow's function for TensorFlow's own tensors, which ``map`` of a data set hands in."""

    @wraps(function)
    def call(x: Any, *arguments: Any, **options: Any) -> Any:
        if lookup.home(x) == "tensorflow":
            return getattr(import_module("tensorflow"), function.__name__)(x, *arguments, **options)
        return function(x, *arguments, **options)

    del call.__wrapped__  # which TensorFlow would call in place of this
    return call


@beside
def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """An array that has ``.numpy()``; a node stays what it is.

    Args:
        x: A number, a list, an array.
        dtype: A dtype, or its name.

    Example:
        >>> import minigrad as tf
        >>> tf.constant([1.0, 2.0]).numpy()
        array([1., 2.])
    """
    if hasattr(x, "__array_ufunc__") and not isinstance(x, (np.ndarray, np.generic)):
        return x
    return as_result(np.asarray(x, dtype))


constant = convert_to_tensor  # as TensorFlow calls it


def convert_to_numpy(x: Any) -> np.ndarray:
    """An ordinary array."""
    return x.numpy() if isinstance(x, Node) else np.array(x)


@beside
def cast(x: Any, dtype: Any) -> Any:
    """The numbers in another dtype.

    Args:
        x: An array.
        dtype: A dtype, or its name.

    Example:
        >>> import minigrad as tf
        >>> tf.cast([1.7, 2.0], "int32").numpy()
        array([1, 2], dtype=int32)
    """
    return as_result(np.asarray(x).astype(dtype))


@beside
def one_hot(x: Any, num_classes: int | None = None, depth: int | None = None) -> Any:
    """A row for each class number, with a 1 in its place.

    Args:
        x: Class numbers.
        num_classes: How many classes there are; by default one more than the largest number.
        depth: TensorFlow's name for it.

    Example:
        >>> import minigrad as tf
        >>> tf.one_hot([1, 0], 2).numpy()
        array([[0., 1.],
               [1., 0.]], dtype=float32)
    """
    return as_result(to_categorical(x, depth or num_classes).astype(np.float32))


@beside
def square(x: Any) -> Any:
    """x · x."""
    x = convert_to_tensor(x)
    return x * x


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Numbers cut off below and above."""
    return np.minimum(np.maximum(convert_to_tensor(x), x_min), x_max)


@beside
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    """TensorFlow's name for :func:`clip`."""
    return clip(t, clip_value_min, clip_value_max)


@beside
def expand_dims(x: Any, axis: int) -> Any:
    """The same numbers with another axis, of length 1."""
    x = convert_to_tensor(x)
    at = axis % (len(x.shape) + 1)
    return np.reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def confusion_matrix(labels: Any, predictions: Any, num_classes: int | None = None) -> Any:
    """How often samples of a class, the row, were taken for another, the column.

    Args:
        labels: Class numbers.
        predictions: Class numbers.
        num_classes: How many classes there are; by default those that occur.

    Example:
        >>> import minigrad as tf
        >>> tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]).numpy()
        array([[1, 0],
               [1, 1]])
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    count = num_classes or 1 + max(labels.max(), predictions.max())
    table = np.zeros((count, count), int)
    np.add.at(table, (labels, predictions), 1)
    return as_result(table)


@beside
def shape(x: Any) -> tuple[int, ...]:
    """The shape."""
    return tuple(np.shape(x))


def computed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's whose arrays have ``.numpy()``."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        return as_result(result) if isinstance(result, (np.ndarray, np.generic)) else result

    return call


@cache
def find(name: str) -> Any:
    """The function of that name, if there is one."""
    if name in __all__:
        return globals()[name]
    if name in activations.NAMES:
        return activations.NAMES[name]
    if name.endswith("_crossentropy"):
        return losses.PUBLIC.get(name)
    name = TENSORFLOW.get(name, name)
    return beside(computed(getattr(np, name))) if name in NUMPY else None


def __getattr__(name: str) -> Any:
    found = find(name)
    return lookup.absent("ops", name, [*__all__, *NUMPY]) if found is None else found


def __dir__() -> list[str]:
    return sorted([*__all__, *NUMPY])
