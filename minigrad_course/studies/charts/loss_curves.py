"""Loss by epoch, and the test accuracy that the paper does not show."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad_course.studies import paper
from minigrad_course.studies.charts import PAPER, STYLES, new_figure
from minigrad_course.studies.studies import KERAS, LABELS

__all__ = ["figure_3", "whole_set"]

# From light to dark with the number of pictures; the dashes tell them apart in gray.
SHADES = ("#9ecae1", "#6baed6", "#3182bd", "#08519c", "#08306b")
DASHES = ((0, (1, 1)), "-.", "--", (0, (5, 1)), "-")


def figure_3(summary: dict[str, Any]) -> Any:
    """Keras's loss at the paper's sizes, minigrad's on it, and the test accuracy."""
    curves = [c for c in summary["loss_curves"]["curves"] if c["batch"] == 1]
    if not curves:
        return None
    figure, (left, right) = new_figure(10.5, 4.6, columns=2)
    sizes = sorted({curve["pictures"] for curve in curves})
    reference = KERAS if any(c["program"] == KERAS for c in curves) else "minigrad"
    for curve in curves:
        k = len(SHADES) - len(sizes) + sizes.index(curve["pictures"])
        epochs = np.arange(1, len(curve["losses"]) + 1)
        if curve["program"] == reference:
            look = {"color": SHADES[k], "linestyle": DASHES[k]}
            left.plot(epochs, curve["losses"], label=f"{curve['pictures']} pictures", **look)
            right.plot(*zip(*curve["test_accuracies"], strict=True), **look)
        elif curve["program"] == "minigrad":
            some = slice(0, None, max(len(epochs) // 12, 1))
            left.plot(
                epochs[some],
                np.array(curve["losses"])[some],
                color=STYLES["minigrad"].color,
                marker="o",
                markersize=5,
                markerfacecolor="none",
                linestyle="none",
                label="minigrad, planned" if curve["pictures"] == sizes[-1] else None,
            )
    chart = paper.figure(3)
    middle = np.sqrt(np.multiply(chart["low"], chart["high"]))
    spread = [middle - chart["low"], np.array(chart["high"]) - middle]
    left.errorbar(
        chart["epoch"], middle, yerr=spread, capsize=4, label="the paper's Fig. 3", **PAPER
    )
    left.set(xlabel="epoch", ylabel="cross-entropy, training", yscale="log")
    right.axhline(0.1, color="black", linewidth=1, linestyle=":")
    right.annotate("guessing", (1, 0.1), xytext=(0, 4), textcoords="offset points")
    right.set(xlabel="epoch", ylabel="accuracy on 10,000 test pictures", ylim=(0, 1))
    left.legend(fontsize=10)
    return figure, (
        f"Left: the loss of {LABELS[reference]} falls by epoch for {len(sizes)} set sizes, and "
        "minigrad's points lie on the curves. Right: the test accuracy levels off early, the "
        "higher the more pictures there are."
    )


def whole_set(summary: dict[str, Any]) -> Any:
    """All 60,000 pictures: the loss of each program, and the test accuracy."""
    curves = [c for c in summary["loss_curves"]["curves"] if c["pictures"] == 60_000]
    if not curves:
        return None
    figure, (left, right) = new_figure(10.5, 4.2, columns=2)
    for curve in curves:
        style = STYLES[curve["program"]]
        look = {
            "color": style.color,
            "marker": style.marker,
            "markerfacecolor": "none" if curve["program"] == "minigrad" else style.color,
            "linestyle": "-" if curve["program"] == KERAS else "none",
            "markersize": {KERAS: 4, "minigrad_eager": 13}.get(curve["program"], 9),
        }
        if curve["program"] == "minigrad_eager":
            look["markerfacecolor"] = "none"
        epochs = np.arange(1, len(curve["losses"]) + 1)
        left.plot(epochs, curve["losses"], label=LABELS[curve["program"]], **look)
        right.plot(*zip(*curve["test_accuracies"], strict=True), **look)
    left.set(xlabel="epoch", ylabel="cross-entropy, training", ylim=(0, None))
    right.set(xlabel="epoch", ylabel="accuracy on 10,000 test pictures")
    for axis in (left, right):
        axis.xaxis.get_major_locator().set_params(integer=True)
    left.legend()
    return figure, (
        "Loss and test accuracy by epoch on all 60,000 pictures, batch size 128: the programs' "
        "points lie on one another"
    )
