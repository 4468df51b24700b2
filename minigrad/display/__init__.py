"""Pictures: graphs as SVG, plans as tables, plots in one style, and explorers with controls.

The core imports nothing from here, but for the table of a plan when somebody asks for one. Once
this package is imported, a node that ends a notebook's cell is shown with its graph. ``draw``
needs NumPy only; plots need matplotlib and explorers ipywidgets, which are imported when they are
first used::

    mg.display.draw(loss)                       # the graph that ends in this node
    mg.display.sweep_explorer(loss)             # its two sweeps, step by step
    mg.display.convolution_explorer(picture)    # a kernel that slides over a picture
    mg.display.plot_history(history)
    mg.display.draw_plan(model.plan(128))       # the memory of a plan, kernel by kernel
    mg.display.show_images(pictures, labels, predictions)
"""

import importlib
import sys
from typing import Any

from minigrad.display.graph import GraphPicture, draw
from minigrad.graph import Node, topological_sort

__all__ = [
    "Explorer",
    "GraphPicture",
    "convolution_explorer",
    "draw",
    "draw_plan",
    "plot_history",
    "show",
    "show_images",
    "style",
    "sweep_explorer",
]

LAZY = {
    "Explorer": "explorer",
    "convolution_explorer": "convolution",
    "draw_plan": "plan",
    "sweep_explorer": "sweeps",
    "plot_history": "plots",
    "show": "plots",
    "show_images": "plots",
    "style": "plots",
}


def __getattr__(name: str) -> Any:
    if name in LAZY:
        try:
            return getattr(importlib.import_module(f"minigrad.display.{LAZY[name]}"), name)
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f'display.{name} needs {error.name}: pip install "minigrad[notebooks]"',
                name=error.name,
            ) from None
    raise AttributeError(f"minigrad.display has no {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def picture_of(node: Node) -> GraphPicture | None:
    # more nodes nobody could read below a cell
    return draw(node) if len(topological_sort(node)) <= 40 else None


def svg_of(node: Node) -> str | None:
    picture = picture_of(node)
    return None if picture is None else picture.svg()


def html_of(node: Node) -> str | None:
    picture = picture_of(node)
    return None if picture is None else picture.html()


def show_nodes_as_graphs() -> None:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        shell.display_formatter.formatters["image/svg+xml"].for_type(Node, svg_of)
        shell.display_formatter.formatters["text/html"].for_type(Node, html_of)


show_nodes_as_graphs()
