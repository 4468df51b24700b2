"""Drawings of what is said in lectures 02 and 03: who owns an array, and what channels add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["channels", "owners"]

BLUE, ORANGE, GRAY = "#dce9f7", "#e69f00", "#888888"


def owners(**cases: Mapping[str, np.ndarray]) -> Any:
    """Whose array is whose: for each case names on the left, arrays on the right, and arrows.

    Args:
        cases: What each panel is called, and for each name its array. Arrays that share memory
            are drawn once.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons.drawings import owners
        >>> one = np.ones(2)
        >>> owners(apart={"a": one, "b": one.copy()}, shared={"a": one, "b": one})
        <Figure: apart: a and b have an array each; shared: a and b have one and the same array>
    """
    from minigrad.display.plots import new_figure, show, style

    said = []
    with style():
        figure = new_figure(width=4.5 * len(cases), height=1.9)
        panels = figure.subplots(1, len(cases), squeeze=False)[0]
        for ax, (case, arrays) in zip(panels, cases.items(), strict=True):
            count = draw_owners(ax, arrays)
            ax.set_title(case.replace("_", " "))
            one = "an array each" if count == len(arrays) else "one and the same array"
            said.append(f"{case.replace('_', ' ')}: {' and '.join(arrays)} have {one}")
    return show(figure, "; ".join(said))


def draw_owners(ax: Any, arrays: Mapping[str, np.ndarray]) -> int:
    """Draw names, arrays and arrows; return how many arrays there are."""
    places = {name: float(k) for k, name in enumerate(arrays)}
    shared: list[list[str]] = []  # names whose arrays share memory
    for name, array in arrays.items():
        group = next((g for g in shared if np.shares_memory(arrays[g[0]], array)), None)
        if group is None:
            shared.append([name])
        else:
            group.append(name)
    look: Any = {"ha": "center", "va": "center", "fontsize": 13}
    for group in shared:
        y = float(np.mean([places[name] for name in group]))
        numbers = ", ".join(f"{n:g}" for n in np.ravel(arrays[group[0]]))
        box = {"boxstyle": "square,pad=0.5", "facecolor": "white", "edgecolor": "black"}
        held = ax.text(2.6, y, numbers, bbox=box, **look)
        for name in group:
            round_box = {"boxstyle": "round,pad=0.4", "facecolor": BLUE, "edgecolor": "black"}
            owner = ax.text(0.6, places[name], f"{name}.gradient", bbox=round_box, **look)
            ends = {"patchA": owner.get_bbox_patch(), "patchB": held.get_bbox_patch()}
            arrow = {"arrowstyle": "-|>", "color": "black", "lw": 1.6, "shrinkA": 0, "shrinkB": 1}
            ax.annotate("", (2.6, y), (0.6, places[name]), arrowprops={**arrow, **ends})
    ax.set(xlim=(-0.3, 3.3), ylim=(len(arrays) - 0.5, -0.5))
    ax.set_axis_off()
    return len(shared)


def channels(convolve: Callable[..., Any], side: int = 4, size: int = 3) -> Any:
    """Three channels with a frame of zeros, a kernel for each, and the one map that they make.

    Args:
        convolve: Makes the map of a picture of one channel and a kernel. What the channels make
            together is compared with the library's operator.
        side: Rows and columns of the picture.
        size: Rows and columns of the kernel.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons.drawings import channels
        >>> def convolve(image, kernel):
        ...     windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
        ...     return (windows * kernel).sum(axis=(2, 3))
        >>> channels(convolve)
        <Figure: three channels of 4×4 with a frame of zeros; under the window lie 3×3×3 pixels; times as many weights they add up to one number of a 4×4 map>
    """
    from minigrad.display.plots import new_figure, show, style
    from minigrad.graph import forward
    from minigrad.operators.convolution import Convolve
    from minigrad_course.lessons.checks import expect
    from minigrad_course.lessons.ladder.pictures import mark, write_grid

    random = np.random.default_rng(1)
    picture = random.integers(1, 4, size=(side, side, 3)).astype(float)
    kernel = random.integers(-1, 2, size=(size, size, 3)).astype(float)
    node = Convolve(picture[np.newaxis], kernel[..., np.newaxis], padding="same")
    framed = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    made = sum(convolve(framed[..., c], kernel[..., c]) for c in range(3))
    same = np.array_equal(made, forward([node])[0, ..., 0])
    expect(same, "The channels' maps should add up to that of the library's operator.")
    framed, made = framed.astype(int), np.asarray(made).astype(int)
    row, column = 0, 1  # the window lies partly on the frame
    with style():
        figure = new_figure(width=9.5, height=4.4)
        axes = figure.subplot_mosaic("012m;345m", height_ratios=[side + 2, size])
        for c in range(3):
            write_grid(axes[str(c)], framed[..., c], f"channel {c}", tall=side + 2)
            shade_frame(axes[str(c)], side + 2)
            mark(axes[str(c)], row, column, size, size)
            title = f"× its weights{' +' if c < 2 else ''}"
            write_grid(axes[str(3 + c)], kernel[..., c].astype(int), title, tall=size)
        write_grid(axes["m"], made, "= one map", tall=side)
        mark(axes["m"], row, column, 1, 1)
    return show(
        figure,
        f"three channels of {side}×{side} with a frame of zeros; under the window lie "
        f"{size}×{size}×3 pixels; times as many weights they add up to one number of a "
        f"{side}×{side} map",
    )


def shade_frame(ax: Any, side: int) -> None:
    from matplotlib.patches import Rectangle

    for y in range(side):
        for x in range(side):
            if x in (0, side - 1) or y in (0, side - 1):
                look: Any = {"facecolor": "#dddddd", "edgecolor": GRAY, "zorder": 0}
                ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **look))
