"""What a constructor was given may be set anew, and is checked then as it was at first."""

from __future__ import annotations

import inspect
import threading
from functools import cache
from typing import Any

from minigrad.shared import randomness

__all__ = ["Settings", "arguments"]

TRYING = threading.local()  # an object of which only one attribute is wanted is being made
PACKAGE = __name__.partition(".")[0] + "."


class Settings:
    """Attributes that are arguments of the constructor: setting one asks the constructor.

    Example:
        >>> import minigrad as mg
        >>> layer = mg.layers.Activation("tanh")
        >>> layer.activation = "relu"
        >>> layer.activation is mg.activations.relu
        True
        >>> mg.optimizers.Adam().beta_1 = 2
        Traceback (most recent call last):
        ValueError: Adam: beta_1 is a number from 0 to 1, got 2
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self) and not hasattr(TRYING, "on"):
            value = checked(self, name, value)
        super().__setattr__(name, value)


def checked(thing: Any, name: str, value: Any) -> Any:
    """What the constructor makes of a value: refused, or as it keeps it."""
    kind = next(each for each in type(thing).__mro__ if each.__module__.startswith(PACKAGE))
    if name not in arguments(kind):
        return value
    chance = randomness.state()
    try:
        TRYING.on = True
        other = kind(**{**settings(thing, kind), name: value})
    finally:
        vars(TRYING).clear()
        randomness.restore(chance)  # a constructor may have drawn a seed
    return vars(other).get(name, value)


def settings(thing: Any, kind: type) -> dict[str, Any]:
    """The attributes of an object that are arguments of a class."""
    return {name: getattr(thing, name) for name in arguments(kind) if hasattr(thing, name)}


@cache
def arguments(kind: type) -> dict[str, None]:
    """The names of what a class can be called with, its own and those that it hands on.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.settings import arguments
        >>> list(arguments(mg.initializers.RandomNormal))
        ['mean', 'stddev', 'seed']
    """
    names: dict[str, None] = {}
    for each in kind.__mro__:
        if "__init__" in vars(each):
            taken = list(inspect.signature(each.__init__).parameters.values())[1:]  # type: ignore[misc]
            names |= dict.fromkeys(p.name for p in taken if p.kind is not p.VAR_KEYWORD)
            if not any(p.kind is p.VAR_KEYWORD for p in taken):
                break
    return names
