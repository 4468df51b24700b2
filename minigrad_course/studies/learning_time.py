"""Study A: how learning time grows with the training set (the paper's Figures 1 and 2).

Every measurement is one call of ``fit`` in a fresh process. What a program does once (Keras traces
its graph, minigrad makes its plan) is part of it; importing is not, and is told beside it.

Everything is measured once, then everything again, and so on: the repeats of one measurement lie
minutes apart, and what changes on the machine in such a time is in their spread.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from minigrad_course.studies import paper
from minigrad_course.studies.fits import crossing, straight_line
from minigrad_course.studies.machine import peak_memory
from minigrad_course.studies.measure import in_turn, summary
from minigrad_course.studies.spread import pooled, spread
from minigrad_course.studies.studies import (
    FASTER,
    KERAS,
    PROGRAMS,
    Measurement,
    for_each,
    peer_class,
    ready,
    since,
)

__all__ = ["measure", "plan", "summarize"]

ROUNDS = 5
LARGE = (100, 2_500, 60_000)  # pictures, at batch sizes 32 and 128, in one epoch


def plan(programs: Sequence[str], quick: bool) -> list[Measurement]:
    """What is measured: the paper's sizes at batch 1, and real ones at batch 32 and 128.

    Args:
        programs: Who takes part.
        quick: Whether a few minutes for all studies have to do.

    Returns:
        The measurements in order: the programs take turns, size after size, round after round.
        Short measurements are made in each of the five rounds, long ones in the first and the
        last. Keras at its faster setting takes part in the paper's largest size, in the full run,
        and in three rounds: no other size shares its scatter.

    Example:
        >>> len(plan(["minigrad"], quick=True)) < len(plan(["minigrad"], quick=False))
        True
    """
    epochs = 10 if quick else paper.EPOCHS
    of_batch = {1: (10, 50, 100) if quick else paper.PICTURES}
    for batch in (128,) if quick else (32, 128):
        of_batch[batch] = (100, 1_000, 10_000) if quick else LARGE
    last = (3 if quick else ROUNDS) - 1
    chosen = []
    for number in range(last + 1):
        for batch, sizes in of_batch.items():
            for n in sizes:
                taking_part = [
                    program
                    for program in in_turn(programs, number)
                    if program != FASTER or (batch == 1 and n == sizes[-1] and not quick)
                ]
                size = n, batch, epochs if batch == 1 else 1
                chosen += for_each("learning_time", taking_part, *size, round=number)
    some = {FASTER: (0, last // 2, last)}
    return [m for m in chosen if not is_long(m) or m.round in some.get(m.program, (0, last))]


def is_long(measurement: Measurement) -> bool:
    """Whether it takes many seconds: Keras by what it does once, the walk by its steps."""
    walk = measurement.program == "minigrad_eager"
    many = measurement.steps > 1_000 or measurement.pictures > 10_000
    return measurement.program in (KERAS, FASTER) or (walk and many)


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Train once, in this process.

    Args:
        task: A :meth:`~minigrad_course.studies.studies.Measurement.task`, with ``started``.

    Returns:
        ``seconds`` of ``fit``; ``imported`` and ``finished``, seconds since the process started;
        ``peak_memory``, the most that was resident, in bytes.
    """
    peer_class(task["program"])
    imported = since(task)
    peer, data = ready(task)()
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
        of the whole process, as :func:`~minigrad_course.studies.spread.spread` tells them. ``lines``:
        for each program and batch size, the straight line of seconds over steps. ``faster``: how
        many times faster than Keras each other program was, size by size.
    """
    groups: dict[tuple, list[tuple[Measurement, dict[str, Any]]]] = defaultdict(list)
    for m, result in results:
        groups[PROGRAMS.index(m.program), m.batch, m.pictures, m.epochs].append((m, result))
    kinds: dict[tuple, list[list[tuple[Measurement, dict[str, Any]]]]] = defaultdict(list)
    for (program, batch, *_), members in groups.items():
        kinds[program, batch].append(members)
    rows = []
    for (program, batch, pictures, epochs), members in sorted(groups.items()):
        first = members[0][0]
        row: dict[str, Any] = {
            "program": first.program,
            "batch": batch,
            "pictures": pictures,
            "epochs": epochs,
            "steps": first.steps,
        }
        for name in ("seconds", "imported", "finished"):
            alike = [[r[name] for _, r in same] for same in kinds[program, batch]]
            row[name] = spread([r[name] for _, r in members], pooled(alike))
        memory = [r["peak_memory"] for _, r in members if r["peak_memory"] is not None]
        if memory:
            row["peak_memory"] = summary(memory)
        rows.append(row)

    lines = []
    for program, batch in dict.fromkeys((row["program"], row["batch"]) for row in rows):
        members = [pair for pair in results if (pair[0].program, pair[0].batch) == (program, batch)]
        steps = [m.steps for m, _ in members]
        if len(set(steps)) > 2:
            line = straight_line(steps, [r["seconds"] for _, r in members], relative=True)
            lines.append({"program": program, "batch": batch, **line.as_dict()})
    return {"rows": rows, "lines": lines, "faster": faster(results)}


def faster(results: Sequence[tuple[Measurement, dict[str, Any]]]) -> list[dict[str, Any]]:
    """How many times faster than Keras each program was, size by size.

    The ratio is formed within each round in which both took part, so that a slow moment of the
    machine does not count for one of them alone.

    Returns:
        For each other program and size ``times``, the median of the rounds, with ``low`` and
        ``high``.
    """
    seconds: dict[tuple, dict[int, float]] = defaultdict(dict)  # by round
    for m, result in results:
        seconds[m.program, m.batch, m.pictures, m.epochs][m.round] = result["seconds"]
    found = []
    for (program, *size), rounds in seconds.items():
        keras = seconds.get((KERAS, *size), {})
        ratios = [keras[number] / own for number, own in rounds.items() if number in keras]
        if program != KERAS and ratios:
            found.append(
                dict(zip(("batch", "pictures", "epochs"), size, strict=True))
                | {"program": program, "times": median(ratios)}
                | {"low": min(ratios), "high": max(ratios), "count": len(ratios)}
            )
    return sorted(
        found, key=lambda row: (PROGRAMS.index(row["program"]), row["batch"], row["pictures"])
    )


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
