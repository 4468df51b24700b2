"""Initial weights: small random numbers whose spread depends on the layer's size.

If a layer adds up n products, its result varies √n times as much as one of them. Glorot
and He divide that out, so that signals neither fade nor explode from layer to layer.

Source: Glorot and Bengio (2010), eq. 16; He et al., arXiv 1502.01852, eq. 10. Defaults,
and the truncation of the normal distributions at two standard deviations, are Keras's.

Example:
    >>> import minigrad as mg
    >>> weights = mg.initializers.GlorotUniform(seed=1)((784, 128))
    >>> bool(abs(weights).max() <= (6 / (784 + 128)) ** 0.5)
    True
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.initializers import base, random, scaling
from minigrad.initializers.base import *  # noqa: F403
from minigrad.initializers.base import Initializer
from minigrad.initializers.random import *  # noqa: F403
from minigrad.initializers.scaling import *  # noqa: F403
from minigrad.shared import lookup
from minigrad.shared.arguments import default_name

FILES = (base, random, scaling)
__all__ = sorted([*(name for file in FILES for name in file.__all__), "get"])

KINDS = [getattr(file, name) for file in FILES for name in file.__all__ if name != "Initializer"]
# Keras has them under three kinds of names: GlorotUniform, glorot_uniform, and a few short ones.
NAMES: dict[str, type[Initializer]] = {
    **{default_name(kind): kind for kind in KINDS},
    **{kind.__name__: kind for kind in KINDS},
    "normal": random.RandomNormal,
    "uniform": random.RandomUniform,
    "zero": base.Zeros,
    "one": base.Ones,
}
SHOWN = [default_name(kind) for kind in KINDS]


def get(identifier: Any) -> Callable[..., np.ndarray]:
    """The initializer of that name.

    Args:
        identifier: A name such as ``"he_normal"`` or ``"HeNormal"``, an initializer or its
            class, or a function of a shape and a dtype.

    Returns:
        A function of a shape and a dtype.

    Raises:
        ValueError: When there is no initializer of that name.

    Example:
        >>> import minigrad as mg
        >>> type(mg.initializers.get("glorot_uniform")).__name__
        'GlorotUniform'
    """
    return lookup.get("initializer", identifier, NAMES, Initializer, lambda f: f, SHOWN)


__getattr__, __dir__ = lookup.public("initializers", __all__, NAMES)
