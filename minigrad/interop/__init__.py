"""Models to Keras and back: layers, weights, what was compiled, and the optimizer's memory.

minigrad is for understanding. A reader who outgrows it hands the model over and goes on
with the same weights on whatever Keras runs on, and can come back.

What is carried: every layer, loss, metric and optimizer of minigrad's, names, dtypes, weights
and which of them are trainable; the learning rate or its schedule, the number of steps taken, and
what the optimizer remembers of each weight. What is not: the state of random generators (dropout goes on with other
masks), seeds of initializers and initializers that the other side does not know (they have done
their work), and the history. Functions and classes of one's own are refused by name.

Example:
    >>> import numpy as np, minigrad as mg
    >>> model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(2, "softmax", name="d")])
    >>> x = np.ones((4, 3), np.float32)
    >>> theirs = mg.interop.to_keras(model)
    >>> bool(np.allclose(theirs.predict(x, verbose=0), model.predict(x, verbose=0)))
    True
    >>> mg.interop.from_keras(theirs).get_layer("d")
    <Dense "d": 8 weights>
"""

from minigrad.interop.importing import import_keras
from minigrad.interop.inward import from_keras
from minigrad.interop.outward import to_keras

__all__ = ["from_keras", "import_keras", "to_keras"]
