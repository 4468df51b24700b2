"""Arrays that note what is done with them, for checks that forbid a way of doing it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

__all__ = ["watched"]


def watched(array: np.ndarray) -> tuple[np.ndarray, Counter[str]]:
    """An array that counts how often it is indexed, iterated, and given to which function.

    Args:
        array: What it holds.

    Returns:
        The array, and the counts by name: ``"__getitem__"``, ``"__iter__"``, ``"matmul"``, …
        Views of it count as well; what is computed from it does not.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons.watched import watched
        >>> array, seen = watched(np.ones((2, 2)))
        >>> _ = array[0], array.T @ array
        >>> seen["__getitem__"], seen["matmul"]
        (1, 1)
    """
    seen: Counter[str] = Counter()

    class Watched(np.ndarray):
        def __getitem__(self, key: Any) -> Any:
            seen["__getitem__"] += 1
            return super().__getitem__(key)

        def __iter__(self) -> Any:
            seen["__iter__"] += 1
            return super().__iter__()

        def dot(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]
            seen["dot"] += 1
            return np.asarray(self).dot(*map(plain, arguments), **named)

        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
            seen["outer" if method == "outer" else ufunc.__name__] += 1
            if "out" in named:
                named["out"] = tuple(map(plain, named["out"]))
            return getattr(ufunc, method)(*map(plain, inputs), **named)

        def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
            seen[function.__name__] += 1
            return super().__array_function__(function, types, args, kwargs)

    return array.view(Watched), seen


def plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, np.ndarray) else value
