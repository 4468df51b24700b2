"""What has been set at layers and losses, so that a graph is built anew when it is another one."""

from collections.abc import Iterable
from types import FunctionType
from typing import Any

import numpy as np

from minigrad.graph import Node
from minigrad.layers.tensors import KerasTensor
from minigrad.regularizers import Regularizer

STATES = {"built", "name", "_results", "_sample_shape", "_own", "_costs"}  # make no graph another
SIMPLE = {bool, int, float, str, type, type(None), FunctionType}


def settings_of(parts: Iterable[Any], moving: set[tuple[int, str]]) -> tuple[Any, ...]:
    """What is set at some objects and their regularizers, to be compared with what it was.

    Args:
        parts: Layers, a loss.
        moving: Attributes that building a graph changes: no settings. Each is the identity of an
            object and a name.

    Returns:
        For each attribute the identity of its object, its name and its value.
    """
    parts = list(parts)
    parts += [v for part in parts for v in vars(part).values() if isinstance(v, Regularizer)]
    return tuple(
        (id(part), name, value if type(value) in SIMPLE else setting(value))
        for part in parts
        for name, value in {**vars(part), "": type(part)}.items()
        if name not in STATES and not (moving and (id(part), name) in moving)
    )


def setting(value: Any) -> Any:
    """What a setting is, to be compared with what it was."""
    if isinstance(value, dict):
        return (*value, *map(setting, value.values()))
    if isinstance(value, (list, tuple, set)):
        return tuple(map(setting, value))
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes()
    try:
        hash(value)
    except TypeError:
        return id(value)
    return id(value) if isinstance(value, (Node, KerasTensor)) else value
