"""Threads: workers that run lists of NumPy calls side by side.

NumPy lets go of Python's lock while it computes, so two threads that call NumPy on
different arrays do run at the same time. The work is split by hand and BLAS,
which has threads of its own, is told to use one: threads that wait for each other inside
every product stall as soon as another program takes a core.

Workers sleep on a lock between two regions of work, which costs about 10 µs to wake them
and nothing while they wait. One that is idle belongs to nobody: who has a region of work takes
as many as it wants, makes those that are missing, and leaves them for the next.

Nothing here relies on Python's lock for safety, so a free-threaded Python may run it. What threads
share is handed over by locks of its own: a worker's list before ``start`` is given back, its
outcome before ``done`` is; each list is read by one thread only, and no two lists of a region write
what another one touches (``verify.py`` checks that). Its tests pass there (tests/README.md).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from minigrad.engine.blas import blas
from minigrad.engine.calls import Calls, run
from minigrad.engine.cores import cores
from minigrad.shared.arguments import whole
from minigrad.shared.turns import helping

_wanted: int | None = None
_idle: list[Worker] = []  # taken from and added to by one call each, which no thread sees half done


def set_threads(n: int | None) -> None:
    """Say how many threads the optimized version may use.

    How many it does use, it chooses for each plan: more share the work, but wait for each other
    more often. They are never more than cores. ``model.plan(batch_size)`` says how many, and why.

    The same seed, limit and machine give the same bits; another number of threads adds in another
    order and differs by rounding.

    Args:
        n: The most threads, at least 1; ``None`` for one a core.

    Raises:
        ValueError: When n is not a whole number of at least 1.

    Example:
        >>> import minigrad as mg
        >>> mg.set_threads(1)
        >>> mg.get_threads()
        1
        >>> mg.set_threads(None)
    """
    global _wanted
    _wanted = None if n is None else whole("set_threads", "n", n)


def get_threads() -> int:
    """How many threads the optimized version may use.

    Example:
        >>> import minigrad as mg
        >>> mg.get_threads() >= 1
        True
    """
    if _wanted is not None:
        return _wanted
    return cores() if blas() is not None else 1


class Worker:
    """A thread that waits for a list of calls, runs it, and says so."""

    def __init__(self) -> None:
        self.steps: Calls | None = ()
        self.error: BaseException | None = None
        self.works = False
        # Locks used as signals: one thread takes what the other gives back.
        self.start, self.done = threading.Lock(), threading.Lock()
        self.start.acquire()
        self.done.acquire()
        threading.Thread(target=self.loop, name="minigrad", daemon=True).start()

    def loop(self) -> None:
        helping.hand = True
        while True:
            self.start.acquire()
            self.works = True
            steps = self.steps
            if steps is None:
                return
            try:
                run(steps)
            except BaseException as raised:
                self.error = raised
            self.works = False
            self.done.release()

    def begin(self, steps: Calls | None) -> None:
        """Have it run a list of calls; ``None`` ends it."""
        self.steps = steps
        self.start.release()


def side_by_side(lists: Sequence[Calls]) -> None:
    """Run each of some lists of calls in a thread of its own, and wait for all.

    The first is run by the calling thread.

    Args:
        lists: The calls.

    Raises:
        Exception: What a call raised, once all threads are through.
    """
    mine, *others = lists
    workers: list[Worker] = []
    try:
        for steps in others:
            workers.append(idle_worker())
            workers[-1].begin(steps)
        run(mine)
        for worker in workers:
            worker.done.acquire()
        errors = [worker.error for worker in workers]
        for worker in workers:
            worker.error, worker.steps = None, ()
    except BaseException:  # Ctrl-C too, which may strike anywhere above
        abandon(workers)
        raise
    _idle.extend(workers)
    for error in filter(None, errors):
        raise error


def idle_worker() -> Worker:
    """A worker that nobody uses, a new one if there is none."""
    try:
        return _idle.pop()
    except IndexError:
        return Worker()


def abandon(workers: list[Worker]) -> None:
    """Wait until none of them writes any more, however often Ctrl-C comes, and end them."""
    while True:
        try:
            for worker in workers:
                worker.steps = ()  # one that has not begun need not
            wait_for(workers)
            for worker in workers:
                with suppress(RuntimeError):  # it was told to start and has not begun
                    worker.begin(None)
            return
        except KeyboardInterrupt:
            continue


def wait_for(workers: list[Worker]) -> None:
    """Wait until none of them works."""
    while any(worker.works for worker in workers):
        time.sleep(0.001)


if hasattr(os, "register_at_fork"):  # in a forked process there are no threads but one
    os.register_at_fork(after_in_child=_idle.clear)
