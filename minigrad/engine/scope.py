"""A scope: the part of a graph that becomes one program, and what kernels want to know of it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from minigrad.engine.network import Network
from minigrad.graph import Node, Operator, Variable


class Scope:
    """A network, seen by those who look for nodes that they can compute.

    Args:
        network: The graph.
        training: Whether gradients are wanted.
        deferrable: The learning rates of weights whose changes may wait, see
            ``kernels/deferred.py``.

    Attributes:
        nodes: What is to be computed, in topological order.
        users: For each node those that read it.
        uses: How often each weight is read.
    """

    def __init__(
        self, network: Network, training: bool, deferrable: Mapping[Variable, Any] | None = None
    ) -> None:
        self.network, self.training, self.deferrable = network, training, deferrable or {}
        self.nodes = [n for n in network.order if isinstance(n, Operator)]
        known = [*network.entries, *network.order]  # a formula need not read all that comes in
        self.users: dict[Node, list[Node]] = {node: [] for node in known}
        for node in network.order:
            for source in dict.fromkeys(node.inputs):
                self.users[source].append(node)
        self.uses = Counter(i for n in self.nodes for i in n.inputs if isinstance(i, Variable))
        # Only what leads to the loss has a gradient: not a softmax beside it, say.
        self.differentiated: set[Any] = {network.loss}
        for node in reversed(network.order):
            if not self.differentiated.isdisjoint(self.users[node]):
                self.differentiated.add(node)

    def is_entry(self, node: Node) -> bool:
        """Whether it is where samples or targets come in."""
        return any(node is entry for entry in self.network.entries)

    def computes(self, node: Node) -> bool:
        """Whether the node's value is one of the program's arrays."""
        return isinstance(node, Operator) or self.is_entry(node)

    def is_end(self, node: Node) -> bool:
        """Whether somebody outside looks at the node's value."""
        return node is self.network.outputs or node is self.network.loss

    def wants_gradient(self, node: Node) -> bool:
        """Whether the node's gradient is wanted."""
        return self.training and node.needs_gradient and node in self.differentiated

    def only_user(self, node: Node, *kinds: type) -> list[Any]:
        """The one node that reads this one, if it is of that very kind and nobody else looks."""
        users = self.users[node]
        alone = len(users) == 1 and not self.is_end(node)
        return users if alone and type(users[0]) in kinds else []

    def computed_from(self, node: Node) -> bool:
        """Whether the first input is one of the program's arrays, of the node's dtype."""
        source = node.inputs[0]
        return self.computes(source) and source.dtype == node.dtype
