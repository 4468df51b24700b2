"""The charts of the paper's studies: its six figures with our points beside them, and three more.

Each function takes the summaries of ``results.json`` and returns a figure with its alternative
text, or ``None`` where nothing was measured that it could show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad_course.studies.charts import allocation, learning_time, loss_curves, published

__all__ = ["CHARTS", "draw"]

Summary = dict[str, Any]
Drawn = tuple[Any, str] | None  # a matplotlib figure and its alternative text

# Name of the file, title in the report, and who draws it.
CHARTS: dict[str, tuple[str, Callable[[Summary], Drawn]]] = {
    "figure_1_keras_learning_time": ("Figure 1: learning time, Keras", learning_time.figure_1),
    "figure_2_own_learning_time": ("Figure 2: learning time, minigrad", learning_time.figure_2),
    "figure_3_keras_loss": ("Figure 3: loss, Keras", loss_curves.figure_3),
    "figure_4_published_loss": ("Figure 4: loss, published network", published.figure_4),
    "figure_5_keras_memory": ("Figure 5: memory, Keras", allocation.figure_5),
    "figure_6_own_memory": ("Figure 6: memory, minigrad", allocation.figure_6),
    "real_sizes": ("Learning time up to the whole set", learning_time.real_sizes),
    "whole_set": ("Loss and accuracy on the whole set", loss_curves.whole_set),
    "peculiarities": ("Which peculiarity matters how much", published.peculiarities),
}


def draw(name: str, summary: Summary) -> Drawn:
    """Draw one chart in the style of all plots.

    Args:
        name: A key of :data:`CHARTS`.
        summary: The summaries of the studies, by name.

    Returns:
        Figure and alternative text, or ``None`` where there is nothing to show.

    Raises:
        KeyError: There is no such chart.

    Example:
        >>> draw("figure_1_keras_learning_time", {"learning_time": {"rows": [], "lines": []}})
    """
    from minigrad.display import style

    with style():
        return CHARTS[name][1](summary)
