"""Where Keras's scripts look for the model: ``from minigrad.models import Sequential``."""

from __future__ import annotations

from typing import Any

from minigrad.model import Sequential
from minigrad.shared import lookup

__all__ = ["Sequential"]


def __getattr__(name: str) -> Any:
    raise AttributeError(lookup.missing("models", name, __all__))
