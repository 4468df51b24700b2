"""Kernels: what a plan is made of. Each serves one or more nodes of the graph.

A kernel asks for the memory it needs, and then says which NumPy calls compute its value
(``forward``) and its gradients (``backward``). Every call writes into memory that exists
already, through ``out=``. Beside each kernel stands the reference operator that it
replaces; the tests hold the two to the same numbers.

**Batch last.** Users see pictures as (batch, height, width, channel). In here the batch is
the last axis: pictures are (height, channel, width, batch), vectors (feature, batch). The
innermost loop of every call then runs over many pictures that are treated alike, the
window matrix of a convolution is filled by copying long runs, and the products of a dense
layer meet the weights in the order in which Keras stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import activations
from minigrad.eager import gather
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.engine.program import Program

Step = Callable[[], object]
Steps = Iterable[Step]
PIECE = 1 << 21  # bytes of a weight that are worked on at a time: they stay in the cache


# -- batch last and back: views, never copies ---------------------------------------------
def stored_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) == 4:
        batch, height, width, channel = shape
        return (height, channel, width, batch)
    return shape[::-1] if len(shape) == 2 else shape


def as_reference(stored: Any) -> Any:
    # (height, channel, width, batch) → (batch, height, width, channel)
    return (
        stored.transpose(3, 0, 2, 1)
        if stored.ndim == 4
        else stored.T
        if stored.ndim == 2
        else stored
    )


def as_stored(reference: Any) -> Any:
    # (batch, height, width, channel) → (height, channel, width, batch)
    return (
        reference.transpose(1, 3, 2, 0)
        if reference.ndim == 4
        else reference.T
        if reference.ndim == 2
        else reference
    )


class Kernel:
    """One entry of a plan.

    Attributes:
        nodes: The nodes that it serves; the last is the one whose value others read.
        reads: Nodes of other kernels whose values it reads.
        flops: Useful floating-point operations of a forward and of a backward sweep.
    """

    kind = "kernel"

    def __init__(self, program: Program, nodes: list[Any], reads: list[Any]) -> None:
        self.program, self.nodes, self.reads = program, nodes, reads
        self.output = nodes[-1]
        self.beside: list[Node] = []  # nodes besides the output that have a value of their own
        self.raw: Any = None  # a batch as it was gathered
        self.as_gathered = False  # whether the value is the array that was gathered
        self.flops = (0, 0)
        sends = program.training and self.output in program.differentiated
        self.sends = [n for n in reads if sends and n.needs_gradient]

    def ask(self, memory: Asker) -> None:
        """Ask for memory beyond the value and the gradient of the output."""

    def begin(self) -> Steps:
        """Calls made once in a step, before the first batch is computed."""
        return ()

    def forward(self) -> Steps:
        """The calls that compute the value."""
        raise NotImplementedError

    def backward(self) -> Steps:
        """The calls that turn the output's gradient into those of inputs and weights."""
        return ()

    # What the kernels say most often
    def value(self, node: Node | None = None) -> Any:
        return self.program.value[self.output if node is None else node]

    @property
    def gradient(self) -> Any:
        return self.program.gradient[self.output]


class Asker:
    """Asks for memory on behalf of the kernel at one place of a plan."""

    def __init__(self, memory: Any, forward: int, backward: int, training: bool) -> None:
        self.memory = memory
        self.both = (forward, backward if training else forward)
        self.then, self.later = (forward, forward), (backward, backward)
        self.always = (-1, 1 << 30)

    def __call__(self, label: str, shape: tuple[int, ...], dtype: Any, lifetime: Any) -> Any:
        return self.memory.ask(label, shape, dtype, lifetime)


# -- activations ----------------------------------------------------------------------------
class Act:
    """An activation as calls; the reference operators are in ``minigrad/activations.py``.

    ``forward`` turns z into out (which may be the same memory), ``backward`` the gradient
    g with respect to out into the gradient with respect to z.
    """

    def __init__(self, node: Node | None) -> None:
        self.node = node

    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        # NumPy's maximum with a row of zeros is four times as fast as with the number 0.
        row = shape if len(shape) < 3 else shape[-2:]
        self.zeros = memory("zeros", row, dtype, memory.always)

    def forward(self, z: Any, out: Any) -> Steps:
        if out is not z:
            yield partial(np.copyto, out, z)

    def backward(self, g: Any, z: Any, out: Any, by_z: Any) -> Steps:
        if g is not by_z:
            yield partial(np.copyto, by_z, g)


class Relu(Act):
    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        super().ask(memory, shape, dtype)
        self.mask = memory("where x > 0", shape, bool, memory.later)

    def forward(self, z, out):
        yield partial(np.maximum, z, self.zeros.array, out=out)

    def backward(self, g, z, out, by_z):
        yield partial(np.greater, z, 0, out=self.mask.array)
        yield partial(np.multiply, g, self.mask.array, out=by_z)


class Elu(Act):
    def ask(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        super().ask(memory, shape, dtype)
        self.slope = memory("slope", shape, dtype, memory.both)  # e^min(z, 0)
        self.spare = memory("spare", shape, dtype, memory.then)
        self.mask = memory("where x > 0", shape, bool, memory.then)

    def forward(self, z, out):
        alpha, slope, spare = self.node.alpha, self.slope.array, self.spare.array
        yield partial(np.minimum, z, self.zeros.array, out=slope)
        if alpha != 1:
            yield partial(np.greater, z, 0, out=self.mask.array)
        yield partial(np.exp, slope, out=slope)
        yield partial(np.subtract, slope, 1, out=spare)
        yield partial(np.maximum, z, self.zeros.array, out=out)
        if alpha != 1:
            yield partial(np.multiply, spare, alpha, out=spare)
            yield partial(np.multiply, slope, alpha, out=slope)
            yield partial(np.copyto, slope, 1, where=self.mask.array)
        yield partial(np.add, out, spare, out=out)

    def backward(self, g, z, out, by_z):
        yield partial(np.multiply, g, self.slope.array, out=by_z)


ACTS: dict[type, type[Act]] = {activations.Relu: Relu, activations.Elu: Elu}


def act_of(node: Node | None) -> Act:
    return (Act if node is None else ACTS[type(node)])(node)


# -- data in ----------------------------------------------------------------------------------
class Feed(Kernel):
    """Gathers a batch of the data set, and turns it batch last. Replaces ``Rescale`` too."""

    kind = "gather"

    def __init__(
        self,
        program: Program,
        nodes: list[Any],
        rows: slice | None = None,
        other: Feed | None = None,
    ) -> None:
        super().__init__(program, nodes, [])
        self.rows = rows  # only these rows of each picture, for a thread that needs no more
        self.other = other  # who has gathered the same batch already
        self.rescale = nodes[1] if len(nodes) > 1 else None
        # Targets, and data that are neither pictures nor vectors, stay as they are gathered.
        node = nodes[0]
        self.as_gathered = node is program.network.targets or node.ndim not in (2, 4)
        self.data: Any = None  # the whole data set
        self.batch: Any = None  # which of it make the batch, shared by all programs of a plan

    def ask(self, memory: Asker) -> None:
        if self.other is not None:
            self.raw = self.other.raw
            return
        node = self.nodes[0]
        life = memory.always if self.as_gathered else memory.then
        self.raw = memory("a batch as it is stored", node.shape, node.dtype, life)

    def take(self) -> None:
        gather(self.data, self.batch[self.program.pictures], self.raw.array)

    def forward(self) -> Steps:
        if self.other is None:
            yield self.take
        raw, out = as_stored(self.raw.array), self.value()
        if self.as_gathered:
            return
        raw = raw if self.rows is None else raw[self.rows]
        yield partial(np.copyto, out, raw)
        if self.rescale is not None:
            yield partial(np.multiply, out, self.rescale.scale, out=out)
            if self.rescale.offset:
                yield partial(np.add, out, self.rescale.offset, out=out)


# -- layers -----------------------------------------------------------------------------------
class Dense(Kernel):
    """Product, bias and activation; replaces ``MatMul``, ``Add`` and the activation.

    In a band, a thread has some of the inputs and the rows of the weight that belong to
    them. Its product is its share of the sum; bias and activation follow elsewhere.
    """

    kind = "dense"

    def __init__(self, program: Program, nodes: list[Any], band: Any = None) -> None:
        self.x, self.weight = nodes[0].inputs
        self.rows = slice(0, self.weight.shape[0]) if band is None else band.weight
        self.inside = self.rows if band is None else band.inside  # of the input's rows
        extra = {type(n): n for n in nodes[1:]}
        self.bias = next((n.inputs[1] for n in nodes[1:] if n.label == "add"), None)
        self.act = act_of(next((n for t, n in extra.items() if t in ACTS), None))
        super().__init__(program, nodes, [self.x])
        batch, (inputs, units) = self.x.shape[0], self.weight.shape
        share = 2 * batch * inputs * units // program.bands
        self.flops = (share, share * (1 + bool(self.sends)))

    def ask(self, memory: Asker) -> None:
        shape, dtype = stored_shape(self.nodes[0].shape), self.output.dtype
        self.act.ask(memory, shape, dtype)
        if self.bias is not None:
            self.program.weight(self.bias).ask(memory)
        self.rated = memory("gradient times rate", shape, dtype, memory.later)
        self.ask_change(memory, shape, dtype)

    def ask_change(self, memory: Asker, shape: tuple[int, ...], dtype: Any) -> None:
        self.program.weight(self.weight).ask(memory, self.rows)
        if self.x.shape[0] == 1:
            # NumPy's product of a column and a row is slow; with a second column of
            # zeros it is BLAS's and twenty times as fast.
            inputs = self.rows.stop - self.rows.start
            self.columns = memory("input and zeros", (inputs, 2), dtype, memory.always)
            self.pair = memory("gradient and zeros", (shape[0], 2), dtype, memory.always)

    def forward(self) -> Steps:
        z = self.value()
        yield from self.product(self.value(self.x)[self.inside], z)
        if self.bias is not None:
            yield partial(np.add, z, self.bias.value[:, np.newaxis], out=z)
        yield from self.act.forward(z, z)

    def product(self, x: Any, z: Any) -> Steps:
        """Write the product with the weight, of shape (units, batch)."""
        yield partial(np.matmul, self.program.array(self.weight)[self.rows].T, x, out=z)

    def backward(self) -> Steps:
        z, g = self.value(), self.gradient
        yield from self.act.backward(g, z, z, g)
        if self.bias is not None:
            bias = self.program.weight(self.bias)
            yield partial(np.add.reduce, g, axis=1, out=bias.into())
            yield from bias.done()
        target = self.program.receive(self, self.x) if self.sends else None
        by_x = None
        if target is not None:
            by_x = target.array[self.inside]
            for other in (target.array[: self.inside.start], target.array[self.inside.stop :]):
                if len(other):
                    yield partial(other.fill, 0)
        yield from self.change(self.value(self.x)[self.inside], g, by_x)
        if target is not None:
            yield from target.add()

    def change(self, x: Any, g: Any, by_x: Any) -> Steps:
        """Write the gradient of the input, and change the weight or keep its gradient."""
        weight = self.program.array(self.weight)[self.rows]
        by_weight = self.program.weight(self.weight)
        left, right, rated = x, g, by_weight.rate is not None
        if rated:
            right = self.rated.array
            yield partial(np.multiply, g, by_weight.rate, out=right)
        if x.shape[1] == 1:
            left = self.columns.array
            yield partial(np.copyto, left[:, :1], x)
            yield partial(np.copyto, self.pair.array[:, :1], right)
            right = self.pair.array
        for rows in by_weight.pieces():
            yield partial(np.matmul, left[rows], right.T, out=by_weight.into(rows))
            if by_x is not None:  # with the weights of before the step
                yield partial(np.matmul, weight[rows], g, out=by_x[rows])
            yield from by_weight.done(rows, rated)


class BiasAct(Kernel):
    """Shares of a product added up, bias, activation; the end of a ``Dense`` in bands."""

    kind = "sum of shares"

    def __init__(self, program: Program, nodes: list[Any], shares: list[Any], by_sum: Any) -> None:
        super().__init__(program, nodes, [])
        self.shares, self.by_sum = shares, by_sum
        self.bias = next((n.inputs[1] for n in nodes if n.label == "add"), None)
        self.act = act_of(next((n for n in nodes if type(n) in ACTS), None))

    def ask(self, memory: Asker) -> None:
        self.act.ask(memory, stored_shape(self.output.shape), self.output.dtype)
        if self.bias is not None:
            self.program.weight(self.bias).ask(memory)

    def forward(self) -> Steps:
        z, first = self.value(), self.shares[0]
        terms = self.shares[1:] or []
        if self.bias is not None:
            terms = [*terms, self.bias.value[:, np.newaxis]]
        if not terms:
            yield partial(np.copyto, z, first)
        for term in terms:
            yield partial(np.add, first, term, out=z)
            first = z
        yield from self.act.forward(z, z)

    def backward(self) -> Steps:
        z, g = self.value(), self.by_sum
        yield from self.act.backward(self.gradient, z, z, g)
        if self.bias is not None:
            bias = self.program.weight(self.bias)
            yield partial(np.add.reduce, g, axis=1, out=bias.into())
            yield from bias.done()
