"""Programs: the nodes of a graph turned into kernels, memory, and one list of calls.

A program is what a single thread runs. Making one takes five steps, each a method below:

1. *match*: nodes that are one kernel together are found (convolution + bias + activation);
2. *place*: each kernel says which arrays it needs and for how long;
3. *settle*: the arrays get their memory, shared where their times do not meet;
4. *bind*: each kernel lists its calls, with all arguments filled in;
5. running it is then no more than ``for call in calls: call()``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.activations import Relu, Softmax
from minigrad.convolution import Convolution2D, MaxPool2D
from minigrad.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy
from minigrad.eager import Network
from minigrad.engine import kernels
from minigrad.engine.activations import ACTS
from minigrad.engine.convolution import Convolution
from minigrad.engine.debts import Debt, OwingDense
from minigrad.engine.dense import BiasAct, Dense
from minigrad.engine.kernels import PIECE, Asker, Kernel, Step, as_reference, stored_shape
from minigrad.engine.loans import Loan
from minigrad.engine.memory import ALWAYS, Buffer, Memory
from minigrad.engine.recorded import Flatten, Recorded, Reference
from minigrad.engine.recording import settled
from minigrad.graph import Constant, Node, Operator, Variable
from minigrad.rescaling import Rescale

__all__ = ["Program", "Target", "Weight"]

LOSSES = (SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy)
# The operators whose methods may be recorded; a reader's might do more than compute.
RECORDED = {
    f"minigrad.{name}"
    for name in ("operators", "activations", "convolution", "cross_entropy", "dropout", "rescaling")
}
Update = Callable[[Variable, slice, Any, Any], Iterable[Step]]


class Weight:
    """The gradient of one variable: where kernels write it, and what happens then.

    Either the update follows at once, piece by piece while the piece is in the cache; or
    the gradient is kept, and added to if there is more than one part of it.
    """

    def __init__(self, program: Program, variable: Variable, at_once: bool, add: bool) -> None:
        self.program, self.variable, self.at_once, self.adds = program, variable, at_once, add
        self.rows = slice(None)
        self.asked = False
        self.part: Any = None  # where a piece of the gradient is written, or one to add
        # A learning rate that may be taken into a factor of the gradient, which is smaller
        self.rate = program.rate(variable) if at_once and program.rate else None

    def ask(self, memory: Asker, rows: slice | None = None) -> None:
        if not self.program.training:
            return
        if self.asked:  # by a kernel that comes later, and sends its gradient earlier
            if self.adds:
                self.part.lifetime = (memory.later[0], self.part.lifetime[1])
            return
        self.asked = True
        self.rows = slice(None) if rows is None else rows
        shape, dtype = self.variable.shape, self.variable.dtype
        if rows is not None:
            shape = (len(range(*rows.indices(shape[0]))), *shape[1:])
        if self.at_once:
            piece = (min(self.per_piece(shape), shape[0]), *shape[1:]) if shape else shape
            self.part = memory("gradient of a piece", piece, dtype, memory.later)
            self.spare = memory("spare", piece, dtype, memory.later)
        else:
            self.kept = memory(f"gradient of {self.variable.name}", shape, dtype, memory.always)
            if self.adds:
                self.part = memory("gradient to add", shape, dtype, memory.later)

    def per_piece(self, shape: tuple[int, ...]) -> int:
        row = int(np.prod(shape[1:], dtype=int)) * self.variable.dtype.itemsize
        return max(PIECE // max(row, 1), 1)

    def pieces(self) -> list[slice]:
        """Rows of the weight that are worked on at a time."""
        shape = self.variable.shape
        length = len(range(*self.rows.indices(shape[0]))) if shape else 1
        if not self.at_once:
            return [slice(0, length)]
        step = self.part.shape[0]
        return [slice(i, min(i + step, length)) for i in range(0, length, step)]

    def into(self, rows: slice | None = None) -> Any:
        """Where to write the gradient of these rows."""
        if self.at_once:
            part = self.part.array
            return part[: rows.stop - rows.start] if rows is not None else part
        place = self.part.array if self.adds else self.kept.array
        return place if rows is None else place[rows]

    def done(self, rows: slice | None = None, rated: bool = False) -> Iterable[Step]:
        """What follows once the gradient of these rows is written.

        Args:
            rows: Which rows; all by default.
            rated: Whether what was written is the gradient times the learning rate.
        """
        if rated:
            array = self.program.array(self.variable)[self.rows][rows]
            yield partial(np.subtract, array, self.into(rows), out=array)
        elif self.at_once:
            g = self.into(rows)
            offset = self.rows.start or 0
            where = slice(offset + rows.start, offset + rows.stop) if rows is not None else ...
            spare = self.spare.array[: len(g)] if g.ndim else self.spare.array
            yield from self.program.update(self.variable, where, g, spare)
        elif self.adds:
            yield partial(np.add, self.kept.array, self.part.array, out=self.kept.array)


class Target:
    """Where a kernel writes the gradient of an input, and how it is added to others."""

    def __init__(self, array: Any, total: Any = None) -> None:
        self.array, self.total = array, total

    def add(self) -> list[Step]:
        if self.total is None:
            return []
        return [partial(np.add, self.total, self.array, out=self.total)]


def unflatten(flat: Any, shape: tuple[int, ...]) -> Any:
    # (height·width·channel, batch) seen as (height, channel, width, batch)
    height, channel, width, batch = shape
    return flat.reshape(height, width, channel, batch).transpose(0, 2, 1, 3)


class Program:
    """Kernels, memory and calls for some nodes of a network.

    Args:
        network: The graph.
        nodes: Its operators, in topological order; those that this program computes.
        training: Whether gradients are wanted.
        update: The calls that change a weight, or ``None`` to keep the gradients.
        own: The only weight that may be changed in the middle of the backward sweep, since
            other threads read the others; any by default.
        several: Whether the program runs more than once in a step, on different pictures.
        given: A node whose value comes from elsewhere: the arrays that add up to it, and
            where its gradient is wanted.
        outside: A node whose value and gradient have arrays elsewhere.
        band: For a program that computes part of the features only: which rows.
        bands: How many such parts there are.
        seed: What the backward sweep starts from.
        gathered: Who gathers the batch, if not this program.
        loan: The weight that is not where its variable has it while it is trained, if one is.
        rate: Gives the learning rate of a weight whose update is no more than a product with it,
            otherwise ``None``.
    """

    def __init__(
        self,
        network: Network,
        nodes: Sequence[Node],
        *,
        training: bool,
        update: Update | None = None,
        own: Variable | None = None,
        several: bool = False,
        given: tuple[Node, list[Any], Any] | None = None,
        outside: tuple[Node, Any, Any] | None = None,
        band: Any = None,
        bands: int = 1,
        seed: float = 1.0,
        gathered: kernels.Feed | None = None,
        loan: Loan | Debt | None = None,
        rate: Callable[[Variable], Any] | None = None,
    ) -> None:
        self.network, self.nodes, self.training = network, list(nodes), training
        self.update_now, self.own, self.several = update, own, several
        self.given, self.outside = given, outside
        self.band, self.bands, self.seed = band, bands, seed
        self.loan, self.rate = loan, rate
        self.gathered = gathered
        self.pictures = slice(0, network.inputs.shape[0])  # which of the batch it works on
        self.users: dict[Node, list[Node]] = {node: [] for node in network.order}
        for node in network.order:
            for source in dict.fromkeys(node.inputs):
                self.users[source].append(node)
        # Only what leads to the loss has a gradient: not a softmax beside it, say.
        self.differentiated = {network.loss}
        for node in reversed(network.order):
            if not self.differentiated.isdisjoint(self.users[node]):
                self.differentiated.add(node)
        self.uses = Counter(i for n in nodes for i in n.inputs if isinstance(i, Variable))
        self.weights: dict[Variable, Weight] = {}
        self.value: dict[Node, Any] = {}
        self.gradient: dict[Node, Any] = {}
        self.match()
        self.place()
        self.bind()

    # -- 1. match ---------------------------------------------------------------------------
    def match(self) -> None:
        self.kernels: list[Kernel] = []
        taken: set[Node] = set()
        for entry in (self.network.inputs, self.network.targets):
            if entry is not None and self.reads(entry):
                chain = (
                    [entry, *self.only_user(entry, Rescale)] if entry.ndim in (2, 4) else [entry]
                )
                if chain[-1] not in self.nodes:
                    chain = chain[:1]
                rows = self.band and self.band.input
                self.add(kernels.Feed(self, chain, rows, self.gathered), taken)
        if self.given is not None:
            node, shares, by_sum = self.given
            chain = [node, *self.bias_and_act(node)]
            self.add(BiasAct(self, chain, (), shares, by_sum), taken)
        for node in self.nodes:
            if node not in taken:
                self.add(self.kernel_for(node, taken), taken)
        # A kernel stands where the last of its nodes stood: all that it reads is there by then.
        place = {node: i for i, node in enumerate(self.network.order)}
        self.kernels.sort(key=lambda kernel: max(place[node] for node in kernel.nodes))

    @property
    def feed(self) -> Any:
        """The kernel that brings in the samples."""
        return next(k for k in self.kernels if k.nodes[0] is self.network.inputs)

    def add(self, kernel: Kernel, taken: set[Node]) -> None:
        self.kernels.append(kernel)
        taken.update(kernel.nodes)

    def reads(self, entry: Node) -> bool:
        inside = set(self.nodes)
        return entry is self.network.outputs or any(user in inside for user in self.users[entry])

    def computes(self, node: Node) -> bool:
        """Whether the node's value is one of the program's arrays."""
        entries = (self.network.inputs, self.network.targets)
        return isinstance(node, Operator) or any(node is entry for entry in entries)

    def only_user(self, node: Node, *kinds: type) -> list[Any]:
        # the one node that reads this one, if it is of that kind and nobody else looks
        users = self.users[node]
        alone = len(users) == 1 and node not in (self.network.outputs, self.network.loss)
        return users if alone and type(users[0]) in kinds and users[0] in self.nodes else []

    def bias_and_act(self, node: Node) -> list[Node]:
        chain = [
            n
            for n in self.only_user(node, op.Add)
            if n.inputs[0] is node
            and isinstance(n.inputs[1], Variable)
            and n.inputs[1].shape == node.shape[-1:]
            and n.dtype == node.dtype
        ]
        return chain + self.only_user(chain[-1] if chain else node, *ACTS)

    def kernel_for(self, node: Any, taken: set[Node]) -> Kernel:
        kind = type(node)
        if kind is Convolution2D and isinstance(node.inputs[1], Variable) and self.ours(node):
            chain = [node, *self.bias_and_act(node)]
            if type(chain[-1]) in (Relu, op.Add, Convolution2D):
                pool = self.only_user(chain[-1], MaxPool2D)
                chain += [p for p in pool if p.padding == "valid" and p.strides == p.window]
            return Convolution(self, chain, self.band and self.band.output)
        if kind is op.MatMul and isinstance(node.inputs[1], Variable) and self.ours(node):
            if node.ndim == 2 == node.inputs[1].ndim:
                chain = [] if self.band else self.bias_and_act(node)
                if isinstance(self.loan, Debt) and self.loan.variable is node.inputs[1]:
                    return OwingDense(self, [node, *chain], self.loan)
                return Dense(self, [node, *chain], self.band)
        if kind is op.Reshape and node.ndim == 2 and node.inputs[0].ndim > 1 and self.ours(node):
            if node.shape[0] == node.inputs[0].shape[0]:
                return Flatten(self, [node])
        for loss in self.users[node.inputs[0]]:  # which computes a softmax beside it on the way
            if node in (group := self.cross_entropy(loss)):
                made = Recorded(self, group, [n for n in group if type(n) is Softmax])
                made.kind = "softmax + cross-entropy"
                return made
        if kind.__module__ in RECORDED:
            with suppress(TypeError):
                return Recorded(self, [node])
        return Reference(self, [node])

    def ours(self, node: Node) -> bool:
        # the first input is an array of the program's, of the same dtype
        source = node.inputs[0]
        return self.computes(source) and source.dtype == node.dtype

    def cross_entropy(self, loss: Node) -> list[Node]:
        """Softmax that gives the predictions, cross-entropy, and its mean or sum."""
        end = self.only_user(loss, op.Mean, op.Sum) if type(loss) in LOSSES else []
        if not end or end[0].ndim or not self.ours(loss):
            return []
        beside = [n for n in self.users[loss.inputs[0]] if type(n) is Softmax]
        return [*(n for n in beside if n is self.network.outputs and not self.users[n]), loss, *end]

    # -- 2. place and 3. settle ----------------------------------------------------------------
    def value_shape(self, node: Node) -> tuple[int, ...]:
        shape = stored_shape(node.shape)
        if self.band is None or len(shape) not in (2, 4) or node is self.network.targets:
            return shape
        return (self.band.rows(node, shape), *shape[1:])

    def place(self) -> None:
        memory = self.memory = Memory()
        last = 2 * len(self.kernels) - 1
        index = {kernel.output: k for k, kernel in enumerate(self.kernels)}
        readers: dict[Node, list[int]] = {}
        senders: Counter[Node] = Counter()
        for k, kernel in enumerate(self.kernels):
            for node in kernel.reads:
                readers.setdefault(node, []).append(k)
            senders.update(kernel.sends)
        # Pictures that only a Flatten reads are written in flat order at once.
        self.views = {
            kernel.reads[0]: kernel.output
            for kernel in self.kernels
            if isinstance(kernel, Flatten)
            and kernel.reads[0].ndim == 4
            and len(readers[kernel.reads[0]]) == 1
            and kernel.reads[0] is not self.network.outputs
        }
        # What a kernel may not overwrite on its way back: the predictions are looked at later.
        self.apart = {*self.views, self.network.outputs}
        self.asked: dict[Kernel, list[Buffer]] = {}  # whose buffers they are
        values: dict[Node, Buffer] = {}
        gradients: dict[Node, Buffer] = {}
        shares: dict[Node, Buffer] = {}
        for k, kernel in enumerate(self.kernels):
            asked = len(memory.buffers)
            kernel.ask(Asker(memory, k, last - k, self.training))
            for node in [kernel.output, *kernel.beside]:
                if node in self.views or kernel.as_gathered:
                    continue
                shape = self.value_shape(node)
                name = node.label if node.inputs else node.name or node.label
                begin = min([k, *(index[p] for p, flat in self.views.items() if flat is node)])
                then = max(readers.get(node, [k]))
                kept = node in (self.network.outputs, self.network.loss)
                end = ALWAYS[1] if kept else last - begin if self.training else then
                values[node] = memory.ask(f"value of {name}", shape, node.dtype, (begin, end))
                if self.training and node.needs_gradient and node in self.differentiated:
                    life = (last - then if node in readers else 0, last - begin)
                    label = f"gradient of {name}"
                    gradients[node] = memory.ask(label, shape, node.dtype, life)
                    if senders[node] > 1:
                        shares[node] = memory.ask("a share of it", shape, node.dtype, life)
            self.asked[kernel] = memory.buffers[asked:]
        memory.settle()
        self.value = {n: b.array for n, b in values.items()}
        self.gradient = {n: b.array for n, b in gradients.items()}
        self.share = {n: b.array for n, b in shares.items()}
        for kernel in self.kernels:
            if kernel.as_gathered:
                self.value[kernel.output] = kernels.as_stored(kernel.raw.array)
        for pictures, flat in self.views.items():
            shape = self.value_shape(pictures)
            reorders = self.loan is not None and self.loan.reorders
            arrange = np.reshape if reorders else unflatten
            self.value[pictures] = arrange(self.value[flat], shape)
            if flat in self.gradient:
                self.gradient[pictures] = arrange(self.gradient[flat], shape)
        if self.outside is not None:
            node, value, gradient = self.outside
            self.value[node], self.gradient[node] = value, gradient

    def view(self, node: Node) -> Any:
        """A node's value as users see it, batch first."""
        if node in self.value:
            return as_reference(self.value[node])
        assert isinstance(node, Constant)
        return node.value

    def array(self, variable: Variable) -> Any:
        """The memory of a weight."""
        if self.loan is not None and self.loan.variable is variable:
            return self.loan.array
        return variable.value

    def weight(self, variable: Variable) -> Weight:
        """The gradient of a variable."""
        if variable not in self.weights:
            once = self.uses[variable] == 1 and not self.several
            mine = self.own is None or self.own is variable
            at_once = once and mine and self.update_now is not None
            self.weights[variable] = Weight(self, variable, at_once, add=not once)
        return self.weights[variable]

    def update(self, variable: Variable, rows: Any, g: Any, spare: Any) -> Iterable[Step]:
        assert self.update_now is not None
        return self.update_now(variable, rows, g, spare)

    def receive(self, kernel: Kernel, node: Node) -> Target:
        """Where a kernel writes the gradient of one of its inputs."""
        if node in self.given_to:
            return Target(self.share[node], self.gradient[node])
        self.given_to.add(node)
        return Target(self.gradient[node])

    # -- 4. bind ----------------------------------------------------------------------------
    def bind(self) -> None:
        """List all calls."""
        self.given_to: set[Node] = set()
        self.begin_calls = [settled(call) for kernel in self.kernels for call in kernel.begin()]
        data = [kernel for kernel in self.kernels if isinstance(kernel, kernels.Feed)]
        others = [kernel for kernel in self.kernels if not isinstance(kernel, kernels.Feed)]
        self.data_calls = [settled(call) for kernel in data for call in kernel.forward()]
        self.forward_calls = [settled(call) for kernel in others for call in kernel.forward()]
        self.backward_calls: list[Step] = []
        if not self.training:
            return
        loss = self.network.loss
        if loss in self.gradient:
            self.gradient[loss][...] = self.seed
            self.backward_calls.append(partial(self.gradient[loss].fill, self.seed))
        for kernel in reversed(self.kernels):
            if kernel.output.needs_gradient and kernel.output in self.differentiated:
                self.backward_calls.extend(map(settled, kernel.backward()))
        for weight in self.weights.values():
            if not weight.at_once and weight.adds:
                self.begin_calls.append(partial(weight.kept.array.fill, 0))
