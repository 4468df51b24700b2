"""What the kernels of any operator have in common: they see the arrays as users see them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.kernels.kernel import Array, Call, Calls, Host, Kernel
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.scope import Scope
from minigrad.graph import Node, Variable

__all__ = ["GeneralKernel"]


class GeneralKernel(Kernel):
    """A kernel that works on the arrays as users see them, batch first."""

    def __init__(self, nodes: Sequence[Any], scope: Scope) -> None:
        inside = set(nodes)
        self.sources = list(dict.fromkeys(i for n in nodes for i in n.inputs if i not in inside))
        super().__init__(nodes, scope, [n for n in self.sources if scope.computes(n)])
        self.wanted = [n for n in self.sources if self.learns and n.needs_gradient]
        fixed = [n for n in self.sources if not scope.computes(n)]
        self.constants: dict[Node, Any] = {n: None for n in fixed if not isinstance(n, Variable)}

    def begin(self, host: Host) -> Calls:
        for node in self.constants:
            place = self.constants[node] = host.ask("constant", node.shape, node.dtype)
            yield partial(self.fetch, node, out=place)

    def fetch(self, node: Any, out: Array) -> None:
        np.copyto(out, node._array)  # which its owner may have changed since the last step

    def view(self, host: Host, node: Any) -> Array:
        """A node's value as users see it."""
        if node in self.constants:
            return self.constants[node]
        return node._array if isinstance(node, Variable) else as_reference(host.value(node))

    def receive(self, host: Host, node: Node) -> tuple[Array, list[Call]]:
        """Where the gradient of an input goes, as users see it."""
        place, after = host.receive(node)
        return place if isinstance(node, Variable) else as_reference(place), after
