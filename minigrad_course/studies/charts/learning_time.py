"""Learning time over the size of the training set: the paper's Figures 1 and 2, and real sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad_course.studies import paper
from minigrad_course.studies.charts import PAPER, STYLES, new_figure
from minigrad_course.studies.studies import FASTER, KERAS, LABELS, PROGRAMS

__all__ = ["figure_1", "figure_2", "real_sizes"]

BARS = "where 95 % of the medians of further runs are to be expected"

# The lines are told apart in gray as well.
DASHES = {KERAS: "-", "minigrad_eager": "--", "minigrad": "-.", FASTER: ":"}


def figure_1(summary: dict[str, Any]) -> Any:
    """Keras at the paper's sizes, batch size 1, beside the paper's Keras."""
    return small_sets(summary, [KERAS, FASTER], 1, "the paper's Keras")


def figure_2(summary: dict[str, Any]) -> Any:
    """Both ways of running minigrad beside the paper's Julia program."""
    return small_sets(summary, ["minigrad_eager", "minigrad"], 2, "the paper's Julia")


def small_sets(summary: dict[str, Any], programs: Sequence[str], number: int, whose: str) -> Any:
    rows = [r for r in summary["learning_time"]["rows"] if r["batch"] == 1]
    shown = [p for p in programs if any(row["program"] == p for row in rows)]
    if not shown:
        return None
    epochs = rows[0]["epochs"]
    figure, axis = new_figure(9.0, 5.2)
    for program in shown:
        own = [row for row in rows if row["program"] == program]
        points(axis, own, program, f"{LABELS[program]}, measured here")
        for line in summary["learning_time"]["lines"]:
            if (line["program"], line["batch"]) == (program, 1):
                ends = np.array([0, max(row["pictures"] for row in rows)])
                axis.plot(
                    ends,
                    line["fixed"] + line["slope"] * epochs * ends,
                    color=STYLES[program].color,
                    linestyle=DASHES[program],
                    linewidth=1.3,
                    label=f"{LABELS[program]}: {formula(line)}",
                )
    # Intervals from few repeats may be many times as high as the points: they are cut off there.
    highest = max(row["seconds"]["high"] for row in rows if row["program"] in shown)
    chart = paper.figure(number)
    axis.plot(chart["pictures"], chart["seconds"], label=f"{whose}, 100 epochs", **PAPER)
    axis.set(
        xlabel="pictures in the training set",
        ylabel=f"s for {epochs} epochs, batch size 1",
        xlim=(0, None),
        ylim=(0, 1.5 * max(highest, *chart["seconds"])),
    )
    figure.legend(loc="outside lower center", ncols=2)
    names = " and ".join(LABELS[p] for p in shown)
    return figure, (
        f"Learning time over pictures for {names}: straight lines, with {whose} beside them; bars "
        f"show {BARS}, as far as they fit in"
    )


def formula(line: dict[str, Any]) -> str:
    """A line as it is read: what is paid once, with its standard error, and what for each step."""
    once = f"({line['fixed']:.2f} ± {line['fixed_error']:.2f}) s".replace("-", "−")
    return f"{once} + {line['slope'] * 1e3:.2f} ms a step"


def points(axis: Any, rows: Sequence[dict[str, Any]], program: str, label: str) -> None:
    """Medians, with bars where the median of another run is to be expected."""
    rows = sorted(rows, key=lambda row: row["pictures"])
    seconds = [row["seconds"] for row in rows]
    # A single measurement says nothing about the next one: a point without a bar.
    intervals = [s["expected"] or (s["median"], s["median"]) for s in seconds]
    axis.errorbar(
        [row["pictures"] for row in rows],
        [s["median"] for s in seconds],
        yerr=[
            [s["median"] - low for s, (low, _) in zip(seconds, intervals, strict=True)],
            [high - s["median"] for s, (_, high) in zip(seconds, intervals, strict=True)],
        ],
        color=STYLES[program].color,
        marker=STYLES[program].marker,
        linestyle="none",
        capsize=3,
        label=label,
    )


def real_sizes(summary: dict[str, Any]) -> Any:
    """One epoch over up to 60,000 pictures, at the batch sizes measured."""
    from matplotlib.ticker import LogLocator, NullLocator

    rows = [r for r in summary["learning_time"]["rows"] if r["batch"] > 1]
    batches = sorted({row["batch"] for row in rows})
    if not batches:
        return None
    figure, axes = new_figure(5.0 * len(batches), 4.8, columns=len(batches), sharey=True)
    for axis, batch in zip(np.ravel(axes), batches, strict=True):
        for program in PROGRAMS:
            own = [r for r in rows if (r["program"], r["batch"]) == (program, batch)]
            if not own:
                continue
            points(axis, own, program, LABELS[program])
            for line in summary["learning_time"]["lines"]:
                if (line["program"], line["batch"]) == (program, batch):
                    pictures = np.geomspace(100, max(r["pictures"] for r in own), 60)
                    axis.plot(
                        pictures,
                        line["fixed"] + line["slope"] * pictures / batch,
                        color=STYLES[program].color,
                        linestyle=DASHES[program],
                        linewidth=1.3,
                    )
        axis.set(
            title=f"batch size {batch}",
            xlabel="pictures in the training set",
            xscale="log",
            yscale="log",
        )
        axis.set_xticks(sorted({row["pictures"] for row in rows if row["batch"] == batch}))
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.yaxis.set_major_formatter("{x:g}")
        for side in (axis.xaxis, axis.yaxis):
            side.set_minor_locator(NullLocator())
    first = np.ravel(axes)[0]
    first.set_ylabel("s for one epoch")
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    largest = max(row["pictures"] for row in rows)
    return figure, (
        f"Learning time of one epoch over 100 to {largest:,} pictures, logarithmic: level where a "
        f"fixed cost rules, then proportional to the pictures; bars show {BARS}"
    )
