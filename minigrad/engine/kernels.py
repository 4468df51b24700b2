"""Kernels: what a plan is made of. Each serves one or more nodes of the graph.

A kernel asks for the memory it needs, and then says which NumPy calls compute its value
(``forward``) and its gradients (``backward``). Every call writes into memory that exists
already, through ``out=``. Beside each kernel stands the reference operator that it
replaces; the tests hold the two to the same numbers.

**Batch last.** Users see pictures as (batch, height, width, channel). In here the batch is
the last axis: pictures are (height, channel, width, batch), vectors (feature, batch). The
innermost loop of every call then runs over many pictures that are treated alike, the
window matrix of a convolution is filled by copying long runs, and the products of a dense
layer meet the weights in the order in which Keras stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.eager import gather
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.engine.program import Program

Step = Callable[[], object]
Steps = Iterable[Step]


# -- batch last and back: views, never copies ---------------------------------------------
STORED = {4: (1, 3, 2, 0), 2: (1, 0)}  # (batch, height, width, channel) → (h, c, w, batch)
REFERENCE = {4: (3, 0, 2, 1), 2: (1, 0)}


def stored_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(shape[axis] for axis in STORED.get(len(shape), range(len(shape))))


def as_stored(reference: Any) -> Any:
    return reference.transpose(STORED.get(reference.ndim, range(reference.ndim)))


def as_reference(stored: Any) -> Any:
    return stored.transpose(REFERENCE.get(stored.ndim, range(stored.ndim)))


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


class Feed(Kernel):
    """Gathers a batch of the data set, and turns it batch last. Replaces ``Rescale`` too."""

    kind = "gather"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes, [])
        band, cut = program.band, program.cut
        self.rows = band.input if band else slice(None)  # of each picture
        self.other = cut.feed if cut and band else None  # who has gathered the batch already
        self.rescale = nodes[1] if len(nodes) > 1 else None
        # Targets, and data that are neither pictures nor vectors, stay as they are gathered.
        node = nodes[0]
        self.as_gathered = node is program.network.targets or node.ndim not in (2, 4)
        self.data: Any = None  # the whole data set
        self.batch: Any = None  # which of it make the batch, shared by all programs of a plan

    def ask(self, memory: Asker) -> None:
        if self.other is not None:
            self.raw = self.other.raw
            return
        node = self.nodes[0]
        life = memory.always if self.as_gathered else memory.then
        self.raw = memory("a batch as it is stored", node.shape, node.dtype, life)

    def take(self) -> None:
        gather(self.data, self.batch[self.program.pictures], self.raw.array)

    def forward(self) -> Steps:
        if self.other is None:
            yield self.take
        raw, out = as_stored(self.raw.array), self.value()
        if self.as_gathered:
            return
        yield partial(np.copyto, out, raw[self.rows])
        if self.rescale is not None:
            yield partial(np.multiply, out, self.rescale.scale, out=out)
            if self.rescale.offset:
                yield partial(np.add, out, self.rescale.offset, out=out)
