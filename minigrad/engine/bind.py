"""Binding: kernels list their calls, and are given what they ask for on the way."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.engine.calls import Array, Call, Prepared, settled
from minigrad.engine.gradients import Fate, Kept, UsedAtOnce
from minigrad.engine.kernels.layout import unflatten
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

    part: float = 1.0
    place: Callable[[Variable], Array] | None = None
    own: Variable | None = None
    packed: bool = False


class Host:
    """Gives kernels what they ask for while they list their calls.

    Args:
        kernels: What computes, in order.
        scope: The part of the graph.
        updates: How weights change.
        sharing: What is shared with programs that run beside this one.

    Attributes:
        calls: By sweep, in the order in which these are made, the calls, each with the kernel
            whose it is: ``begin``, ``data``, ``forward``, ``backward`` and ``end``; and ``once``,
            before all.
        values: For each node the array of its value, batch last.
        gradients: For each node that of its gradient.
        kept: For each weight whose change follows later, that of its gradient.
    """

    def __init__(
        self, kernels: Sequence[Any], scope: Scope, updates: Updates, sharing: Sharing
    ) -> None:
        self.kernels, self.scope, self.updates, self.sharing = kernels, scope, updates, sharing
        self.calls: dict[str, list[tuple[Any, Call]]] = {
            name: [] for name in ("once", "begin", "data", "forward", "backward", "end")
        }
        self.drafts = Drafts()
        self.makers = {kernel.output: kernel for kernel in kernels}
        flat = [k for k in kernels if k.in_flat_order is not None]
        self.flat: dict[Any, Node] = {k.in_flat_order: k.output for k in flat}
        self.arrange: Callable[..., Array] = np.reshape if sharing.packed else unflatten
        self.values: dict[Node, Array] = {}
        self.gradients: dict[Node, Array] = {}
        self.kept: dict[Variable, Array] = {}
        self.received: set[Node] = set()
        self.last: list[Prepared] = []
        # A weight that changes in the middle of a step needs all that follows to go well.
        self.safe = all(kernel.only_numpy for kernel in kernels)
        self.asking: Any = None

    def ask(self, label: str, shape: Sequence[int], dtype: Any, keep: bool = False) -> Array:
        """An array in the program's memory; nobody else's while the calls need it.

        Nothing may be read from it or written into it but by calls.

        Args:
            label: What it holds.
            shape: Its shape.
            dtype: Its dtype.
            keep: Whether it is to be left alone from step to step; zeros at first.
        """
        return self.drafts.draft(Buffer(label, shape, dtype, keep, self.asking))

    def put(self, node: Node, array: Array) -> None:
        """Say that the value of a node is in this array."""
        self.values[node] = array

    def value(self, node: Node) -> Array:
        """Where the value of a node is, batch last; that of the kernel's own, or one it reads."""
        if node not in self.values:
            self.values[node] = self.like(node, "value", self.value)
        return self.values[node]

    def gradient(self, node: Node) -> Array:
        """Where the gradient of the kernel's own node is, when its backward calls are made."""
        if node not in self.gradients:
            self.gradients[node] = self.like(node, "gradient", self.gradient)
        return self.gradients[node]

    def like(self, node: Node, what: str, array_of: Callable[[Node], Array]) -> Array:
        # memory for a node; images that are only flattened lie in flat order at once
        kernel = self.makers[node]
        if node in self.flat:
            return self.arrange(array_of(self.flat[node]), kernel.shape)
        name = node.label if node.inputs else node.name or node.label
        buffer = Buffer(f"{what} of {name}", kernel.shape, node.dtype, owner=kernel)
        return self.drafts.draft(buffer)

    def at_end(self, call: Prepared) -> None:
        """Have something done when the step is over, together with all that changes then."""
        self.last.append(call)

    def receive(self, node: Node) -> tuple[Array, list[Call]]:
        """Where to write the gradient of an input, and what follows when it is there."""
        if isinstance(node, Variable):
            return self.fate(node).whole()
        total = self.gradient(node)
        if node not in self.received:
            self.received.add(node)
            return total, []
        return self.further(total)

    def further(self, total: Array) -> tuple[Array, list[Call]]:
        """Where to write one more of several gradients, and what follows."""
        share = self.ask("a share of it", total.shape, total.dtype)
        return share, [partial(np.add, total, share, out=total)]

    def fate(self, variable: Variable, rows: slice | None = None, holder: Any = None) -> Fate:
        """What becomes of the gradient of a weight, or of some rows of it."""
        place, once = self.sharing.place, self.scope.uses[variable] == 1
        mine = variable is self.sharing.own or place is None
        if mine and once and self.updates.recorded and self.safe:
            arrays = holder.arrays if holder else self.updates.arrays(variable)
            arrays = arrays if rows is None else [array[rows] for array in arrays]
            return UsedAtOnce(variable, arrays, self.updates, self.ask)
        if variable in self.kept:
            return Kept(*self.further(self.kept[variable]))
        label, shape = f"gradient of {variable.name}", variable.shape
        kept = place(variable) if place else self.ask(label, shape, variable.dtype, keep=True)
        self.kept[variable] = kept
        return Kept(kept)


def bind(
    kernels: Sequence[Any],
    scope: Scope,
    updates: Updates,
    sharing: Sharing = Sharing(),  # noqa: B008 (it cannot be changed)
) -> Host:
    """List the calls of all kernels.

    Args:
        kernels: What computes, in order.
        scope: The part of the graph.
        updates: How weights change.
        sharing: What is shared with programs that run beside this one.

    Returns:
        What gave them all that they asked for, with the calls.
    """
    host = Host(kernels, scope, updates, sharing)

    def add(sweep: str, kernel: Any, calls: Iterable[Call]) -> None:
        host.calls[sweep] += [(kernel, settled(call)) for call in calls]

    for kernel in kernels:
        host.asking = kernel
        add("begin", kernel, kernel.begin(host))
    for kernel in kernels:
        host.asking = kernel
        add(kernel.sweep, kernel, kernel.forward(host))
        add("once", kernel, kernel.once())
    for kernel in reversed(kernels):
        if kernel.learns:
            host.asking = kernel
            if kernel.output is scope.network.loss:
                seed = host.gradient(kernel.output).fill
                add("backward", kernel, [partial(seed, sharing.part)])
            add("backward", kernel, kernel.backward(host))
    add("end", kernels[0], host.last)
    return host
