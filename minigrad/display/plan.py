"""The memory of a plan as a picture: which buffer lies where, and for how long."""

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minigrad.display.plots import COLORS, show, style
from minigrad.display.steps import separately, steps_of

__all__ = ["draw_plan"]

# What a buffer holds: the first word of its label tells. Hatches for gray.
KINDS = {
    "value": (COLORS[0], "", "values"),
    "gradient": (COLORS[1], "//", "gradients"),
    "": (COLORS[3], "..", "what a kernel needs for itself"),
}


def draw_plan(plan: Any, part: int = 0, names: Mapping[str, str] | None = None) -> Any:
    """Draw the memory of a plan: time to the right, bytes upwards, a rectangle for a buffer.

    Rectangles one above the other are needed at the same time. Two that lie side by side at
    the same height share a place, which is possible as their times do not meet.

    Args:
        plan: What ``model.plan(batch_size)`` returns.
        part: Which of its parts: a plan in bands has two, that of each thread with its rows
            and that of the one which does the rest.
        names: What to write in place of a buffer's label, where the reader has better words.

    Returns:
        A picture for the last line of a cell.

    Raises:
        IndexError: When there is no such part.

    Example:
        >>> import minigrad as mg
        >>> mg.set_threads(1)
        >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, "relu"), mg.layers.Dense(3)])
        >>> mg.display.draw_plan(model.plan(8))
        <Figure: memory of a plan: 4 buffers of 3 kernels, 256 bytes in place of 384>
        >>> mg.set_threads(None)
    """
    program = plan.parts[part].program
    kernels, memory = program.kernels, program.memory
    training, steps = plan.planned.training, steps_of(program)
    unit, scale = ("MB", 2**20) if memory.nbytes >= 2**20 else ("kB", 2**10)
    with style():
        figure = Figure(figsize=(10, 5.5))
        axes = figure.add_subplot()
        axes.set_xlim(-0.5, len(steps) - 0.5)
        axes.set_ylim(0, memory.nbytes / scale)
        for buffer in memory.buffers:
            begin, end = when(buffer.lifetime[0], steps)[0], when(buffer.lifetime[1], steps)[1]
            place = (begin - 0.5, buffer.start / scale, end - begin, buffer.nbytes / scale)
            axes.add_patch(rectangle(place, buffer.label.split()[0].rstrip(",")))
            write_where_it_fits(axes, (names or {}).get(buffer.label, buffer.label), *place)
        if training:
            axes.axvline(len(kernels) - 0.5, color="black", linewidth=1, linestyle=":")
        kinds = [step.kernel.kind if step.stop > step.start else "" for step in steps]
        axes.set_xticks(range(len(steps)), kinds, rotation=45, ha="right", fontsize=9)
        axes.set_ylabel(f"place in memory / {unit}")
        axes.set_xlabel("forward, then backward" if training else "forward")
        axes.grid(False)
        handles = [rectangle((0, 0, 1, 1), kind) for kind in KINDS]
        labels = [label for _, _, label in KINDS.values()]
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
    alt = (
        f"memory of a plan: {len(memory.buffers)} buffers of {len(kernels)} kernels, "
        f"{memory.nbytes:,} bytes in place of {separately(memory):,}"
    )
    return show(figure, alt)


def rectangle(place: tuple[float, float, float, float], kind: str) -> Rectangle:
    color, hatch, _ = KINDS.get(kind, KINDS[""])
    x, y, width, height = place
    look: dict[str, Any] = {"facecolor": color, "edgecolor": "white", "hatch": hatch, "alpha": 0.55}
    return Rectangle((x, y), width, height, **look)


def write_where_it_fits(
    axes: Any, label: str, x: float, y: float, width: float, height: float
) -> None:
    across, up = axes.get_xlim()[1] + 0.5, axes.get_ylim()[1]
    room = int(width * 90 / across)  # characters
    lines = textwrap.wrap(label, max(room, 1), break_long_words=False)
    if max(map(len, lines)) <= room and height > 0.045 * len(lines) * up:
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.5}
        center = (x + width / 2, y + height / 2)
        axes.annotate("\n".join(lines), center, ha="center", va="center", fontsize=10, bbox=paper)


def when(call: int, steps: list[Any]) -> tuple[float, float]:
    """From where to where on the axis a call lasts: a part of its kernel's place."""
    for place, step in enumerate(steps):
        if call < step.stop:
            done, count = max(call - step.start, 0), step.stop - step.start
            return place + done / count, place + (done + 1) / count
    return len(steps), len(steps)
