"""A chart that lectures draw more than once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["log_log"]


def log_log(x: Any, curves: Mapping[str, Any], xlabel: str, ylabel: str, alt: str) -> Any:
    """Curves over one axis, both axes logarithmic; each with a mark of its own.

    Args:
        x: Array of shape (points,), positive.
        curves: For each name, an array of the same shape.
        xlabel: What lies along the axis, with its unit.
        ylabel: What goes up.
        alt: What the chart shows, in a sentence.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons.charts import log_log
        >>> log_log([1, 10], {"square": [1, 100]}, "side", "area", "Area grows with slope 2")
        <Figure: Area grows with slope 2>
    """
    from matplotlib.figure import Figure

    from minigrad.display import show, style

    with style():
        figure = Figure(figsize=(8.0, 4.2))
        ax = figure.subplots()
        for (name, y), marker in zip(curves.items(), "os^Dv*", strict=False):
            ax.loglog(x, y, marker=marker, label=name)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.legend()
    return show(figure, alt=alt)
