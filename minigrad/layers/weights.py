"""Giving weights new values: all of them or none."""

from typing import Any

import numpy as np

from minigrad.graph import Variable
from minigrad.shared.arguments import brief, real_array
from minigrad.shared.turns import turn_of


def assign(owner: str, variables: list[Variable], values: Any) -> None:
    """Give variables new values, all or none.

    Args:
        owner: Whose they are, for the error.
        variables: The variables.
        values: As many arrays, each of its variable's shape.

    Raises:
        TypeError: When the values are no list of arrays.
        ValueError: When their number, a shape or a number in them does not fit.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.layers.weights import assign
        >>> w = mg.Variable([1.0, 2.0], name="w")
        >>> assign("layer", [w], [[1e400, 0]])
        Traceback (most recent call last):
        ValueError: layer: weight w got a number that is not finite in float64
    """
    if not isinstance(values, (list, tuple, np.ndarray)):
        raise TypeError(f"{owner}: weights are a list of arrays, got {brief(values)}")
    if len(values) != len(variables):
        raise ValueError(
            f"{owner} has {len(variables)} weights, got {len(values)}"
            + ("" if variables else " (it is not built yet, or it has none)")
        )
    arrays = [fitting(owner, *pair) for pair in zip(variables, values, strict=True)]
    with turn_of(variables), turn_of(variables):
        for variable, array in zip(variables, arrays, strict=True):
            variable.value = array


def fitting(owner: str, variable: Variable, value: Any) -> np.ndarray:
    """The value as an array of the variable's dtype, if it can become its value."""
    array = real_array(f"{owner}: weight {variable.name} wants", value, ValueError)
    if array.shape != variable.shape:
        raise ValueError(
            f"{owner}: weight {variable.name} has shape {variable.shape}, got {array.shape}"
        )
    with np.errstate(over="ignore"):
        converted = array.astype(variable.dtype)
    if not np.all(np.isfinite(converted)):
        raise ValueError(
            f"{owner}: weight {variable.name} got a number that is not finite in {variable.dtype}"
        )
    return converted
