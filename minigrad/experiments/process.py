"""Make one measurement in this process and print it as one line of JSON.

The one argument is a :class:`~minigrad.experiments.studies.Measurement` as JSON, with ``started``,
the time of day at which the parent started this process.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from typing import Any

from minigrad.experiments.machine import blas


def main(task: dict[str, Any]) -> dict[str, Any]:
    """Let the study's module measure, on as many cores as it has threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-task["threads"] :])
    study = importlib.import_module(f"minigrad.experiments.{task['study']}")
    return study.measure(task) | {"blas": blas()}


def end_with(parent: int) -> None:
    """End this process when its parent is gone: killed outright, it cannot end us itself."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    if hasattr(os, "fork"):  # elsewhere a process keeps its parent's number
        threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    end_with(os.getppid())
    print(json.dumps(main(json.loads(sys.argv[1]))))
