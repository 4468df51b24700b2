"""Where the gradient of a weight goes, and when the weight changes."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine import sizes
from minigrad.engine.kernels.kernel import Asker, Steps
from minigrad.graph import Variable

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Weight"]


class Weight:
    """Where a kernel writes the gradient of a weight.

    Either the update follows at once, for a dense layer piece by piece while the piece is in
    the cache; or the gradient is kept, and added to if there is more than one part of it.
    """

    def __init__(self, program: Program, variable: Variable) -> None:
        self.program, self.variable = program, variable
        self.adds = program.uses[variable] > 1 or program.several
        mine = program.own is None or program.own is variable
        self.at_once = mine and not self.adds and program.updates.rule is not None
        # A learning rate that may be taken into a factor of the gradient, which is smaller
        self.rate = program.updates.rate(variable) if self.at_once else None
        self.part: Any = None  # where a piece of the gradient is written, or one to add
        self.kept: Any = None
        self.spare: Any = None

    def ask(self, memory: Asker, rows: slice | None = None) -> None:
        if self.adds and self.part:  # a kernel that comes later sends its gradient earlier
            self.part.lifetime = (memory.later[0], self.part.lifetime[1])
            return
        self.rows, shape, dtype = rows, self.variable.shape, self.variable.dtype
        if rows is not None:
            self.length = rows.stop - rows.start
            self.step = max(sizes.PIECE // (math.prod(shape[1:]) * dtype.itemsize), 1)
            shape = (self.length, *shape[1:])
            if self.at_once:
                shape = (min(self.step, self.length), *shape[1:])
        if self.at_once or self.adds:
            self.part = memory("gradient, to be used up", shape, dtype, memory.later)
        if self.at_once and self.program.updates.needs_spare:
            self.spare = memory("spare", shape, dtype, memory.later)
        if not self.at_once:
            self.kept = memory(f"gradient of {self.variable.name}", shape, dtype, memory.always)

    def pieces(self) -> list[slice]:
        """Rows of a dense layer's weight that are worked on at a time."""
        step = self.step if self.at_once else self.length
        return [slice(i, min(i + step, self.length)) for i in range(0, self.length, step)]

    def into(self, rows: slice | None = None) -> Any:
        """Where to write the gradient, or that of these rows."""
        place = (self.part or self.kept).array
        if rows is None:
            return place
        return place[: rows.stop - rows.start] if self.at_once else place[rows]

    def done(self, rows: slice | None = None, rated: bool = False) -> Steps:
        """What follows once the gradient is written.

        Args:
            rows: Which rows; all by default.
            rated: Whether what was written is the gradient times the learning rate.
        """
        g = self.into(rows)
        where: Any = ...
        if rows is not None and self.rows is not None:
            where = slice(self.rows.start + rows.start, self.rows.start + rows.stop)
        if rated:
            array = self.program.updates.array(self.variable)[where]
            yield partial(np.subtract, array, g, out=array)
        elif self.at_once:
            spare = self.spare and (self.spare.array[: len(g)] if g.ndim else self.spare.array)
            yield from self.program.updates.calls(self.variable, where, g, spare)
        elif self.adds:
            yield partial(np.add, self.kept.array, g, out=self.kept.array)
