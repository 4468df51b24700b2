"""Memory: every array that a program needs, placed once its list of calls is known.

While the calls are listed each array is a *draft* in a place of its own. From the finished list
it is read off when each is first written and last read. Two arrays whose times do not meet can lie
in the same place. The placement is greedy: the largest array first, each at the lowest place that
is free for as long as it is needed. (Pisarchyk and Lee, "Efficient memory management for deep
neural net inference", arXiv 2001.03288, call this greedy by size.)
"""

import heapq
import math
import mmap
from bisect import bisect
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.shared import aligned
from minigrad.shared.aligned import LINE

ALWAYS = (-1, 1 << 30)  # a lifetime for what must survive from step to step
GREEDY = 256  # so many are placed largest first, the smaller ones in the order of time; see Memory
CHUNK = 1 << 22  # bytes of address space that drafts are cut from


class Buffer:
    """An array to be: what it is for, its shape and dtype, and when it is needed.

    Attributes:
        label: What it holds.
        keep: Whether it is to be left alone from step to step.
        owner: Who asked for it.
        written: Whether a call writes it.
        nbytes: Size in bytes, rounded up to whole cache lines: each array begins with one.
        lifetime: Numbers of the first and of the last call that need it.
        array: The array, once the memory is settled.
        start: Where it lies in the memory, in bytes.
    """

    def __init__(
        self,
        label: str,
        shape: Sequence[int],
        dtype: Any,
        keep: bool = False,
        owner: Any = None,
        lifetime: tuple[int, int] = ALWAYS,
    ) -> None:
        self.label, self.shape, self.dtype = label, tuple(shape), np.dtype(dtype)
        self.keep, self.owner, self.lifetime = keep, owner, lifetime
        self.array: Any = None
        self.start, self.written = 0, False
        self.nbytes = -(-math.prod(self.shape) * self.dtype.itemsize // LINE) * LINE


class Drafts:
    """Arrays in address space that is never touched: no two of them overlap.

    So the address of an array says of which buffer it is a view.
    """

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.starts: list[int] = []  # addresses, in order, and what begins there
        self.inside: list[Buffer] = []
        self.free = np.zeros(0, np.uint8)

    def draft(self, buffer: Buffer) -> Any:
        """An array in the place of a buffer, which nobody may read or write yet."""
        if len(self.free) < buffer.nbytes:
            self.free = np.frombuffer(mmap.mmap(-1, max(CHUNK, buffer.nbytes)), np.uint8)
        whole, self.free = self.free[: buffer.nbytes], self.free[buffer.nbytes :]
        self.buffers.append(buffer)
        if buffer.nbytes:
            place = bisect(self.starts, start := address(whole))
            self.starts.insert(place, start)
            self.inside.insert(place, buffer)
        size = math.prod(buffer.shape) * buffer.dtype.itemsize
        return whole[:size].view(buffer.dtype).reshape(buffer.shape)

    def find(self, array: Any) -> tuple[Buffer, int] | None:
        """Of which buffer an array is a view, and where in it the array begins, in bytes."""
        begins = address(array)
        place = bisect(self.starts, begins) - 1
        offset = begins - self.starts[place] if place >= 0 else 0
        if place < 0 or array.size == 0 or offset >= self.inside[place].nbytes:
            return None
        return self.inside[place], offset


class Memory:
    """One block of memory for all buffers of a program.

    The largest find their places by a rule that looks at all others, whose time grows with the
    square of their number. There may be thousands of small ones: these take places of their own
    size that are free again.

    Args:
        buffers: What is to have a place in it.

    Example:
        >>> from minigrad.engine.memory import Buffer, Memory
        >>> a = Buffer("a", (16,), "float32", lifetime=(0, 1))
        >>> b = Buffer("b", (16,), "float32", lifetime=(2, 3))   # when a is no longer needed
        >>> memory = Memory([a, b])
        >>> memory.nbytes, a.start, b.start
        (64, 0, 0)
    """

    def __init__(self, buffers: Sequence[Buffer]) -> None:
        self.buffers = list(buffers)
        by_size = sorted(self.buffers, key=lambda b: -b.nbytes)
        largest, others = by_size[:GREEDY], sorted(by_size[GREEDY:], key=lambda b: b.lifetime)
        self.nbytes = place_in_time(others, place_largest_first(largest))
        self.block = aligned.zeros((self.nbytes,), np.uint8)
        for buffer in self.buffers:
            buffer.array = self.view(buffer, 0, buffer.shape, buffer.dtype)

    def view(self, buffer: Buffer, offset: int, shape: Any, dtype: Any, strides: Any = None) -> Any:
        """An array in the place of a buffer."""
        return np.ndarray(shape, dtype, self.block, buffer.start + offset, strides)


def place_largest_first(buffers: Sequence[Buffer]) -> int:
    """Give each buffer, the largest first, the lowest place that is free while it is needed.

    Args:
        buffers: What is to be placed; their ``start`` is set.

    Returns:
        Bytes that they take together.
    """
    sizes = np.array([buffer.nbytes for buffer in buffers], int)
    first, last = np.array([buffer.lifetime for buffer in buffers], int).reshape(-1, 2).T
    starts, placed = np.zeros(len(buffers), int), np.zeros(len(buffers), bool)
    for i in np.argsort(-sizes, kind="stable"):
        others = np.flatnonzero(placed & (first <= last[i]) & (first[i] <= last))
        others = others[np.argsort(starts[others], kind="stable")]
        # where each of them begins, and what lies below ends: the first gap that is large enough
        ends = np.maximum.accumulate([0, *(starts[others] + sizes[others])])
        fits = ends[:-1] + sizes[i] <= starts[others]
        starts[i] = ends[np.argmax(fits) if fits.any() else -1]
        placed[i] = True
    for buffer, start in zip(buffers, starts, strict=True):
        buffer.start = int(start)
    return int(np.max(starts + sizes, initial=0))


def place_in_time(buffers: Sequence[Buffer], bottom: int) -> int:
    """Give each buffer a place of its size that is free again, or a new one on top.

    Args:
        buffers: In the order in which they are first needed.
        bottom: Where the first may begin.

    Returns:
        Where the last one ends.
    """
    free: dict[int, list[int]] = {}  # by size
    taken: list[tuple[int, int, int]] = []  # until when, where, how large
    for buffer in buffers:
        while taken and taken[0][0] < buffer.lifetime[0]:
            _, start, size = heapq.heappop(taken)
            free.setdefault(size, []).append(start)
        if free.get(buffer.nbytes):
            buffer.start = free[buffer.nbytes].pop()
        else:
            buffer.start, bottom = bottom, bottom + buffer.nbytes
        heapq.heappush(taken, (buffer.lifetime[1], buffer.start, buffer.nbytes))
    return bottom


def address(array: Any) -> int:
    """Where an array begins."""
    return int(array.__array_interface__["data"][0])
