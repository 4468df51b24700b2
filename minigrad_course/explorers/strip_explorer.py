"""Lecture 04: which places in memory a loop visits, one after the other."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from minigrad.display import Explorer

__all__ = ["strip"]

LINE = 64  # bytes that come from memory together, on most of today's processors
SHOWN = 16  # steps of the loop
EXTENTS = {"batch": 128, "height": 27, "width": 27, "filter": 8}
LAYOUTS = {
    "(batch, height, width, filter), as users see it": ("batch", "height", "width", "filter"),
    "(batch, filter, height, width), as PyTorch has it": ("batch", "filter", "height", "width"),
    "(height, filter, width, batch), as on the ladder": ("height", "filter", "width", "batch"),
}
SIZES = {"float32": 4, "float64": 8}


class Walk(NamedTuple):
    """What a loop over one axis reads.

    Attributes:
        steps: How long the loop is.
        stride: How far apart two numbers lie that it reads one after the other.
        places: Where those of the first steps lie, counted in numbers.
        lines: Which cache lines they are in, in the order in which they are first touched.
        each: How many numbers fit into a cache line.
    """

    steps: int
    stride: int
    places: list[int]
    lines: list[int]
    each: int


def walk(layout: str, innermost: str, filters: int, batch: int, dtype: str) -> Walk:
    """Where the first steps of a loop go."""
    axes, extents = LAYOUTS[layout], {**EXTENTS, "batch": batch, "filter": filters}
    stride = prod(extents[axis] for axis in axes[axes.index(innermost) + 1 :])
    each = LINE // SIZES[dtype]
    places = [stride * step for step in range(min(SHOWN, extents[innermost]))]
    lines = list(dict.fromkeys(place // each for place in places))
    return Walk(extents[innermost], stride, places, lines, each)


class Strip(Explorer):
    """The explorer that :func:`strip` makes."""

    @property
    def walk(self) -> Walk:
        """What the loop reads, as the controls stand."""
        return walk(**{name: control.value for name, control in self.controls.items()})


def strip(
    layout: str = "(batch, height, width, filter), as users see it", innermost: str = "filter"
) -> Strip:
    """Choose how feature maps lie in memory and which loop is innermost; see what it fetches.

    Each row is a cache line: 64 bytes that the processor gets from memory together. The places
    that the first sixteen steps of the loop read bear the number of the step.

    Args:
        layout: Order of the axes in memory, one of the choices.
        innermost: The axis of the innermost loop: "batch", "height", "width" or "filter".

    Returns:
        An explorer with the controls ``"layout"``, ``"innermost"``, ``"filters"``, ``"batch"``
        and ``"dtype"``; its ``walk`` says what the picture shows in numbers.

    Example:
        >>> from minigrad_course import explorers
        >>> explorers.strip(innermost="batch")
        <Explorer: innermost batch, 128 steps: neighbors lie 5,832 numbers apart; the first 16 numbers touch 16 cache lines, 6% of whose bytes are used>
    """
    import ipywidgets as widgets

    wide = {"style": {"description_width": "90px"}, "layout": {"width": "95%"}}
    controls = {
        "layout": widgets.Dropdown(
            options=list(LAYOUTS), value=layout, description="in memory", **wide
        ),
        "innermost": widgets.Dropdown(
            options=list(EXTENTS), value=innermost, description="loop over", **wide
        ),
        "filters": widgets.IntSlider(8, min=1, max=64, description="filters", **wide),
        "batch": widgets.IntSlider(128, min=1, max=128, description="pictures", **wide),
        "dtype": widgets.Dropdown(options=list(SIZES), description="dtype", **wide),
    }
    return Strip(paint, controls, size=(9.0, 4.6), columns=2)


def paint(figure: Any, layout: str, innermost: str, filters: int, batch: int, dtype: str) -> str:
    from matplotlib.patches import Rectangle

    walked = walk(layout, innermost, filters, batch, dtype)
    axes = figure.subplots()
    read = {place: step for step, place in enumerate(walked.places)}
    for row, line in enumerate(walked.lines):
        for column in range(walked.each):
            step = read.get(line * walked.each + column)
            look: Any = {"facecolor": "#f2f2f2" if step is None else "#e69f00"}
            axes.add_patch(Rectangle((column, row), 1, 0.82, edgecolor="#777777", **look))
            if step is not None:
                middle = (column + 0.5, row + 0.42)
                axes.text(*middle, str(step + 1), ha="center", va="center", fontsize=10)
    axes.set_xlim(0, walked.each)
    axes.set_ylim(max(len(walked.lines), 5), -0.1)
    axes.set_xticks([])
    starts = [f"{line * LINE:,}" for line in walked.lines]
    axes.set_yticks([row + 0.42 for row in range(len(starts))], starts, fontsize=9)
    axes.set_ylabel("cache line, from byte …", fontsize=11, loc="top")
    axes.set_title(f"what {len(read)} steps of the loop over {innermost} read", fontsize=12)
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    used = len(read) / (len(walked.lines) * walked.each)
    return (
        f"innermost {innermost}, {walked.steps} step{'s' if walked.steps > 1 else ''}: neighbors "
        f"lie {walked.stride:,} number{'s' if walked.stride > 1 else ''} apart; the first "
        f"{len(read)} numbers touch {len(walked.lines)} "
        f"cache line{'s' if len(walked.lines) > 1 else ''}, {used:.0%} of whose bytes are used"
    )
