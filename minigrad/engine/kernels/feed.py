"""Where the data come in."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.calls import ForSamples
from minigrad.engine.kernels.kernel import WHOLE, Array, Calls, Host, Kernel
from minigrad.engine.kernels.layout import as_reference, as_stored
from minigrad.engine.scope import Scope


class Feed(Kernel):
    """Takes samples from the batch that was gathered, batch last. Replaces ``Rescale`` too.

    Args:
        nodes: Where the graph reads the batch, and perhaps the rescaling that follows.
        scope: The part of the graph that they belong to.
        part: Rows of each image (or elements of each vector) that are wanted; all by default.
        whole: Where the whole batch is put, batch last, for several feeds that each take a part
            of it; memory of the program's by default.
        gathers: Whether this feed puts it there, or another one does.

    Attributes:
        batch: Where the batch is, as it is stored in the data set.
        number: Of the network's entries; 0 for the samples.
    """

    kind = "gather"
    sweep = "data"

    def __init__(
        self,
        nodes: Sequence[Any],
        scope: Scope,
        part: slice = WHOLE,
        whole: Array | None = None,
        gathers: bool = True,
    ) -> None:
        super().__init__(nodes, scope, [], part)
        self.whole, self.gathers = whole, gathers
        self.flattened = any(type(user) is op.Reshape for user in scope.users[self.output])
        self.rescale = self.nodes[1] if len(self.nodes) > 1 else None
        # What is no sample, and data that are neither images nor vectors, stay as gathered.
        entry = self.nodes[0]
        (self.number,) = (i for i, n in enumerate(scope.network.entries) if n is entry)
        self.as_gathered = self.number > 0 or entry.ndim not in (2, 4)
        self.batch: Any = None

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        if not scope.is_entry(node):
            return None
        return [node, *(scope.only_user(node, op.Rescale) if node.ndim in (2, 4) else [])]

    def take(self, samples: slice, out: Array) -> None:
        np.copyto(out, self.batch[samples])

    def forward(self, host: Host) -> Calls:
        if self.gathers:
            yield from self.bring(host)
        if self.whole is not None:
            part = self.whole[self.part]
            if self.flattened:  # the vectors must lie in one piece
                yield partial(np.copyto, host.value(self.output), part)
            else:
                host.put(self.output, part)

    def bring(self, host: Host) -> Calls:
        """Turn the samples batch last, and rescale them."""
        entry = self.nodes[0]
        if self.as_gathered:
            batch = host.ask("a batch as it is stored", entry.shape, entry.dtype)
            host.put(self.output, as_stored(batch))
        out = host.value(self.output) if self.whole is None else self.whole
        yield ForSamples(self.take, slice(0, entry.shape[0]), out=as_reference(out))
        if self.rescale is not None:
            yield partial(np.multiply, out, self.rescale.scale, out=out)
            if self.rescale.offset:
                yield partial(np.add, out, self.rescale.offset, out=out)
