"""Explorers of the lectures: pictures with controls, each in a file of its own.

::

    explorers.impatient()               # lecture 02: the sweep without a sort beside the sorted one
    explorers.difference()              # lecture 05: a wrong rate against rounding

Those that show the library's own objects (a graph's sweeps, a convolution) are in
``minigrad.display``. matplotlib and ipywidgets are imported when the first is used.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["difference", "impatient"]

# the function by which an explorer is made, in the module of the same name
LAZY = ("difference", "impatient")


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return getattr(importlib.import_module(f"{__name__}.{name}_explorer"), name)
    raise AttributeError(f"{__name__} has no {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
