"""Where the data come in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.gather import gather
from minigrad.engine.kernels.kernel import Asker, Kernel, Steps
from minigrad.engine.kernels.layout import as_stored

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Feed"]


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
