"""How many threads a plan uses: as many as make its step shortest, by estimate.

More threads share the computing, but each makes about as many calls as one alone would. Every
call of NumPy's that is worth sharing takes Python's lock twice, and where several threads want
it, handing it over takes longer than many a call; a shorter one keeps it while it lasts. So the
time of a step with n threads is about

    √((computing / n)² + (n · calls · handing over)²)

and the best n is larger the more there is to compute in a call. The estimate is made from the
plan itself, with the same constants on every machine, so that the same plan has the same number
of threads, and gives the same bits.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.engine.calls import accesses

# Seconds, measured on a core of a server of 2024; only their ratios matter for the choice.
PRODUCT = 1 / 80e9  # of a floating-point operation in a product of matrices
ELEMENT = 1 / 2e9  # of an element in any other call
CALL = 1.5e-6  # of a call, whatever it computes
HANDOVER = 12e-6  # of handing the lock to another thread that waits for it
WAKING = 15e-6  # of starting a thread and waiting for its end
SHORT = 500  # elements up to which NumPy keeps the lock


class Work(NamedTuple):
    """What some calls amount to.

    Attributes:
        seconds: Computing, on one core.
        calls: How many calls there are.
        long: How many of them let go of Python's lock.
    """

    seconds: float
    calls: int
    long: int


def work_of(calls: Iterable[Any]) -> Work:
    """The work in some calls.

    Example:
        >>> import numpy as np
        >>> from functools import partial
        >>> from minigrad.engine.workload import work_of
        >>> a, b = np.zeros((200, 300)), np.zeros((300, 400))
        >>> work_of([partial(np.matmul, a, b, out=np.zeros((200, 400)))]).seconds
        0.0006
    """
    seconds, count, long = 0.0, 0, 0
    for call in calls:
        reads, writes = accesses(call)
        elements = max((array.size for array in (*reads, *writes)), default=0)
        if getattr(call, "func", None) is np.matmul:
            (left, _), (out,) = reads, writes
            seconds += 2 * out.size * (left.shape[-1] if left.ndim else 1) * PRODUCT
        else:
            seconds += elements * ELEMENT
        count += 1
        long += elements > SHORT
    return Work(seconds, count, long)


def lock_is_there() -> bool:
    """Whether Python has a lock that threads hand over: not where it is free-threaded."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def seconds(shared: Work, threads: int, pieces: int = 1, regions: int = 1) -> float:
    """How long some threads take, by estimate.

    Args:
        shared: What they share, as the calls of one thread that does all of it.
        threads: How many.
        pieces: How often each makes its calls.
        regions: How often they start together and wait for each other.
    """
    own = shared.seconds / threads + pieces * shared.calls * CALL
    if threads == 1:
        return own
    held = shared.long * HANDOVER + (shared.calls - shared.long) * CALL
    lock = threads * pieces * held if lock_is_there() else 0.0
    return math.hypot(own, lock) + regions * WAKING


class Choice(NamedTuple):
    """How many threads, and why.

    Attributes:
        threads: How many.
        times: The estimate for each number that was allowed, the first for one thread.
    """

    threads: int
    times: tuple[float, ...]


def choose(times: Sequence[float]) -> Choice:
    """The number of threads with the shortest time; of equal ones the fewest.

    Args:
        times: With one thread, with two, …

    Example:
        >>> from minigrad.engine.workload import choose
        >>> choose([4.0, 2.5, 2.0, 2.2]).threads
        3
    """
    return Choice(min(range(len(times)), key=times.__getitem__) + 1, tuple(times))
