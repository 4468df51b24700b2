"""``python -m minigrad reproduce``: the paper's three studies, measured, drawn and reported.

Every measurement runs in a process of its own and is kept as soon as it is finished, so an
interrupted run goes on where it stopped. At the end the folder holds

``results.json``
    every measurement with its settings, the summaries, the verdicts, and the machine;
``figure_*.svg``, ``figure_*.png``
    the charts;
``report.html``
    all of it in one file that opens without a network.

``--compare OTHER`` measures nothing and says whether the run in the folder agrees with another:
losses and accuracies to the last digit, times where the other run expects them.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minigrad import datasets
from minigrad_course.studies import (
    allocation,
    keras_graph,
    learning_time,
    loss_curves,
    published_study,
)
from minigrad_course.studies.bench import installed
from minigrad_course.studies.children import PeerError, termination_interrupts
from minigrad_course.studies.compare import compare, read
from minigrad_course.studies.machine import describe
from minigrad_course.studies.measure import write_json
from minigrad_course.studies.progress import progress
from minigrad_course.studies.side_by_side import TIMED, run_all
from minigrad_course.studies.store import Store
from minigrad_course.studies.studies import KERAS, LABELS, PROGRAMS, Measurement
from minigrad_course.studies.verdicts import verdicts

__all__ = ["add_arguments", "merge", "plan", "run"]

SUMMARIES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "learning_time": learning_time.summarize,
    "loss_curves": loss_curves.summarize,
    "published_study": published_study.summarize,
    "keras_graph": keras_graph.summarize,
    "allocation": allocation.summarize,
}
ALSO = {"allocation": "learning_time"}  # how much memory was resident is noted there
Pair = tuple[Measurement, dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``python -m minigrad reproduce``.

    Args:
        parser: The parser of the command.

    Example:
        >>> parser = argparse.ArgumentParser()
        >>> add_arguments(parser)
        >>> parser.parse_args(["--quick"]).quick
        True
    """
    parser.add_argument(
        "--quick", action="store_true", help="fewer sizes and epochs, in a few minutes"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("reproduction"),
        metavar="FOLDER",
        help="where results, charts and report go (%(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument(
        "--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS), help="who takes part"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="measure everything anew, whatever is in the folder"
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="OTHER",
        help="measure nothing; say whether the results in the folder agree with those in OTHER",
    )


def plan(programs: Sequence[str], quick: bool) -> list[Measurement]:
    """All measurements of all studies.

    Args:
        programs: Keys of :data:`minigrad_course.studies.studies.PROGRAMS`.
        quick: Whether a few minutes have to do.

    Returns:
        The measurements, study by study.

    Example:
        >>> names = [m.name for m in plan(["minigrad"], quick=False)]
        >>> len(names) == len(set(names))
        True
    """
    return [
        *learning_time.plan(programs, quick),
        *loss_curves.plan(programs, quick),
        *published_study.plan(quick),
        *keras_graph.plan(programs, quick),
        *allocation.plan(programs, quick),
    ]


def in_time(planned: Sequence[Measurement]) -> list[Measurement]:
    """The measurements in the order in which they run.

    The rounds of what is timed are spread over the whole run, with a part of everything else
    between one round and the next, so that the repeats see all that the machine did meanwhile.

    Args:
        planned: The measurements, in any order.

    Returns:
        The same, round after round.

    Example:
        >>> slow = [Measurement("loss_curves", "minigrad", n, 1, 1) for n in (10, 20)]
        >>> timed = [Measurement("learning_time", "minigrad", 30, 1, 1, k) for k in (0, 1)]
        >>> [m.pictures for m in in_time([*timed, *slow])]
        [30, 20, 30, 10]
    """
    rounds = sorted({m.round for m in planned if m.study in TIMED}) or [0]
    # The longest first: they run two at a time, and none should be left alone at the end. A step
    # of Keras takes longest, one of the plan is next to nothing.
    others = sorted(
        (m for m in planned if m.study not in TIMED),
        key=lambda m: (m.program == KERAS, m.program != "minigrad", m.steps * m.seeds),
        reverse=True,
    )
    chosen: list[Measurement] = []
    for k, number in enumerate(rounds):
        chosen += [m for m in planned if m.study in TIMED and m.round == number]
        chosen += others[k :: len(rounds)]
    return chosen


def run(arguments: argparse.Namespace) -> int:
    """Measure what is not measured yet, then write results, charts and report.

    Args:
        arguments: What :func:`add_arguments` declared, parsed.

    Returns:
        0, or 1 when a measurement failed; the others are written all the same. With ``--compare``
        1 when the two runs do not agree, and 2 when one of them is not there.

    Raises:
        KeyboardInterrupt: After Ctrl-C or a request to terminate. What was finished is kept, and
            the same command goes on from there.
    """
    if arguments.compare:
        return compared(arguments.compare, arguments.out)
    datasets.fashion_mnist.load_data()  # if it cannot be had, say so now and once
    machine = describe()
    store = Store(arguments.out / "measurements", machine)
    if arguments.fresh:
        store.forget()
    programs, missing = installed(arguments.programs)
    for program, modules in missing.items():
        print(f"{LABELS[program]} is left out: {', '.join(modules)} is not installed.")
    for measure, reason in allocation.missing().items():
        print(f"The measure {measure} is left out: {reason}.")

    wanted = plan(programs, arguments.quick)
    known = sum(store.find(m) is not None for m in wanted)
    if known:
        print(f"{known} of {len(wanted)} measurements are there already; --fresh makes them anew.")
    start = time.perf_counter()
    try:
        with termination_interrupts():
            failures = measure_all(wanted, store)
    except KeyboardInterrupt:
        done = sum(store.find(m) is not None for m in wanted)
        print(
            f"\nInterrupted. {done} of {len(wanted)} measurements are kept in {arguments.out}; "
            "the same command goes on from there."
        )
        raise
    pairs = [(m, found) for m in wanted if (found := store.find(m)) is not None]
    result = merge(pairs, machine, arguments.quick, missing, failures)
    write(result, arguments.out)
    if arguments.json:
        write_json(arguments.json, result)
    print(f"{len(pairs)} measurements, {time.perf_counter() - start:.0f} s")
    counted = Counter(row["verdict"] for row in result["verdicts"])
    print("of the paper's claims", ", ".join(f"{n} {what}" for what, n in counted.items()))
    print(f"wrote {arguments.out / 'report.html'}")
    for failure in failures:
        print(f"failed: {failure['name']}: {failure['error']}")
    return 1 if failures else 0


def compared(first: Path, other: Path) -> int:
    """Print how two runs compare; 0 where they agree."""
    try:
        comparison = compare(read(first), read(other))
    except FileNotFoundError as error:
        print(error)
        return 2
    print(comparison)
    return 0 if comparison.agree else 1


def measure_all(wanted: Sequence[Measurement], store: Store) -> list[dict[str, str]]:
    """Make the measurements that are not there yet, each in a process of its own."""
    failures = []
    waiting = [m for m in in_time(wanted) if store.find(m) is None]
    with (
        progress(len(wanted), "run", len(wanted) - len(waiting)) as (begin, finish),
        contextlib.closing(run_all(waiting, lambda m: begin(named(m)))) as finished,
    ):
        for measurement, outcome in finished:
            if isinstance(outcome, PeerError):
                failures.append({"name": measurement.name, "error": str(outcome)})
            else:
                store.keep(measurement, outcome)
            finish()
    return failures


def named(measurement: Measurement) -> str:
    """A measurement as the progress line calls it."""
    how = f" {measurement.how}" if measurement.how else ""
    what = f"{LABELS[measurement.program]}, {measurement.pictures:,} pictures"
    return f"{measurement.study}{how}: {what}"


def merge(
    pairs: Sequence[Pair],
    machine: dict[str, Any],
    quick: bool,
    missing: dict[str, list[str]] | None = None,
    failures: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """One result of all measurements.

    Args:
        pairs: Measurements and what they found.
        machine: Where.
        quick: Whether it was the short run.
        missing: Programs left out, and which modules they lack.
        failures: Measurements that failed.

    Returns:
        What ``results.json`` holds.

    Example:
        >>> sorted(merge([], {}, quick=True))
        ['date', 'failures', 'machine', 'measurements', 'missing', 'mode', 'summary', 'verdicts']
    """
    summary = {
        study: summarize([pair for pair in pairs if pair[0].study in (study, ALSO.get(study))])
        for study, summarize in SUMMARIES.items()
    }
    summary["paper"] = learning_time.paper_lines()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "mode": "quick" if quick else "full",
        "machine": machine,
        "missing": missing or {},
        "failures": list(failures),
        "summary": summary,
        "verdicts": verdicts(summary),
        "measurements": [{"settings": asdict(m), "result": found} for m, found in pairs],
    }


def write(result: dict[str, Any], folder: Path) -> None:
    """Write results, charts and report; without matplotlib, results alone.

    Args:
        result: What :func:`merge` returned.
        folder: Where to.
    """
    write_json(folder / "results.json", result)
    try:
        from minigrad_course.studies.report import write_report
    except ImportError as error:
        print(f"Charts and report are left out: {error.name} is not installed.")
        return
    write_report(result, folder)
