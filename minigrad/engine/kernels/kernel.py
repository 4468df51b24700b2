"""What every kernel has, and how it asks for memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Asker", "Kernel", "Step", "Steps"]

Step = Callable[[], object]
Steps = Iterable[Step]


class Kernel:
    """One entry of a plan.

    Attributes:
        nodes: The nodes that it serves; the last is the one whose value others read.
        reads: Nodes of other kernels whose values it reads.
        flops: Useful floating-point operations of a forward and of a backward sweep.
    """

    kind = "kernel"

    def __init__(self, program: Program, nodes: list[Any], reads: list[Any]) -> None:
        self.program, self.nodes, self.reads = program, nodes, reads
        self.output = nodes[-1]
        self.beside: list[Node] = []  # nodes besides the output that have a value of their own
        self.raw: Any = None  # a batch as it was gathered
        self.as_gathered = False  # whether the value is the array that was gathered
        self.flops = (0, 0)
        sends = program.training and self.output in program.differentiated
        self.sends = [n for n in reads if sends and n.needs_gradient]

    def ask(self, memory: Asker) -> None:
        """Ask for memory beyond the value and the gradient of the output."""

    def begin(self) -> Steps:
        """Calls made once in a step, before the first batch is computed."""
        return ()

    def forward(self) -> Steps:
        """The calls that compute the value."""
        raise NotImplementedError

    def backward(self) -> Steps:
        """The calls that turn the output's gradient into those of inputs and weights."""
        return ()

    # What the kernels say most often
    def value(self, node: Node | None = None) -> Any:
        return self.program.value[self.output if node is None else node]

    @property
    def gradient(self) -> Any:
        return self.program.gradient[self.output]


class Asker:
    """Asks for memory on behalf of the kernel at one place of a plan."""

    def __init__(self, memory: Any, forward: int, backward: int, training: bool) -> None:
        self.memory = memory
        self.both = (forward, backward if training else forward)
        self.then, self.later = (forward, forward), (backward, backward)
        self.always = (-1, 1 << 30)

    def __call__(self, label: str, shape: tuple[int, ...], dtype: Any, lifetime: Any) -> Any:
        return self.memory.ask(label, shape, dtype, lifetime)
