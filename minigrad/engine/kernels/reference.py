"""The kernel of what cannot be recorded: the graph's own methods, in every step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.kernels.general import GeneralKernel
from minigrad.engine.kernels.kernel import Array, Calls, Host
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.scope import Scope
from minigrad.graph import unbroadcast

__all__ = ["ReferenceKernel"]


class ReferenceKernel(GeneralKernel):
    """A node by its own methods, as the graph computes it: a reader's operator, say.

    It allocates as it likes; the plan only fetches the result.
    """

    kind = "reference"
    only_numpy = False

    def __init__(self, nodes: Sequence[Any], scope: Scope) -> None:
        super().__init__(nodes, scope)
        self.node = self.nodes[0]

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        return [node]

    def compute(self, *values: Array, out: Array) -> None:
        self.node.value = self.node.forward(*values)
        np.copyto(out, self.node.value)

    def differentiate(self, gradient: Array, *values: Array, out: tuple[Array, ...]) -> None:
        parts = self.node.backward(gradient, *values)
        parts = parts if isinstance(parts, tuple) else (parts,)
        for source, part, place in zip(self.node.inputs, parts, out, strict=True):
            if place is not None:
                place[...] = 0 if part is None else unbroadcast(part, source.shape, self.node.title)

    def forward(self, host: Host) -> Calls:
        self.values = [self.view(host, source) for source in self.node.inputs]
        yield partial(self.compute, *self.values, out=as_reference(host.value(self.output)))

    def backward(self, host: Host) -> Calls:
        if self.wanted:  # x · x sends two parts to x
            nothing: Any = (None, [])
            wanted = set(self.wanted)
            sent = [self.receive(host, n) if n in wanted else nothing for n in self.node.inputs]
            g, out = as_reference(host.gradient(self.output)), tuple(place for place, _ in sent)
            yield partial(self.differentiate, g, *self.values, out=out)
            for _, after in sent:
                yield from after
