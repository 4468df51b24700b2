"""The plan as a table: what happens in a step, in which order, and what it takes.

All numbers are read off the plan that runs: its kernels, their memory, and when they need it.
"""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

from minigrad.engine.kernels.kernel import Kernel
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.memory import Buffer
from minigrad.engine.plan import Plan
from minigrad.engine.program import Program, Step
from minigrad.engine.verify import verify
from minigrad.graph import Variable
from minigrad.shared.console import shown

__all__ = ["PlanTable", "Row"]

COLUMNS = ("step", "kernel", "nodes that it serves", "shape", "buffers", "bytes", "FLOPs")


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
        programs = planned.programs
        if self.way == "bands":
            self.parts = [Part(programs[0], len(programs) - 1, 1), Part(programs[-1], 1, 1)]
        else:
            shares = planned.parts.parts
            self.parts = [Part(shares[0][0], len(shares), len(shares[0]))]
        sweeps = [self.sweep(part, backward=False) for part in self.parts]
        if planned.training:
            sweeps += [self.sweep(part, backward=True) for part in reversed(self.parts)]
        rows = [row for sweep in sweeps for row in sweep]
        self.rows = [row._replace(step=step) for step, row in enumerate(rows)]

    def sweep(self, part: Part, backward: bool) -> list[Row]:
        """The rows of one sweep through a program."""
        own: dict[Any, list[Buffer]] = {}
        for buffer in part.program.memory.buffers:
            own.setdefault(buffer.owner, []).append(buffer)
        steps = [step for step in part.program.steps() if step.backward == backward]
        works = [step for step in steps if not backward or works_back(step.kernel)]
        return [self.row(part, step, own) for step in works]

    def row(self, part: Part, step: Step, own: dict[Any, list[Buffer]]) -> Row:
        """The row of one kernel in one sweep."""
        kernel = step.kernel
        needed = tuple(buffer for buffer in own.get(kernel, ()) if step.needs(buffer))
        return Row(
            step=0,
            threads=part.threads,
            backward=step.backward,
            kernel=kernel.kind,
            nodes=tuple(node.label for node in kernel.nodes),
            names=tuple(dict.fromkeys(node.name for node in kernel.nodes if node.name)),
            shape=as_reference(part.program.value[kernel.output]).shape,
            buffers=needed,
            nbytes=sum(buffer.nbytes for buffer in needed),
            flops=kernel.flops[step.backward],
        )

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
        return sum(program.memory.separately for program in self.planned.programs)

    @property
    def flops(self) -> int:
        """Floating-point operations of all products in a step, of all threads."""
        shares = getattr(self.planned.parts, "parts", [self.planned.programs])
        flops = [k.flops for programs in shares for program in programs for k in program.kernels]
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
        lines += self.planned.reasons
        if self.fused:
            lines.append("One kernel together: " + "; ".join(" + ".join(n) for n in self.fused))
        if self.skipped:
            lines.append("No gradient, as nobody needs it: " + ", ".join(self.skipped))
        return lines

    # -- as text and in a notebook ----------------------------------------------------------
    def __repr__(self) -> str:
        cells = [COLUMNS, *(row.cells for row in self.rows)]
        wide = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
        right = [name in ("step", "bytes", "FLOPs") for name in COLUMNS]

        def text(line: tuple[str, ...]) -> str:
            placed = zip(line, wide, right, strict=True)
            return "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in placed).rstrip()

        rule = "  ".join("─" * w for w in wide)
        table = [text(cells[0]), rule, *map(text, cells[1:])]
        return shown("\n".join([self.title, *table, *self.notes]))

    def _repr_html_(self) -> str:
        def line(tag: str, cells: Any) -> str:
            sides = ["right" if name in ("step", "bytes", "FLOPs") else "left" for name in COLUMNS]
            placed = zip(cells, sides, strict=True)
            return "".join(
                f'<{tag} style="text-align:{side}">{escape(c)}</{tag}>' for c, side in placed
            )

        body = "".join(f"<tr>{line('td', row.cells)}</tr>" for row in self.rows)
        notes = "<br>".join(map(escape, self.notes))
        return (
            f"<table><caption>{escape(self.title)}</caption><thead><tr>{line('th', COLUMNS)}</tr>"
            f"</thead><tbody>{body}</tbody></table><p>{notes}</p>"
        )


def works_back(kernel: Kernel) -> bool:
    """Whether a kernel has anything to do in the backward sweep."""
    weights = any(isinstance(n, Variable) for node in kernel.nodes for n in node.inputs)
    return kernel.learns and bool(kernel.sends or weights)
