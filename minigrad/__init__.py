"""minigrad: automatic differentiation and a convolutional network, to be read.

    >>> import numpy as np, minigrad as mg
    >>> x = mg.Variable(5.0, name="x")
    >>> y = np.sin(x * x)
    >>> order = mg.topological_sort(y)
    >>> float(round(mg.forward(order), 6))
    -0.132352
    >>> mg.backward(order)
    >>> float(round(x.gradient, 6))
    9.912028

``import minigrad as mg`` needs NumPy only. What needs more (pictures, widgets, Keras) is
imported when it is first used: ``mg.display``, ``mg.lessons``, ``mg.experiments`` and
``mg.interop``.
"""

from __future__ import annotations

import importlib
from typing import Any

from minigrad import (
    activations,
    callbacks,
    config,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    utils,
)
from minigrad.convolution import AveragePool2D, Convolution2D, MaxPool2D
from minigrad.graph import (
    Constant,
    Node,
    Operator,
    Variable,
    as_node,
    backward,
    forward,
    implements,
    topological_sort,
    unbroadcast,
)
from minigrad.layers import Input
from minigrad.model import Sequential

__version__ = "0.1.0"

__all__ = [
    "AveragePool2D",
    "Constant",
    "Convolution2D",
    "Input",
    "MaxPool2D",
    "Node",
    "Operator",
    "Sequential",
    "Variable",
    "activations",
    "as_node",
    "backward",
    "callbacks",
    "config",
    "datasets",
    "forward",
    "implements",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "topological_sort",
    "unbroadcast",
    "utils",
]

LAZY = ("display", "experiments", "interop", "lessons")


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return importlib.import_module(f"minigrad.{name}")
    raise AttributeError(f"minigrad has no {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *LAZY])
