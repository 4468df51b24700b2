"""Lecture 03: the backward sweep of a convolution, seen from one weight and from one pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.display.convolution import frame
from minigrad.display.graph import number

__all__ = ["backward_convolution", "windows_over"]

MARGINS = {"left": 0.05, "right": 0.99, "bottom": 0.14, "top": 0.86, "wspace": 0.16}
INK, WINDOWS = "#d55e00", ("#0072b2", "#009e73", "#cc79a7", "#000000")
MARKS = "ABCD"


def backward_convolution(
    image: Any, kernel: Any, g: Any, weight: int = 0, row: int = 12, column: int = 14
) -> Any:
    """Choose a weight and a pixel, and see from where each receives its gradient.

    On the left stand all the pixels that the weight meets, on the right the windows that the pixel
    lies under, and in the middle the gradient that arrives at the map, whose elements are the other
    factors.

    Args:
        image: Array of shape (height, width).
        kernel: Array of shape (2, 2).
        g: The gradient that arrives at the feature map, of shape (height − 1, width − 1).
        weight: Which weight to begin with, 0 to 3, row by row.
        row: Row of the pixel to begin with.
        column: Column of the pixel to begin with.

    Returns:
        An explorer with the controls ``"weight"``, ``"row"`` and ``"column"``.

    Raises:
        ValueError: When the shapes do not fit.

    Example:
        >>> import numpy as np
        >>> from minigrad_course import explorers
        >>> explorers.backward_convolution(np.ones((28, 28)), np.eye(2), np.ones((27, 27)), row=0)
        <Explorer: weight k[0, 0] meets 729 pixels: its gradient is 729. Pixel [0, 14] lies under 2 windows: its gradient is 1.>
    """
    import ipywidgets as widgets

    from minigrad.display import Explorer

    image, kernel, g = (np.asarray(array, float) for array in (image, kernel, g))
    if kernel.shape != (2, 2) or image.ndim != 2 or g.shape != (len(image) - 1, len(image[0]) - 1):
        raise ValueError(
            "backward_convolution: wants a picture (height, width), a kernel (2, 2) and a gradient "
            f"(height − 1, width − 1), got {image.shape}, {kernel.shape} and {g.shape}"
        )

    def picture(figure: Any, weight: int, row: int, column: int) -> str:
        figure.set_layout_engine("none")  # quicker than working the margins out each time
        axes = figure.subplots(1, 3, width_ratios=[3, 3, 2], gridspec_kw=MARGINS)
        at = divmod(weight, 2)
        windows = windows_over((row, column), g.shape)
        of_weight = paint_weight(axes[0], image, g, at)
        paint_gradient(axes[1], g, windows)
        of_pixel = paint_pixel(axes[2], kernel, g, (row, column), windows)
        return (
            f"weight k[{at[0]}, {at[1]}] meets {g.size} pixels: its gradient is "
            f"{number(round(of_weight, 4))}. Pixel [{row}, {column}] lies under {len(windows)} "
            f"window{'s' * (len(windows) > 1)}: its gradient is {number(round(of_pixel, 4))}."
        )

    wide = {"width": "60%"}
    rows, columns = image.shape
    controls = {
        "weight": widgets.IntSlider(weight, 0, 3, description="weight", layout=wide),
        "row": widgets.IntSlider(row, 0, rows - 1, description="pixel's row", layout=wide),
        "column": widgets.IntSlider(column, 0, columns - 1, description="column", layout=wide),
    }
    return Explorer(picture, controls, size=(10.0, 4.2))


def windows_over(pixel: tuple[int, int], positions: tuple[int, ...]) -> list[tuple[int, int]]:
    """The places of a 2×2 window that cover a pixel.

    Args:
        pixel: Its row and column.
        positions: How many places the window has, down and across.

    Returns:
        For each window the row and column of its upper left corner.

    Example:
        >>> from minigrad_course.explorers.backward_convolution_explorer import windows_over
        >>> windows_over((0, 5), (27, 27))
        [(0, 4), (0, 5)]
    """
    row, column = pixel
    return [
        (y, x)
        for y in (row - 1, row)
        for x in (column - 1, column)
        if 0 <= y < positions[0] and 0 <= x < positions[1]
    ]


def paint_weight(ax: Any, image: np.ndarray, g: np.ndarray, at: tuple[int, int]) -> float:
    """Frame the pixels that a weight meets, and return the weight's gradient."""
    height, width = g.shape
    ax.imshow(image, cmap="gray_r", vmin=0, vmax=max(image.max(), 1e-9))
    frame(ax, at[1], at[0], width, height)
    ax.set_title(f"one weight, k[{at[0]}, {at[1]}]:\nthe {g.size} pixels it meets")
    ax.set(xlabel="column (dark: large)", ylabel="row")
    ax.grid(False)
    return float(np.sum(g * image[at[0] : at[0] + height, at[1] : at[1] + width]))


def paint_gradient(ax: Any, g: np.ndarray, windows: list[tuple[int, int]]) -> None:
    reach = max(np.abs(g).max(), 1e-9)
    ax.imshow(g, cmap="gray_r", vmin=-reach, vmax=reach)
    ys, xs = np.transpose(windows)
    frame(ax, xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)
    ax.set_title("the gradient g at the map:\nframed, what the pixel gets")
    ax.set_xlabel("column (dark: positive)")
    ax.grid(False)


def paint_pixel(
    ax: Any,
    kernel: np.ndarray,
    g: np.ndarray,
    pixel: tuple[int, int],
    windows: list[tuple[int, int]],
) -> float:
    """Draw the windows around a pixel, write the products, and return the pixel's gradient."""
    from matplotlib.patches import Rectangle

    row, column = pixel
    parts = []
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=INK, alpha=0.35))
    for k, (y, x) in enumerate(windows):
        inset = 0.06 * (k + 1)  # so that edges that fall together are told apart
        corner, side = (x - 0.5 + inset, y - 0.5 + inset), 2 - 2 * inset
        look: dict[str, Any] = {
            "edgecolor": WINDOWS[k],
            "linestyle": ("-", "--", "-.", ":")[k],
            "linewidth": 2.2,
        }
        ax.add_patch(Rectangle(corner, side, side, fill=False, **look))
        spot = (x + 0.5 + 0.62 * (x + 0.5 - column), y + 0.5 + 0.62 * (y + 0.5 - row))
        ax.text(*spot, MARKS[k], color=WINDOWS[k], ha="center", va="center", weight="bold")
        parts.append((g[y, x], kernel[row - y, column - x]))
    lines = [
        f"{mark}: {number(round(float(arriving), 2))} × {number(round(float(met), 2))}"
        for mark, (arriving, met) in zip(MARKS, parts, strict=False)
    ]
    ax.set(xlim=(column - 1.7, column + 1.7), ylim=(row + 1.7, row - 1.7), aspect="equal")
    ax.set_title(f"one pixel, [{row}, {column}]:\nand its windows")
    ax.set_xticks([column - 1, column, column + 1])
    ax.set_yticks([row - 1, row, row + 1])
    ax.set_xlabel("\n".join(lines), fontsize=10)
    return float(sum(arriving * met for arriving, met in parts))
