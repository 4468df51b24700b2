"""How programs are timed: in fresh processes, taking turns, with the median and the spread.

A process of its own is the only fair way to count what a framework costs to import, to trace and
to keep in memory. Taking turns, round after round, spreads the machine's good and bad moments
over all of them. Ratios are formed within a round and only then summarized.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from minigrad.shared.files import replace
from minigrad_course.studies.children import run_module, running

__all__ = [
    "Task",
    "busy_core",
    "in_turn",
    "run_fresh",
    "summary",
    "taking_turns",
    "write_json",
    "write_text",
]

BUSY_LIMIT = 900  # seconds after which the busy loop ends by itself, whatever became of us


@dataclass(frozen=True)
class Task:
    """What one process is to do.

    Attributes:
        peer: Name of a program in :mod:`minigrad_course.studies.peers`.
        network: Key of :data:`minigrad_course.studies.networks.NETWORKS`.
        batch: Pictures in a batch.
        pictures: Pictures in an epoch, from the first of the training set on.
        epochs: Epochs to train, the first one included.
        goal: Stop at this test accuracy, measured after every epoch; 0 measures none.
        seconds: After two epochs that took longer than this together, no further one is begun.
        threads: Threads, for every library alike.
    """

    peer: str
    network: str
    batch: int
    pictures: int
    epochs: int = 3
    goal: float = 0.0
    seconds: float = 30.0
    threads: int = 1


def run_fresh(task: Task, limit: float = 900.0) -> dict[str, Any]:
    """Run one task in a new process and wait for what it measured.

    Args:
        task: What to run.
        limit: Seconds after which the process is given up.

    Returns:
        The process's answer, see :mod:`minigrad_course.studies.peers.__main__`.

    Raises:
        PeerError: It ended with an error, or not in time. It is no longer running then, nor is it
            after Ctrl-C.
    """
    return run_module("minigrad_course.studies.peers", asdict(task), task.threads, limit)


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy while the block runs, as another program of the user's would.

    The other process ends when the block does, when its parent is gone (its input closes) and in
    any case after a quarter of an hour.
    """
    loop = (
        "import select, sys, time\n"
        f"end = time.monotonic() + {BUSY_LIMIT}\n"
        "while time.monotonic() < end and not select.select([sys.stdin], [], [], 0)[0]:\n"
        "    sum(range(200_000))\n"
    )
    with running([sys.executable, "-c", loop], stdin=subprocess.PIPE) as process:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        yield


def taking_turns(names: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Every name once a round; each round begins with the next name.

    Args:
        names: Who takes turns.
        rounds: How often.

    Example:
        >>> list(taking_turns(["a", "b"], 2))
        [(0, 'a'), (0, 'b'), (1, 'b'), (1, 'a')]
    """
    for number in range(rounds):
        for name in in_turn(names, number):
            yield number, name


def in_turn(names: Sequence[str], number: int) -> tuple[str, ...]:
    """Every name once, beginning with another one in each round.

    Args:
        names: Who takes turns.
        number: Which round it is.

    Example:
        >>> in_turn(["a", "b", "c"], 1)
        ('b', 'c', 'a')
    """
    shift = number % len(names) if names else 0
    return (*names[shift:], *names[:shift])


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest.

    Args:
        values: At least one number.

    Example:
        >>> summary([3.0, 1.0, 10.0])
        {'median': 3.0, 'low': 1.0, 'high': 10.0, 'count': 3}
    """
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "count": len(values),
    }


def write_json(path: str | Path, content: Any) -> None:
    """Write a file whole or not at all.

    The content goes to a neighbor first, which then takes the name in one step: whoever reads
    the file, and whenever this process is killed, finds the old content or the new.

    Args:
        path: File to write; its folder is made when there is none.
        content: What JSON can hold.

    Raises:
        TypeError: JSON cannot hold it; the file is as it was.
    """
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: str | Path, text: str) -> None:
    """Write a text whole or not at all, as :func:`write_json` does.

    Args:
        path: File to write; its folder is made when there is none.
        text: Its content.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, lambda file: file.write(text.encode()))
