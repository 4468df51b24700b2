"""Plots in one style: readable when projected, in gray, and by the color-blind.

Lines differ in color, in dash and in marker; the colors are those of Okabe and Ito (2008),
in an order in which their lightness differs as well.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from minigrad.display.described import bundle

__all__ = ["COLORS", "plot_history", "show", "show_images", "style"]

COLORS = ["#0072b2", "#d55e00", "#000000", "#009e73", "#cc79a7", "#e69f00"]

LOOK: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 13,
    "axes.prop_cycle": cycler(color=COLORS)
    + cycler(linestyle=["-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1))]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 14,
    "figure.dpi": 110,
    "figure.figsize": (8.0, 4.5),
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 12,
    "grid.alpha": 0.3,
    "image.cmap": "gray_r",
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "lines.markersize": 6,
}


def style() -> Any:
    """The style of all plots, for a ``with`` block.

    Returns:
        A context manager. Plots that are made inside have the style.

    Example:
        >>> import matplotlib, minigrad as mg
        >>> with mg.display.style():
        ...     matplotlib.rcParams["font.size"]
        12.0
    """
    return mpl.rc_context(LOOK)


class Picture:
    """A figure with its alternative text, which is also its text form in a notebook."""

    def __init__(self, figure: Figure, alt: str) -> None:
        self.figure, self.alt = figure, alt

    def __repr__(self) -> str:
        return f"<Figure: {self.alt}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", metadata={"Description": self.alt})
        return bundle(repr(self), buffer.getvalue(), self.alt)


def show(figure: Figure, alt: str) -> Picture:
    """A figure for the last line of a cell, with alternative text.

    The text tells what the picture shows to those who cannot see it, and is what a test of
    the notebook compares: let it say what holds on every machine.

    Args:
        figure: A figure of matplotlib. If pyplot made it, it is closed there, so that
            the notebook does not show it twice.
        alt: What the figure shows, in a sentence.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> import minigrad as mg
        >>> from matplotlib.figure import Figure
        >>> mg.display.show(Figure(), alt="an empty figure")
        <Figure: an empty figure>
    """
    if getattr(figure, "number", None) is not None:
        import matplotlib.pyplot as plt

        plt.close(figure)
    return Picture(figure, alt)


def plot_history(history: Any, alt: str | None = None) -> Picture:
    """Loss and metrics over the epochs, training and validation in one panel each.

    Args:
        history: What ``model.fit`` returned, or a mapping of names to one number an epoch.
        alt: Alternative text; by default it names the curves.

    Returns:
        An object that a notebook shows as the picture.

    Raises:
        ValueError: When there is no epoch yet.

    Example:
        >>> import minigrad as mg
        >>> mg.display.plot_history({"loss": [2.0, 1.0], "val_loss": [2.1, 1.3]})
        <Figure: loss and val_loss over 2 epochs>
    """
    curves: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    counted: Mapping[str, Sequence[int]] = getattr(history, "_epochs", {})
    panels = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    if not panels:
        raise ValueError("plot_history: there is no epoch in the history yet")
    with style():
        figure = new_figure(width=4.6 * len(panels), height=3.8)
        for ax, panel in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
            for name, marker in ((panel, "o"), (f"val_{panel}", "s")):
                if name in curves:
                    epochs = np.add(counted.get(name, range(len(curves[name]))), 1)
                    label = "validation" if name.startswith("val_") else "training"
                    ax.plot(epochs, curves[name], marker=marker, label=label)
            ax.set(xlabel="epoch", ylabel=panel.replace("_", " "))
            ax.xaxis.get_major_locator().set_params(integer=True)
            if len(ax.lines) > 1:
                ax.legend()
    last = len(next(iter(curves.values())))
    names = (
        ", ".join(list(curves)[:-1]) + f" and {list(curves)[-1]}" if len(curves) > 1 else panels[0]
    )
    return Picture(figure, alt or f"{names} over {last} epochs")


def show_images(
    images: Any,
    labels: Sequence[Any] | None = None,
    predictions: Sequence[Any] | None = None,
    columns: int = 10,
    alt: str | None = None,
) -> Picture:
    """Pictures in rows, with what they are and what a model took them for.

    Args:
        images: Array of shape (count, height, width) or (count, height, width, 1).
        labels: What each picture is.
        predictions: What a model says it is. Where the two differ, the title is in
            bold, marked with ✗, and names both.
        columns: Pictures in a row.
        alt: Alternative text; by default it counts the pictures and the errors.

    Returns:
        An object that a notebook shows as the picture.

    Raises:
        ValueError: When the images have another shape.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.display.show_images(np.zeros((2, 28, 28)), ["bag", "coat"], ["bag", "shirt"])
        <Figure: 2 pictures, 1 of them predicted wrongly>
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 or len(images) == 0:
        raise ValueError(f"show_images: wants shape (count, height, width), got {images.shape}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    texts = labels is not None or predictions is not None
    wrong = 0
    with style():
        figure = new_figure(width=1.25 * columns, height=(1.75 if texts else 1.25) * rows)
        axes = np.ravel(figure.subplots(rows, columns))
        for ax in axes:
            ax.set_axis_off()
        for k, (ax, image) in enumerate(zip(axes, images, strict=False)):
            ax.imshow(image, interpolation="nearest")
            said = predictions[k] if predictions is not None else None
            true = labels[k] if labels is not None else said
            if said is not None and said != true:
                wrong += 1
                ax.set_title(f"✗ {said}\n({true})", fontsize=9, fontweight="bold")
            elif true is not None:
                ax.set_title(f"{true}\n", fontsize=9)
    told = f", {wrong} of them predicted wrongly" if predictions is not None else ""
    return Picture(figure, alt or f"{len(images)} pictures{told}")


def new_figure(width: float, height: float) -> Figure:
    # outside pyplot, which would keep it and show it a second time
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure
