"""Lecture 06: two programs, each with a fixed cost and a cost of every step, and where they cross."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.display import Explorer
from minigrad_course.studies import fits, paper

__all__ = ["two_lines"]

MOST = 120  # pictures on the axis
EPOCHS = 100  # of the paper's study, one picture at a time


def two_lines() -> Explorer:
    """Move the fixed cost and the cost of a step of two programs, and see who is ahead where.

    It begins with the lines through the paper's own points.

    Returns:
        An explorer with the controls ``"keras_once"``, ``"keras_step"``, ``"julia_once"`` (in
        seconds) and ``"julia_step"`` (in milliseconds, as ``"keras_step"``).

    Example:
        >>> from minigrad_course import explorers
        >>> explorers.two_lines()
        <Explorer: Keras 0.13 s + 0.79 ms a step, Julia 1.63 s + 0.20 ms a step: they cross at 26 pictures>
    """
    import ipywidgets as widgets

    def slider(value: float, most: float, name: str) -> Any:
        return widgets.FloatSlider(
            round(value, 3), min=0.0, max=most, step=0.001, description=name, readout_format=".3f"
        )

    lines = [line_of(number) for number in (1, 2)]
    controls = {}
    for name, line in zip(("keras", "julia"), lines, strict=True):
        controls[f"{name}_once"] = slider(line.fixed, 4.0, f"{name.capitalize()}: s")
        controls[f"{name}_step"] = slider(1e3 * line.slope, 2.0, "ms a step")
    return Explorer(paint, controls, size=(9.0, 4.4), columns=2)


def line_of(number: int) -> fits.Line:
    chart = paper.figure(number)
    return fits.straight_line([EPOCHS * n for n in chart["pictures"]], chart["seconds"])


def paint(
    figure: Any, keras_once: float, keras_step: float, julia_once: float, julia_step: float
) -> str:
    axes = figure.subplots()
    pictures = np.array([0, MOST])
    costs = {"Keras": (keras_once, keras_step), "Julia": (julia_once, julia_step)}
    for (name, (once, step)), number, mark in zip(costs.items(), (1, 2), "os", strict=True):
        (line,) = axes.plot(pictures, once + step / 1e3 * EPOCHS * pictures, label=name)
        chart = paper.figure(number)
        color = line.get_color()
        axes.plot(chart["pictures"], chart["seconds"], mark, color=color, mfc="none")
    told = ", ".join(
        f"{n} {once:.2f} s + {step:.2f} ms a step" for n, (once, step) in costs.items()
    )
    where = crossing(*costs.values())
    if where is None:
        told += ": they do not cross"
    else:
        told += f": they cross at {where:.0f} pictures"
        if where <= MOST:
            axes.axvline(where, color="#555555", linewidth=1, linestyle=":")
    axes.set(xlabel="pictures, 100 epochs of single steps", ylabel="seconds", xlim=(0, MOST))
    axes.set_ylim(0, 12)
    axes.set_title("lines, and the paper's points", fontsize=12)
    axes.legend(loc="upper left")
    return told


def crossing(first: tuple[float, float], second: tuple[float, float]) -> float | None:
    # where once + step·n is the same for both, in pictures
    (a, p), (b, q) = first, second
    if p == q or (b - a) / (p - q) < 0:
        return None
    return (b - a) / (p - q) * 1e3 / EPOCHS
