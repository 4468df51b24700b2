"""The kernel of every operator that has none of its own: the calls that its methods make."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.calls import ForSamples
from minigrad.engine.kernels.general import GeneralKernel
from minigrad.engine.kernels.kernel import Array, Call, Calls, Host
from minigrad.engine.kernels.layout import as_reference, stored_shape
from minigrad.engine.noted import CannotRecord, Noted, filled
from minigrad.engine.recording import Recording
from minigrad.engine.scope import Scope
from minigrad.graph import Node, is_recordable
from minigrad.graph.checks import unchanged
from minigrad.graph.sweeps import summed


class RecordedKernel(GeneralKernel):
    """One operator or several, by the calls that their own methods make; see
    ``minigrad/engine/recording.py``.

    Raises:
        CannotRecord: When a method cannot be recorded.
    """

    kind = "recorded"

    def __init__(self, nodes: Sequence[Any], scope: Scope, beside: Sequence[Any] = ()) -> None:
        super().__init__(nodes, scope)
        self.beside = list(beside)
        self.generator: Any = None  # where chance comes from, if any is needed
        self.drawn: Any = None  # numbers drawn for a whole batch of which this is a part
        products = [2 * n.size * n.inputs[0].shape[-1] for n in nodes if type(n) is op.MatMul]
        self.flops = (sum(products), 2 * sum(products))
        self.inside = {*self.reads, *self.nodes}
        self.recording = Recording()
        with unchanged(nodes):
            self.record()

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        return [node] if is_recordable(type(node)) else None

    # -- recording ------------------------------------------------------------------------------------
    def like(self, node: Node) -> Noted:
        # a stand-in for an array of the program's, batch last in memory, or of a weight
        if node not in self.inside:
            return Noted(self.recording, np.ones(node.shape, node.dtype))
        return Noted(self.recording, as_reference(np.ones(stored_shape(node.shape), node.dtype)))

    def record(self) -> None:
        self.given = {node: self.like(node) for node in self.sources}
        values: dict[Node, Any] = dict(self.given)
        for node in self.nodes:
            if isinstance(node, op.Dropout):
                self.generator = node.generator
                node.generator = self  # type: ignore[assignment]
            values[node] = node.value = node.forward(*(values[i] for i in node.inputs))
            if not isinstance(node.value, Noted) or node.value.dtype != node.dtype:
                raise CannotRecord("what the method returns is not what it was given, recorded")
        self.values = {n: self.deliver(values[n], n) for n in (*self.beside, self.output)}
        self.recording.sweep = 1
        self.by_output = self.like(self.output)
        gradients = self.record_backward(values) if self.wanted else {}
        self.sent = {node: self.deliver(gradients[node], node) for node in self.wanted}
        self.recording.keep([*self.values.values(), *self.sent.values()])

    def record_backward(self, values: dict[Node, Any]) -> dict[Node, Any]:
        gradients: dict[Node, Any] = {self.output: self.by_output}
        for node in reversed(self.nodes):
            if node in gradients:
                parts = node.backward(gradients[node], *(values[i] for i in node.inputs))
                parts = parts if isinstance(parts, tuple) else (parts,)
                for source, part in zip(node.inputs, parts, strict=True):
                    if source.needs_gradient:
                        part = filled(0)(values[source]) if part is None else part
                        part = summed(part, source.shape)
                        known = gradients.get(source)
                        gradients[source] = part if known is None else known + part
        return gradients

    def deliver(self, noted: Noted, node: Node) -> Noted:
        """What is to lie in an array of the program's: the result itself, or a copy of it."""
        calls, sweep = self.recording.calls, self.recording.sweep
        if any(call.result is noted and call.sweep == sweep for call in calls):
            if noted.parent is None and (noted.shape, noted.dtype) == (node.shape, node.dtype):
                return noted
        return self.recording.copy(noted, self.like(node))

    def random(self, shape: tuple[int, ...], dtype: Any) -> Noted:
        # what Dropout asks of its generator, while it is recorded
        place = Noted(self.recording, np.empty(shape, dtype))
        return self.recording.note(self.draw, (), {}, place)

    def draw(self, samples: slice, out: Array) -> None:
        if self.drawn is None:
            self.generator.random(dtype=out.dtype, out=out)
        else:
            np.copyto(out, self.drawn[samples])

    # -- calls -----------------------------------------------------------------------------------------
    def forward(self, host: Host) -> Calls:
        placed = [self.given, self.values, self.sent]
        kept = [self.by_output, *(n for d in placed for n in d.values())]
        self.recording.place(partial(host.ask, "intermediate"), kept)
        for node, noted in self.given.items():
            noted.array = self.view(host, node)
        for node, noted in self.values.items():
            noted.array = as_reference(host.value(node))
        for call in self.recording.play(0):
            # the numbers that chance gives are those of the samples that are worked on
            drawing = call.func == self.draw
            yield ForSamples(self.draw, slice(None), out=call.keywords["out"]) if drawing else call

    def backward(self, host: Host) -> Calls:
        if self.sent:
            self.by_output.array = as_reference(host.gradient(self.output))
            after: list[Call] = []
            for node, noted in self.sent.items():
                noted.array, then = self.receive(host, node)
                after += then
            yield from self.recording.play(1)
            yield from after  # the weights change when no call needs them any more


class CrossEntropyKernel(RecordedKernel):
    """Softmax that gives the predictions, cross-entropy, and its mean or sum."""

    kind = "softmax + cross-entropy"

    def __init__(self, nodes: Sequence[Any], scope: Scope) -> None:
        super().__init__(nodes, scope, [n for n in nodes if type(n) is op.Softmax])

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        for loss in scope.users[node.inputs[0]]:  # which computes a softmax beside it on the way
            nodes = cls.around(loss, scope)
            if any(member is node for member in nodes):
                return nodes
        return None

    @staticmethod
    def around(loss: Any, scope: Scope) -> list[Any]:
        losses = op.SoftmaxCrossEntropy, op.SparseSoftmaxCrossEntropy
        end = scope.only_user(loss, op.Mean, op.Sum) if type(loss) in losses else []
        if not end or end[0].ndim or not scope.computed_from(loss):
            return []
        beside = [n for n in scope.users[loss.inputs[0]] if type(n) is op.Softmax]
        ours = [n for n in beside if n is scope.network.outputs and not scope.users[n]]
        return [*ours, loss, *end]
