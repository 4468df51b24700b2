"""Memory: every array that a program needs, placed once its list of calls is known.

While the calls are listed each array is a *draft* in a place of its own. From the finished list
it is read off when each is first written and last read. Two arrays whose times do not meet can lie
in the same place. The placement is greedy: the largest array first, each at the lowest place that
is free for as long as it is needed. (Pisarchyk and Lee, "Efficient memory management for deep
neural net inference", arXiv 2001.03288, call this greedy by size.)
"""

from __future__ import annotations

import heapq
import math
import mmap
from bisect import bisect
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.shared import aligned
from minigrad.shared.aligned import LINE

__all__ = ["ALWAYS", "Buffer", "Drafts", "Memory"]

ALWAYS = (-1, 1 << 30)  # a lifetime for what must survive from step to step
GREEDY = 256  # so many buffers are placed largest first; the smaller ones in the order of time
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

    def meets(self, other: Buffer) -> bool:
        """Whether both are needed at some time."""
        return self.lifetime[0] <= other.lifetime[1] and other.lifetime[0] <= self.lifetime[1]


class Drafts:
    """Arrays in address space that is never touched: no two of them overlap.

    So the address of an array says of which buffer it is a view.
    """

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.addresses: list[int] = []  # of the chunks, in order, and what they begin with
        self.chunks: list[tuple[int, list[int], list[Buffer]]] = []
        self.free = np.zeros(0, np.uint8)

    def draft(self, buffer: Buffer) -> Any:
        """An array in the place of a buffer, which nobody may read or write yet."""
        if len(self.free) < buffer.nbytes:
            size = max(CHUNK, buffer.nbytes)
            self.free = np.frombuffer(mmap.mmap(-1, size), np.uint8)
            first = self.free.__array_interface__["data"][0]
            place = bisect(self.addresses, first)
            self.addresses.insert(place, first)
            self.starts: list[int] = []
            self.inside: list[Buffer] = []
            self.chunks.insert(place, (first + size, self.starts, self.inside))
        whole, self.free = self.free[: buffer.nbytes], self.free[buffer.nbytes :]
        self.starts.append(whole.__array_interface__["data"][0])
        self.inside.append(buffer)
        self.buffers.append(buffer)
        size = math.prod(buffer.shape) * buffer.dtype.itemsize
        return whole[:size].view(buffer.dtype).reshape(buffer.shape)

    def find(self, array: Any) -> tuple[Buffer, int] | None:
        """Of which buffer an array is a view, and where in it the array begins, in bytes."""
        address = array.__array_interface__["data"][0]
        chunk = bisect(self.addresses, address) - 1
        if chunk < 0 or array.size == 0:
            return None
        end, starts, inside = self.chunks[chunk]
        if address >= end:
            return None
        number = bisect(starts, address) - 1
        return inside[number], address - starts[number]


class Memory:
    """One block of memory for all buffers of a program.

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
        top = place_largest_first(by_size[:GREEDY])
        top = place_in_time(sorted(by_size[GREEDY:], key=lambda b: b.lifetime), top)
        self.nbytes = top
        self.block = aligned.zeros((self.nbytes,), np.uint8)
        for buffer in self.buffers:
            buffer.array = self.view(buffer, 0, buffer.shape, buffer.dtype)

    def view(self, buffer: Buffer, offset: int, shape: Any, dtype: Any, strides: Any = None) -> Any:
        """An array in the place of a buffer."""
        return np.ndarray(shape, dtype, self.block, buffer.start + offset, strides)

    @property
    def separately(self) -> int:
        """Bytes that the buffers would take if none shared a place with another."""
        return sum(buffer.nbytes for buffer in self.buffers)


def place_largest_first(buffers: Sequence[Buffer]) -> int:
    """Give each buffer the lowest place that is free for as long as it is needed.

    Args:
        buffers: In the order in which they choose.

    Returns:
        Bytes that they take together.
    """
    placed: list[Buffer] = []  # by where they begin
    starts: list[int] = []
    for buffer in buffers:
        start = 0
        for other in placed:
            if buffer.meets(other):
                if start + buffer.nbytes <= other.start:
                    break  # fits into the gap before it
                start = max(start, other.start + other.nbytes)
        buffer.start = start
        place = bisect(starts, start)
        starts.insert(place, start)
        placed.insert(place, buffer)
    return max((b.start + b.nbytes for b in placed), default=0)


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
