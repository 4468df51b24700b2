"""Measurements at work: the timed ones alone on the machine, all others two at a time.

A loss or a number of bytes does not depend on who else is running, a time does. On two cores this
saves a third of the whole run.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

from minigrad_course.studies.children import PeerError, answer_of, module_running
from minigrad_course.studies.machine import cores
from minigrad_course.studies.studies import Measurement

__all__ = ["TIMED", "run_all"]

TIMED = ("learning_time",)  # studies whose results are seconds
LIMIT = 600.0  # seconds for one measurement
PAUSE = 0.02  # seconds between two looks at who has finished


def run_all(
    waiting: Sequence[Measurement], begin: Callable[[Measurement], Any]
) -> Generator[tuple[Measurement, dict[str, Any] | PeerError], None, None]:
    """Make measurements, each in a process of its own.

    Args:
        waiting: The measurements, which begin in this order.
        begin: Called with each measurement that begins.

    Yields:
        Each measurement when it has finished, with its result, or with the error that it ended
        with. Closed before the last one, this ends the processes that are still running.
    """
    waiting = list(waiting)
    running: list[Process] = []
    try:
        while waiting or running:
            while waiting and may_begin(waiting[0], [process.measurement for process in running]):
                free = {0, 1} - {process.place for process in running}
                begin(waiting[0])
                running.append(Process(waiting.pop(0), min(free)))
            time.sleep(PAUSE)
            for process in [process for process in running if process.ended()]:
                running.remove(process)
                yield process.measurement, process.outcome()
    finally:
        for process in running:
            process.close()


def may_begin(measurement: Measurement, running: Sequence[Measurement]) -> bool:
    """Whether this measurement and those that are running do one another no harm."""
    if not running:
        return True
    timed = any(m.study in TIMED for m in (measurement, *running))
    return not timed and len(running) < min(cores(), 2)


class Process:
    """A measurement in a process of its own.

    Args:
        measurement: What it measures.
        place: 0 or 1; processes at different places keep to different cores, if there are enough.
    """

    def __init__(self, measurement: Measurement, place: int) -> None:
        self.measurement, self.place = measurement, place
        self.end = time.monotonic() + LIMIT
        self.resources = contextlib.ExitStack()
        # Files, not pipes: a pipe that nobody empties would stop the process that writes to it.
        self.answer, self.complaint = (
            self.resources.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            for _ in range(2)
        )
        self.process = self.resources.enter_context(
            module_running(
                "minigrad_course.studies.process",
                measurement.task() | {"place": place},
                measurement.threads,
                self.answer,
                self.complaint,
            )
        )

    def ended(self) -> bool:
        """Whether it has finished, or had its time."""
        return self.process.poll() is not None or time.monotonic() > self.end

    def outcome(self) -> dict[str, Any] | PeerError:
        """What it found, or why it did not."""
        in_time = self.process.returncode is not None
        try:
            if not in_time:
                return PeerError(f"{self.measurement.name} had not finished after {LIMIT:.0f} s")
            self.answer.seek(0)
            self.complaint.seek(0)
            return answer_of(self.process, self.answer.read(), self.complaint.read())
        except PeerError as error:
            return error
        finally:
            self.close()

    def close(self) -> None:
        """End it, if it is still running."""
        self.resources.close()
