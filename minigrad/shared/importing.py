"""Importing by names that are no files: ``from minigrad.keras.layers import Dense``.

Scripts that were written for Keras name modules by other paths; each of them is an attribute
here. What is none is refused with the sentence that asking for the attribute gives. Python asks
for what it has not found itself; what lies deeper below ``minigrad.keras`` it would find again.
"""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

PACKAGE = "minigrad."


class Attributes(MetaPathFinder, Loader):
    """Finds attributes of the package's modules under the names of modules.

    Args:
        beginning: With what the names begin.
        depth: How many dots are in them at least.

    Example:
        >>> import minigrad.datasets
        >>> from minigrad.datasets.mnist import load_data
        >>> load_data == minigrad.datasets.mnist.load_data
        True
    """

    def __init__(self, beginning: str = PACKAGE, depth: int = 0) -> None:
        self.beginning, self.depth = beginning, depth

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not name.startswith(self.beginning) or name.count(".") < self.depth:
            return None
        try:
            attribute(name)
        except AttributeError as error:
            raise ModuleNotFoundError(str(error), name=name) from None
        return spec_from_loader(name, self)

    def exec_module(self, module: ModuleType) -> None:
        # A module may put something else in its place: the one that has another name, here.
        sys.modules[module.__name__] = attribute(module.__name__)


def attribute(name: str) -> Any:
    parent, _, last = name.replace(f"{PACKAGE}keras.", PACKAGE, 1).rpartition(".")
    return getattr(import_module(parent), last)


def install() -> None:
    """Have Python ask: first for copies that it would make, at last for what is not there."""
    sys.meta_path[:] = [Attributes(f"{PACKAGE}keras.", 3), *sys.meta_path, Attributes()]
