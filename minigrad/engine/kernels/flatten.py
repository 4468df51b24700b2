"""From images to vectors."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.kernels.kernel import WHOLE, Calls, Host, Kernel
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.scope import Scope


class FlattenKernel(Kernel):
    """Images as vectors, in Keras's order; replaces ``Reshape``.

    Where nobody else reads the images, the kernel before writes them in this order, and
    there is nothing left to do.

    Args:
        nodes: The node that it serves.
        scope: The part of the graph that it belongs to.
        part: Which elements of each vector it has; all by default.
    """

    kind = "flatten"

    def __init__(self, nodes: Sequence[Any], scope: Scope, part: slice = WHOLE) -> None:
        (source,) = nodes[0].inputs
        super().__init__(nodes, scope, [source], part)
        alone = len(scope.users[source]) == 1 and source is not scope.network.outputs
        # Targets stay as they were gathered.
        alone = alone and (source is scope.network.inputs or not scope.is_entry(source))
        self.in_flat_order = source if alone and source.ndim == 4 else None

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        if type(node) is not op.Reshape or node.ndim != 2 or node.inputs[0].ndim < 2:
            return None
        rows = node.shape[0] == node.inputs[0].shape[0]
        return [node] if rows and scope.computed_from(node) else None

    def forward(self, host: Host) -> Calls:
        x, out = as_reference(host.value(self.reads[0])), as_reference(host.value(self.output))
        if self.in_flat_order is None:
            yield partial(np.copyto, out.reshape(x.shape), x)  # a view: one axis becomes several

    def backward(self, host: Host) -> Calls:
        if self.sends and self.in_flat_order is None:
            by_x, after = host.receive(self.reads[0])
            by_x = as_reference(by_x)
            by_out = as_reference(host.gradient(self.output))
            yield partial(np.copyto, by_x, by_out.reshape(by_x.shape))
            yield from after
