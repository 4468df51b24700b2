"""The published network: its loss beside the paper's Figure 4, and what each peculiarity does."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad_course.studies import paper
from minigrad_course.studies.charts import PAPER, STYLES, new_figure
from minigrad_course.studies.published_network import EXPLANATIONS

__all__ = ["figure_4", "peculiarities"]

BLUE, ORANGE = STYLES["minigrad"].color, STYLES["keras"].color


def figure_4(summary: dict[str, Any]) -> Any:
    """The re-created network's loss, one panel a size, with the ends of the paper's curves."""
    curves = summary["published_study"]["curves"]
    sizes = sorted({curve["pictures"] for curve in curves})
    if not sizes:
        return None
    chart = paper.figure(4)
    figure, axes = new_figure(2.4 * len(sizes) + 1.2, 4.0, columns=len(sizes), sharey=True)
    for axis, pictures in zip(np.ravel(axes), sizes, strict=True):
        for curve in curves:
            if curve["pictures"] == pictures:
                epochs = np.arange(1, len(curve["losses"]) + 1)
                line, *_ = axis.plot(
                    epochs, curve["losses"], color=BLUE, linestyle="-", linewidth=1.4
                )
        line.set_label("re-created, one line a seed")
        if pictures in chart["pictures"]:
            k = chart["pictures"].index(pictures)
            ends = chart["first_epoch"][k], chart["last_epoch"][k]
            axis.plot([1, paper.EPOCHS], ends, label="the paper's Fig. 4, its ends", **PAPER)
        axis.axhline(0, color="black", linewidth=1, linestyle=":")
        axis.set(title=f"{pictures} pictures", xlabel="epoch")
    np.ravel(axes)[0].set_ylabel("minus the true class's score")
    handles, labels = np.ravel(axes)[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    starts = [-curve["losses"][0] for curve in curves]
    return figure, (
        f"The re-created network's loss for {len(sizes)} set sizes: from between "
        f"−{min(starts):.0f} and −{max(starts):.0f} it climbs toward zero, as the paper's curves do"
    )


def peculiarities(summary: dict[str, Any]) -> Any:
    """Test accuracy: mended one after another, each mended alone, each alone in a mended network."""
    found = {entry["how"]: entry for entry in summary["published_study"]["switches"]}
    names = list(EXPLANATIONS)
    groups = [
        ("mended one after another", [f"path_{k + 1}" for k in range(len(names))], BLUE, "o"),
        ("only this one mended", [f"without_{name}" for name in names], "black", "x"),
        ("only this one left", [f"only_{name}" for name in names], ORANGE, "^"),
    ]
    groups = [group for group in groups if any(how in found for how in group[1])]
    if not groups:
        return None
    figure, axes = new_figure(3.1 * len(groups) + 2.6, 5.2, columns=len(groups), sharey=True)
    places = np.arange(len(names))
    for axis, (title, hows, color, marker) in zip(np.ravel(axes), groups, strict=True):
        for place, how in zip(places, hows, strict=True):
            if how not in found:
                continue
            values = found[how]["test_accuracies"]
            middle = float(np.median(values))
            axis.barh(place, middle, color=color, alpha=0.35, height=0.7)
            axis.plot(values, [place] * len(values), color=color, marker=marker, linestyle="none")
            axis.annotate(f"{middle:.0%}", (0.98, place), ha="right", va="center", fontsize=10)
        axis.axvline(0.1, color="black", linewidth=1, linestyle=":")
        axis.set(title=title, xlabel="test accuracy", xlim=(0, 1))
        axis.xaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    first = np.ravel(axes)[0]
    first.set_yticks(places, list(EXPLANATIONS.values()))
    first.invert_yaxis()
    entry = found["path_0"]
    figure.suptitle(
        f"{entry['pictures']} pictures, {entry['epochs']} epochs; as published "
        f"{np.median(entry['test_accuracies']):.0%}. Bars and numbers: the median of the "
        "seeds; marks: the seeds; dotted: guessing",
        fontsize=11,
    )
    return figure, (
        "Test accuracy with the published peculiarities mended one after another: little is gained "
        "until most are mended. Mending any single one brings nothing."
    )
