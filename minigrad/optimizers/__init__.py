"""Optimizers: how a gradient becomes a change of the weights.

Each is a rule in a file of its own, written as the books write it; a plan records it.
:mod:`minigrad.optimizers.schedules` has learning rates that change with the steps.

Example:
    >>> import numpy as np, minigrad as mg
    >>> x = mg.Variable(1.0)
    >>> mg.optimizers.SGD(0.1).apply([np.array(2.0)], [x])
    >>> round(float(x.value), 6)
    0.8
"""

from typing import Any

from minigrad.optimizers import adagrad, adam, schedules, sgd  # noqa: F401 (schedules is public)
from minigrad.optimizers.adagrad import *  # noqa: F403
from minigrad.optimizers.adam import *  # noqa: F403
from minigrad.optimizers.base import Optimizer
from minigrad.optimizers.sgd import *  # noqa: F403
from minigrad.shared import lookup

FILES = (sgd, adam, adagrad)
KINDS: dict[str, type[Optimizer]] = {n: getattr(file, n) for file in FILES for n in file.__all__}
NAMES = {name.lower(): kind for name, kind in KINDS.items()}
__all__ = sorted([*KINDS, "Optimizer", "get", "schedules"])


def get(identifier: Any) -> Optimizer:
    """The optimizer of that name.

    Args:
        identifier: A name such as ``"sgd"`` or ``"RMSprop"``, in any case; an optimizer or its
            class; or a dictionary of its ``"class_name"`` and ``"config"``, as Keras has it.

    Returns:
        An optimizer.

    Raises:
        ValueError: When there is no optimizer of that name.

    Example:
        >>> import minigrad as mg
        >>> type(mg.optimizers.get("adam")).__name__
        'Adam'
    """
    if isinstance(identifier, str):
        identifier = NAMES.get(identifier.lower(), identifier)
    return lookup.get("optimizer", identifier, NAMES | KINDS, Optimizer, shown=NAMES)


__getattr__, __dir__ = lookup.public("optimizers", __all__)
