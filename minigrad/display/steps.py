"""A program as its pictures show it: kernels at work, one after the other, and their memory."""

from collections import Counter
from typing import NamedTuple

from minigrad.engine.kernels.kernel import Kernel
from minigrad.engine.memory import Buffer, Memory
from minigrad.engine.program import Program


class Step(NamedTuple):
    """A kernel at work in one of the two sweeps.

    Attributes:
        kernel: The kernel.
        backward: In which sweep.
        start: Number of its first call.
        stop: Number of the first call after it.
    """

    kernel: Kernel
    backward: bool
    start: int
    stop: int

    def needs(self, buffer: Buffer) -> bool:
        """Whether a buffer is needed meanwhile; where there is no call, by the one before."""
        first, last = buffer.lifetime
        return first < self.stop and last >= min(self.start, self.stop - 1)


def steps_of(program: Program) -> list[Step]:
    """The kernels of a program at work, in order, each with the numbers of its calls."""
    time = len(program.begin)
    made = []
    for sweep in ("forward", "backward"):
        back = sweep == "backward"
        calls = program.drafted[sweep] if back else program.drafted["data"] + program.drafted[sweep]
        count = Counter(kernel for kernel, _ in calls)
        for kernel in reversed(program.kernels) if back else program.kernels:
            made.append(Step(kernel, back, time, time + count[kernel]))
            time += count[kernel]
    return made if program.scope.training else made[: len(program.kernels)]


def separately(memory: Memory) -> int:
    """Bytes that the buffers would take if none shared a place with another."""
    return sum(buffer.nbytes for buffer in memory.buffers)
