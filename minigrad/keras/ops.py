"""``keras.ops``, ``tf.math`` and ``tf.reduce_sum``: functions of NumPy's under other names.

Of arrays they give arrays that have ``.numpy()``; of nodes and of a model's tensors, what NumPy's
functions of these build.
"""

from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad import activations, config, losses
from minigrad.graph import Node, Operator
from minigrad.layers.tensors import KerasTensor
from minigrad.operators.rescaling import Rescale
from minigrad.shared import lookup
from minigrad.shared.arguments import brief
from minigrad.shared.results import as_result, recording
from minigrad.utils import to_categorical

__all__ = ["add_n", "cast", "clip", "confusion_matrix", "constant", "convert_to_numpy"]
__all__ += ["convert_to_tensor", "expand_dims", "one_hot", "ones_like", "shape", "size", "square"]
__all__ += ["split", "squeeze", "stack", "zeros_like"]

NUMPY = """
abs absolute add all any arange argmax argmin argsort concatenate cos divide dot equal exp
eye floor full greater greater_equal less less_equal linspace log log10 log1p logical_and
logical_not logical_or matmul max maximum mean min minimum multiply negative not_equal ones pad
power prod repeat reshape round sign sin sort sqrt std subtract sum tanh tensordot tile
transpose var where zeros
""".split()
REDUCTIONS = ("all", "any", "max", "mean", "min", "prod", "std", "sum", "var", "argmax", "argmin")
TENSORFLOW = {f"reduce_{name}": name for name in REDUCTIONS[:8]}
TENSORFLOW |= {"concat": "concatenate", "pow": "power", "range": "arange", "clip_by_value": "clip"}
TENSORFLOW |= {"reduce_variance": "var", "array": "convert_to_tensor"}
# What TensorFlow calls the argument that comes first, and others, where NumPy has other names.
FIRST = ("x", "a", "input", "input_tensor", "tensor", "value", "values", "indices", "t", "inputs")
RENAMED = {"perm": "axes", "keep_dims": "keepdims", "paddings": "pad_width", "multiples": "reps"}
RENAMED |= {"clip_value_min": "x_min", "clip_value_max": "x_max"}
WITHOUT_DERIVATIVE = ("all", "any", "argmax", "argmin", "argsort", "floor", "round", "sign")


def called(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """A function that takes TensorFlow's tensors and names of arguments; arrays have ``.numpy()``.

    Args:
        function: A function of arrays, nodes and a model's tensors.
        name: What Keras or TensorFlow calls it; its own name by default.
    """
    name = name or function.__name__

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        if not arguments and (first := next((n for n in FIRST if n in options), "")):
            arguments = (options.pop(first),)
        if len(arguments) == 3 and TENSORFLOW.get(name, name) in REDUCTIONS:
            *arguments, options["keepdims"] = arguments  # type: ignore[assignment]
        if any(lookup.home(x) == "tensorflow" and not hasattr(x, "numpy") for x in arguments):
            return of_tensorflow(name)(*arguments, **options)  # in the `map` of a data set
        options = {RENAMED.get(option, option): value for option, value in options.items()}
        result = function(*(held(x, name) for x in arguments), **options)
        return as_result(result) if isinstance(result, (np.ndarray, np.generic)) else result

    del call.__wrapped__  # which TensorFlow would call in place of this
    return call


def of_tensorflow(name: str) -> Any:
    tensorflow = import_module("tensorflow")
    places = (tensorflow, tensorflow.math, tensorflow.nn, tensorflow.keras.ops)
    return next(getattr(place, name) for place in places if hasattr(place, name))


def held(x: Any, name: str) -> Any:
    """The numbers of a tensor of TensorFlow's, or of a computed node that has no derivative there."""
    if lookup.home(x) == "tensorflow":
        return np.asarray(x)
    if not isinstance(x, Operator) or name not in WITHOUT_DERIVATIVE:
        return x
    if x.value is None and not recording.get():  # a graph that is being built
        raise TypeError(f"{name} has no derivative; of {x.title}, x.numpy() computes the numbers")
    return x.numpy()


@called
def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """An array that has ``.numpy()``; a node stays what it is.

    Args:
        x: A number, a list, an array.
        dtype: A dtype, or its name.

    Example:
        >>> import minigrad as tf
        >>> tf.constant([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    if isinstance(x, (Node, KerasTensor)):
        return x
    given = np.asarray(x, dtype)
    written = dtype is None and not hasattr(x, "dtype") and given.dtype.kind == "f"
    return as_result(given.astype(config.floatx()) if written else given)


constant = convert_to_tensor  # as TensorFlow calls it


def convert_to_numpy(x: Any) -> np.ndarray:
    """An ordinary array."""
    return x.numpy() if isinstance(x, Node) else np.array(x)


@called
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
    if not isinstance(x, (Node, KerasTensor)):
        return np.asarray(x).astype(dtype)
    kinds = np.dtype(x.dtype).kind, np.dtype(dtype).kind
    if isinstance(x, KerasTensor) or x.dtype == dtype or kinds == ("i", "i"):
        return x
    if kinds[1] != "f":
        raise TypeError(f"cast: {brief(x)} is a node, of which there are no whole numbers yet")
    return Rescale(x, 1.0, dtype=dtype)


@called
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
    count = depth or num_classes
    if isinstance(x, Node) and count:
        return cast(np.equal(expand_dims(x, -1), np.arange(count)), config.floatx())
    labels = np.asarray(x)
    rows = to_categorical(labels.ravel(), count).astype(np.float32)
    return rows.reshape(*labels.shape, rows.shape[-1])


@called
def square(x: Any) -> Any:
    """x · x."""
    x = convert_to_tensor(x)
    return x * x


@called
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Numbers cut off below and above."""
    return np.minimum(np.maximum(convert_to_tensor(x), x_min), x_max)


@called
def expand_dims(x: Any, axis: int) -> Any:
    """The same numbers with another axis, of length 1."""
    x = convert_to_tensor(x)
    at = normalize_axis_index(axis, len(x.shape) + 1)
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


@called
def shape(x: Any) -> tuple[int, ...]:
    """The shape."""
    return tuple(np.shape(x))


@called
def size(x: Any) -> int:
    """How many numbers there are."""
    return int(np.size(x))


@called
def ones_like(x: Any, dtype: Any = None) -> Any:
    """As many ones."""
    return np.ones(x.shape, dtype or x.dtype)


@called
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """As many zeros."""
    return np.zeros(x.shape, dtype or x.dtype)


@called
def squeeze(x: Any, axis: Any = None) -> Any:
    """The same numbers without the axes of length 1, or without one of them."""
    x = convert_to_tensor(x)
    n = len(x.shape)
    axes = range(n) if axis is None else [normalize_axis_index(a, n) for a in np.atleast_1d(axis)]
    if axis is not None and any(x.shape[i] != 1 for i in axes):
        raise ValueError(f"squeeze: axis={axis} of shape {x.shape} is not of length 1")
    return np.reshape(x, [n for i, n in enumerate(x.shape) if not (n == 1 and i in axes)])


@called
def stack(x: Any, axis: int = 0) -> Any:
    """Several of one shape along an axis of their own."""
    return np.concatenate([expand_dims(each, axis) for each in x], axis)


@called
def split(
    x: Any,
    parts: Any = None,
    axis: int = 0,
    *,
    indices_or_sections: Any = None,
    num_or_size_splits: Any = None,
) -> list[Any]:
    """Parts along an axis, of equal length or not.

    Args:
        x: An array, or a node.
        parts: How many.
        axis: The axis.
        indices_or_sections: As Keras has it: how many, or where all but the first begin.
        num_or_size_splits: As TensorFlow has it: how many, or how long they are.

    Example:
        >>> import minigrad as tf
        >>> tf.split([1, 2, 3], num_or_size_splits=[1, 2])
        [array([1]), array([2, 3])]
    """
    x = convert_to_tensor(x)
    wanted = num_or_size_splits if indices_or_sections is None else indices_or_sections
    length, wanted = x.shape[axis], parts if wanted is None else wanted
    if np.ndim(wanted) and parts is not None:
        raise ValueError(
            f"split: {brief(wanted)} are lengths in TensorFlow and places in Keras: "
            "num_or_size_splits= or indices_or_sections= says which"
        )
    if not np.ndim(wanted) and length % wanted:
        raise ValueError(f"split: {length} along axis {axis} do not make {wanted} equal parts")
    if np.ndim(wanted) and indices_or_sections is None:
        known = sum(each for each in wanted if each != -1)
        wanted = [length - known if each == -1 else each for each in wanted]  # the rest, once
        if min(wanted) < 0 or sum(wanted) != length:
            raise ValueError(f"split: {length} along axis {axis} have no parts of {wanted}")
    if np.ndim(wanted):
        places = np.cumsum(wanted)[:-1] if indices_or_sections is None else wanted
    else:
        places = range(length // wanted, length, length // wanted)
    ends = [0, *map(int, places), length]
    before = (slice(None),) * (axis % len(x.shape))
    return [x[(*before, slice(*pair))] for pair in pairwise(ends)]


@called
def add_n(inputs: Any) -> Any:
    """The sum of all."""
    return sum(inputs[1:], inputs[0])


def argument_of_largest(function: Any) -> Any:
    """``argmax`` where it is said along which axis: Keras and TensorFlow have other defaults."""

    def find_place(x: Any, axis: Any = None, **options: Any) -> Any:
        if axis is None and np.ndim(x) > 1:
            raise ValueError(
                f"{function.__name__}: axis= is wanted of {np.ndim(x)} axes; without it Keras "
                "means all numbers, and TensorFlow the first axis"
            )
        return function(x, axis, **options)

    return find_place


# Where NumPy does otherwise than both: floating-point numbers are of the dtype that layers have.
CHANGED = {name: argument_of_largest(getattr(np, name)) for name in ("argmax", "argmin")}
CHANGED |= {
    name: lambda shape, dtype=None, f=f, **more: f(shape, dtype=dtype or config.floatx(), **more)
    for name, f in (("ones", np.ones), ("zeros", np.zeros))
}
CHANGED |= {
    "eye": lambda N, M=None, k=0, dtype=None: np.eye(  # noqa: N803
        N, M, k, dtype or config.floatx()
    ),
    "full": lambda shape, fill_value, dtype=None: np.full(
        shape, fill_value, dtype or config.floatx()
    ),
    "gelu": lambda x, approximate=True: activations.gelu(x, approximate),
    # a number for each number, where the loss of that name has one for each sample
    "binary_crossentropy": lambda target, output, from_logits=False: losses.binary_crossentropy(
        expand_dims(target, -1), expand_dims(output, -1), from_logits
    ),
}


@cache
def find(name: str) -> Any:
    """The function of that name, if there is one."""
    if (here := TENSORFLOW.get(name, name)) in __all__:
        return globals()[here]
    if here in CHANGED:
        return called(CHANGED[here], name)
    if name in activations.NAMES:
        return activations.NAMES[name]
    if name.endswith("_crossentropy"):
        return losses.PUBLIC.get(name)
    return called(getattr(np, here), name) if here in NUMPY else None


def __getattr__(name: str) -> Any:
    found = find(name)
    return lookup.absent("ops", name, [*__all__, *NUMPY]) if found is None else found


def __dir__() -> list[str]:
    return sorted([*__all__, *NUMPY])
