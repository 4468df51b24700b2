"""``python -m minigrad bench``: a training epoch beside other frameworks.

Every measurement is a process of its own (:mod:`minigrad_course.studies.measure`), which runs one
of the programs in :mod:`minigrad_course.studies.peers`. Three questions are asked:

speed
    pictures per second once everything is warm: every epoch but the first;
size
    seconds from the start of the process to the end of the first epoch, for small and large
    training sets: here importing and tracing count;
goal
    seconds until the LeNet-like network classifies 90 % of the test pictures correctly.

With several numbers of threads (``--threads 1,2,4``) it asks one more, and only that: the speed with
each of them, every process pinned to as many cores.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from minigrad import datasets
from minigrad_course.studies.children import PeerError, termination_interrupts
from minigrad_course.studies.machine import cores, describe
from minigrad_course.studies.measure import (
    Task,
    busy_core,
    run_fresh,
    summary,
    taking_turns,
    write_json,
)
from minigrad_course.studies.networks import NETWORKS
from minigrad_course.studies.peers import PEERS
from minigrad_course.studies.progress import progress

__all__ = ["Case", "add_arguments", "cases", "measure", "report", "run", "summarize"]


BATCHES = (1, 32, 128)
SIZES = (100, 1_000, 10_000, 60_000)
GOAL = 0.90
# Pictures in an epoch of the measurement of speed: enough for seconds.
PICTURES = {
    "reference": {1: 2_000, 32: 20_000, 128: 30_000},
    "lenet": {1: 1_000, 32: 6_000, 128: 6_000},
    "convnet": {1: 500, 32: 4_000, 128: 4_000},
    "cnn": {1: 200, 32: 1_280, 128: 1_280},
}


@dataclass(frozen=True)
class Case:
    """One row of the table: what all peers do in turn.

    Attributes:
        question: ``"speed"``, ``"size"``, ``"goal"`` or ``"scaling"``.
        network: Key of :data:`~minigrad_course.studies.networks.NETWORKS`.
        batch: Pictures in a batch.
        pictures: Pictures in an epoch.
        epochs: At most so many epochs.
        busy: Whether another process keeps one core busy meanwhile.
        threads: Threads for everybody; 0 for as many as in all cases.
    """

    question: str
    network: str
    batch: int
    pictures: int
    epochs: int = 3
    busy: bool = False
    threads: int = 0

    def task(self, peer: str, threads: int) -> Task:
        goal = GOAL if self.question == "goal" else 0.0
        threads = self.threads or threads
        return Task(
            peer, self.network, self.batch, self.pictures, self.epochs, goal, threads=threads
        )

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Case:
        """The case of an entry, which may be older than some of the fields."""
        return cls(**{f.name: entry[f.name] for f in fields(cls) if f.name in entry})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``python -m minigrad bench``."""
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, default=list(PEERS), help="who is measured (all)"
    )
    parser.add_argument("--network", choices=[*NETWORKS, "all"], default="all")
    parser.add_argument(
        "--batch", nargs="+", type=positive, help="batch sizes (1 32 128)", metavar="N"
    )
    parser.add_argument(
        "--pictures",
        nargs="+",
        type=positive,
        metavar="N",
        help="pictures in an epoch; asks for the speed alone (by default up to 60,000, and all "
        "three questions)",
    )
    parser.add_argument("--rounds", type=positive, help="how often each is measured (3)")
    parser.add_argument("--quick", action="store_true", help="one short round, speed alone")
    parser.add_argument("--busy", action="store_true", help="speed again with one core kept busy")
    parser.add_argument(
        "--threads",
        type=several,
        default=[cores()],
        metavar="N[,N…]",
        help="for every library; several ask for the speed with each (as many as cores)",
    )
    parser.add_argument("--json", metavar="FILE", help="write every measurement there")
    parser.add_argument("--chart", metavar="FILE", help="draw there, as .svg and .png")


def positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"wants a number above zero, got {word}")
    return number


def several(words: str) -> list[int]:
    return [positive(word) for word in words.split(",")]


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables and write the files that were asked for.

    Args:
        arguments: What :func:`add_arguments` declared, parsed.

    Returns:
        0, or 1 when nothing could be measured.

    Raises:
        KeyboardInterrupt: After Ctrl-C. No process is left running; ``--json`` has what was
            measured until then.
    """
    datasets.fashion_mnist.load_data()  # if it cannot be had, say so now and once
    peers, missing = installed(arguments.peers)
    for peer, modules in missing.items():
        print(f"{PEERS[peer].label} is left out: {', '.join(modules)} is not installed.")
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": describe(),
        "threads": max(arguments.threads),
        "rounds": rounds,
        "networks": {
            name: {"layers": n.title, "optimizer": n.optimizer} for name, n in NETWORKS.items()
        },
        "missing": missing,
        "runs": [],
        "failures": [],
        "summary": [],
    }

    def keep(kind: str, entry: dict[str, Any]) -> None:
        result[kind].append(entry)
        result["summary"] = summarize(result["runs"])
        if arguments.json:
            write_json(arguments.json, result)

    try:
        with termination_interrupts():
            measure(cases(arguments), peers, rounds, max(arguments.threads), keep)
    except KeyboardInterrupt:
        print(f"\nInterrupted. {kept(result, arguments.json)}")
        raise
    print(report(result))
    if arguments.chart and result["summary"]:
        from minigrad_course.studies.charts.bench import draw

        for path in draw(result, arguments.chart):
            print(f"wrote {path}")
    return 0 if result["runs"] else 1


def kept(result: dict[str, Any], file: str | None) -> str:
    """What is left of a run that was interrupted, as a sentence."""
    count = len(result["runs"])
    if count == 0:
        return "Nothing had been measured."
    measurements = "1 measurement is" if count == 1 else f"{count} measurements are"
    return f"{measurements} {f'kept in {file}' if file else 'lost: --json FILE keeps them'}."


def installed(peers: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Who can be measured, and which modules the others lack."""
    lacking = {
        peer: [m for m in PEERS[peer].modules if importlib.util.find_spec(m) is None]
        for peer in peers
    }
    return [p for p in lacking if not lacking[p]], {p: m for p, m in lacking.items() if m}


def cases(arguments: argparse.Namespace) -> list[Case]:
    """What is to be measured.

    Args:
        arguments: What :func:`add_arguments` declared, parsed.

    Returns:
        The cases in the order in which they run.

    Example:
        >>> parser = argparse.ArgumentParser()
        >>> add_arguments(parser)
        >>> cases(parser.parse_args("--network lenet --batch 32 --pictures 500".split()))
        [Case(question='speed', network='lenet', batch=32, pictures=500, epochs=3, busy=False, threads=0)]
    """
    networks = list(NETWORKS) if arguments.network == "all" else [arguments.network]
    batches = arguments.batch or (BATCHES[1:] if arguments.quick else BATCHES)
    chosen = [
        Case("speed", network, batch, pictures)
        for network in networks
        for batch in batches
        for pictures in arguments.pictures or [usual_pictures(network, batch, arguments.quick)]
    ]
    if len(arguments.threads) > 1:
        numbers = sorted(set(arguments.threads))
        return [replace(c, question="scaling", threads=n) for c in chosen for n in numbers]
    if arguments.busy:
        chosen = [replace(case, busy=busy) for case in chosen for busy in (False, True)]
    elif not (arguments.quick or arguments.pictures):
        if "reference" in networks:
            chosen += [Case("size", "reference", 128, size, epochs=1) for size in SIZES]
        if "lenet" in networks:
            chosen.append(Case("goal", "lenet", 32, 60_000, epochs=15))
    return chosen


def usual_pictures(network: str, batch: int, quick: bool) -> int:
    usual = PICTURES[network]
    pictures = usual[max(b for b in usual if b <= batch)]
    return pictures // 10 if quick else pictures


def measure(
    cases: Sequence[Case],
    peers: Sequence[str],
    rounds: int,
    threads: int,
    keep: Callable[[str, dict[str, Any]], None],
) -> None:
    """Run every case: the peers take turns, each time in a new process.

    Args:
        cases: What to run.
        peers: Keys of :data:`~minigrad_course.studies.peers.PEERS`.
        rounds: How often.
        threads: Threads for each.
        keep: Called after each process with ``"runs"`` or ``"failures"`` and the entry. A peer
            that failed in a case is not tried in it again.
    """
    turns = [
        (case, number, peer)
        for case in cases
        for number, peer in taking_turns(peers, rounds)
        if not left_out(case, peer, number)
    ]
    failed = set()
    with progress(len(turns), "run") as (begin, finish):
        for case, number, peer in turns:
            if (case, peer) not in failed:
                begin(f"{case.network}, batch {case.batch}, {PEERS[peer].label}")
                entry = asdict(case) | {"peer": peer, "round": number}
                try:
                    with busy_core() if case.busy else contextlib.nullcontext():
                        keep("runs", entry | run_fresh(case.task(peer, threads)))
                except PeerError as failure:
                    failed.add((case, peer))
                    keep("failures", entry | {"error": str(failure)})
            finish()


def left_out(case: Case, peer: str, number: int) -> bool:
    """What would take minutes and show little."""
    if case.question == "goal":  # not node by node
        return peer in ("minigrad_bytes", "minigrad_eager", "keras_plain", "floor")
    if case.question == "scaling":
        return peer in ("minigrad_bytes", "minigrad_eager", "keras_plain")
    if peer == "minigrad_bytes":  # it differs in the memory
        return (case.network, case.batch) != ("reference", 128)
    if peer == "floor":  # it learns nothing
        return (case.question, case.network, case.batch) != ("speed", "reference", 128)
    if peer == "keras_plain":  # it differs in the speed alone
        return case.question != "speed" or case.network != "reference"
    return peer == "minigrad_eager" and number > 0


def summarize(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Medians and spreads over the rounds, one entry for each case and peer.

    Args:
        runs: Entries as :func:`measure` makes them.

    Returns:
        Entries with the case, the peer and, each as median, low and high: ``speed`` (pictures
        per second in every epoch but the first), ``import``, ``build`` and ``first_step`` (seconds
        each), ``whole`` (seconds from the start of the process to the end of the first epoch),
        ``peak_memory`` (bytes until then), ``goal`` (seconds from the start of the process to the
        goal, without the evaluations; absent where it was not reached in every round) and
        ``advantage``: minigrad's speed over this peer's, compared round by round.
    """
    grouped: dict[tuple[Case, str], dict[int, dict[str, Any]]] = defaultdict(dict)
    for entry in runs:
        grouped[Case.of(entry), entry["peer"]][entry["round"]] = entry
    rows = []
    for (case, peer), rounds in grouped.items():
        own = grouped.get((case, "minigrad"), {})  # the same case, for the comparison
        values: dict[str, list[float]] = defaultdict(list)
        for number, entry in rounds.items():
            for name, value in figures(entry).items():
                values[name].append(value)
            if steady_speed(entry) and steady_speed(own.get(number)):
                values["advantage"].append(steady_speed(own[number]) / steady_speed(entry))
        row: dict[str, Any] = asdict(case) | {"peer": peer}
        row["setting"] = next(iter(rounds.values()))["setting"]
        # A goal that was missed once has no median.
        row |= {k: summary(v) for k, v in values.items() if k != "goal" or len(v) == len(rounds)}
        rows.append(row)
    return rows


def figures(entry: dict[str, Any]) -> dict[str, float]:
    """What one run says, under the names of :func:`summarize`."""
    moments = entry["moments"]
    found = {
        "import": moments["imported"] - moments["interpreter"],
        "build": moments["built"] - moments["data read"],
        "first_step": moments["first step"] - moments["built"],
        "whole": moments["first epoch"],
    }
    if entry["peak_memory"] is not None:
        found["peak_memory"] = entry["peak_memory"]
    if steady_speed(entry):
        found["speed"] = steady_speed(entry)
    if entry["accuracies"]:
        found["accuracy"] = entry["accuracies"][-1]
        found["epochs_trained"] = len(entry["epoch_seconds"])
        if entry["accuracies"][-1] >= GOAL:
            found["goal"] = moments["first step"] + sum(entry["epoch_seconds"])
    return found


def steady_speed(entry: dict[str, Any] | None) -> float:
    """Pictures per second in every epoch but the first; 0 where there was only one."""
    if entry is None or len(entry["epoch_seconds"]) < 2:
        return 0.0
    return entry["pictures"] / statistics.median(entry["epoch_seconds"][1:])


# What the report shows: heading, name in the summary, how a figure is written.
COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("pictures/s", "speed", lambda v: f"{v:,.0f}"),
    ("minigrad is", "advantage", lambda v: f"{v:.2f} ×"),
    ("import s", "import", lambda v: f"{v:.2f}"),
    ("first step s", "first_step", lambda v: f"{v:.2f}"),
    ("start to epoch 1 s", "whole", lambda v: f"{v:.2f}"),
    ("peak MB", "peak_memory", lambda v: f"{v / 1e6:,.0f}"),
    (f"start to {GOAL:.0%} s", "goal", lambda v: f"{v:.1f}"),
    ("epochs", "epochs_trained", lambda v: f"{v:.0f}"),
)


def report(result: dict[str, Any]) -> str:
    """The tables as text: the median, and in brackets the smallest and largest where they differ."""
    machine = result["machine"]
    lines = [
        f"{machine['processor']}, {machine['system']}, Python {machine['python']}, "
        f"{result['threads']} of {machine['cores']} cores, {result['rounds']} rounds",
        ", ".join(f"{name} {v}" for name, v in machine["libraries"].items() if v),
    ]
    for name in dict.fromkeys(machine["overrides"]):
        lines.append(f"{name} is set here; the timed processes ran without it.")
    settings: dict[str, set[str]] = {row["peer"]: set() for row in result["summary"]}
    cases: dict[Case, list[dict[str, Any]]] = defaultdict(list)
    for row in result["summary"]:
        settings[row["peer"]].add(row["setting"])
        cases[Case.of(row)].append(row)
    for peer, words in settings.items():
        lines.append(f"{PEERS[peer].label}: {'; '.join(sorted(words))}")
    lines += [f"OpenBLAS kernel: {kernel}" for kernel in sorted(kernels(result["runs"]))]
    for case, rows in cases.items():
        busy = ", one core kept busy" if case.busy else ""
        busy += f", {case.threads} threads" if case.threads else ""
        lines += [
            "",
            f"{case.network}, batch {case.batch}, {case.pictures:,} pictures{busy} ({case.question})",
            *table(rows),
        ]
    for failure in result["failures"]:
        lines.append(
            f"{PEERS[failure['peer']].label} failed ({failure['network']}, batch "
            f"{failure['batch']}): {failure['error']}"
        )
    return "\n".join(lines)


def kernels(runs: Sequence[dict[str, Any]]) -> set[str]:
    """Which kernels OpenBLAS chose in the timed processes."""
    pools = (pool for entry in runs for pool in entry["blas"])
    return {f"{p['kernel']} ({p['version']})" for p in pools if p["library"] == "openblas"}


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    columns = [c for c in COLUMNS if any(c[1] in row for row in rows)]
    cells = [["", *(heading for heading, _, _ in columns)]]
    for row in rows:
        cells.append([PEERS[row["peer"]].label])
        for _, name, write in columns:
            cells[-1].append(with_spread(row[name], write) if name in row else "–")
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in cells
    ]


def with_spread(values: dict[str, float], write: Callable[[float], str]) -> str:
    low, middle, high = (write(values[name]) for name in ("low", "median", "high"))
    return middle if low == high else f"{middle} [{low}–{high}]"
