"""The package under Keras's name, for scripts that have ``import tensorflow as tf``.

Nothing is defined here twice: ``tf.keras.layers`` is ``minigrad.layers``.

Example:
    >>> import minigrad as tf
    >>> from minigrad.keras.layers import Dense
    >>> tf.keras.layers.Dense is Dense is tf.layers.Dense
    True
"""

from minigrad import *  # noqa: F403
from minigrad import __all__, __dir__, __getattr__, __version__  # noqa: F401
