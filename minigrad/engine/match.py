"""Matching: which kernel computes which nodes.

The kernels are asked in the order of one list, and the first that takes a node has it, and the
nodes that it takes along. The last two take any: by a recording of the operator's own methods,
or by these methods as they are.
"""

from typing import Any

from minigrad.engine.kernels.convolution import ConvolutionKernel
from minigrad.engine.kernels.deferred import DeferredDense
from minigrad.engine.kernels.dense import DenseKernel
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.flatten import FlattenKernel
from minigrad.engine.kernels.general import ReferenceKernel
from minigrad.engine.kernels.kernel import Kernel
from minigrad.engine.kernels.recorded import RecordedKernel
from minigrad.engine.noted import CannotRecord
from minigrad.engine.scope import Scope
from minigrad.graph import Node

KERNELS: list[Any] = [  # classes of kernels
    Feed,
    ConvolutionKernel,
    DeferredDense,
    DenseKernel,
    FlattenKernel,
    RecordedKernel,
    ReferenceKernel,
]


def match(scope: Scope) -> list[Kernel]:
    """The kernels that compute a graph, in the order in which they do.

    Args:
        scope: The graph.

    Returns:
        Kernels that bring in data first; each other one stands where the last of its nodes
        stood, so that all that it reads is there by then.
    """
    network, taken = scope.network, set[Node]()
    read = [n for n in network.entries if scope.users[n] or n is network.outputs]
    place: dict[Any, int] = {node: i for i, node in enumerate(network.order)}
    kernels: list[Kernel] = []
    for node in [*read, *scope.nodes]:
        if node not in taken:
            kernels.append(kernel_for(node, scope))
            taken.update(kernels[-1].nodes)
    last = {kernel: max(place[node] for node in kernel.nodes) for kernel in kernels}
    return sorted(kernels, key=lambda kernel: -1 if kernel.sweep == "data" else last[kernel])


def kernel_for(node: Node, scope: Scope) -> Kernel:
    """The first kernel that takes a node."""
    for kind in KERNELS:
        nodes = kind.takes(node, scope)
        if nodes:
            try:
                kernel: Kernel = kind(nodes, scope)
                return kernel
            except CannotRecord:
                continue
    raise AssertionError(f"no kernel takes {node.title}")
