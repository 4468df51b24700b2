"""Charts of the experiments, drawn with matplotlib, which is imported when one is drawn.

Colours are told apart by people with any kind of colour vision (Okabe and Ito's palette), and
markers and hatching tell the same story in grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STYLES", "Style", "save"]


@dataclass(frozen=True)
class Style:
    """How one program looks in every chart.

    Attributes:
        color: A colour of Okabe and Ito's palette.
        hatch: Pattern of its bars.
        marker: Marker of its lines.
    """

    color: str
    hatch: str
    marker: str


STYLES = {
    "minigrad": Style("#0072B2", "", "o"),
    "minigrad_eager": Style("#56B4E9", "..", "s"),
    "keras": Style("#D55E00", "//", "^"),
    "torch": Style("#E69F00", "\\\\", "v"),
    "jax": Style("#009E73", "xx", "D"),
}


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
