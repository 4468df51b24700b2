"""Where Keras's scripts look for the model: ``from minigrad.models import Sequential``."""

from __future__ import annotations

from minigrad.model import Model, Sequential
from minigrad.shared import lookup

__all__ = ["Model", "Sequential"]


__getattr__, __dir__ = lookup.public("models", __all__)
