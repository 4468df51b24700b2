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
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import operators as op
from minigrad.engine import sizes
from minigrad.engine.gradients import Weight
from minigrad.engine.kernels.activations import ACTS
from minigrad.engine.kernels.convolution import Convolution
from minigrad.engine.kernels.debts import OwingDense
from minigrad.engine.kernels.dense import BiasAct, Dense
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.flatten import Flatten, unflatten
from minigrad.engine.kernels.kernel import Asker, Kernel, Step
from minigrad.engine.kernels.layout import as_reference, as_stored, stored_shape
from minigrad.engine.kernels.recorded import Recorded, Reference
from minigrad.engine.kernels.updates import Updates
from minigrad.engine.memory import ALWAYS, Buffer, Memory
from minigrad.engine.network import Network
from minigrad.engine.recording import CannotRecord, settled
from minigrad.graph import Constant, Node, Operator, Variable, is_recordable
from minigrad.operators import Relu, Softmax
from minigrad.operators.convolution import Convolve, MaxPool
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy
from minigrad.operators.rescaling import Rescale

if TYPE_CHECKING:
    from minigrad.engine.bands import Band, Cut

__all__ = ["Program"]

LOSSES = (SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy)


class Program:
    """Kernels, memory and calls for the nodes of a network, or for some of them.

    Args:
        network: The graph.
        updates: How weights change; ``None`` where no gradients are wanted.
        cut: Where the network is cut into bands and the rest, if it is.
        band: Which band this program computes; without one, it computes the rest.
        part: Which part of a batch the program computes, run several times in a step.

    Attributes:
        value: For each node the array of its value, batch last.
        gradient: For each node that of its gradient.
    """

    def __init__(
        self,
        network: Network,
        updates: Updates | None,
        cut: Cut | None = None,
        band: Band | None = None,
        part: float | None = None,
    ) -> None:
        self.network, self.cut, self.band = network, cut, band
        self.training, self.updates = updates is not None, updates or Updates(None, ())
        self.several, self.seed = part is not None, 1.0 if part is None else part
        # The only weight that may change in the middle of the backward sweep, as other
        # threads read the others; any where there are no other threads.
        self.own = cut.weight if cut and band else None
        self.pictures = slice(0, network.inputs.shape[0])  # which of the batch it works on
        self.nodes = [n for n in network.order if isinstance(n, Operator)]
        if cut is not None:
            above = {cut.node}
            for node in reversed(network.order):
                if node in above:
                    above.update(node.inputs)
            self.nodes = [n for n in self.nodes if (n in above) == (band is not None)]
        self.users: dict[Node, list[Node]] = {node: [] for node in network.order}
        for node in network.order:
            for source in dict.fromkeys(node.inputs):
                self.users[source].append(node)
        # Only what leads to the loss has a gradient: not a softmax beside it, say.
        self.differentiated = {network.loss}
        for node in reversed(network.order):
            if not self.differentiated.isdisjoint(self.users[node]):
                self.differentiated.add(node)
        self.uses = Counter(i for n in self.nodes for i in n.inputs if isinstance(i, Variable))
        self.weights: dict[Variable, Weight] = {}
        self.value: dict[Node, Any] = {}
        self.gradient: dict[Node, Any] = {}
        self.match()

    def build(self) -> Program:
        """Make the memory and the calls; until then it is known only what the kernels are."""
        self.place()
        self.bind()
        return self

    # -- 1. match ---------------------------------------------------------------------------
    def match(self) -> None:
        self.kernels: list[Kernel] = []
        taken: set[Node] = set()
        for entry in (self.network.inputs, self.network.targets):
            if entry is not None and self.reads(entry):
                rescale = self.only_user(entry, Rescale) if entry.ndim in (2, 4) else []
                feed = Feed(self, [entry, *rescale])
                if self.cut and self.band and self.cut.feed is None:
                    self.cut.feed = feed
                self.add(feed, taken)
        if self.cut and not self.band:
            self.add(BiasAct(self, [self.cut.node, *self.bias_and_act(self.cut.node)]), taken)
        for node in self.nodes:
            if node not in taken:
                self.add(self.kernel_for(node), taken)
        # A kernel stands where the last of its nodes stood: all that it reads is there by then.
        place = {node: i for i, node in enumerate(self.network.order)}
        self.kernels.sort(key=lambda kernel: max(place[node] for node in kernel.nodes))

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

    def kernel_for(self, node: Any) -> Kernel:
        kind = type(node)
        if kind is Convolve and isinstance(node.inputs[1], Variable) and self.ours(node):
            chain = [node, *self.bias_and_act(node)]
            if type(chain[-1]) in (Relu, op.Add, Convolve):
                pool = self.only_user(chain[-1], MaxPool)
                chain += [p for p in pool if p.padding == "valid" and p.strides == p.window]
            return Convolution(self, chain)
        if kind is op.MatMul and isinstance(node.inputs[1], Variable) and self.ours(node):
            if node.ndim == 2 == node.inputs[1].ndim:
                chain = [node] if self.band else [node, *self.bias_and_act(node)]
                return (OwingDense if self.owes(node) else Dense)(self, chain)
        if kind is op.Reshape and node.ndim == 2 and node.inputs[0].ndim > 1 and self.ours(node):
            if node.shape[0] == node.inputs[0].shape[0]:
                return Flatten(self, [node])
        for loss in self.users[node.inputs[0]]:  # which computes a softmax beside it on the way
            if node in (group := self.cross_entropy(loss)):
                made = Recorded(self, group, [n for n in group if type(n) is Softmax])
                made.kind = "softmax + cross-entropy"
                return made
        if is_recordable(kind):
            with suppress(CannotRecord):
                return Recorded(self, [node])
        return Reference(self, [node])

    def ours(self, node: Node) -> bool:
        # the first input is an array of the program's, of the same dtype
        source = node.inputs[0]
        return self.computes(source) and source.dtype == node.dtype

    def owes(self, node: Node) -> bool:
        # whether a dense layer's weight is large, and trained so that its changes may wait
        weight: Any = node.inputs[1]
        if weight._array.nbytes < sizes.LARGE or node.shape[0] > 1 or self.several:
            return False
        free = self.updates.loan is None and self.uses[weight] == 1
        return free and self.updates.rate(weight) is not None

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
        return (self.band.lengths.get(node, shape[0]), *shape[1:])

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
        # Without a loan flat order is not the order of the plan, and products cannot write there.
        loan = self.updates.loan
        self.arrange = np.reshape if loan is not None and loan.reorders else unflatten
        self.strided = set() if self.arrange is np.reshape else set(self.views)
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
                self.value[kernel.output] = as_stored(kernel.raw.array)
        for pictures, flat in self.views.items():
            shape = self.value_shape(pictures)
            self.value[pictures] = self.arrange(self.value[flat], shape)
            if flat in self.gradient:
                self.gradient[pictures] = self.arrange(self.gradient[flat], shape)
        if self.cut and self.band:
            self.value[self.cut.node] = self.band.share
            self.gradient[self.cut.node] = self.cut.by_sum

    def view(self, node: Node) -> Any:
        """A node's value as users see it, batch first."""
        if node in self.value:
            return as_reference(self.value[node])
        assert isinstance(node, Constant)
        return node._array

    def weight(self, variable: Variable) -> Weight:
        """Where the gradient of a weight goes."""
        if variable not in self.weights:
            self.weights[variable] = Weight(self, variable)
        return self.weights[variable]

    def ask_for(self, variable: Variable, memory: Asker, rows: slice | None = None) -> None:
        """Ask for the memory of a weight's gradient, where one is wanted."""
        if self.training:
            self.weight(variable).ask(memory, rows)

    def receive(self, node: Node) -> tuple[Any, list[Step]]:
        """Where a kernel writes the gradient of an input, and what follows when it is there."""
        if isinstance(node, Variable):
            weight = self.weight(node)
            return weight.into(), list(weight.done())
        total = self.gradient[node]
        if node not in self.given_to:
            self.given_to.add(node)
            return total, []
        share = self.share[node]  # a further one, to be added
        return share, [partial(np.add, total, share, out=total)]

    # -- 4. bind ----------------------------------------------------------------------------
    def bind(self) -> None:
        """List all calls."""
        self.given_to: set[Node] = set()
        self.begin_calls = [settled(call) for kernel in self.kernels for call in kernel.begin()]
        data = [kernel for kernel in self.kernels if isinstance(kernel, Feed)]
        others = [kernel for kernel in self.kernels if not isinstance(kernel, Feed)]
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
            if weight.adds:
                self.begin_calls.append(partial(weight.kept.array.fill, 0))
