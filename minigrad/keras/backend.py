"""What scripts still ask ``keras.backend``: how pictures are laid out, and a fresh start."""

from __future__ import annotations

from minigrad.config import epsilon, floatx, image_data_format, set_floatx, set_image_data_format
from minigrad.shared import lookup
from minigrad.utils import clear_session

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_floatx",
    "set_image_data_format",
]


def backend() -> str:
    """What computes.

    Example:
        >>> from minigrad import backend
        >>> backend.backend()
        'numpy'
    """
    return "numpy"


__getattr__, __dir__ = lookup.public("backend", __all__)
