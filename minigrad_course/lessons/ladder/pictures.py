"""Two pictures of lecture 04: the window matrix, and who works when on two bands of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["picture_of_bands", "picture_of_windows"]

BLUE, ORANGE = "#0072b2", "#e69f00"


def picture_of_windows(place: int = 5) -> Any:
    """A picture of 4×5 pixels, its window matrix for a kernel of 2×2, and their product.

    Args:
        place: Which of the twelve positions is marked.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> ladder.picture_of_windows()
        <Figure: a 2×2 window at position 5 of a 4×5 picture is row 5 of a 12×4 matrix; times the kernel as a column, it is number 5 of the map>
    """
    from minigrad.display.plots import new_figure, show, style

    picture = np.arange(20).reshape(4, 5)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (2, 2)).reshape(12, 4)
    kernel = np.array([[1], [0], [0], [1]])
    panels = {
        "picture,\na window marked": picture,
        "window matrix:\na row for each position": windows,
        "· kernel\nas a column": kernel,
        "= feature\nmap": windows @ kernel,
    }
    marked = [(*divmod(place, 4), 2, 2), (place, 0, 1, 4), None, (place, 0, 1, 1)]
    with style():
        figure = new_figure(width=9.0, height=5.2)
        axes = figure.subplots(1, 4, width_ratios=[6, 5, 2, 2])
        for ax, (title, numbers), where in zip(axes, panels.items(), marked, strict=True):
            write_grid(ax, numbers, title, tall=4 if numbers is picture else 12)
            if where is not None:
                mark(ax, *where)
    alt = (
        f"a 2×2 window at position {place} of a 4×5 picture is row {place} of a 12×4 matrix; "
        f"times the kernel as a column, it is number {place} of the map"
    )
    return show(figure, alt)


def mark(ax: Any, row: int, column: int, height: int, width: int) -> None:
    """Frame and color some cells of a grid."""
    from matplotlib.patches import Rectangle

    corner = column - 0.5, row - 0.5
    look: dict[str, Any] = {"facecolor": ORANGE, "alpha": 0.45, "edgecolor": "none"}
    ax.add_patch(Rectangle(corner, width, height, **look))
    line: dict[str, Any] = {"fill": False, "edgecolor": "black", "linewidth": 2.5}
    ax.add_patch(Rectangle(corner, width, height, **line))


def write_grid(ax: Any, numbers: np.ndarray, title: str, tall: int) -> None:
    from matplotlib.patches import Rectangle

    rows, columns = numbers.shape
    for i in range(rows):
        for j in range(columns):
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="#888888"))
            number = f"{numbers[i, j]}".replace("-", "−")
            ax.text(j, i, number, ha="center", va="center", fontsize=11)
    ax.set(xlim=(-0.55, columns - 0.45), ylim=(tall - 0.45, -0.55), aspect="equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize=12)


# who does what: thread, begin, end, name (no scale: what matters is the order)
WORK = (
    (0, 0.0, 4.0, "windows, maps, ReLU,\nits share of the sum"),
    (1, 0.0, 4.0, "the same for\nthe other rows"),
    (0, 4.3, 6.3, "add the shares,\nupper layers"),
    (0, 6.6, 11.2, "gradients of its part of W\nand of the kernel, update"),
    (1, 6.6, 11.2, "the same for\nthe other rows"),
)
MEETINGS = ((4.15, "1st meeting"), (6.45, "2nd meeting"))


def picture_of_bands() -> Any:
    """The rows that belong to two threads, and what each of them does in a step.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> ladder.picture_of_bands()
        <Figure: thread 1 has the upper 14 rows of all feature maps, thread 2 the lower 13; in a step they meet twice: their shares are added up, and the gradient goes back to both>
    """
    from minigrad.display.plots import new_figure, show, style

    looks: Any = ({"color": BLUE, "hatch": ""}, {"color": ORANGE, "hatch": "///"})
    with style():
        figure = new_figure(width=9.5, height=3.3)
        left, right = figure.subplots(1, 2, width_ratios=[1, 3.6])
        for band, (top, count) in enumerate(((0, 14), (14, 13))):
            look = {**looks[band], "alpha": 0.55, "edgecolor": "white"}
            left.barh(top + count / 2, 27, height=count, **look)
            write(left, 13.5, top + count / 2, f"thread {band + 1}\n{count} rows")
        left.set(xlim=(0, 27), ylim=(27, 0), aspect="equal", xticks=[], yticks=[0, 14, 27])
        left.set_title("feature maps", fontsize=12)
        left.grid(False)
        for thread, begin, end, name in WORK:
            look = {**looks[thread], "alpha": 0.55, "edgecolor": "white"}
            right.barh(thread, end - begin, left=begin, height=0.8, **look)
            write(right, (begin + end) / 2, thread, name)
        for at, name in MEETINGS:
            right.axvline(at, color="black", linestyle=":", ymax=0.86)
            right.text(at, -0.55, name, ha="center", va="bottom", fontsize=11)
        right.set(xlim=(0, 11.2), ylim=(1.5, -0.85), xticks=[], xlabel="time →")
        right.set_yticks([0, 1], ["thread 1", "thread 2"])
        right.grid(False)
    alt = (
        "thread 1 has the upper 14 rows of all feature maps, thread 2 the lower 13; in a step "
        "they meet twice: their shares are added up, and the gradient goes back to both"
    )
    return show(figure, alt)


def write(ax: Any, x: float, y: float, text: str) -> None:
    paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.5}
    ax.text(x, y, text, ha="center", va="center", fontsize=10, bbox=paper)
