"""``tf.random.set_seed``; random numbers themselves are NumPy's."""

from __future__ import annotations

from minigrad.shared import lookup
from minigrad.utils import set_random_seed as set_seed

__all__ = ["set_seed"]
__getattr__, __dir__ = lookup.public("random", __all__)
