"""Models: graphs of layers, and Keras's methods to train and use them.

A model is a recipe for graphs. For each batch size it builds one :class:`Network`; all of
them share the weights. A runner computes a network: ``Eager`` node by node, ``Plan`` by a
plan made once.

``functional.py`` joins layers to a graph, of which ``sequential.py`` is the simplest case;
``compiled.py`` makes graphs of nodes and runners of it, ``training.py`` has the methods to train
and use it, and ``steps.py`` what these do with batch after batch.

Example:
    >>> import numpy as np, minigrad as mg
    >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=mg.optimizers.SGD(0.1), loss="mse")
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> history = model.fit(x, x.sum(axis=1), batch_size=4, epochs=200, verbose=0)
    >>> model.predict(x, verbose=0).round(1)
    array([[0.],
           [1.],
           [1.],
           [2.]], dtype=float32)
"""

from minigrad.model.sequential import Sequential
from minigrad.model.training import Model

__all__ = ["Model", "Sequential"]
