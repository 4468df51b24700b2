"""Learning time over the size of the training set: the paper's Figures 1 and 2, and real sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.experiments import paper
from minigrad.experiments.charts import PAPER, STYLES, new_figure
from minigrad.experiments.studies import LABELS, PROGRAMS

__all__ = ["figure_1", "figure_2", "real_sizes"]


def figure_1(summary: dict[str, Any]) -> Any:
    """Keras at the paper's sizes, batch size 1, beside the paper's Keras."""
    return small_sets(summary, ["keras"], 1, "the paper's Keras")


def figure_2(summary: dict[str, Any]) -> Any:
    """Both ways of running minigrad beside the paper's Julia program."""
    return small_sets(summary, ["minigrad_eager", "minigrad"], 2, "the paper's Julia")


def small_sets(summary: dict[str, Any], programs: Sequence[str], number: int, whose: str) -> Any:
    rows = [r for r in summary["learning_time"]["rows"] if r["batch"] == 1]
    shown = [p for p in programs if any(row["program"] == p for row in rows)]
    if not shown:
        return None
    epochs = rows[0]["epochs"]
    figure, axis = new_figure(7.5, 4.4)
    for program in shown:
        points(axis, [row for row in rows if row["program"] == program], program)
        for line in summary["learning_time"]["lines"]:
            if (line["program"], line["batch"]) == (program, 1):
                ends = np.array([0, max(row["pictures"] for row in rows)])
                axis.plot(
                    ends,
                    line["fixed"] + line["slope"] * epochs * ends,
                    color=STYLES[program].color,
                    linestyle="--",
                    linewidth=1.3,
                    label=f"{line['fixed']:.2f} s + {line['slope'] * 1e3:.2f} ms a step",
                )
    chart = paper.figure(number)
    axis.plot(chart["pictures"], chart["seconds"], label=f"{whose}, 100 epochs", **PAPER)
    axis.set(
        xlabel="pictures in the training set",
        ylabel=f"s for {epochs} epochs, batch size 1",
        xlim=(0, None),
        ylim=(0, None),
    )
    axis.legend()
    names = " and ".join(LABELS[p] for p in shown)
    return figure, (
        f"Learning time over pictures for {names}: straight lines, with {whose} beside them"
    )


def points(axis: Any, rows: Sequence[dict[str, Any]], program: str) -> None:
    """Medians with the smallest and the largest as bars."""
    rows = sorted(rows, key=lambda row: row["pictures"])
    seconds = [row["seconds"] for row in rows]
    axis.errorbar(
        [row["pictures"] for row in rows],
        [s["median"] for s in seconds],
        yerr=[
            [s["median"] - s["low"] for s in seconds],
            [s["high"] - s["median"] for s in seconds],
        ],
        color=STYLES[program].color,
        marker=STYLES[program].marker,
        linestyle="none",
        capsize=3,
        label=f"{LABELS[program]}, here",
    )


def real_sizes(summary: dict[str, Any]) -> Any:
    """One epoch over up to 60,000 pictures, at the batch sizes measured."""
    rows = [r for r in summary["learning_time"]["rows"] if r["batch"] > 1]
    batches = sorted({row["batch"] for row in rows})
    if not batches:
        return None
    figure, axes = new_figure(5.0 * len(batches), 4.4, columns=len(batches))
    for axis, batch in zip(np.ravel(axes), batches, strict=True):
        for program in PROGRAMS:
            own = [r for r in rows if (r["program"], r["batch"]) == (program, batch)]
            if not own:
                continue
            points(axis, own, program)
            for line in summary["learning_time"]["lines"]:
                if (line["program"], line["batch"]) == (program, batch):
                    pictures = np.geomspace(100, max(r["pictures"] for r in own), 60)
                    axis.plot(
                        pictures,
                        line["fixed"] + line["slope"] * pictures / batch,
                        color=STYLES[program].color,
                        linestyle="--",
                        linewidth=1.3,
                    )
        axis.set(
            title=f"batch size {batch}",
            xlabel="pictures in the training set",
            ylabel="s for one epoch",
            xscale="log",
            yscale="log",
        )
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.legend()
    largest = max(row["pictures"] for row in rows)
    return figure, (
        f"Learning time of one epoch over 100 to {largest:,} pictures, logarithmic: flat where the "
        "fixed cost rules, then proportional to the pictures"
    )
