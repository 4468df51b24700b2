"""The kernels of any operator see the arrays as users see them; the simplest calls its own methods."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.kernels.kernel import Array, Call, Calls, Host, Kernel
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.scope import Scope
from minigrad.graph import Node, Variable, unbroadcast
from minigrad.graph.checks import locked
from minigrad.graph.sweeps import computed, parts_of


class GeneralKernel(Kernel):
    """A kernel of one node that works on the arrays as users see them, batch first."""

    def __init__(self, nodes: Sequence[Any], scope: Scope) -> None:
        (self.node,) = nodes
        self.sources = list(dict.fromkeys(self.node.inputs))
        super().__init__(nodes, scope, [n for n in self.sources if scope.computes(n)])
        self.wanted = [n for n in self.sources if self.learns and n.needs_gradient]
        self.inside = {*self.reads, self.node}  # whose values are arrays of the program's

    def view(self, host: Host, node: Any) -> Array:
        """A node's value as users see it; weights and constants are where their nodes have them."""
        return as_reference(host.value(node)) if node in self.inside else node._array

    def receive(self, host: Host, node: Node) -> tuple[Array, list[Call]]:
        """Where the gradient of an input goes, as users see it."""
        place, after = host.receive(node)
        return place if isinstance(node, Variable) else as_reference(place), after


class ReferenceKernel(GeneralKernel):
    """A node by its own methods, as the graph computes it: a reader's operator, say.

    It allocates as it likes; the plan only fetches the result.
    """

    kind = "reference"
    only_numpy = False

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        return [node]

    def compute(self, *values: Array, out: Array) -> None:
        self.node.value = locked(computed(self.node, values))
        np.copyto(out, self.node.value)

    def differentiate(self, gradient: Array, *values: Array, out: tuple[Array, ...]) -> None:
        parts = parts_of(self.node, gradient, values)
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
