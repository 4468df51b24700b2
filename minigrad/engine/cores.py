"""How many cores there are for this process: cores, not hyperthreads, and no more than allowed."""

import ctypes
import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

SYSTEM = Path("/sys/devices/system/cpu")
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def cores() -> int:
    """How many cores this process may use, and may keep busy.

    Two hyperthreads of a core count as one where the system says which they are, since they share
    the units that compute. A container may be allowed some of the cores only, or the time of a few.
    """
    if sys.platform == "emscripten":  # in a browser no thread can be started
        return 1
    allowed = processors()
    count = min(len(allowed), physical(frozenset(allowed)), quota())
    return max(1, math.ceil(count - 0.01))


def processors() -> set[int]:
    """The numbers of the processors that this process may run on, hyperthreads included."""
    try:
        return os.sched_getaffinity(0)
    except AttributeError:  # macOS, Windows
        return set(range(os.cpu_count() or 1))


@cache
def physical(allowed: frozenset[int]) -> int:
    """How many cores these processors belong to."""
    if sys.platform == "darwin":
        return on_macos() or len(allowed)
    siblings = set()
    for number in allowed:
        try:
            siblings.add((SYSTEM / f"cpu{number}/topology/thread_siblings_list").read_text())
        except OSError:
            return len(allowed)
    return len(siblings)


def on_macos() -> int | None:
    """How many fast cores a Mac has; all of them where it makes no difference between them."""
    for name in (b"hw.perflevel0.physicalcpu", b"hw.physicalcpu"):
        with suppress(OSError, AttributeError):
            number = ctypes.c_int(0)
            size = ctypes.c_size_t(ctypes.sizeof(number))
            ask = ctypes.CDLL(None).sysctlbyname
            if ask(name, ctypes.byref(number), ctypes.byref(size), None, 0) == 0 and number.value:
                return number.value
    return None


@cache  # every step asks for it, by way of get_threads, and these are files
def quota() -> float:
    """The time of how many processors a container may use."""
    return min(quotas(), default=math.inf)


def quotas() -> Iterator[float]:
    """The same by each group that it belongs to."""
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":  # version 2
            for folder in upwards(GROUPS, path):
                with suppress(OSError, ValueError):
                    most, period = (folder / "cpu.max").read_text().split()
                    yield float(most) / float(period)  # "max" is no number
        elif "cpu" in controllers.split(","):
            for folder in (*upwards(GROUPS / controllers, path), *upwards(GROUPS / "cpu", path)):
                with suppress(OSError, ValueError):
                    most = (folder / "cpu.cfs_quota_us").read_text()
                    period = (folder / "cpu.cfs_period_us").read_text()
                    if float(most) > 0:  # -1 where there is none
                        yield float(most) / float(period)


def upwards(root: Path, path: str) -> Iterator[Path]:
    """The folder of a group below a root, and those above it; a container sees the root only."""
    folder = root / path.lstrip("/")
    while folder != root and root in folder.parents:
        yield folder
        folder = folder.parent
    yield root
