"""Study A: how learning time grows with the training set (the paper's Figures 1 and 2).

Every measurement is one call of ``fit`` in a fresh process. What a program does once (Keras traces
its graph, minigrad makes its plan) is part of it; importing is not, and is told beside it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from minigrad.experiments import paper
from minigrad.experiments.fits import crossing, straight_line
from minigrad.experiments.machine import peak_memory
from minigrad.experiments.measure import summary, taking_turns
from minigrad.experiments.studies import (
    Measurement,
    fashion_mnist,
    peer_class,
    since,
    threads_of,
)

__all__ = ["measure", "plan", "summarize"]

LARGE = (100, 1_000, 10_000, 60_000)  # pictures, at batch sizes 32 and 128, in one epoch


def plan(programs: Sequence[str], quick: bool) -> list[Measurement]:
    """What is measured: the paper's sizes at batch 1, and real ones at batch 32 and 128.

    Args:
        programs: Who takes part.
        quick: Whether two minutes for all studies have to do.

    Returns:
        The measurements in order: the programs take turns, round after round.

    Example:
        >>> len(plan(["minigrad"], quick=True)) < len(plan(["minigrad"], quick=False))
        True
    """

    def rounds(pictures: int, batch: int, epochs: int, count: int) -> list[Measurement]:
        return [
            Measurement("learning_time", p, pictures, batch, epochs, number, threads=threads_of(p))
            for number, p in taking_turns(programs, count)
        ]

    chosen: list[Measurement] = []
    for pictures in (10, 50, 100) if quick else paper.PICTURES:
        chosen += rounds(pictures, 1, 10 if quick else paper.EPOCHS, 1 if quick else 3)
    for batch in (128,) if quick else (32, 128):
        for pictures in LARGE[:3] if quick else LARGE:
            chosen += rounds(pictures, batch, 1, 1 if quick else 2)
    # The walk through 60,000 pictures takes as long as all the rest of a round: once is enough.
    return [
        m
        for m in chosen
        if not (m.program == "minigrad_eager" and m.pictures == LARGE[-1] and m.round)
    ]


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Train once, in this process.

    Args:
        task: A :meth:`~minigrad.experiments.studies.Measurement.task`, with ``started``.

    Returns:
        ``seconds`` of ``fit``; ``imported`` and ``finished``, seconds since the process started;
        ``peak_memory``, the most that was resident, in bytes.
    """
    peer_of = peer_class(task["program"])
    imported = since(task)
    peer = peer_of("reference", task["batch"], task["threads"])
    data = peer.prepare(*fashion_mnist(task["pictures"]))
    start = time.perf_counter()
    peer.model.fit(*data, batch_size=task["batch"], epochs=task["epochs"], verbose=0)
    return {
        "seconds": time.perf_counter() - start,
        "imported": imported,
        "finished": since(task),
        "peak_memory": peak_memory(),
        "setting": peer.setting,
    }


def summarize(results: Sequence[tuple[Measurement, dict[str, Any]]]) -> dict[str, Any]:
    """Medians, spreads and straight lines.

    Args:
        results: Measurements of this study with their results.

    Returns:
        ``rows``: for each program, batch size and number of pictures, the seconds of ``fit`` and
        of the whole process (median, low, high). ``lines``: for each program and batch size, the
        straight line of seconds over steps. ``faster``: how many times faster than Keras each
        other program was, size by size.
    """
    groups: dict[tuple, list[tuple[Measurement, dict[str, Any]]]] = defaultdict(list)
    for measurement, result in results:
        m = measurement
        groups[m.program, m.batch, m.pictures, m.epochs].append((m, result))
    rows = []
    for (program, batch, pictures, epochs), members in sorted(groups.items()):
        row: dict[str, Any] = {
            "program": program,
            "batch": batch,
            "pictures": pictures,
            "epochs": epochs,
            "steps": members[0][0].steps,
        }
        for name in ("seconds", "imported", "finished", "peak_memory"):
            values = [r[name] for _, r in members if r[name] is not None]
            if values:
                row[name] = summary(values)
        rows.append(row)

    lines = []
    for program, batch in sorted({(row["program"], row["batch"]) for row in rows}):
        members = [
            pair for key, value in groups.items() if key[:2] == (program, batch) for pair in value
        ]
        if len({m.steps for m, _ in members}) > 2:
            steps = [m.steps for m, _ in members]
            line = straight_line(steps, [r["seconds"] for _, r in members], relative=True)
            lines.append({"program": program, "batch": batch, **line.as_dict()})
    return {"rows": rows, "lines": lines, "faster": faster(rows)}


def faster(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many times faster than Keras each program was, size by size."""
    keras = {
        (r["batch"], r["pictures"], r["epochs"]): r["seconds"]["median"]
        for r in rows
        if r["program"] == "keras"
    }
    found = []
    for row in rows:
        key = row["batch"], row["pictures"], row["epochs"]
        if row["program"] != "keras" and key in keras:
            times = keras[key] / row["seconds"]["median"]
            found.append(
                dict(zip(("batch", "pictures", "epochs"), key, strict=True))
                | {"program": row["program"], "times": times}
            )
    return found


def paper_lines() -> dict[str, Any]:
    """The straight lines through the paper's own two charts, and where they cross.

    Returns:
        ``keras`` and ``julia``, seconds over steps, and ``crossing`` in pictures.

    Example:
        >>> 20 < paper_lines()["crossing"] < 30
        True
    """
    lines = {}
    for name, number in (("keras", 1), ("julia", 2)):
        chart = paper.figure(number)
        steps = [n * paper.EPOCHS for n in chart["pictures"]]
        lines[name] = straight_line(steps, chart["seconds"])
    steps_there = crossing(lines["keras"], lines["julia"])
    return {
        "keras": lines["keras"].as_dict(),
        "julia": lines["julia"].as_dict(),
        "crossing": None if steps_there is None else steps_there / paper.EPOCHS,
    }
