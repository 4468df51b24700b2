"""Where Keras's scripts look for the model: ``from minigrad.models import Sequential``."""

from __future__ import annotations

from typing import Any

from minigrad import coverage
from minigrad.model import Sequential

__all__ = ["Sequential"]


def __getattr__(name: str) -> Any:
    raise AttributeError(coverage.missing("models", name, __all__))
