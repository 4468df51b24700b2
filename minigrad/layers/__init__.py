"""Layers: they own weights and build the graph from one node to the next.

A layer computes nothing. Called with a node it builds the nodes of its formula and returns
the last; the sweeps of the graph compute them. Names, arguments, defaults, shapes and
the layout of the weights are Keras's: pictures are (batch, height, width, channel),
kernels of convolutions (height, width, inputs, filters), dense kernels (inputs, units).

Example:
    >>> import numpy as np, minigrad as mg
    >>> dense = mg.layers.Dense(2, kernel_initializer="ones", name="sum")
    >>> y = dense(mg.Constant(np.array([[1.0, 2.0, 3.0]], np.float32)))
    >>> mg.forward(mg.topological_sort(y))
    array([[6., 6.]], dtype=float32)
    >>> [weight.name for weight in dense.weights]
    ['sum/kernel', 'sum/bias']
"""

from minigrad.layers import merging
from minigrad.layers.activating import *  # noqa: F403
from minigrad.layers.base import *  # noqa: F403
from minigrad.layers.dense import *  # noqa: F403
from minigrad.layers.inputs import *  # noqa: F403
from minigrad.layers.merging import *  # noqa: F403
from minigrad.layers.normalizing import *  # noqa: F403
from minigrad.layers.shaping import *  # noqa: F403
from minigrad.layers.sliding import *  # noqa: F403
from minigrad.layers.weightless import *  # noqa: F403
from minigrad.shared import lookup

# Each file says what is public in it; a layer is added where it is defined and nowhere else.
__all__ = sorted(["Input", *(name for name, thing in vars().items() if isinstance(thing, type))])
__getattr__, __dir__ = lookup.public("layers", __all__, merging.FUNCTIONS)
