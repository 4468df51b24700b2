"""What a kernel is, and what it may ask of the program that it becomes part of."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from minigrad.engine.calls import Array, Call, Calls, Prepared
from minigrad.engine.kernels.layout import stored_shape
from minigrad.engine.scope import Scope
from minigrad.graph import Node, Variable

WHOLE = slice(None)


class Holder(Protocol):
    """Keeps a weight for its variable while a plan trains it, in a form that suits the plan.

    Attributes:
        variable: Whose weight.
        arrays: Where the weight is meanwhile, and what the optimizer remembers of it in the same
            form.
    """

    variable: Variable
    arrays: list[Array]

    def take(self) -> None:
        """Hold the weight from now on; nothing happens if it is held already."""

    def give_back(self) -> None:
        """Bring the variable up to date. Called by the variable when somebody asks for its
        memory; may be called at any time, and again if it was interrupted."""

    def current(self) -> Array:
        """The variable's value, by whatever thread it is asked for: nothing is changed."""


class Fate(Protocol):
    """What becomes of a weight's gradient, once a kernel has written it.

    Attributes:
        rate: The learning rate, where the kernel may write the gradient times the rate.
    """

    rate: Array | None

    def whole(self) -> tuple[Array, list[Call]]:
        """Where to write the gradient, and what follows when it is there."""

    def pieces(self) -> Iterator[tuple[slice, Array, list[Call]]]:
        """The same for some rows at a time, as many as a cache holds.

        Where there is a rate, what is written has been multiplied with it.
        """


class Host(Protocol):
    """What a kernel may ask for while it lists its calls."""

    def ask(self, label: str, shape: Sequence[int], dtype: Any, keep: bool = False) -> Array:
        """An array in the program's memory; nobody else's while the calls need it.

        Nothing may be read from it or written into it but by calls.

        Args:
            label: What it holds.
            shape: Its shape.
            dtype: Its dtype.
            keep: Whether it is to be left alone from step to step; zeros at first.
        """

    def value(self, node: Node) -> Array:
        """Where the value of a node is, batch last; that of the kernel's own, or one it reads."""

    def put(self, node: Node, array: Array) -> None:
        """Say that the value of a node is in this array."""

    def gradient(self, node: Node) -> Array:
        """Where the gradient of the kernel's own node is, when its backward calls are made."""

    def receive(self, node: Node) -> tuple[Array, list[Call]]:
        """Where to write the gradient of an input, and what follows when it is there."""

    def at_end(self, call: Prepared) -> None:
        """Have something done when the step is over, together with all that changes then."""

    def fate(
        self, variable: Variable, rows: slice | None = None, holder: Holder | None = None
    ) -> Fate:
        """What becomes of the gradient of a weight, or of some rows of it."""


class Kernel:
    """One entry of a plan: some nodes of the graph, and the NumPy calls that compute them.

    A class of one's own says in :meth:`takes` which nodes it computes; add it to ``KERNELS`` in
    ``minigrad/engine/match.py``.

    Args:
        nodes: The nodes that it serves; the last is the one whose value others read.
        scope: The part of the graph that it belongs to.
        reads: Nodes of other kernels whose values it reads.
        part: See below.

    Attributes:
        part: Which of the value it computes, along the second axis as users see it: all, or
            some rows of images or elements of vectors, where others compute the rest.
        shape: Shape of the value, batch last; of that part.
        sends: Those that it reads and sends a gradient to.
        flops: Useful floating-point operations of a forward and of a backward sweep.
        holder: Who keeps its weight meanwhile, if somebody does.
    """

    kind = "kernel"
    only_numpy = True  # whether all its calls are functions of NumPy's, which cannot fail half-way

    def __init__(
        self, nodes: Sequence[Any], scope: Scope, reads: Sequence[Any], part: slice = WHOLE
    ) -> None:
        self.nodes, self.reads, self.part = list(nodes), list(reads), part
        self.output = self.nodes[-1]
        self.shape = stored_shape(self.output.shape)
        if part != WHOLE:
            self.shape = (part.stop - part.start, *self.shape[1:])
        self.beside: list[Node] = []  # nodes besides the output that have a value of their own
        self.flops = (0, 0)
        self.holder: Holder | None = None
        self.learns = scope.wants_gradient(self.output)
        self.sends = [n for n in self.reads if self.learns and n.needs_gradient]

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        """The nodes that one such kernel computes together, this one the first, if any.

        Args:
            node: A node that no kernel has taken yet.
            scope: The part of the graph around it.
        """
        raise NotImplementedError

    def once(self) -> Calls:
        """Calls made once and for all, on memory that was asked for to keep."""
        return ()

    def begin(self, host: Host) -> Calls:
        """Calls made once in a step, before any sample is looked at."""
        return ()

    def forward(self, host: Host) -> Calls:
        """The calls that compute the value."""
        raise NotImplementedError

    def backward(self, host: Host) -> Calls:
        """The calls that turn the output's gradient into those of inputs and weights."""
        return ()
