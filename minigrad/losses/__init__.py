"""Losses: one number that says how far the predictions are from the targets.

Each loss is a formula of NumPy calls for every sample, and the mean of it over the batch.
Called with nodes it builds the graph, called with arrays it computes.

Example:
    >>> import minigrad as mg
    >>> loss = mg.losses.MeanSquaredError()
    >>> round(float(loss([[0.0, 1.0]], [[1.0, 1.0]])), 6)
    0.5
"""

from __future__ import annotations

from typing import Any

from minigrad.losses.base import FromFunction, Loss
from minigrad.losses.cross_entropies import (
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from minigrad.losses.squared_error import MeanSquaredError, mean_squared_error
from minigrad.shared import lookup

__all__ = [
    "CategoricalCrossentropy",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "categorical_crossentropy",
    "get",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]

FUNCTIONS: dict[Any, type[Loss]] = {
    categorical_crossentropy: CategoricalCrossentropy,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
    mean_squared_error: MeanSquaredError,
}
FORMULAS = {function.__name__: loss for function, loss in FUNCTIONS.items()}
NAMES: dict[str, type[Loss]] = lookup.with_class_names(
    {**FORMULAS, "mse": MeanSquaredError, "MSE": MeanSquaredError}
)


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
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        return FUNCTIONS[identifier]() if identifier in FUNCTIONS else FromFunction(identifier)
    return lookup.instance("loss", Loss, identifier, NAMES, shown=FORMULAS)


def __getattr__(name: str) -> Any:
    raise AttributeError(lookup.missing("losses", name, __all__))
