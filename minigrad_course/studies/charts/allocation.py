"""Memory by three measures: the paper's Figures 5 and 6, and what each program's numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad_course.studies import paper
from minigrad_course.studies.charts import PAPER, new_figure
from minigrad_course.studies.studies import KERAS, LABELS

__all__ = ["figure_5", "figure_6"]

# Name in the summary, what it is called, color, marker, dash.
MEASURES = (
    ("allocated", "allocated in total", "#d55e00", "^", "-"),
    ("resident_peak", "resident, whole process", "#009e73", "D", "-."),
    ("memray_peak", "live peak, native included", "#000000", "s", ":"),
    ("tracemalloc_peak", "live peak that Python sees", "#0072b2", "o", "--"),
)


def figure_5(summary: dict[str, Any]) -> Any:
    """Keras by every measure, with the paper's Python program."""
    chart = paper.figure(5)
    return side_by_side(
        summary,
        [KERAS],
        chart["pictures"],
        np.multiply(chart["kilobytes"], 1e3),
        "the paper's Fig. 5",
    )


def figure_6(summary: dict[str, Any]) -> Any:
    """Both ways of running minigrad by every measure, with the paper's Julia program."""
    chart = paper.figure(6)
    return side_by_side(
        summary,
        ["minigrad_eager", "minigrad"],
        chart["pictures"],
        np.multiply(chart["gigabytes"], 1e9),
        "the paper's Fig. 6",
    )


def side_by_side(
    summary: dict[str, Any], programs: Sequence[str], pictures: Any, bytes_: Any, whose: str
) -> Any:
    rows = summary["allocation"]["rows"]
    shown = [p for p in programs if any(row["program"] == p for row in rows)]
    if not shown:
        return None
    figure, axes = new_figure(4.4 * len(shown) + 2.2, 5.0, columns=len(shown), sharey=True)
    for axis, program in zip(np.ravel(axes), shown, strict=True):
        own = sorted((r for r in rows if r["program"] == program), key=lambda r: r["pictures"])
        for name, label, color, marker, dash in MEASURES:
            measured = [row for row in own if name in row]
            if not measured:
                continue
            if name == "allocated":
                label = f"{label}, {measured[0]['epochs']} epochs"
            axis.plot(
                [row["pictures"] for row in measured],
                [row[name] for row in measured],
                color=color,
                marker=marker,
                linestyle=dash,
                label=label,
            )
        axis.plot(pictures, bytes_, label=whose, **PAPER)
        axis.set(
            title=LABELS[program],
            xlabel="pictures in the training set",
            yscale="log",
            ylim=(5e5, 1e12),
        )
        axis.set_yticks([1e6, 1e7, 1e8, 1e9, 1e10, 1e11])
        axis.set_yticklabels(["1 MB", "10 MB", "100 MB", "1 GB", "10 GB", "100 GB"])
    handles, labels = np.ravel(axes)[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(shown) + 1)
    names = " and ".join(LABELS[p] for p in shown)
    return figure, (
        f"Memory of {names} over pictures, logarithmic: what is allocated in total grows with the "
        f"set, all other measures stay level; {whose} beside them"
    )
