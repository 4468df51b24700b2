"""Losses: one number that says how far the predictions are from the targets.

Each loss is a formula of NumPy calls for every sample, and the mean of it over the batch.
Called with nodes it builds the graph, called with arrays it computes.

Example:
    >>> import minigrad as mg
    >>> loss = mg.losses.MeanSquaredError()
    >>> round(float(loss([[0.0, 1.0]], [[1.0, 1.0]])), 6)
    0.5
"""

from typing import Any

from minigrad.losses import base, binary, cross_entropies, errors
from minigrad.losses.base import *  # noqa: F403
from minigrad.losses.base import FromFunction, Loss
from minigrad.losses.binary import *  # noqa: F403
from minigrad.losses.cross_entropies import *  # noqa: F403
from minigrad.losses.errors import *  # noqa: F403
from minigrad.shared import lookup

FILES = (base, cross_entropies, errors, binary)
__all__ = sorted([*(name for file in FILES for name in file.__all__), "get"])

# A loss and the function of its formula stand in one file, and the one is called as the other.
PUBLIC = {name: getattr(file, name) for file in FILES[1:] for name in file.__all__}
KINDS: list[type[Loss]] = [thing for thing in PUBLIC.values() if isinstance(thing, type)]
FORMULAS: dict[str, type[Loss]] = {kind().name.removesuffix("_loss"): kind for kind in KINDS}
FUNCTIONS: dict[Any, type[Loss]] = {PUBLIC[name]: kind for name, kind in FORMULAS.items()}
NAMES: dict[str, type[Loss]] = {
    **FORMULAS,
    **{kind.__name__: kind for kind in KINDS},
    **dict.fromkeys(("mae", "MAE"), errors.MeanAbsoluteError),
    **dict.fromkeys(("mse", "MSE"), errors.MeanSquaredError),
    **dict.fromkeys(("bce", "BCE"), binary.BinaryCrossentropy),
    **dict.fromkeys(("kld", "KLD"), errors.KLDivergence),
}


def from_function(function: Any) -> Loss:
    return FUNCTIONS[function]() if function in FUNCTIONS else FromFunction(function)


def get(identifier: Any) -> Loss:
    """The loss of that name.

    Args:
        identifier: A name such as ``"mse"``, a loss or its class, or a function of targets
            and predictions that returns a node with a number for each sample.

    Returns:
        A loss.

    Raises:
        ValueError: When there is no loss of that name.

    Example:
        >>> import minigrad as mg
        >>> mg.losses.get("mse").name
        'mean_squared_error'
    """
    return lookup.get("loss", identifier, NAMES, Loss, from_function, FORMULAS)


__getattr__, __dir__ = lookup.public("losses", __all__)
