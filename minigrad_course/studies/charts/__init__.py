"""Charts of the experiments, drawn with matplotlib, which is imported when one is drawn.

Colors are told apart by people with any kind of color vision (Okabe and Ito's palette), and
markers and hatching tell the same story in gray.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PAPER", "STYLES", "Style", "new_figure", "save"]


@dataclass(frozen=True)
class Style:
    """How one program looks in every chart.

    Attributes:
        color: A color of Okabe and Ito's palette.
        hatch: Pattern of its bars.
        marker: Marker of its lines.
    """

    color: str
    hatch: str
    marker: str


STYLES = {
    "minigrad": Style("#0072B2", "", "o"),
    "minigrad_bytes": Style("#F0E442", "oo", "P"),
    "minigrad_eager": Style("#56B4E9", "..", "s"),
    "keras": Style("#D55E00", "//", "^"),
    "keras_plain": Style("#CC79A7", "--", "<"),
    "torch": Style("#E69F00", "\\\\", "v"),
    "jax": Style("#009E73", "xx", "D"),
}


# How the paper's own points look in every chart.
PAPER = {
    "color": "black",
    "marker": "D",
    "markersize": 8,
    "markerfacecolor": "white",
    "linestyle": "none",
    "zorder": 5,
}


def new_figure(width: float, height: float, columns: int = 1, sharey: bool = False) -> Any:
    """A figure outside pyplot, which would keep it, with panels side by side.

    Args:
        width: In inches.
        height: In inches.
        columns: How many panels.
        sharey: Whether they share the vertical axis.

    Returns:
        The figure, and its axes: alone, or an array of them.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns, sharey=sharey)


def save(figure: Figure, path: str | Path) -> list[Path]:
    """Write a figure as SVG and as PNG.

    Args:
        figure: A matplotlib figure.
        path: Where to; its suffix is replaced by ``.svg`` and ``.png``.

    Returns:
        The two files.
    """
    import matplotlib

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    files = [path.with_suffix(".svg"), path.with_suffix(".png")]
    # The same figure gives the same file: no date inside, and names that do not come by chance.
    with matplotlib.rc_context({"svg.hashsalt": "minigrad", "svg.fonttype": "none"}):
        figure.savefig(files[0], metadata={"Date": None})
        figure.savefig(files[1], dpi=150)
    return files
