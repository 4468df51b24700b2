"""Binding: kernels list their calls, and are given what they ask for on the way."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.engine.calls import Prepared, settled
from minigrad.engine.gradients import Added, Kept, UsedAtOnce
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.flatten import FlattenKernel, unflatten
from minigrad.engine.kernels.kernel import Array, Call, Fate, Holder, Kernel
from minigrad.engine.kernels.layout import stored_shape
from minigrad.engine.memory import Buffer, Drafts
from minigrad.engine.scope import Scope
from minigrad.engine.updates import Updates
from minigrad.graph import Node, Variable


class Sharing(NamedTuple):
    """What a program shares with others that run beside it.

    Attributes:
        part: Which part of a batch the program computes.
        place: Where the gradient of a weight goes that is one of several to be added up.
        own: The only weight that may change in the middle of the backward sweep, where other
            threads read the others.
        packed: Whether vectors that were images have the order of the plan, not Keras's.
    """

    part: float | None = None
    place: Callable[[Variable], Array] | None = None
    own: Variable | None = None
    packed: bool = False


class Binder:
    """Gives kernels what they ask for; see ``Host`` in ``kernels/kernel.py``.

    Attributes:
        calls: By sweep, in the order in which these are made, the calls, each with the kernel
            whose it is: ``begin``, ``data``, ``forward``, ``backward`` and ``end``; and ``once``,
            before all.
        values: For each node the array of its value, batch last.
        gradients: For each node that of its gradient.
        kept: For each weight whose change follows later, that of its gradient.
    """

    def __init__(
        self, kernels: Sequence[Kernel], scope: Scope, updates: Updates, sharing: Sharing
    ) -> None:
        self.kernels, self.scope, self.updates, self.sharing = kernels, scope, updates, sharing
        self.calls: dict[str, list[tuple[Kernel, Call]]] = {
            name: [] for name in ("once", "begin", "data", "forward", "backward", "end")
        }
        self.drafts = Drafts()
        self.makers = {node: k for k in kernels for node in (*k.beside, k.output)}
        flat = [k for k in kernels if isinstance(k, FlattenKernel) and k.in_place is not None]
        self.flat: dict[Any, Node] = {k.in_place: k.output for k in flat}
        self.arrange: Callable[..., Array] = np.reshape if sharing.packed else unflatten
        self.values: dict[Node, Array] = {}
        self.gradients: dict[Node, Array] = {}
        self.kept: dict[Variable, Array] = {}
        self.received: set[Node] = set()
        self.last: list[Prepared] = []
        # A weight that changes in the middle of a step needs all that follows to go well.
        self.safe = all(kernel.only_numpy for kernel in kernels)
        self.asking: Kernel | None = None

    def ask(self, label: str, shape: Sequence[int], dtype: Any, keep: bool = False) -> Array:
        return self.drafts.draft(Buffer(label, shape, dtype, keep, self.asking))

    def put(self, node: Node, array: Array) -> None:
        self.values[node] = array

    def value(self, node: Node) -> Array:
        if node not in self.values:
            self.values[node] = self.like(node, "value", self.value)
        return self.values[node]

    def gradient(self, node: Node) -> Array:
        if node not in self.gradients:
            self.gradients[node] = self.like(node, "gradient", self.gradient)
        return self.gradients[node]

    def like(self, node: Node, what: str, array_of: Callable[[Node], Array]) -> Array:
        # memory for a node; images that are only flattened lie in flat order at once
        kernel = self.makers[node]
        shape = kernel.shape if node is kernel.output else stored_shape(node.shape)
        if node in self.flat:
            return self.arrange(array_of(self.flat[node]), shape)
        name = node.label if node.inputs else node.name or node.label
        buffer = Buffer(f"{what} of {name}", shape, node.dtype, owner=kernel)
        return self.drafts.draft(buffer)

    def at_end(self, call: Prepared) -> None:
        self.last.append(call)

    def receive(self, node: Node) -> tuple[Array, list[Call]]:
        if isinstance(node, Variable):
            return self.fate(node).whole()
        total = self.gradient(node)
        if node not in self.received:
            self.received.add(node)
            return total, []
        share = self.ask("a share of it", total.shape, node.dtype)  # a further one, to be added
        return share, [partial(np.add, total, share, out=total)]

    def fate(
        self, variable: Variable, rows: slice | None = None, holder: Holder | None = None
    ) -> Fate:
        place, once = self.sharing.place, self.scope.uses[variable] == 1
        mine = variable is self.sharing.own or place is None
        if mine and once and self.updates.recorded and self.safe:
            arrays = holder.arrays if holder else self.updates.arrays(variable)
            arrays = arrays if rows is None else [array[rows] for array in arrays]
            return UsedAtOnce(variable, arrays, self.updates, self.ask)
        if variable in self.kept:
            return Added(self.kept[variable], self.ask)
        label, shape = f"gradient of {variable.name}", variable.shape
        kept = place(variable) if place else self.ask(label, shape, variable.dtype, keep=True)
        self.kept[variable] = kept
        return Kept(kept)


def bind(
    kernels: Sequence[Kernel],
    scope: Scope,
    updates: Updates,
    sharing: Sharing = Sharing(),  # noqa: B008 (it cannot be changed)
) -> Binder:
    """List the calls of all kernels.

    Args:
        kernels: What computes, in order.
        scope: The part of the graph.
        updates: How weights change.
        sharing: What is shared with programs that run beside this one.

    Returns:
        What gave them all that they asked for, with the calls.
    """
    host = Binder(kernels, scope, updates, sharing)

    def add(sweep: str, kernel: Kernel, calls: Iterable[Call]) -> None:
        host.calls[sweep] += [(kernel, settled(call)) for call in calls]

    for kernel in kernels:
        host.asking = kernel
        add("begin", kernel, kernel.begin(host))
    for kernel in kernels:
        host.asking = kernel
        add("data" if isinstance(kernel, Feed) else "forward", kernel, kernel.forward(host))
        add("once", kernel, kernel.once())
    for kernel in reversed(kernels):
        if kernel.learns:
            host.asking = kernel
            if kernel.output is scope.network.loss:
                seed = host.gradient(kernel.output).fill
                part = 1.0 if sharing.part is None else sharing.part
                add("backward", kernel, [partial(seed, part)])
            add("backward", kernel, kernel.backward(host))
    add("end", kernels[0], host.last)
    return host
