"""Where Keras's scripts look for the model: ``from minigrad.models import Sequential``."""

from __future__ import annotations

from minigrad.model import Sequential
from minigrad.shared import lookup

__all__ = ["Sequential"]


__getattr__, __dir__ = lookup.public("models", __all__)
