"""Calls: what a plan is a list of, and what is known of each: what it reads, and what it writes.

A call is a ``functools.partial`` with all its arguments filled in. It is a function of NumPy's, a
method of an array, or a function of the engine's own, and all keep to NumPy's convention: what is
written is the array ``out`` (or a tuple of arrays), what is read are the other arrays. Two of
NumPy's own keep to another one, ``np.copyto`` and ``array.fill``, and are known here.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import call
from typing import Any, Self

import numpy as np

Array = Any  # of NumPy's; its methods are used more freely than its types allow
Call = Callable[[], object]
Calls = Iterable[Call]


def run(calls: Calls) -> None:
    """Make calls one after the other, without Python between them.

    A signal is handled between two lines of Python. So Ctrl-C finds all of these calls made, or
    none, as long as the functions are NumPy's and no part of them is Python; see :func:`at_once`.
    """
    deque(map(call, calls), maxlen=0)


class LossNotFiniteError(FloatingPointError):
    """The loss of a step is no finite number; the step has changed nothing."""


def checked(loss: Array | None) -> list[Call]:
    """What stands between the sweeps: a look at the loss, before any weight changes."""
    return [] if loss is None else [partial(check_loss, loss)]


def check_loss(loss: Array) -> None:
    if not math.isfinite(loss.item()):
        raise LossNotFiniteError(f"the loss is {loss.item()}")


class ForSamples(partial):  # type: ignore[type-arg]
    """A call that concerns some samples of the batch: its first argument says which."""

    def of(self, samples: slice) -> Self:
        """The same call for other samples."""
        _, *others = self.args
        return type(self)(self.func, samples, *others, **self.keywords)


def at_once(step: Any) -> Any:
    """The same call without a line of Python in it, before which Ctrl-C could be noticed.

    NumPy's own ``np.copyto`` begins in Python; a ufunc does not.

    Example:
        >>> import numpy as np
        >>> from functools import partial
        >>> from minigrad.engine.calls import at_once
        >>> a = np.zeros(2)
        >>> at_once(partial(np.copyto, a, np.ones(2))).func.__name__
        'positive'
    """
    if getattr(step, "func", None) is not np.copyto:
        return step
    out, source = step.args
    if out.dtype == bool:
        return partial(np.logical_or, source, source, out=out, **step.keywords)
    return partial(np.positive, source, out=out, dtype=out.dtype, **step.keywords)


class Prepared(partial):  # type: ignore[type-arg]
    """Makes a list of calls, for the end of a step; nothing has changed before they are made."""


def arrays_in(value: Any) -> Iterator[Array]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from arrays_in(item)


def accesses(step: Any) -> tuple[list[Array], list[Array]]:
    """The arrays that a call reads, and those that it writes.

    Example:
        >>> import numpy as np
        >>> from functools import partial
        >>> from minigrad.engine.calls import accesses
        >>> a, b = np.zeros(2), np.ones(3)
        >>> [len(arrays) for arrays in accesses(partial(np.add, a, 1.0, out=a))]
        [1, 1]
        >>> accesses(partial(np.copyto, a, b))
        ([array([1., 1., 1.])], [array([0., 0.])])
    """
    if not isinstance(step, partial):
        return [], []
    options = dict(step.keywords)
    out = options.pop("out", None)
    reads = [a for value in (*step.args, *options.values()) for a in arrays_in(value)]
    owner = getattr(step.func, "__self__", None)
    if isinstance(owner, np.ndarray):  # array.fill
        return reads, [owner]
    if step.func is np.copyto:
        return reads[1:], reads[:1]
    return reads, list(arrays_in(out))


def moved(step: Any, place: Callable[[Array], Array]) -> Any:
    """The same call on other arrays.

    Args:
        step: The call.
        place: Which array to take in place of one.
    """
    if not isinstance(step, partial):
        return step

    def there(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return place(value)
        return tuple(map(there, value)) if isinstance(value, tuple) else value

    function, owner = step.func, getattr(step.func, "__self__", None)
    if isinstance(owner, np.ndarray):
        function = getattr(place(owner), function.__name__)
    options = {name: there(value) for name, value in step.keywords.items()}
    return type(step)(function, *map(there, step.args), **options)


def settled(step: Any) -> Any:
    """The call with its numbers as arrays, which NumPy would make of them in every step."""
    function: Any = getattr(step, "func", None)
    if not (isinstance(function, np.ufunc) or function is np.copyto):
        return step
    if all(isinstance(a, np.ndarray) for a in step.args):
        return step
    dtype = step.args[0].dtype if function is np.copyto else step.keywords.get("dtype")
    dtype = dtype or np.result_type(*step.args)
    fixed: list[Any] = [a if isinstance(a, np.ndarray) else np.asarray(a, dtype) for a in step.args]
    return partial(function, *fixed, **step.keywords)
