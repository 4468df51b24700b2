"""Processes that we start, ask, and never leave behind.

Whoever starts a process must end it: on Ctrl-C, on a request to terminate, after an error, in the
instant between the process's beginning and our knowing of it, and when we are killed outright.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from minigrad_course.studies.machine import OPENBLAS_OVERRIDES

__all__ = [
    "PeerError",
    "answer_of",
    "end_with",
    "interruptions_wait",
    "module_running",
    "run_module",
    "running",
    "termination_interrupts",
]


class PeerError(RuntimeError):
    """A process did not deliver; the message is the last thing it said.

    Example:
        >>> issubclass(PeerError, RuntimeError)
        True
    """


def run_module(
    module: str, words: dict[str, Any], threads: int, limit: float = 900.0
) -> dict[str, Any]:
    """Run a module in a new process, with a task as its one argument, and wait for its answer.

    Args:
        module: What ``python -m`` runs. It prints one line of JSON at the end.
        words: The task; ``started``, the time of day, and ``parent``, the number of this process,
            are added. ``peer`` is named in errors.
        threads: Threads for every library.
        limit: Seconds after which the process is given up.

    Returns:
        The process's answer.

    Raises:
        PeerError: It ended with an error, or not in time. It is no longer running then, nor is it
            after Ctrl-C.
    """
    with module_running(module, words, threads) as process:
        try:
            answer, complaint = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            raise PeerError(f"{words['peer']} had not finished after {limit:.0f} s") from None
    return answer_of(process, answer, complaint)


def module_running(
    module: str, words: dict[str, Any], threads: int, stdout: Any = None, stderr: Any = None
) -> contextlib.AbstractContextManager[subprocess.Popen]:
    """A module at work while the block runs, see :func:`run_module`.

    Args:
        module: What ``python -m`` runs.
        words: The task.
        threads: Threads for every library.
        stdout: Where its answer goes; a pipe by default.
        stderr: Where its complaints go; a pipe by default.
    """
    words = words | {"started": time.time(), "parent": os.getpid()}
    return running(
        [sys.executable, "-m", module, json.dumps(words)],
        stdout=stdout or subprocess.PIPE,
        stderr=stderr or subprocess.PIPE,
        text=True,
        env=environment(threads),
        cwd=Path(__file__).parents[2],  # so that it finds this minigrad and no other
    )


def answer_of(process: subprocess.Popen, answer: str, complaint: str) -> dict[str, Any]:
    """What a process that has ended found, or its last word as an error."""
    if process.returncode:
        last = complaint.strip().splitlines() or [f"exit code {process.returncode}"]
        raise PeerError(last[-1])
    return json.loads(answer.strip().splitlines()[-1])


def environment(threads: int) -> dict[str, str]:
    """The environment of a timed process: every library told the same number of threads."""
    variables = {k: v for k, v in os.environ.items() if k not in OPENBLAS_OVERRIDES}
    # The last one is JAX's.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        variables[name] = str(threads)
    variables |= {
        "CUDA_VISIBLE_DEVICES": "-1",  # processors only, for all of them
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return variables


@contextlib.contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen]:
    """A process that ends with the block at the latest, however the block is left.

    Args:
        command: What to run.
        options: For ``subprocess.Popen``.

    Yields:
        The process.

    Raises:
        OSError: The command cannot be started.

    Example:
        >>> with running([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        ...     process.poll() is None
        True
        >>> process.poll() is None
        False
    """
    with contextlib.ExitStack() as ends:
        with interruptions_wait():
            process = subprocess.Popen(command, **options)
            ends.callback(end, process)
        yield process


def end(process: subprocess.Popen) -> None:
    """Ask a process to end, make it end after five seconds, and close its pipes."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


@contextlib.contextmanager
def interruptions_wait() -> Iterator[None]:
    """Let Ctrl-C and a request to terminate wait until the block is left.

    Python runs a signal's handler between any two of its instructions, also between the one that
    starts a process and the one that notes which.
    """
    waiting: list[int] = []
    handlers: dict[int, Any] = {}
    try:
        # Signals are the main thread's; what happens in another one is never interrupted.
        if threading.current_thread() is threading.main_thread():
            for kind in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(kind)
                if callable(handler):  # and not ignored, or the system's default: to die at once
                    handlers[kind] = handler
                    signal.signal(kind, lambda number, frame: waiting.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)


@contextlib.contextmanager
def termination_interrupts() -> Iterator[None]:
    """Make a request to terminate leave the block as Ctrl-C does, by way of every ``finally``."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_with(parent: int) -> None:
    """End this process when its parent is gone: killed outright, it cannot end us itself.

    Args:
        parent: The parent's number, as the parent gave it: it may be gone already, and then
            ``os.getppid()`` names who adopted us.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    if hasattr(os, "fork"):  # elsewhere a process keeps its parent's number
        threading.Thread(target=watch, daemon=True).start()
