"""What a constructor was given may be set anew, and is checked then as it was at first."""

from __future__ import annotations

import threading
from typing import Any

from minigrad.shared import randomness
from minigrad.shared.arguments import configuration, taken

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
    if name not in taken(kind):
        return value
    chance = randomness.state()
    try:
        TRYING.on = True
        other = kind(**{**configuration(thing, kind), name: value})
    finally:
        vars(TRYING).clear()
        randomness.restore(chance)  # a constructor may have drawn a seed
    return vars(other).get(name, value)
