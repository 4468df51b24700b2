"""Threads: a team that runs lists of NumPy calls side by side.

NumPy lets go of Python's lock while it computes, so two threads that call NumPy on
different arrays do run at the same time. The team below splits the work by hand and BLAS,
which has threads of its own, is told to use one: threads that wait for each other inside
every product stall as soon as another program takes a core.

Workers sleep on a lock between two regions of work, which costs about 10 µs to wake them
and nothing while they wait.

Nothing here relies on Python's lock for safety, so a free-threaded Python may run it. What threads
share is handed over by locks of its own: a worker's list before ``start`` is given back, its
outcome before ``done`` is; each list is read by one thread only, and no two lists of a region write
what another one touches (``verify.py`` checks that). Its tests pass there (tests/README.md).
"""

from __future__ import annotations

import atexit
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
_teams: dict[int, Team] = {}  # by size
_changing = threading.Lock()


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


class Team:
    """Threads that run lists of calls; the calling thread is one of them.

    Args:
        size: Number of threads, the calling one included.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.workers = [Worker() for _ in range(size - 1)]
        self.in_use = threading.Lock()  # two models may be trained by two threads of a user's
        self.closed = False

    def run(self, lists: Sequence[Calls]) -> bool:
        """Run one list of calls in each thread and wait for all.

        Args:
            lists: As many lists as threads, or fewer.

        Returns:
            Whether it did; not if the team has been closed meanwhile.

        Raises:
            Exception: What a call raised, once all threads are through.
        """
        mine, *others = lists
        with self.in_use:
            if self.closed:
                return False
            busy = self.workers[: len(others)]
            try:
                for worker, steps in zip(busy, others, strict=True):
                    worker.steps = steps
                    worker.start.release()
                run(mine)
                for worker in busy:
                    worker.done.acquire()
            except BaseException:  # Ctrl-C too, which may strike anywhere above
                self.abandon()
                raise
            errors = [worker.error for worker in busy]
            for worker in busy:
                worker.error, worker.steps = None, ()
        for error in filter(None, errors):
            raise error
        return True

    def abandon(self) -> None:
        """Wait until no worker writes any more, however often Ctrl-C comes.

        The next work is done by a new team.
        """
        while True:
            try:
                forget(self)
                for worker in self.workers:
                    worker.steps = ()  # one that has not begun need not
                self.wait()
                self.close()
                return
            except KeyboardInterrupt:
                continue

    def wait(self) -> None:
        """Wait until no worker works."""
        while any(worker.works for worker in self.workers):
            time.sleep(0.001)

    def close(self) -> None:
        """End the workers; nobody may be using them."""
        self.closed = True
        for worker in self.workers:
            worker.steps = None
            with suppress(RuntimeError):  # it was told to start and has not begun
                worker.start.release()

    def close_if_idle(self) -> bool:
        """End the workers unless somebody uses them; whether that was done."""
        idle = self.in_use.acquire(blocking=False)
        if idle:
            self.close()
            self.in_use.release()
        return idle


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


def team(size: int | None = None) -> Team:
    """A team of at least that size, of the number of threads allowed by default.

    It is kept, for smaller ones as well. Those that are too small are closed, but for one that
    another thread is using.
    """
    size = get_threads() if size is None else size
    with _changing:
        chosen = large_enough(size) or Team(size)
        close_others(chosen)
        _teams[chosen.size] = chosen
        return chosen


def large_enough(size: int) -> Team | None:
    return next((t for t in _teams.values() if t.size >= size and not t.closed), None)


def close_others(chosen: Team) -> None:
    for other in list(_teams.values()):
        if other is not chosen and (other.closed or other.close_if_idle()):
            del _teams[other.size]


def side_by_side(lists: Sequence[Calls]) -> None:
    """Run each of some lists of calls in a thread of its own, and wait for all.

    Raises:
        Exception: What a call raised, once all threads are through.
    """
    while not team(len(lists)).run(lists):
        pass  # it was too small for somebody in between


def forget(abandoned: Team) -> None:
    _teams.pop(abandoned.size, None)


def begin_anew() -> None:
    """In a forked process there are no threads but one, and nobody holds a lock."""
    global _changing
    _teams.clear()
    _changing = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=begin_anew)
atexit.register(_teams.clear)
