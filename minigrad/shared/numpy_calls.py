"""What looks like an array: calls of NumPy's functions reach it, with arguments as NumPy means them."""

import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np


class Called(np.lib.mixins.NDArrayOperatorsMixin):
    """Gives NumPy's functions a meaning of its own: ``np.sin(x)``, and ``x + y`` as ``np.add(x, y)``.

    What it is, a derived class says in ``_called``.
    """

    def _called(self, function: Any, arguments: Any, options: dict[str, Any], method: str) -> Any:
        # method is that of a ufunc, such as ".reduce", and empty for a plain call
        raise NotImplementedError

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(out is self for out in options.get("out", ())):
            del options["out"]  # x += y gives the name x to a new thing
        return self._called(ufunc, inputs, options, "" if method == "__call__" else f".{method}")

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return self._called(function, args, options, "")


class ArrayLike(Called):
    """Has a shape, a dtype and the methods of an array, which are NumPy's functions of it."""

    shape: tuple[int, ...]
    dtype: Any

    @property
    def ndim(self) -> int:
        """Number of axes, as of an array."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements, as of an array."""
        return math.prod(self.shape)

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The transposed, as of an array."""
        return self._called(np.transpose, (self,), {}, "")

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same elements in another shape, as ``ndarray.reshape``; one length may be -1."""
        new = shape[0] if len(shape) == 1 else shape
        return self._called(np.reshape, (self, new), options, "")

    # The arguments in the order in which those of an array have them.
    def sum(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False
    ) -> Any:
        """The sum over the axes, as ``ndarray.sum``; without ``out``."""
        return self._called(np.sum, (self, axis, dtype, out, keepdims), {}, "")

    def mean(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False
    ) -> Any:
        """The mean over the axes, as ``ndarray.mean``; without ``out``."""
        return self._called(np.mean, (self, axis, dtype, out, keepdims), {}, "")

    def max(self, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        """The largest element over the axes, as ``ndarray.max``; without ``out``."""
        return self._called(np.max, (self, axis, out, keepdims), {}, "")

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"a {type(self).__name__} of no axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError


@cache
def signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except ValueError:  # np.where of older versions of NumPy does not say
        return None


def arguments_of(
    function: Callable[..., Any], args: Iterable[Any], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Which argument is which, by NumPy's own signature of a function.

    Args:
        function: A function of NumPy's.
        args: What it was called with, by position.
        kwargs: What it was called with, by name.

    Returns:
        The arguments that a call needs, in a row; and the others by name. One that says what
        NumPy does anyhow is left out.

    Raises:
        TypeError: When NumPy would not take the call.

    Example:
        >>> import numpy as np
        >>> from minigrad.shared.numpy_calls import arguments_of
        >>> arguments_of(np.sum, ["x", 0, None, None, True], {})
        (['x'], {'axis': 0, 'keepdims': True})
    """
    known = signature(function)
    if known is None:
        return list(args), kwargs
    needed, named = [], {}
    for name, value in known.bind(*args, **kwargs).arguments.items():
        parameter = known.parameters[name]
        default = parameter.default
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            named.update(value)
        elif default is inspect.Parameter.empty:
            needed.append(value)
        elif value is not default:
            named[name] = value
    return needed, named


def refuse_options(called: str, of: str, options: Iterable[str], known: Iterable[str] = ()) -> None:
    """Refuse options by name that are not among those known.

    Args:
        called: What was called, for the error.
        of: What it was called on, for the error.
        options: Names of the options given.
        known: Names of those that mean something.

    Raises:
        TypeError: When there are others.

    Example:
        >>> from minigrad.shared.numpy_calls import refuse_options
        >>> refuse_options("np.sum", "a node", ["axis", "out"], ["axis"])
        Traceback (most recent call last):
        TypeError: np.sum of a node takes no out=
    """
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(f"{called} of {of} takes no {', '.join(f'{name}=' for name in unknown)}")
