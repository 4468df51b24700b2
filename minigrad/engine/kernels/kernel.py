"""What a kernel is; what it may ask of the program that it becomes part of stands in ``bind.py``."""

from collections.abc import Sequence
from typing import Any, Protocol

from minigrad.engine.bind import Host
from minigrad.engine.calls import Array, Call, Calls  # noqa: F401 (kernels take them from here)
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
        in_flat_order: Images that it reads and that the kernel before writes in flat order at
            once, if there are any.
    """

    kind = "kernel"
    sweep = "forward"  # or "data", where the calls of its forward method bring in a batch
    in_flat_order: Node | None = None
    only_numpy = True  # whether all its calls are functions of NumPy's, which cannot fail half-way

    def __init__(
        self, nodes: Sequence[Any], scope: Scope, reads: Sequence[Any], part: slice = WHOLE
    ) -> None:
        self.nodes, self.reads, self.part = list(nodes), list(reads), part
        self.output = self.nodes[-1]
        self.shape = stored_shape(self.output.shape)
        if part != WHOLE:
            self.shape = (part.stop - part.start, *self.shape[1:])
        self.flops = (0, 0)
        self.holder: Holder | None = None
        self.learns = scope.wants_gradient(self.output)
        self.sends = [n for n in self.reads if self.learns and n.needs_gradient]

    @property
    def weights(self) -> list[Variable]:
        """The weights that its nodes read."""
        return [i for node in self.nodes for i in node.inputs if isinstance(i, Variable)]

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
