"""The learning rate on a valley: gradient descent on Rosenbrock's function."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["Descent", "descend", "valley"]

START = (-1.2, 1.0)  # Rosenbrock's own; the minimum is at (1, 1)
MOST = 10_000  # steps
MARGINS = {"left": 0.08, "right": 0.98, "bottom": 0.12, "top": 0.93, "wspace": 0.24}
FAR = 1e6  # who is that far out does not come back


class Descent:
    """The way that gradient descent took.

    Attributes:
        points: Array of shape (steps + 1, 2), the start first.
        losses: The function at each of them.
        ran_away: Whether it was stopped because it had left for good.
    """

    def __init__(self, points: list[tuple[float, float]], ran_away: bool) -> None:
        self.points, self.ran_away = np.array(points), ran_away
        x, y = self.points.T
        self.losses = (1 - x) ** 2 + 100 * (y - x**2) ** 2


@lru_cache(maxsize=8)
def descend(rate: float, steps: int = MOST) -> Descent:
    """Walk down Rosenbrock's valley, (1 − x)² + 100·(y − x²)², by gradient descent.

    In plain Python numbers with the gradient written out, because ten thousand steps have
    to follow a slider.

    Args:
        rate: The learning rate.
        steps: How many steps at most; fewer where it runs away.

    Returns:
        The way.

    Example:
        >>> from minigrad_course.explorers.valley_explorer import descend
        >>> descend(0.001, 10).points.shape
        (11, 2)
        >>> descend(0.01, 10).ran_away
        True
    """
    x, y = START
    points = [(x, y)]
    for _ in range(steps):
        over = y - x * x  # how far up the valley's side
        x, y = x - rate * (2 * (x - 1) - 400 * x * over), y - rate * 200 * over
        points.append((x, y))
        if not (abs(x) < FAR and abs(y) < FAR):
            return Descent(points, ran_away=True)
    return Descent(points, ran_away=False)


def valley(rate: float = 0.001, steps: int = 1000) -> Any:
    """Choose a learning rate, and watch gradient descent walk on Rosenbrock's valley.

    On the left the way over the contour lines, on the right the loss at each step.

    Args:
        rate: The learning rate to begin with, between 0.0001 and 0.01.
        steps: How many steps to begin with, between 1 and 10,000.

    Returns:
        An explorer with the controls ``"exponent"``, the power of ten of the rate, and
        ``"steps"``, the power of ten of the number of steps.

    Example:
        >>> from minigrad_course import explorers
        >>> explorer = explorers.valley(rate=0.001, steps=100)
        >>> explorer
        <Explorer: learning rate 0.001: after 100 steps the loss is 3.8>
        >>> explorer.controls["exponent"].value = -2
        >>> explorer
        <Explorer: learning rate 0.01: it runs away within 4 steps>
    """
    import ipywidgets as widgets

    from minigrad.display import Explorer

    def picture(figure: Any, exponent: float, steps: float) -> str:
        rate, count = float(f"{10.0**exponent:.2g}"), round(10.0**steps)
        way = descend(rate)
        gone = way.ran_away and count >= len(way.points) - 1
        figure.set_layout_engine("none")  # quicker than working the margins out each time
        left, right = figure.subplots(1, 2, gridspec_kw=MARGINS)
        draw_way(left, way, count)
        draw_losses(right, way, count)
        left.set_title(f"learning rate {rate:g}, {count:,} step{'s' * (count != 1)}")
        if gone:
            return f"learning rate {rate:g}: it runs away within {len(way.points) - 1} steps"
        loss = way.losses[count]
        return f"learning rate {rate:g}: after {count:,} steps the loss is {loss:.2g}"

    wide = {"width": "60%"}
    controls = {
        "exponent": widgets.FloatSlider(
            np.log10(rate), min=-4, max=-2, step=0.02, description="log₁₀ rate", layout=wide
        ),
        "steps": widgets.FloatSlider(
            np.log10(steps), min=0, max=4, step=0.05, description="log₁₀ steps", layout=wide
        ),
    }
    return Explorer(picture, controls, size=(10.0, 4.8))


def draw_way(ax: Any, way: Descent, count: int) -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 101), np.linspace(-1, 3, 101))
    loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    ax.contour(x, y, loss, levels=np.logspace(-1, 3.5, 10), colors="#888888", linewidths=0.8)
    path = way.points[: count + 1]
    marks = {"marker": "o", "markersize": 3} if count <= 100 else {}
    ax.plot(*path.T, "-", color="#0072b2", linewidth=1.2, **marks)
    ax.plot(*START, "s", color="#000000", label="start")
    ax.plot(*path[-1], "D", color="#d55e00", label="now")
    ax.plot(1, 1, "*", color="#009e73", markersize=15, label="minimum")
    ax.set(xlim=(-2, 2), ylim=(-1, 3), xlabel="x", ylabel="y")
    ax.grid(False)
    ax.legend(loc="upper center", ncols=3, fontsize=10)


def draw_losses(ax: Any, way: Descent, count: int) -> None:
    steps = np.arange(len(way.losses))
    shown = np.clip(way.losses, 1e-9, 1e6)
    ax.loglog(steps + 1, shown, "-", color="#888888", linewidth=1)
    ax.loglog(steps[: count + 1] + 1, shown[: count + 1], "-", color="#0072b2")
    last = min(count, len(steps) - 1)
    ax.plot(last + 1, shown[last], "D", color="#d55e00")
    ax.set(xlim=(1, MOST + 1), ylim=(1e-8, 1e4), xlabel="step", ylabel="loss")
