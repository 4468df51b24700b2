"""What each layer of a network sees in a picture: its feature maps, to be leafed through."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ipywidgets as widgets
import numpy as np

from minigrad.display import Explorer
from minigrad.graph import Constant, forward, topological_sort
from minigrad.model import Sequential

__all__ = ["feature_maps", "maps_of"]


def maps_of(model: Sequential, picture: Any) -> dict[str, np.ndarray]:
    """All feature maps of one picture.

    Args:
        model: A model that takes pictures.
        picture: Array of shape (height, width, channel).

    Returns:
        For each layer whose result is maps, by its name, an array of shape
        (height, width, filter).

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course.explorers.feature_maps_explorer import maps_of
        >>> model = mg.Sequential([
        ...     mg.Input((6, 6, 1)), mg.layers.Conv2D(4, 3, name="edges"), mg.layers.Flatten()
        ... ])
        >>> maps = maps_of(model, np.zeros((6, 6, 1)))
        >>> {name: values.shape for name, values in maps.items()}
        {'edges': (4, 4, 4)}
    """
    node: Any = Constant(np.asarray(picture, model.dtype)[np.newaxis])
    nodes = {}
    for layer in model.layers:
        node = layer(node)
        if node.ndim == 4:
            nodes[layer.name] = node
    if nodes:
        forward(topological_sort(*nodes.values()))
    return {name: np.array(node.value[0]) for name, node in nodes.items()}


def feature_maps(model: Sequential, pictures: Any, names: list[str] | None = None) -> Any:
    """Choose a picture, a layer and one of its maps.

    On the left is the picture, in the middle the map and below it its filter, on the right all maps
    of the layer with the chosen one framed.

    Args:
        model: A model that takes pictures, with at least one layer whose result is maps.
        pictures: Array of shape (count, height, width, 1).
        names: What is on each picture; its number by default.

    Returns:
        An explorer with the controls ``"picture"``, ``"layer"`` and ``"map"``.

    Raises:
        ValueError: When the pictures have another shape, or no layer has maps.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course import explorers
        >>> model = mg.Sequential([mg.Input((6, 6, 1)), mg.layers.Conv2D(4, 3, name="edges")])
        >>> explorer = explorers.feature_maps(model, np.zeros((2, 6, 6, 1)), ["a coat", "a bag"])
        >>> explorer.controls["map"].value = 3
        >>> explorer
        <Explorer: a coat (picture 0): map 3 of layer edges, one of 4 of 4×4>
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or len(pictures) == 0:
        raise ValueError(
            "feature_maps: wants pictures of shape (count, height, width, channel), "
            f"got {pictures.shape}"
        )
    maps = lru_cache(maxsize=32)(lambda number: maps_of(model, pictures[number]))
    layers = list(maps(0))
    if not layers:
        raise ValueError(f"feature_maps: no layer of {model.title} has feature maps")

    def picture(figure: Any, picture: int, layer: str, map: int) -> str:
        seen = maps(picture)[layer]
        count = seen.shape[-1]
        chosen = min(map, count - 1)
        figure.set_layout_engine("none")
        left, middle, right = figure.subplots(
            1,
            3,
            width_ratios=[1, 1, 1.2],
            gridspec_kw=MARGINS,
            subplot_kw={"xticks": [], "yticks": []},
        )
        what = f"picture {picture}" if names is None else names[picture]
        left.imshow(pictures[picture, ..., 0])
        left.set_title(what)
        for ax in (left, middle):
            ax.spines[:].set(visible=True, color="#bbbbbb")
        top = max(float(np.abs(seen).max()), 1e-9)
        low = -top if seen.min() < 0 else 0  # zero is white where no number is below it
        middle.imshow(seen[..., chosen], vmin=low, vmax=top)
        middle.set_title(f"map {chosen} (dark: large)")
        draw_filter(figure, model.get_layer(layer), chosen)
        frame_all(right, seen, chosen, low, top)
        right.set_title(f"all {count} of {layer}")
        size = f"{seen.shape[0]}×{seen.shape[1]}"
        where = "" if names is None else f" (picture {picture})"
        return f"{what}{where}: map {chosen} of layer {layer}, one of {count} of {size}"

    most = max(values.shape[-1] for values in maps(0).values())
    controls = {
        "picture": widgets.IntSlider(0, 0, len(pictures) - 1, description="picture"),
        "layer": widgets.Dropdown(options=layers, description="layer"),
        "map": widgets.IntSlider(0, 0, most - 1, description="map"),
    }
    return Explorer(picture, controls, size=(10.0, 4.8))


MARGINS = {"left": 0.01, "right": 0.99, "bottom": 0.26, "top": 0.93, "wspace": 0.08}


def draw_filter(figure: Any, layer: Any, chosen: int) -> None:
    """Below the map its filter: a kernel for each channel that it looks at, side by side."""
    kernel = getattr(layer, "kernel", None)
    ax = figure.add_axes((0.34, 0.02, 0.3, 0.19))
    ax.set_axis_off()
    if kernel is None:
        ax.text(0.5, 0.5, "a layer without filters", ha="center", va="center", size=9)
        return
    figure.text(0.33, 0.115, "filter", ha="right", va="center", size=11)
    weights = np.array(kernel.value)[..., chosen]  # (row, column, channel)
    reach = np.abs(weights).max()
    columns = np.pad(weights, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan)
    strip = columns.transpose(0, 2, 1).reshape(weights.shape[0], -1)[:, :-1]
    ax.imshow(strip, vmin=-reach, vmax=reach)  # gray is 0, dark positive, light negative


def frame_all(ax: Any, maps: np.ndarray, chosen: int, low: float, top: float) -> None:
    """All maps side by side in rows, with a frame around one."""
    from matplotlib.patches import Rectangle

    height, width, count = maps.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 1), columns * (width + 1)), np.nan)
    corners = [(i // columns * (height + 1), i % columns * (width + 1)) for i in range(count)]
    for i, (y, x) in enumerate(corners):
        sheet[y : y + height, x : x + width] = maps[..., i]
    ax.imshow(sheet, vmin=low, vmax=top)
    ax.spines[:].set_visible(False)
    y, x = corners[chosen]
    for color, line in (("#ffffff", 5), ("#d55e00", 2.5)):  # to be seen on any ground
        box = Rectangle((x - 0.5, y - 0.5), width, height, fill=False, edgecolor=color)
        box.set_linewidth(line)
        ax.add_patch(box)
