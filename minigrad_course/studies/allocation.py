"""Study C: memory, by three measures (the paper's Figures 5 and 6).

"How much memory does it need?" has more than one answer, and they differ by factors of hundreds:

allocated in total
    every request for memory added up, whether or not it was given back at once. Native requests,
    those of C and C++ code, are included: memray sees them.
live peak that Python sees
    the most that was held at one moment, counting what Python and NumPy asked for. TensorFlow's
    memory is not among it: tracemalloc does not see C++.
resident
    the most physical memory that the whole process had, as the operating system counts.

The first two slow a program down, each in its own way, and have processes of their own. The last
is noted by study A, whose programs nobody watches.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from minigrad_course.studies import paper
from minigrad_course.studies.fits import straight_line
from minigrad_course.studies.studies import FASTER, Measurement, for_each, ready

__all__ = ["HOW", "measure", "missing", "plan", "summarize"]

HOW = ("memray", "tracemalloc")
PICTURES = (10, 50, 100)  # three of the paper's five sizes: memray takes its time
FEW_EPOCHS = 2


def missing() -> dict[str, str]:
    """Which measures this platform does not offer, with the reason.

    Returns:
        Reasons by measure; empty where all are there.

    Example:
        >>> set(missing()) <= set(HOW)
        True
    """
    reasons = {}
    if sys.platform == "win32":
        reasons["memray"] = "memray does not exist for Windows"
    elif importlib.util.find_spec("memray") is None:
        reasons["memray"] = "memray is not installed"
    return reasons


def plan(programs: Sequence[str], quick: bool) -> list[Measurement]:
    """What is measured: the paper's sizes at batch 1, by each measure that there is.

    Args:
        programs: Who takes part.
        quick: Whether a few minutes for all studies have to do.

    Returns:
        The measurements in order.

    Example:
        >>> {m.how for m in plan(["minigrad"], quick=True)} <= set(HOW)
        True
    """
    lacking = missing()
    chosen = []
    for how in (how for how in HOW if how not in lacking):
        # What is allocated in total grows with the epochs; what is held at one moment does not.
        epochs = paper.EPOCHS if how == "memray" and not quick else FEW_EPOCHS
        for pictures in PICTURES:
            chosen += for_each("allocation", programs, pictures, 1, epochs, how=how)
    return chosen


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Train once in this process, and count by the measure that the task names.

    Args:
        task: A :meth:`~minigrad_course.studies.studies.Measurement.task`.

    Returns:
        For memray ``allocated`` (bytes in total), ``allocations`` (how many) and ``peak``, not
        counting imports; for tracemalloc the ``peak``.
    """
    return MEASURES[task["how"]](task)


def train(build: Callable[[], tuple[Any, Any]], task: dict[str, Any]) -> None:
    peer, data = build()
    peer.model.fit(*data, batch_size=task["batch"], epochs=task["epochs"], verbose=0)


def with_memray(task: dict[str, Any]) -> dict[str, Any]:
    import memray

    build = ready(task)
    with tempfile.TemporaryDirectory() as folder:
        records, statistics = Path(folder, "records"), Path(folder, "statistics.json")
        with memray.Tracker(records, file_format=memray.FileFormat.ALL_ALLOCATIONS):
            train(build, task)
        files = [str(statistics), str(records)]
        command = [sys.executable, "-m", "memray", "stats", "--json", "-o", *files]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(statistics.read_text())
    return {
        "allocated": found["total_bytes_allocated"],
        "allocations": found["total_num_allocations"],
        "peak": found["metadata"]["peak_memory"],
    }


def with_tracemalloc(task: dict[str, Any]) -> dict[str, Any]:
    build = ready(task)
    tracemalloc.start()
    try:
        train(build, task)
        return {"peak": tracemalloc.get_traced_memory()[1]}
    finally:
        tracemalloc.stop()


MEASURES = {"memray": with_memray, "tracemalloc": with_tracemalloc}


def bytes_of_a_step(model: Any, batch: int) -> int:
    """The most that Python and NumPy held for one training step beyond what was there before it.

    A small number (a float here, a tuple there) is Python's own. An array of a batch's activations
    would be thousands of bytes at batch size 1 already.

    Args:
        model: A compiled ``mg.Sequential`` on pictures of (28, 28, 1).
        batch: Pictures in the step.

    Returns:
        Bytes, after two steps to warm up.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course.studies.train import reference_network
        >>> planned, eager = reference_network(), reference_network()
        >>> planned.compile(mg.optimizers.SGD(0.01), "categorical_crossentropy")
        >>> eager.compile(mg.optimizers.SGD(0.01), "categorical_crossentropy", run_eagerly=True)
        >>> 20 * bytes_of_a_step(planned, 4) < bytes_of_a_step(eager, 4)
        True
    """
    import numpy as np

    runner = model._runner(batch, True, True, np.dtype("float32"))
    runner.load(
        np.zeros((batch, 28, 28, 1), "float32"), np.zeros((batch, 10), "float32"), slice(batch)
    )
    for _ in range(2):
        runner.train_step()
    tracemalloc.start()
    try:
        runner.train_step()  # tracemalloc's own first-time costs
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        runner.train_step()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def summarize(results: Sequence[tuple[Measurement, dict[str, Any]]]) -> dict[str, Any]:
    """All measures side by side, and what a step allocates.

    Args:
        results: Measurements of this study and of study A, with their results.

    Returns:
        ``rows``: one for each program and size, with ``allocated``, ``memray_peak``,
        ``tracemalloc_peak`` and ``resident_peak`` in bytes, where measured; ``epochs`` is that of
        ``allocated``. ``lines``: for each program the straight line of bytes allocated over steps.
        ``missing``: the measures that this platform does not offer, with the reason.
    """
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    totals: dict[str, list[tuple[int, int]]] = {}
    resident: dict[tuple[str, int], list[int]] = {}
    for m, result in results:
        if m.study == "learning_time":
            seen = result["peak_memory"] is not None
            if m.batch == 1 and m.program != FASTER and seen:
                resident.setdefault((m.program, m.pictures), []).append(result["peak_memory"])
            continue
        row = rows.setdefault(
            (m.program, m.pictures), {"program": m.program, "pictures": m.pictures}
        )
        row[f"{m.how}_peak"] = result["peak"]
        if m.how == "memray":
            row |= {"allocated": result["allocated"], "epochs": m.epochs}
            totals.setdefault(m.program, []).append((m.steps, result["allocated"]))
    for (program, pictures), peaks in resident.items():
        row = rows.setdefault((program, pictures), {"program": program, "pictures": pictures})
        row["resident_peak"] = int(median(peaks))
    lines = []
    for program, pairs in totals.items():
        if len(pairs) > 2:
            steps, allocated = zip(*pairs, strict=True)
            line = straight_line(steps, allocated)
            lines.append({"program": program, **line.as_dict()})
    return {"rows": [rows[key] for key in sorted(rows)], "lines": lines, "missing": missing()}
