"""What the two libraries have in common, and where an optimizer keeps what it remembers."""

from typing import Any

import numpy as np

from minigrad import activations, optimizers
from minigrad.model import Model

ACTIVATIONS: dict[Any, str] = {
    np.tanh: "tanh",
    **{function: name for name, function in activations.NAMES.items()},
}


def covered(module: Any) -> list[str]:
    """The classes of a module of minigrad's that Keras has under the same name.

    What has the same name in both libraries is carried, made from the arguments that it keeps; all
    but the base class, from which all the others are derived.
    """
    things = [getattr(module, name) for name in module.__all__]
    kinds = {thing for thing in things if isinstance(thing, type)}
    carried = {k.__name__ for k in kinds if not all(issubclass(other, k) for other in kinds)}
    return sorted(carried - {"InputLayer", "Lambda"})


def memories(model: Model) -> list[np.ndarray]:
    """What the optimizer remembers of all weights, in the order that Keras keeps it in."""
    optimizer: Any = model.optimizer
    kept = [optimizer.state(weight) for weight in model.trainable_weights]
    if not isinstance(optimizer, optimizers.RMSprop):  # weight by weight
        return [array for each in kept for array in each]
    kinds = list(zip(*kept, strict=True))  # first of all weights one thing, then another
    return [array for i, each in enumerate(kinds) if i != 1 or optimizer.momentum for array in each]


def remembered(optimizer: Any) -> list[Any]:
    """The same in an optimizer of Keras's; Nadam has a number besides, which is the last."""
    return [v for v in optimizer.variables if v.name not in ("iteration", "learning_rate")]
