"""Plain descent, momentum and Adam side by side, on their way down a narrow valley."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from minigrad.display import Explorer
from minigrad.graph import Variable, backward, forward, topological_sort
from minigrad.optimizers import SGD, Adam, Optimizer

__all__ = ["descent", "path", "valley"]

STEEP = 25.0  # how much steeper the valley is across than along
START = (-4.0, 1.5)
STEPS = 40


def valley(turned: bool = False) -> np.ndarray:
    """The matrix A of the valley f(x) = ½·xᵀ·A·x: along it flat, across it steep.

    Args:
        turned: Whether the valley lies at 45° to the axes.

    Returns:
        An array of shape (2, 2).

    Example:
        >>> from minigrad_course.explorers.descent_explorer import valley
        >>> valley()
        array([[ 1.,  0.],
               [ 0., 25.]])
    """
    turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2) if turned else np.eye(2)
    return turn @ np.diag([1.0, STEEP]) @ turn.T


def path(optimizer: Optimizer, matrix: np.ndarray, start: Any, steps: int = STEPS) -> Any:
    """Where an optimizer goes in a valley, and how high it is there.

    Args:
        optimizer: One that has not taken a step yet.
        matrix: The valley's; see :func:`valley`.
        start: Where to begin, two numbers.
        steps: How many steps.

    Returns:
        Two arrays: places of shape (steps + 1, 2), and the heights there.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course.explorers.descent_explorer import path, valley
        >>> places, heights = path(mg.optimizers.SGD(0.04), valley(), (1.0, 1.0), steps=1)
        >>> places
        array([[1.  , 1.  ],
               [0.96, 0.  ]])
    """
    x = Variable(np.array(start, float))
    order = topological_sort(0.5 * np.sum(x * np.matmul(matrix, x)))
    places, heights = [], []
    for _ in range(steps + 1):
        heights.append(float(forward(order)))
        places.append(np.array(x.value))
        backward(order)
        optimizer.apply([np.array(x.gradient)], [x])
        if heights[-1] > 1e6:  # it runs away; nothing further fits the picture
            break
    return np.array(places), np.array(heights)


def descent() -> Any:
    """Three rules start from one place; set their rates, the momentum, and turn the valley.

    Returns:
        An explorer with the controls ``"rate"`` (of plain descent and momentum), ``"momentum"``,
        ``"adam"`` (Adam's rate) and ``"turned"``.

    Example:
        >>> from minigrad_course import explorers
        >>> explorer = explorers.descent()
        >>> explorer.controls["rate"].value = 0.1       # above 2/25
        >>> explorer.text.split(",")[0]
        'After 40 steps down from 36: plain runs away'
    """
    controls = {
        "rate": slider(0.03, 0.005, 0.1, 0.005, "rate"),
        "momentum": slider(0.8, 0.0, 0.95, 0.05, "momentum"),
        "adam": slider(0.3, 0.05, 1.0, 0.05, "Adam's rate"),
        "turned": widgets.Checkbox(False, description="valley at 45° to the axes"),
    }
    return Explorer(picture, controls, size=(10.0, 4.2))


def slider(value: float, low: float, high: float, step: float, name: str) -> Any:
    return widgets.FloatSlider(value, min=low, max=high, step=step, description=name)


def picture(figure: Any, rate: float, momentum: float, adam: float, turned: bool) -> str:
    matrix = valley(turned)
    c = np.sqrt(0.5)
    start = (c * (START[0] - START[1]), c * (START[0] + START[1])) if turned else START
    rules = {
        "plain": SGD(rate),
        "momentum": SGD(rate, momentum=momentum),
        "Adam": Adam(adam),
    }
    left, right = figure.subplots(1, 2)
    draw_valley(left, matrix)
    told = []
    for (name, rule), mark in zip(rules.items(), "os^", strict=True):
        places, heights = path(rule, matrix, start)
        left.plot(*places.T, marker=mark, markersize=3.5, linewidth=1.3, label=name)
        right.plot(np.maximum(heights, 1e-6), marker=mark, markevery=6, label=name)
        away = heights[-1] > heights[0]
        told.append(f"{name} runs away" if away else f"{name} is at {heights[-1]:.2g}")
    left.set(xlim=(-5, 5), ylim=(-5, 5), xlabel="weight 1", ylabel="weight 2", title="from above")
    right.set(yscale="log", ylim=(1e-6, 1e4), xlabel="step", ylabel="loss", title="how far down")
    right.legend(loc="upper right")
    return f"After {STEPS} steps down from {round(heights[0])}: {', '.join(told)}"


def draw_valley(ax: Any, matrix: np.ndarray) -> None:
    line = np.linspace(-5, 5, 81)
    x, y = np.meshgrid(line, line)
    height = 0.5 * (matrix[0, 0] * x * x + 2 * matrix[0, 1] * x * y + matrix[1, 1] * y * y)
    ax.contour(x, y, height, levels=0.25 * 4.0 ** np.arange(6), colors="#999999", linewidths=0.8)
    ax.set_aspect("equal")
    ax.grid(False)
