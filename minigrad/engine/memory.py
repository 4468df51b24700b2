"""Memory: every array that a plan needs, known beforehand, placed once.

A plan is a list of kernels, so for each array it is known when it is first written and
when it is last read. Two arrays whose times do not meet can lie in the same place. The
placement is greedy: the largest array first, each at the lowest place that is free for as
long as it is needed. (Pisarchyk and Lee, "Efficient memory management for deep neural net
inference", arXiv 2001.03288, call this greedy by size.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.shared import aligned
from minigrad.shared.aligned import LINE

__all__ = ["Buffer", "Memory"]

ALWAYS = (-1, 1 << 30)  # a lifetime for what must survive from step to step


class Buffer:
    """An array to be: what it is for, its shape and dtype, and when it is needed.

    Attributes:
        label: What it holds.
        nbytes: Size in bytes, rounded up to whole cache lines: each array begins with one.
        array: The array, once the memory is settled.
        start: Where it lies in the memory, in bytes.
    """

    def __init__(
        self, label: str, shape: tuple[int, ...], dtype: Any, lifetime: tuple[int, int]
    ) -> None:
        self.label, self.shape, self.dtype, self.lifetime = label, shape, np.dtype(dtype), lifetime
        self.array: Any = None
        self.start = 0
        self.nbytes = -(-math.prod(shape) * self.dtype.itemsize // LINE) * LINE

    def meets(self, other: Buffer) -> bool:
        """Whether both are needed at some time."""
        return self.lifetime[0] <= other.lifetime[1] and other.lifetime[0] <= self.lifetime[1]


class Memory:
    """One block of memory for all buffers of a plan.

    Example:
        >>> from minigrad.engine.memory import Memory
        >>> memory = Memory()
        >>> a = memory.ask("a", (16,), "float32", (0, 1))
        >>> b = memory.ask("b", (16,), "float32", (2, 3))   # when a is no longer needed
        >>> memory.settle()
        >>> memory.nbytes, a.start, b.start
        (64, 0, 0)
    """

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.nbytes = 0

    def ask(
        self, label: str, shape: tuple[int, ...], dtype: Any, lifetime: tuple[int, int] = ALWAYS
    ) -> Buffer:
        """Ask for an array that is needed from one time to another, both included."""
        buffer = Buffer(label, shape, dtype, lifetime)
        self.buffers.append(buffer)
        return buffer

    def settle(self) -> None:
        """Find each buffer its place and make the arrays. All are zero at first."""
        placed: list[Buffer] = []
        for buffer in sorted(self.buffers, key=lambda b: -b.nbytes):
            start = 0
            for other in sorted(placed, key=lambda b: b.start):
                if buffer.meets(other):
                    if start + buffer.nbytes <= other.start:
                        break  # fits into the gap before it
                    start = max(start, other.start + other.nbytes)
            buffer.start = start
            placed.append(buffer)
        self.nbytes = max((b.start + b.nbytes for b in placed), default=0)
        block = aligned.zeros((self.nbytes,), np.uint8)
        for buffer in placed:
            size = math.prod(buffer.shape) * buffer.dtype.itemsize
            part = block[buffer.start : buffer.start + size]
            buffer.array = part.view(buffer.dtype).reshape(buffer.shape)

    @property
    def separately(self) -> int:
        """Bytes that the buffers would take if none shared a place with another."""
        return sum(buffer.nbytes for buffer in self.buffers)
