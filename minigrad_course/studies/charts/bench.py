"""The chart of the benchmark: speed by batch and threads, time by size, memory, time to the goal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from minigrad_course.studies.charts import STYLES, save
from minigrad_course.studies.peers import PEERS

__all__ = ["draw"]

Row = dict[str, Any]


def draw(result: dict[str, Any], path: str | Path) -> list[Path]:
    """Draw what ``python -m minigrad bench`` measured.

    Args:
        result: Its result, as ``--json`` writes it.
        path: Where to; see :func:`minigrad_course.studies.charts.save`.

    Returns:
        The files written.

    Raises:
        ValueError: Nothing was measured.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = choose_panels(result["summary"])
    if not panels:
        raise ValueError("draw wants a result with at least one measurement, got none")
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(6.2 * columns, 4.0 * lines + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for spare in axes[len(panels) :]:
        spare.set_axis_off()
    for axis, panel in zip(axes, panels, strict=False):
        panel(axis)
        axis.spines[["top", "right"]].set_visible(False)
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=5, frameon=False)
    machine = result["machine"]
    figure.suptitle(
        f"{machine['processor']}, threads: {result['threads']}, rounds: {result['rounds']}; "
        "median, smallest and largest",
        fontsize=10,
    )
    return save(figure, path)


def choose_panels(rows: Sequence[Row]) -> list[Callable[[Any], None]]:
    def those(question: str, **wanted: Any) -> list[Row]:
        return [
            row
            for row in rows
            if row["question"] == question and all(row[k] == v for k, v in wanted.items())
        ]

    panels: list[Callable[[Any], None]] = []
    for network in dict.fromkeys(row["network"] for row in rows):
        for busy in (False, True):
            speed = [row for row in those("speed", network=network, busy=busy) if "speed" in row]
            title = f"{network}: training speed" + (", one core kept busy" if busy else "")
            if speed:
                panels.append(
                    partial(bars, rows=speed, name="speed", title=title, what="pictures per second")
                )
        for batch in dict.fromkeys(row["batch"] for row in those("scaling", network=network)):
            curve = [r for r in those("scaling", network=network, batch=batch) if "speed" in r]
            panels.append(partial(scaling, rows=curve))
    whole = [
        row
        for row in [*those("size"), *those("speed", network="reference", batch=128, busy=False)]
        if row["network"] == "reference"
    ]
    if len({row["pictures"] for row in whole}) > 1:
        panels.append(partial(lines, rows=whole))
    everything = [*those("size"), *those("speed", busy=False)]
    memory = [row for row in everything if "peak_memory" in row]
    if memory:
        largest = max(row["pictures"] for row in memory)
        memory = [row for row in memory if row["pictures"] == largest]
        title = f"peak memory of the process, {largest:,} pictures"
        panels.append(
            partial(bars, rows=memory, name="peak_memory", title=title, what="MB", unit=1e6)
        )
    goal = [row for row in those("goal") if "goal" in row]
    if goal:
        title = "lenet: from start to 90 % test accuracy"
        panels.append(partial(bars, rows=goal, name="goal", title=title, what="s"))
    return panels


def bars(
    axis: Any, rows: Sequence[Row], name: str, title: str, what: str, unit: float = 1.0
) -> None:
    """Bars in groups: a group for each batch size, a bar for each peer."""
    groups = sorted({(row["network"], row["batch"], row["pictures"]) for row in rows})
    peers = [peer for peer in STYLES if any(row["peer"] == peer for row in rows)]
    width = 0.8 / len(peers)
    for position, peer in enumerate(peers):
        for row in (row for row in rows if row["peer"] == peer):
            group = groups.index((row["network"], row["batch"], row["pictures"]))
            middle = row[name]["median"]
            spread = [[middle - row[name]["low"]], [row[name]["high"] - middle]]
            axis.bar(
                group + (position - (len(peers) - 1) / 2) * width,
                middle / unit,
                width * 0.92,
                yerr=[[value / unit for value in side] for side in spread],
                color=STYLES[peer].color,
                hatch=STYLES[peer].hatch,
                edgecolor="white",
                error_kw={"elinewidth": 1, "capsize": 2},
                label=label(peer),
            )
            axis.annotate(
                f"{middle / unit:,.0f}",
                (group + (position - (len(peers) - 1) / 2) * width, row[name]["high"] / unit),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=7 if len(peers) < 6 else 5.5,
            )
    # A group is named by what tells it from the others.
    same_network = len({group[0] for group in groups}) == 1
    same_pictures = len({group[:2] for group in groups}) == len(groups)
    axis.set_xticks(
        range(len(groups)),
        [
            str(batch)
            + ("" if same_pictures else f"\n{pictures:,} pictures")
            + ("" if same_network else f"\n{network}")
            for network, batch, pictures in groups
        ],
    )
    axis.set(title=title, ylabel=what, xlabel="batch size")
    axis.set_ylim(bottom=0)


def lines(axis: Any, rows: Sequence[Row]) -> None:
    """Seconds from the start of the process to the end of the first epoch, by set size."""
    from matplotlib.ticker import NullFormatter

    for peer in (peer for peer in STYLES if any(row["peer"] == peer for row in rows)):
        own = sorted((row for row in rows if row["peer"] == peer), key=lambda r: r["pictures"])
        whole = [row["whole"] for row in own]
        axis.errorbar(
            [row["pictures"] for row in own],
            [w["median"] for w in whole],
            yerr=[
                [w["median"] - w["low"] for w in whole],
                [w["high"] - w["median"] for w in whole],
            ],
            color=STYLES[peer].color,
            marker=STYLES[peer].marker,
            capsize=2,
            label=label(peer),
        )
    axis.set(
        title=f"reference, batch {rows[0]['batch']}: from start to one trained epoch",
        xlabel="pictures in the training set",
        ylabel="s",
        xscale="log",
        yscale="log",
    )
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter("{x:,g}")
        side.set_minor_formatter(NullFormatter())


def scaling(axis: Any, rows: Sequence[Row]) -> None:
    """Pictures per second by the number of threads, each on a core of its own."""
    for peer in (peer for peer in STYLES if any(row["peer"] == peer for row in rows)):
        own = sorted((row for row in rows if row["peer"] == peer), key=lambda r: r["threads"])
        speeds = [row["speed"] for row in own]
        axis.errorbar(
            [row["threads"] for row in own],
            [s["median"] for s in speeds],
            yerr=[
                [s["median"] - s["low"] for s in speeds],
                [s["high"] - s["median"] for s in speeds],
            ],
            color=STYLES[peer].color,
            marker=STYLES[peer].marker,
            capsize=2,
            label=label(peer),
        )
    axis.set_xscale("log", base=2)
    numbers = sorted({row["threads"] for row in rows})
    axis.set_xticks(numbers, [str(n) for n in numbers])
    axis.set(
        title=f"{rows[0]['network']}, batch {rows[0]['batch']}: training speed",
        xlabel="cores, and threads at most",
        ylabel="pictures per second",
    )
    axis.set_ylim(bottom=0)


def label(peer: str) -> str:
    return PEERS[peer].label
