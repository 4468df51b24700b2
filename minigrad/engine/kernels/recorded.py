"""The kernel of every operator that has none of its own: the calls that its methods make."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.calls import ForSamples, settled
from minigrad.engine.kernels.general import GeneralKernel
from minigrad.engine.kernels.kernel import Array, Call, Calls, Host
from minigrad.engine.kernels.layout import as_reference, stored_shape
from minigrad.engine.noted import CannotRecord, Noted, filled
from minigrad.engine.recording import Recording
from minigrad.engine.scope import Scope
from minigrad.graph import Node, is_recordable
from minigrad.graph.checks import unchanged
from minigrad.graph.sweeps import parts_of, summed


class RecordedKernel(GeneralKernel):
    """An operator by the calls that its own methods make; see ``minigrad/engine/recording.py``.

    Raises:
        CannotRecord: When a method cannot be recorded.
    """

    kind = "recorded"

    def __init__(self, nodes: Sequence[Any], scope: Scope) -> None:
        super().__init__(nodes, scope)
        self.generator: Any = None  # where chance comes from, if any is needed
        self.drawn: Any = None  # numbers drawn for the batch of which this is all or a part
        self.chance = np.empty(0, np.float32)  # stands for them in the recording
        if isinstance(self.node, op.MatMul):
            products = 2 * self.node.size * self.node.inputs[0].shape[-1]
            self.flops = (products, 2 * products)
        self.recording = Recording()
        with unchanged(nodes):
            self.record(self.node)

    @classmethod
    def takes(cls, node: Any, scope: Scope) -> list[Any] | None:
        return [node] if is_recordable(type(node)) else None

    # -- recording ------------------------------------------------------------------------------------
    def like(self, node: Node) -> Noted:
        # a stand-in for an array of the program's, batch last in memory, or of a weight
        if node not in self.inside:
            return Noted(self.recording, np.ones(node.shape, node.dtype))
        return Noted(self.recording, as_reference(np.ones(stored_shape(node.shape), node.dtype)))

    def record(self, node: Any) -> None:
        self.given = {source: self.like(source) for source in self.sources}
        inputs = [self.given[source] for source in node.inputs]
        if isinstance(node, op.Dropout):
            self.generator, node.generator = node.generator, self  # type: ignore[assignment]
        node.value = node.forward(*inputs)
        if not isinstance(node.value, Noted) or node.value.dtype != node.dtype:
            raise CannotRecord("what the method returns is not what it was given, recorded")
        self.value = self.deliver(node.value, node)
        self.recording.sweep = 1
        self.by_output = self.like(node)
        gradients = self.record_backward(node, inputs) if self.wanted else {}
        self.sent = {source: self.deliver(gradients[source], source) for source in self.wanted}
        self.recording.keep([self.value, *self.sent.values()])

    def record_backward(self, node: Any, inputs: list[Noted]) -> dict[Node, Any]:
        gradients: dict[Node, Any] = {}
        parts = parts_of(node, self.by_output, inputs)
        for source, given, part in zip(node.inputs, inputs, parts, strict=True):
            if source.needs_gradient:
                part = summed(filled(0)(given) if part is None else part, source.shape)
                known = gradients.get(source)  # x · x sends two parts to x
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
        # what Dropout asks of its generator, while it is recorded; batch last, so that what is
        # made of it is, too
        noted = Noted(self.recording, as_reference(np.empty(stored_shape(shape), dtype)))
        noted.array = self.chance
        return noted

    def by_chance(self, samples: slice, function: Any, *others: Any, out: Array) -> None:
        function(self.drawn[samples] if self.drawn.ndim else self.drawn, *others, out=out)

    # -- calls -----------------------------------------------------------------------------------------
    def forward(self, host: Host) -> Calls:
        placed = [*self.given.values(), self.value, self.by_output, *self.sent.values()]
        self.recording.place(partial(host.ask, "intermediate"), placed)
        for node, noted in self.given.items():
            noted.array = self.view(host, node)
        self.value.array = as_reference(host.value(self.node))
        for call in self.recording.play(0):
            if call.args[0] is self.chance:
                # the numbers that chance gives are those of the samples that are worked on
                _, *others = settled(call).args
                call = ForSamples(self.by_chance, slice(None), call.func, *others, **call.keywords)
            yield call

    def backward(self, host: Host) -> Calls:
        if self.sent:
            self.by_output.array = as_reference(host.gradient(self.node))
            after: list[Call] = []
            for node, noted in self.sent.items():
                noted.array, then = self.receive(host, node)
                after += then
            yield from self.recording.play(1)
            yield from after  # the weights change when no call needs them any more
