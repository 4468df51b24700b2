"""Layers: they own weights and build the graph from one node to the next.

A layer computes nothing. Called with a node it builds the nodes of its formula and returns
the last; the sweeps of the graph compute them. Names, arguments, defaults, shapes and
the layout of the weights are Keras's: pictures are (batch, height, width, channel),
kernels of convolutions (height, width, inputs, filters), dense kernels (inputs, units).

Example:
    >>> import numpy as np, minigrad as mg
    >>> dense = mg.layers.Dense(2, kernel_initializer="ones", name="sum")
    >>> y = dense(np.array([[1.0, 2.0, 3.0]], np.float32))
    >>> mg.forward(mg.topological_sort(y))
    array([[6., 6.]], dtype=float32)
    >>> [weight.name for weight in dense.weights]
    ['sum/kernel', 'sum/bias']
"""

from __future__ import annotations

from typing import Any

from minigrad.layers.base import Layer
from minigrad.layers.dense import Dense
from minigrad.layers.inputs import Input, InputLayer
from minigrad.layers.sliding import AveragePooling2D, Conv2D, MaxPooling2D
from minigrad.layers.weightless import Activation, Dropout, Flatten, Rescaling
from minigrad.shared import lookup

__all__ = [
    "Activation",
    "AveragePooling2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "MaxPooling2D",
    "Rescaling",
]

# The short names that Keras has for them as well.
Convolution2D = Conv2D
MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D


def __getattr__(name: str) -> Any:
    raise AttributeError(lookup.missing("layers", name, __all__))
