"""The memory of a plan as a picture: which buffer lies where, and for how long."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minigrad.display.plots import COLORS, show, style

__all__ = ["draw_plan"]

# What a buffer holds: the first word of its label tells. Hatches for gray.
KINDS = {
    "value": (COLORS[0], "", "values"),
    "gradient": (COLORS[1], "//", "gradients"),
    "": (COLORS[3], "..", "what a kernel needs for itself"),
}


def draw_plan(plan: Any, part: int = 0) -> Any:
    """Draw the memory of a plan: time to the right, bytes upwards, a rectangle for a buffer.

    Rectangles one above the other are needed at the same time. Two that lie side by side at
    the same height share a place, which is possible as their times do not meet.

    Args:
        plan: What ``model.plan(batch_size)`` returns.
        part: Which of its parts: a plan in bands has two, that of each thread with its rows
            and that of the one which does the rest.

    Returns:
        A picture for the last line of a cell.

    Raises:
        IndexError: When there is no such part.

    Example:
        >>> import minigrad as mg
        >>> mg.set_threads(1)
        >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, "relu")])
        >>> mg.display.draw_plan(model.plan(8))
        <Figure: memory of a plan: 4 buffers of 2 kernels, 320 bytes in place of 384>
        >>> mg.set_threads(None)
    """
    program = plan.parts[part].program
    kernels, memory = program.kernels, program.memory
    training, steps = plan.planned.training, program.steps()
    unit, scale = ("MB", 2**20) if memory.nbytes >= 2**20 else ("kB", 2**10)
    with style():
        figure = Figure(figsize=(10, 5.5))
        axes = figure.add_subplot()
        for buffer in memory.buffers:
            begin, end = when(buffer.lifetime[0], steps)[0], when(buffer.lifetime[1], steps)[1]
            kind = buffer.label.split()[0].rstrip(",")
            color, hatch, _ = KINDS.get(kind, KINDS[""])
            corner = (begin - 0.5, buffer.start / scale)
            width, height = end - begin, buffer.nbytes / scale
            axes.add_patch(
                Rectangle(
                    corner,
                    width,
                    height,
                    facecolor=color,
                    alpha=0.55,
                    edgecolor="white",
                    hatch=hatch,
                )
            )
            room = int(width * 90 / len(steps))  # characters
            lines = textwrap.wrap(buffer.label, max(room, 1), break_long_words=False)
            fits = max(map(len, lines)) <= room
            if fits and height > 0.045 * len(lines) * memory.nbytes / scale:
                center = (corner[0] + width / 2, corner[1] + height / 2)
                paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.5}
                text = "\n".join(lines)
                axes.annotate(text, center, ha="center", va="center", fontsize=10, bbox=paper)
        if training:
            middle = len(kernels) - 0.5
            axes.axvline(middle, color="black", linewidth=1, linestyle=":")
        names = [kernel.kind for kernel in kernels]
        names += names[::-1] if training else []
        axes.set_xticks(range(len(steps)), names, rotation=45, ha="right", fontsize=9)
        axes.set_xlim(-0.5, len(steps) - 0.5)
        axes.set_ylim(0, memory.nbytes / scale)
        axes.set_ylabel(f"place in memory / {unit}")
        axes.set_xlabel("forward, then backward" if training else "forward")
        axes.grid(False)
        handles = [
            Rectangle((0, 0), 1, 1, facecolor=color, alpha=0.55, hatch=hatch, edgecolor="white")
            for color, hatch, _ in KINDS.values()
        ]
        labels = [label for _, _, label in KINDS.values()]
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
    alt = (
        f"memory of a plan: {len(memory.buffers)} buffers of {len(kernels)} kernels, "
        f"{memory.nbytes:,} bytes in place of {memory.separately:,}"
    )
    return show(figure, alt)


def when(call: int, steps: list[Any]) -> tuple[float, float]:
    """From where to where on the axis a call lasts: a part of its kernel's place."""
    for place, step in enumerate(steps):
        if call < step.stop:
            done, count = max(call - step.start, 0), step.stop - step.start
            return place + done / count, place + (done + 1) / count
    return len(steps), len(steps)
