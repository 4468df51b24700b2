"""Callbacks: what happens beside training, at its beginnings and ends.

Example:
    >>> import numpy as np, minigrad as mg
    >>> class Tell(mg.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print("epoch", epoch, sorted(logs))
    >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[Tell()])
    epoch 0 ['loss']
"""

from minigrad.callbacks.backup import *  # noqa: F403
from minigrad.callbacks.hooks import *  # noqa: F403
from minigrad.callbacks.monitors import *  # noqa: F403
from minigrad.callbacks.schedulers import *  # noqa: F403
from minigrad.shared import lookup

__all__ = sorted(name for name, thing in vars().items() if isinstance(thing, type))
__getattr__, __dir__ = lookup.public("callbacks", __all__)
