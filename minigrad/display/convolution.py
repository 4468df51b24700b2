"""A convolution to play with: a kernel that slides over a picture."""

from typing import Any

import ipywidgets as widgets
import numpy as np

from minigrad.display.explorer import Explorer
from minigrad.display.graph import number

__all__ = ["KERNELS", "convolution_explorer"]

# What each kernel does to a picture whose paper is 0 and whose ink is 1.
KERNELS = {
    "edge, left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "edge, top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "outline": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "2 × 2 mean": [[1 / 4] * 2] * 2,
}


def convolution_explorer(image: Any, kernels: Any = None) -> Any:
    """Choose a kernel, slide its window over a picture, and watch the feature map.

    Args:
        image: Array of shape (height, width), or (height, width, 1).
        kernels: Names and kernels of shape (height, width) to choose from; by default
            edges, outline, blur, sharpen and a few more.

    Returns:
        An explorer with the controls ``"kernel"``, ``"row"`` and ``"column"``. Row and
        column are where the window's upper left corner lies, and at the same time the
        element of the feature map that is computed there.

    Raises:
        ValueError: When the image has another shape or is smaller than a kernel.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> explorer = mg.display.convolution_explorer(np.eye(6))
        >>> explorer.controls["kernel"].value = "blur"
        >>> explorer
        <Explorer: kernel blur at row 2, column 2: the sum is 0.3333>
    """
    image, chosen = one_picture(image), dict(KERNELS if kernels is None else kernels)
    weights = {name: np.asarray(kernel, float) for name, kernel in chosen.items()}
    largest = np.max([kernel.shape for kernel in weights.values()], axis=0)
    if image.ndim != 2 or np.any(image.shape < largest):
        raise ValueError(
            f"convolution_explorer: wants one picture of shape (height, width), at least "
            f"{largest[0]}×{largest[1]}, got {image.shape}"
        )
    maps = {name: feature_map(image, kernel) for name, kernel in weights.items()}
    rows, columns = image.shape - largest + 1

    def picture(figure: Any, kernel: str, row: int, column: int) -> str:
        total = paint(figure, image, weights[kernel], maps[kernel], (row, column))
        return f"kernel {kernel} at row {row}, column {column}: the sum is {number(total)}"

    controls = {
        "kernel": widgets.Dropdown(options=list(weights), description="kernel"),
        "row": widgets.IntSlider(rows // 2, 0, rows - 1, description="row"),
        "column": widgets.IntSlider(columns // 2, 0, columns - 1, description="column"),
    }
    return Explorer(picture, controls, size=(10.0, 4.2))


def one_picture(image: Any) -> np.ndarray:
    image = np.asarray(image, float)
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image


def paint(
    figure: Any, image: np.ndarray, kernel: np.ndarray, features: np.ndarray, at: tuple[int, int]
) -> float:
    """Draw the picture, the window with the kernel, and the feature map; return the sum."""
    row, column = at
    height, width = kernel.shape
    figure.set_layout_engine("none")  # quicker than working the margins out each time
    margins = {"left": 0.06, "right": 0.99, "bottom": 0.14, "top": 0.92, "wspace": 0.16}
    left, middle, right = figure.subplots(1, 3, width_ratios=[3, 2, 3], gridspec_kw=margins)
    left.imshow(image, cmap="gray_r", vmin=0, vmax=max(image.max(), 1e-9))
    frame(left, column, row, width, height)
    left.set(title="picture", xlabel="column (dark: large)", ylabel="row")

    under = image[row : row + height, column : column + width]
    total = float(np.sum(under * kernel))
    paint_window(middle, under, kernel)
    middle.set_xlabel(f"sum: {number(round(total, 4))}")

    # zero is mid-gray where the map has both signs, white where it has one
    reach, signs = max(np.abs(features).max(), 1e-9), features.min() < 0
    right.imshow(features, cmap="gray_r", vmin=-reach if signs else 0, vmax=reach)
    right.set_xlabel("column (dark: above 0, light: below)" if signs else "column (dark: large)")
    frame(right, column, row, 1, 1)
    right.set_title(f"feature map {features.shape[0]} × {features.shape[1]}")
    for ax in (left, right):
        ax.grid(False)
    return total


def paint_window(ax: Any, under: np.ndarray, kernel: np.ndarray) -> None:
    height, width = kernel.shape
    ax.imshow(np.zeros_like(kernel), cmap="gray_r", vmin=0, vmax=1)
    for (i, j), weight in np.ndenumerate(kernel):
        text = f"{number(round(float(under[i, j]), 2))}\n× {number(round(float(weight), 2))}"
        ax.text(j, i, text, ha="center", va="center", size=11)
    ax.set_xticks(np.arange(width + 1) - 0.5, [])
    ax.set_yticks(np.arange(height + 1) - 0.5, [])
    ax.tick_params(length=0)
    ax.grid(True, color="#888888", alpha=1)
    ax.spines[:].set(visible=True, color="#888888")
    ax.set_title("window × kernel")


def feature_map(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    # minigrad's own operator; (height, width) with the batch and channel axes that it wants
    from minigrad.graph import forward
    from minigrad.operators.convolution import Convolve

    node = Convolve(image[np.newaxis, ..., np.newaxis], kernel[..., np.newaxis, np.newaxis])
    return forward([node])[0, ..., 0]


def frame(ax: Any, column: int, row: int, width: int, height: int) -> None:
    # white below the color, so that it is seen on any ground
    from matplotlib.patches import Rectangle

    for color, line in (("#ffffff", 5), ("#d55e00", 2.5)):
        corner = (column - 0.5, row - 0.5)
        ax.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=color, linewidth=line))
