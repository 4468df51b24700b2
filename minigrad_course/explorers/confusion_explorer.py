"""Which pictures are taken for what: a confusion matrix whose cells can be opened."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.patches import Rectangle

from minigrad.display import Explorer

__all__ = ["confusion", "count"]

SHOWN = 12  # pictures at once


def count(labels: Any, said: Any, classes: int) -> np.ndarray:
    """How often each class is taken for each.

    Args:
        labels: What the pictures are, whole numbers from 0.
        said: What a model says they are.
        classes: How many classes there are.

    Returns:
        Counts of shape (classes, classes): a row for what it is, a column for what is said.

    Example:
        >>> from minigrad_course.explorers.confusion_explorer import count
        >>> count([0, 0, 1], [0, 1, 1], 2)
        array([[1, 1],
               [0, 1]])
    """
    table = np.zeros((classes, classes), int)
    np.add.at(table, (np.asarray(labels), np.asarray(said)), 1)
    return table


def confusion(
    pictures: Any, labels: Any, probabilities: Any, names: Any, start: tuple[int, int] = (0, 0)
) -> Any:
    """Choose a row and a column, and see the pictures that are counted there.

    The pictures come with the probability that the model gives its answer, highest first.

    Args:
        pictures: Array of shape (count, height, width, 1).
        labels: What they are, whole numbers.
        probabilities: What a model says of them, of shape (count, classes).
        names: Names of the classes.
        start: Row and column to begin with.

    Returns:
        An explorer with the controls ``"it_is"``, ``"taken_for"`` and ``"all_mistakes"``; the
        last shows the surest mistakes of all classes.

    Example:
        >>> import numpy as np
        >>> from minigrad_course import explorers
        >>> pictures, sure = np.zeros((2, 4, 4, 1)), np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> explorer = explorers.confusion(pictures, [0, 1], sure, ["coat", "bag"])
        >>> explorer.controls["it_is"].value = 1
        >>> explorer
        <Explorer: bag taken for coat: 1 of 1>
    """
    pictures, labels = np.asarray(pictures)[..., 0], np.asarray(labels)
    names = [str(name) for name in names]
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    table = count(labels, said, len(names))
    surest_first = np.argsort(-sure, kind="stable")

    def picture(figure: Any, it_is: int, taken_for: int, all_mistakes: bool) -> str:
        figure.set_layout_engine("none")
        left = figure.add_axes((0.125, 0.23, 0.4, 0.7))
        draw_table(left, table, names, None if all_mistakes else (it_is, taken_for))
        if all_mistakes:
            found = [k for k in surest_first if said[k] != labels[k]]
            told = f"the surest of {len(found)} mistakes"
        else:
            found = [k for k in surest_first if labels[k] == it_is and said[k] == taken_for]
            told = f"{names[it_is]} taken for {names[taken_for]}: {len(found)} of {np.sum(table[it_is])}"
        for place, k in enumerate(found[:SHOWN]):
            row, column = divmod(place, 4)
            ax = figure.add_axes((0.545 + 0.114 * column, 0.67 - 0.315 * row, 0.1, 0.215))
            ax.imshow(pictures[k], vmin=0, vmax=1)
            ax.set_axis_off()
            what = f"{names[said[k]]} ✗\n({names[labels[k]]})\n" if all_mistakes else ""
            ax.set_title(f"{what}{sure[k]:.0%}", fontsize=9, pad=2)
        return told

    def choice(value: int, name: str) -> Any:
        options = [(text, number) for number, text in enumerate(names)]
        return widgets.SelectionSlider(options=options, value=value, description=name)

    controls = {
        "it_is": choice(start[0], "it is"),
        "taken_for": choice(start[1], "taken for"),
        "all_mistakes": widgets.Checkbox(False, description="all mistakes, the surest first"),
    }
    return Explorer(picture, controls, size=(10.0, 5.6))


def draw_table(ax: Any, table: np.ndarray, names: list[str], at: tuple[int, int] | None) -> None:
    """The counts, dark where there are many, with a frame around one of them."""
    rows = np.maximum(table.sum(axis=1, keepdims=True), 1)
    ax.imshow((table / rows) ** 0.5, vmin=0, vmax=1.2)  # the root, so that few are seen too
    for (row, column), count in np.ndenumerate(table):
        color = "white" if count > 0.4 * rows[row, 0] else "black"
        ax.text(column, row, count or "", ha="center", va="center", color=color, size=10)
    ax.set_xticks(range(len(names)), names, rotation=50, ha="right", size=10)
    ax.set_yticks(range(len(names)), names, size=10)
    ax.set_xlabel("what the network says", size=12)
    ax.set_title("what it is, row by row", size=12)
    ax.grid(False)
    if at is not None:
        row, column = at
        for color, line in (("#ffffff", 4), ("#d55e00", 2.2)):
            box = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=color)
            box.set_linewidth(line)
            ax.add_patch(box)
