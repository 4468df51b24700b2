"""Explorers of the lectures: pictures with controls, each in a file of its own.

::

    explorers.microscope(f, 1.5)        # lecture 01: a secant, ever shorter, as the machine sees it
    explorers.valley()                  # lecture 01: the learning rate on Rosenbrock's valley
    explorers.impatient()               # lecture 02: the sweep without a sort beside the sorted one
    explorers.backward_convolution(…)   # lecture 03: one weight's pixels, one pixel's windows
    explorers.strip()                   # lecture 04: which cache lines a loop touches
    explorers.difference()              # lecture 05: a wrong rate against rounding
    explorers.two_lines()               # lecture 06: what is paid once, and what in every step
    explorers.switches()                # lecture 06: the twelve peculiarities, on and off
    explorers.descent()                 # lecture 07: plain descent, momentum and Adam
    explorers.live_training()           # lecture 07: a loss that is drawn while a model learns
    explorers.feature_maps(model, x)    # lecture 07: what each layer sees in a picture
    explorers.confusion(x, y, p, names) # lecture 07: which pictures are taken for what
    explorers.staircases()              # lecture 08: common dice and independent ones, as p moves
    explorers.temperature()             # lecture 08: what a softened coin gains and loses

Those that show the library's own objects (a graph's sweeps, a convolution) are in
``minigrad.display``. matplotlib and ipywidgets are imported when the first is used.
"""

from __future__ import annotations

import importlib
from typing import Any

# each is a function in the module NAME_explorer
__all__ = [
    "backward_convolution",
    "confusion",
    "descent",
    "difference",
    "feature_maps",
    "impatient",
    "live_training",
    "microscope",
    "staircases",
    "strip",
    "switches",
    "temperature",
    "two_lines",
    "valley",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module(f"{__name__}.{name}_explorer"), name)
    raise AttributeError(f"{__name__} has no {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
