"""Make one measurement in this process and print it as one line of JSON.

The one argument is a :class:`~minigrad_course.studies.studies.Measurement` as JSON, with ``started``,
the time of day at which the parent started this process, ``parent``, its number, and ``place``, 0
or 1, where two of them run side by side.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from minigrad_course.studies.children import end_with
from minigrad_course.studies.machine import blas


def main(task: dict[str, Any]) -> dict[str, Any]:
    """Let the study's module measure, on as many cores as it has threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(
            0, own_cores(os.sched_getaffinity(0), task["threads"], task.get("place", 0))
        )
    study = importlib.import_module(f"minigrad_course.studies.{task['study']}")
    return study.measure(task) | {"blas": blas()}


def own_cores(available: Iterable[int], threads: int, place: int = 0) -> set[int]:
    """The cores of one of two processes that run side by side: the last ones, or those before."""
    backward = sorted(available, reverse=True)
    return {backward[(place * threads + k) % len(backward)] for k in range(threads)}


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    end_with(task["parent"])
    print(json.dumps(main(task)), flush=True)
    # To take a framework down in good order lasts a second, and there is nothing left to save.
    os._exit(0)
