"""The arguments of a call as NumPy means them, for everything that looks like an array."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

__all__ = ["arguments_of", "refuse_options"]


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
        default = known.parameters[name].default
        if default is inspect.Parameter.empty:
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
