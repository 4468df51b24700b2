"""The charts of lecture 04: how fast each rung is, where the plan's time goes, why a batch pays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad_course.lessons.ladder.measure import Reading, seconds
from minigrad_course.lessons.ladder.plans import KernelTime

__all__ = ["chart_of_batches", "chart_of_kernels", "chart_of_rungs"]

LOOKS: tuple[dict[str, Any], ...] = (
    {"hatch": "", "color": "#0072b2"},
    {"hatch": "///", "color": "#e69f00"},
)


def chart_of_rungs(readings: Sequence[Reading], floor: float | None = None) -> Any:
    """Pictures per second on every rung, on a logarithmic axis.

    Args:
        readings: What was measured; rungs of the same title share a line.
        floor: Pictures per second that the machine's matrix products alone would allow.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> ladder.chart_of_rungs([ladder.Reading("one graph for all", 128, 0.05, 0, 0.0)])
        <Figure: pictures per second on 1 rungs, from 2,560 to 2,560>
    """
    from minigrad.display.plots import new_figure, show, style

    titles = list(dict.fromkeys(r.title for r in readings))
    batches = sorted({r.batch for r in readings})
    with style():
        figure = new_figure(width=9.5, height=0.55 * len(titles) + 1.6)
        ax = figure.subplots()
        for place, batch in enumerate(batches):
            rows = [r for r in readings if r.batch == batch]
            offset = 0.2 * (2 * place - len(batches) + 1)
            bars = ax.barh(
                [titles.index(r.title) + offset for r in rows],
                [r.speed for r in rows],
                height=0.38,
                label=f"batch {batch}",
                edgecolor="white",
                **LOOKS[place % 2],
            )
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # over the floor's line
            speeds = [f"{r.speed:,.0f}" for r in rows]
            ax.bar_label(bars, speeds, padding=3, fontsize=10, bbox=paper)
        if floor is not None:
            ax.axvline(floor, color="black", linestyle=":")
            ax.text(1.07 * floor, -0.85, "the floor:\nproducts alone", va="top", fontsize=11)
        ax.set(xscale="log", xlabel="pictures per second while training (logarithmic)")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlim(right=4 * max([r.speed for r in readings] + [floor or 0]))
        ax.set_yticks(range(len(titles)), titles)
        ax.set_ylim(len(titles) - 0.4, -0.9)
        ax.grid(False, axis="y")
        ax.legend(loc="upper right", bbox_to_anchor=(0.8, 1.0))
    pace = [r.speed for r in readings]
    span = f"from {min(pace):,.0f} to {max(pace):,.0f}"
    return show(figure, f"pictures per second on {len(titles)} rungs, {span}")


def chart_of_kernels(times: Sequence[KernelTime], rate: float | None = None) -> Any:
    """Where the time of a step goes, kernel by kernel.

    Args:
        times: As :func:`kernel_times` returns them.
        rate: The machine's matrix-product rate in GFLOP/s, for one core: marks what the
            kernel's products would take at it.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> from minigrad_course.lessons.ladder.plans import KernelTime
        >>> ladder.chart_of_kernels([KernelTime("dense → 10", 2e-5, 5e-5, 1000)])
        <Figure: time in 1 kernels, forward and backward; dense → 10 takes the most>
    """
    from minigrad.display.plots import new_figure, show, style

    with style():
        figure = new_figure(width=9.5, height=0.55 * len(times) + 1.6)
        ax = figure.subplots()
        forward = [1e6 * t.forward for t in times]
        backward = [1e6 * t.backward for t in times]
        places = range(len(times))
        ax.barh(places, forward, label="forward", edgecolor="white", **LOOKS[0])
        ax.barh(
            places, backward, left=forward, label="backward, update", edgecolor="white", **LOOKS[1]
        )
        if rate is not None:
            worked = [place for place in places if times[place].flops]
            ax.plot(
                [times[place].flops / rate / 1e3 for place in worked],
                worked,
                color="black",
                linestyle="none",
                marker="|",
                markersize=18,
                markeredgewidth=3,
                label="its products, at full speed",
            )
        ax.set(xlabel="time in a step, µs, on one core")
        ax.set_yticks(places, [t.name for t in times])
        ax.invert_yaxis()
        ax.grid(False, axis="y")
        ax.legend()
    longest = max(times, key=lambda t: t.forward + t.backward).name
    alt = f"time in {len(times)} kernels, forward and backward; {longest} takes the most"
    return show(figure, alt)


def chart_of_batches(most: int = 256, shape: tuple[int, int] = (5832, 128)) -> Any:
    """What a batch does for a dense layer: time per picture of each thing done with its weights.

    Measured on one core in double precision. The last curve is what each product
    would take at the rate of a product of two large square matrices.

    Args:
        most: The largest batch; the others are a quarter, a sixteenth and so on of it, down to 1.
        shape: Of the weights.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> ladder.chart_of_batches(4, shape=(40, 8))
        <Figure: time per picture over the batch: all parts fall as the batch grows, the update the longest, until arithmetic keeps the products level>
    """
    from minigrad_course.lessons.charts import log_log

    random = np.random.default_rng(0)
    weights, change = random.random((2, *shape))
    batches = 4 ** np.arange(int(np.log2(most)) // 2 + 1)
    curves: dict[str, Any] = {}
    for batch in batches:
        x, g = random.random((batch, shape[0])), random.random((batch, shape[1]))
        parts = {
            "the sums: x @ W": partial(np.matmul, x, weights),
            "gradient of W: x.T @ g": partial(np.matmul, x.T, g),
        }
        for name, part in parts.items():
            curves.setdefault(name, []).append(1e6 * seconds(part, budget=0.03) / batch)
    curves["update of W"] = 1e6 * seconds(descend, weights, change) / batches
    a, b = random.random((2, 512, 512))
    rate = 2 * 512**3 / seconds(np.matmul, a, b, budget=0.1)
    curves["a product at full speed"] = np.full(len(batches), 1e6 * 2 * weights.size / rate)
    return log_log(
        batches,
        curves,
        "pictures in the batch",
        "µs a picture, one core",
        "time per picture over the batch: all parts fall as the batch grows, the update the "
        "longest, until arithmetic keeps the products level",
    )


def descend(weights: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    return weights - 0.01 * gradient
