"""The plan as a table: what happens in a step, in which order, and what it takes.

All numbers are read off the plan that runs: its kernels, their memory, and when they need it.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from minigrad.display.steps import separately, steps_of
from minigrad.engine.blas import blas
from minigrad.engine.kernels.kernel import Kernel
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.memory import Buffer
from minigrad.engine.plan import Plan
from minigrad.engine.program import Program
from minigrad.engine.verify import verify
from minigrad.graph import Variable
from minigrad.shared.showing import Table

__all__ = ["PlanTable", "Row"]

COLUMNS = ("step", "kernel", "nodes that it serves", "shape", "buffers", "bytes", "FLOPs")
RIGHT = ("step", "bytes", "FLOPs")  # where numbers stand one under the other
NO_HANDLE = (
    "Threads: NumPy's BLAS has threads of its own that cannot be set; so a plan keeps to one "
    "thread by default, and leaves products to BLAS"
)


class Row(NamedTuple):
    """A kernel at work, in one of the two sweeps.

    Attributes:
        step: Number in the order of execution.
        threads: How many threads do it side by side, each with its share.
        backward: Whether it computes gradients.
        kernel: Kind of the kernel.
        nodes: The nodes of the graph that it serves.
        names: What they are called: the layers or the loss that made them.
        shape: Shape of the value, batch first; of one thread's share.
        buffers: Its own arrays that are needed at this time.
        nbytes: Bytes of these, for one thread.
        flops: Floating-point operations of its products, for one thread.
    """

    step: int
    threads: int
    backward: bool
    kernel: str
    nodes: tuple[str, ...]
    names: tuple[str, ...]
    shape: tuple[int, ...]
    buffers: tuple[Buffer, ...]
    nbytes: int
    flops: int

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text, column by column."""
        labels = [b.label for b in sorted(self.buffers, key=lambda b: -b.nbytes)] or ["–"]
        others = len(labels) - 1
        return (
            str(self.step),
            self.kernel + (", backward" if self.backward else ""),
            " + ".join(self.nodes) + f" ({', '.join(self.names)})",
            "×".join(map(str, self.shape)) or "number",
            labels[0] + (f" and {others} more" if others else ""),
            f"{self.nbytes:,}",
            f"{self.flops:,}" if self.flops else "–",
        )


class Part(NamedTuple):
    """A program that several threads run, each for itself.

    Attributes:
        program: One of them; the others differ in sizes by one at most.
        threads: How many threads.
        runs: How often each runs it in a step.
    """

    program: Program
    threads: int
    runs: int


class PlanTable:
    """A plan to be read; made by ``model.plan(batch_size)``.

    Args:
        planned: The plan that runs.

    Attributes:
        way: ``"bands"``, ``"pictures"`` or ``"alone"``; see
            ``minigrad/engine/plan.py``.
        threads: Number of threads.
        batch: Samples in a step.
        parts: The programs of which the plan is made.
        rows: One for each kernel and sweep, in order.

    Example:
        >>> import minigrad as mg
        >>> mg.set_threads(1)
        >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(3, "relu"), mg.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> plan = model.plan(8)
        >>> plan.way, plan.fused[0]
        ('alone', ('matmul', 'add', 'relu'))
        >>> [row.flops for row in plan.rows if row.kernel == "dense"]
        [192, 96, 192, 192]
        >>> mg.set_threads(None)
    """

    def __init__(self, planned: Plan) -> None:
        self.planned = planned
        self.way, self.threads, self.batch = planned.way, planned.threads, planned.batch
        shares = planned.parts.parts
        self.parts = [Part(shares[0][0], len(shares), len(shares[0]))]
        if self.way == "bands":
            self.parts = [Part(shares[0][0], len(shares) - 1, 1), Part(shares[-1][0], 1, 1)]
        rows = [row for part in self.parts for row in rows_of(part, backward=False)]
        if planned.training:
            rows += [row for part in reversed(self.parts) for row in rows_of(part, backward=True)]
        self.rows = [row._replace(step=step) for step, row in enumerate(rows)]

    def verify(self) -> int:
        """Check that no call reads what another one has written over in between.

        Returns:
            How many accesses to memory were looked at.

        Raises:
            PlanError: When there is such a call, which would be a fault of the engine's.

        Example:
            >>> import minigrad as mg
            >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, "relu")])
            >>> model.compile("sgd", "mse")
            >>> model.plan(8).verify() > 0
            True
        """
        return verify(self.planned)

    # -- sums -----------------------------------------------------------------------------
    @property
    def nbytes(self) -> int:
        """Bytes of the memory of all threads, where buffers share places; without weights."""
        return sum(program.memory.nbytes for program in self.planned.programs)

    @property
    def separately(self) -> int:
        """Bytes that the same buffers would take if none shared a place with another."""
        return sum(separately(program.memory) for program in self.planned.programs)

    @property
    def flops(self) -> int:
        """Floating-point operations of all products in a step, of all threads."""
        programs = [program for share in self.planned.parts.parts for program in share]
        flops = [kernel.flops for program in programs for kernel in program.kernels]
        return sum(ahead + back * self.planned.training for ahead, back in flops)

    @property
    def fused(self) -> list[tuple[str, ...]]:
        """The nodes that are one kernel together, for each such kernel."""
        return [row.nodes for row in self.rows if len(row.nodes) > 1 and not row.backward]

    @property
    def skipped(self) -> list[str]:
        """What the kernels read and send no gradient to, since nobody needs it."""
        rows = [k for part in self.parts for k in part.program.kernels if works_back(k)]
        spared = [n for k in rows for n in k.reads if not n.needs_gradient]
        return [n.name or n.label for n in dict.fromkeys(spared)] if self.planned.training else []

    @property
    def title(self) -> str:
        """What the plan is for and how its work is shared."""
        part = self.parts[0]
        number = "one thread, " if part.threads == 1 else f"{part.threads} threads, each with "
        share = {
            "alone": "one thread",
            "bands": f"{part.threads} threads, each with some rows of the pictures and weights",
            "pictures": f"{number}{part.runs} × {part.program.network.inputs.shape[0]} pictures",
        }
        sweeps = "training" if self.planned.training else "prediction"
        return f"Plan of a step of {sweeps} on {self.batch} samples: {share[self.way]}"

    @property
    def notes(self) -> list[str]:
        """What the table amounts to, line by line."""
        saved = 1 - self.nbytes / max(self.separately, 1)
        lines = [
            f"Memory: {self.nbytes:,} bytes; {self.separately:,} if no two buffers shared a place "
            f"({saved:.0%} less)",
            f"Products: {self.flops:,} floating-point operations",
        ]
        lines += self.reasons
        if self.fused:
            lines.append("One kernel together: " + "; ".join(" + ".join(n) for n in self.fused))
        if self.skipped:
            lines.append("No gradient, as nobody needs it: " + ", ".join(self.skipped))
        return lines

    @property
    def reasons(self) -> list[str]:
        """How many threads compute what, and why so many; nothing where there was no choice."""
        lines, (threads, times) = [] if blas() else [NO_HANDLE], self.planned.choice
        if len(times) > 1:
            some = sorted({1, threads, len(times)})
            by = ", ".join(f"{times[n - 1] * 1000:.2g} ms with {n}" for n in some)
            reason = f"{threads} of at most {len(times)}, as a step takes, by estimate, {by}"
            if self.planned.parts.sums is not None and self.planned.training:
                reason += f"; {self.planned.enders} to add up gradients at the end"
            lines.append(f"Threads: {reason}")
        return lines

    # -- as text and in a notebook ----------------------------------------------------------
    def _table(self) -> Table:
        rows = [row.cells for row in self.rows]
        return Table(self.title, COLUMNS, rows, RIGHT, self.notes)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def rows_of(part: Part, backward: bool) -> Iterator[Row]:
    """The rows of one sweep through a program, not yet numbered."""
    program, owned = part.program, defaultdict[Any, list[Buffer]](list)
    for buffer in program.memory.buffers:
        owned[buffer.owner].append(buffer)
    for step in steps_of(program):
        kernel = step.kernel
        if step.backward == backward and (works_back(kernel) or not backward):
            labels = tuple(node.label for node in kernel.nodes)
            names = tuple(dict.fromkeys(node.name for node in kernel.nodes if node.name))
            shape = as_reference(program.value[kernel.output]).shape
            own = tuple(buffer for buffer in owned[kernel] if step.needs(buffer))
            size, flops = sum(buffer.nbytes for buffer in own), kernel.flops[backward]
            yield Row(
                0, part.threads, backward, kernel.kind, labels, names, shape, own, size, flops
            )


def works_back(kernel: Kernel) -> bool:
    """Whether a kernel has anything to do in the backward sweep."""
    weights = any(isinstance(n, Variable) for node in kernel.nodes for n in node.inputs)
    return kernel.learns and bool(kernel.sends or weights)
