"""The committed results of a run on one machine, and charts from results, for the lecture."""

from __future__ import annotations

import json
from typing import Any

from minigrad_course.repository import stored
from minigrad_course.studies.studies import LABELS

__all__ = ["committed", "show_chart", "times_table", "verdict_table"]


def committed() -> dict[str, Any]:
    """What ``python -m minigrad reproduce`` found on the machine that it names.

    Returns:
        What ``results.json`` holds: ``machine``, ``mode``, ``summary``, ``verdicts`` and every
        single measurement.

    Raises:
        FileNotFoundError: The folder ``data/results/reproduce`` is not there.

    Example:
        >>> sorted(committed()["summary"])
        ['allocation', 'keras_graph', 'learning_time', 'loss_curves', 'paper', 'published_study']
    """
    return json.loads(stored("results/reproduce/results.json").read_text(encoding="utf-8"))


def show_chart(name: str, results: dict[str, Any]) -> Any:
    """A chart for the last line of a cell.

    Args:
        name: A key of :data:`minigrad_course.studies.charts.studies.CHARTS`.
        results: What :func:`committed` returns.

    Returns:
        An object that a notebook shows as the picture.

    Raises:
        ValueError: Nothing was measured that the chart could show.

    Example:
        >>> show_chart("figure_4_published_loss", committed())
        <Figure: The re-created network's loss ...>
    """
    from minigrad.display import show
    from minigrad_course.studies.charts.studies import draw

    drawn = draw(name, results["summary"])
    if drawn is None:
        raise ValueError(f"show_chart: these results hold no measurement for {name}")
    return show(*drawn)


class verdict_table:  # noqa: N801 (called like a function, shown like a table)
    """The paper's claims and the verdicts, as a table; behind each reason is the evidence, folded.

    Args:
        results: What :func:`committed` returns.

    Example:
        >>> print(str(verdict_table({"verdicts": []})).splitlines()[0])
        | the paper says | verdict | because (open: measured here) |
    """

    def __init__(self, results: dict[str, Any]) -> None:
        self.rows = results["verdicts"]

    def __str__(self) -> str:
        lines = ["| the paper says | verdict | because (open: measured here) |", "|---|---|---|"]
        for row in self.rows:
            # the reason is what is clicked on: nine lines less, and the table fits a screen
            why = f"<details><summary>{row['why']}</summary>{row['evidence']}</details>"
            cells = (row["claim"], f"**{row['verdict']}**", why)
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n".join(f"{row['verdict']}: {row['claim']}" for row in self.rows)

    def _repr_markdown_(self) -> str:
        return str(self)


class times_table:  # noqa: N801 (called like a function, shown like a table)
    """The learning times at the paper's sizes, and where another run's medians are expected.

    Args:
        results: What :func:`committed` returns.

    Example:
        >>> print(str(times_table(committed())).splitlines()[0])
        | seconds of fit | repeats | lowest | median | highest | expected of another run |
    """

    def __init__(self, results: dict[str, Any]) -> None:
        self.machine, self.count = results["machine"], len(results["measurements"])
        rows = results["summary"]["learning_time"]["rows"]
        self.rows = [row for row in rows if row["batch"] == 1]

    def __str__(self) -> str:
        lines = [
            "| seconds of fit | repeats | lowest | median | highest | expected of another run |"
        ]
        lines.append("|---|--:|--:|--:|--:|--:|")
        for row in self.rows:
            s = row["seconds"]
            cells = [f"{s[name]:.2f}" for name in ("low", "median", "high")]
            expected = "{:.2f} to {:.2f}".format(*s["expected"])
            name = f"{LABELS[row['program']]}, {row['pictures']} pictures"
            lines.append(f"| {' | '.join([name, str(s['count']), *cells, expected])} |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        machine = self.machine
        return (
            f"{len(self.rows)} learning times on {machine['processor']}, {machine['cores']} cores, "
            f"of {self.count} measurements"
        )

    def _repr_markdown_(self) -> str:
        return f"{self!r}:\n\n{self}"
