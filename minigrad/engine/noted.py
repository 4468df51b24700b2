"""Stand-ins for arrays, the tracers of a recording: they do what they are told, and have it noted.

What looks like an array to a method holds a sample of the right shape, dtype and order in memory.
A call of NumPy's on it is done to the samples, and noted by :mod:`minigrad.engine.recording`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigrad.shared.adding import LONG


class CannotRecord(Exception):  # noqa: N818 (it says what happened, not that something is wrong)
    """A method does something that a recording cannot hold; it is run anew in every step."""


class Noted(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for an array while a method is recorded.

    Args:
        recording: Who takes the notes.
        sample: An array of the same shape, dtype and order in memory.
        parent: Of a view: what it is a view of.
        view: How to get it from there.
    """

    def __init__(
        self, recording: Any, sample: Any, parent: Noted | None = None, view: Any = None
    ) -> None:
        self.recording, self.sample = recording, np.asarray(sample)
        self.parent, self.view = parent, view
        self.base: Noted = self if parent is None else parent.base
        self.array: Any = None  # of a base: where its numbers lie once the plan has its memory

    def find(self) -> Any:
        """The array that it stands for."""
        if self.parent is None:
            return self.array
        found = self.view(self.parent.find())
        assert not found.size or np.shares_memory(found, self.base.array)
        return found

    def seen(self, view: Callable[[Any], Any]) -> Noted:
        """The same numbers in another shape."""
        sample = view(self.sample)
        if sample.size and not np.shares_memory(sample, self.sample):
            raise CannotRecord("the numbers do not lie there in that shape")
        return Noted(self.recording, sample, self, view)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method not in ("__call__", "reduce") or ufunc.nout != 1:
            raise CannotRecord(f"np.{ufunc.__name__}, {method}")
        function = ufunc if method == "__call__" else ufunc.reduce
        (out,) = options.pop("out", (None,))
        if not isinstance(out, (Noted, type(None))):
            raise CannotRecord("it writes into an array of its own")
        return self.recording.note(function, inputs, options, out)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function not in FUNCTIONS:
            raise CannotRecord(f"np.{function.__name__}")
        return FUNCTIONS[function](*args, **options)

    def __getitem__(self, key: Any) -> Noted:
        if key is Ellipsis:
            return self
        return self.seen(lambda array: array[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        place = self[key]
        if value is not place and not (
            isinstance(value, Noted) and same_place(value.sample, place.sample)
        ):
            self.recording.copy(value, place)  # not the end of an in-place call

    def reshape(self, *shape: Any) -> Noted:
        new = self.sample.reshape(*shape).shape
        try:
            return self.seen(lambda array: array.reshape(new))
        except CannotRecord:  # no view: the order in memory is another one
            result = Noted(self.recording, np.empty(new, self.dtype))
            self.recording.copy(self, result.reshape(self.shape))
            return result

    def swapaxes(self, first: int, second: int) -> Noted:
        return self.seen(lambda array: array.swapaxes(first, second))

    shape = property(lambda self: self.sample.shape)
    dtype = property(lambda self: self.sample.dtype)
    ndim = property(lambda self: self.sample.ndim)
    size = property(lambda self: self.sample.size)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise CannotRecord("what happens next depends on the numbers")

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise CannotRecord("it asks for the numbers themselves")

    __float__ = __int__ = __index__ = __iter__ = __array__

    def __getattr__(self, name: str) -> Any:
        if hasattr(np.ndarray, name):
            raise CannotRecord(f"an array's {name}")
        raise AttributeError(f"an array has no attribute {name!r}")


def same_place(a: Any, b: Any) -> bool:
    return (a.ctypes.data, a.strides, a.shape) == (b.ctypes.data, b.strides, b.shape)


# -- NumPy's functions in terms of the calls above ----------------------------------------------
def where(condition: Any, x: Any, y: Any) -> Noted:
    if condition.dtype != bool:  # a number is true where it is not 0
        condition = np.not_equal(condition, 0)
    sample = np.where(condition.sample, *samples((x, y)))
    result = Noted(condition.recording, order_like(sample, condition.sample))
    condition.recording.copy(y, result)
    return condition.recording.copy(x, result, where=condition)


def filled(number: float) -> Callable[..., Noted]:
    def like(a: Noted, dtype: Any = None, shape: Any = None) -> Noted:
        empty = np.empty_like(a.sample, dtype=dtype, shape=shape)
        return a.recording.copy(number, Noted(a.recording, empty))

    return like


def pad(images: Noted, widths: Any, constant_values: float = 0.0) -> Noted:
    padded = order_like(np.pad(images.sample, widths), images.sample)
    result = images.recording.copy(constant_values, Noted(images.recording, padded))
    result[tuple(slice(b, b + n) for (b, _), n in zip(widths, images.shape, strict=True))] = images
    return result


def joined(parts: Any, axis: int = 0) -> Noted:
    first = next(part for part in parts if isinstance(part, Noted))
    sample = np.concatenate(samples(parts), axis=axis)
    result = Noted(first.recording, order_like(sample, first.sample))
    start = 0
    for part in parts:
        index = [slice(None)] * sample.ndim
        index[axis] = slice(start, start + part.shape[axis])
        result[tuple(index)] = part
        start += part.shape[axis]
    return result


def total(x: Noted, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    add: Any = np.add  # which takes stand-ins, whatever its types say
    result = add.reduce(x, axis=axis, keepdims=keepdims, dtype=dtype)
    if result.dtype != np.float32 or x.size < LONG * result.size or result.size == 1:
        return result
    # the numbers of a sample do not lie side by side: see `added_up`
    wide = add.reduce(x, axis=axis, keepdims=keepdims, dtype=np.float64)
    narrow = np.empty_like(wide.sample, dtype=np.float32)
    return x.recording.copy(wide, Noted(x.recording, narrow))


def mean(x: Noted, axis: Any = None, keepdims: bool = False) -> Any:
    if x.dtype == np.float16:
        raise CannotRecord("NumPy adds up such numbers in more digits")
    whole = x.dtype.kind != "f"  # NumPy counts truth values, and no whole number wraps around
    result = total(x, axis, keepdims, np.float64 if whole else None)
    return result / (x.size // max(result.size, 1))


def largest(x: Noted, axis: Any = None, keepdims: bool = False) -> Any:
    maximum: Any = np.maximum
    return maximum.reduce(x, axis=axis, keepdims=keepdims)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: where,
    np.zeros_like: filled(0),
    np.ones_like: filled(1),
    np.concatenate: joined,
    np.pad: pad,
    np.sum: total,
    np.mean: mean,
    np.max: largest,
    np.size: lambda x: x.size,
    np.reshape: lambda x, shape: x.reshape(shape),
    np.transpose: lambda x, axes=None: x.seen(lambda array: array.transpose(axes)),
    np.expand_dims: lambda x, axis: x.seen(lambda array: np.expand_dims(array, axis)),
    np.broadcast_to: lambda x, shape: x.seen(lambda array: np.broadcast_to(array, shape)),
}


def samples(values: Iterable[Any]) -> list[Any]:
    return [v.sample if isinstance(v, Noted) else v for v in values]


def order_like(sample: Any, other: Any) -> Any:
    # an array like the sample, with the axes in memory in the order of the other's
    return np.empty_like(other, dtype=sample.dtype, shape=sample.shape)
