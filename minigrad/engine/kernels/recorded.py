"""Kernels for what is not a layer: recorded operators, and the graph's own methods."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.kernels.kernel import Asker, Kernel, Step, Steps
from minigrad.engine.kernels.layout import as_reference, stored_shape
from minigrad.engine.recording import CannotRecord, Noted, Recording, copy, filled
from minigrad.graph import Node, Variable, unbroadcast
from minigrad.operators.dropout import Dropout

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = ["Recorded", "Reference"]


class General(Kernel):
    """A kernel that works on the arrays as users see them, batch first."""

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        inside = set(nodes)
        self.sources = list(dict.fromkeys(i for n in nodes for i in n.inputs if i not in inside))
        super().__init__(program, nodes, [n for n in self.sources if program.computes(n)])
        learns = program.training and self.output in program.differentiated
        self.wanted = [n for n in self.sources if learns and n.needs_gradient]
        self.constants: dict[Node, Any] = {}

    def ask(self, memory: Asker) -> None:
        for node in self.sources:
            if isinstance(node, Variable):
                self.program.ask_for(node, memory)
            elif not self.program.computes(node):
                self.constants[node] = memory("constant", node.shape, node.dtype, memory.always)

    def begin(self) -> Steps:
        for node, place in self.constants.items():
            yield partial(self.fetch, node, place.array)

    def fetch(self, node: Any, place: Any) -> None:
        np.copyto(place, node._array)  # which its owner may have changed since the last step

    def view(self, node: Node) -> Any:
        held = self.constants
        return held[node].array if node in held else self.program.view(node)

    def receive(self, node: Node) -> tuple[Any, list[Step]]:
        place, after = self.program.receive(node)
        return place if isinstance(node, Variable) else as_reference(place), after


class Recorded(General):
    """One operator or several, by the calls that their own methods make; see ``minigrad/engine/recording.py``.

    Raises:
        CannotRecord: When a method cannot be recorded.
    """

    kind = "recorded"

    def __init__(self, program: Program, nodes: list[Any], beside: list[Any] | None = None) -> None:
        super().__init__(program, nodes)
        self.beside = beside or []
        self.generator: Any = None  # where chance comes from, if any is needed
        self.shared: Any = None  # numbers drawn for a whole batch of which this is a part
        products = [2 * n.size * n.inputs[0].shape[-1] for n in nodes if type(n) is op.MatMul]
        self.flops = (sum(products), 2 * sum(products))
        self.recording = Recording()
        before = [dict(vars(node)) for node in nodes]
        try:
            self.record()
        finally:
            for node, attributes in zip(nodes, before, strict=True):
                vars(node).clear()
                vars(node).update(attributes)

    def like(self, node: Node) -> Noted:
        # a stand-in for an array of the program's, batch last in memory, or of a weight
        if not self.program.computes(node):
            return Noted(self.recording, np.ones(node.shape, node.dtype))
        return Noted(self.recording, as_reference(np.ones(stored_shape(node.shape), node.dtype)))

    def record(self) -> None:
        self.given = {node: self.like(node) for node in self.sources}
        values: dict[Node, Any] = dict(self.given)
        for node in self.nodes:
            if isinstance(node, Dropout):
                self.generator = node.generator
                node.generator = self  # type: ignore[assignment]
            values[node] = node.value = node.forward(*(values[i] for i in node.inputs))
            if not isinstance(node.value, Noted) or node.value.dtype != node.dtype:
                raise CannotRecord("what the method returns is not what it was given, recorded")
        self.values = {n: self.deliver(values[n], n) for n in (*self.beside, self.output)}
        self.recording.sweep = 1
        self.by_output = self.like(self.output)
        gradients: dict[Node, Any] = {self.output: self.by_output}
        for node in reversed(self.nodes if self.wanted else []):
            if node in gradients:
                parts = node.backward(gradients[node], *(values[i] for i in node.inputs))
                parts = parts if isinstance(parts, tuple) else (parts,)
                for source, part in zip(node.inputs, parts, strict=True):
                    if source.needs_gradient:
                        part = filled(0)(values[source]) if part is None else summed(part, source)
                        known = gradients.get(source)
                        gradients[source] = part if known is None else known + part
        self.parts = {node: self.deliver(gradients[node], node) for node in self.wanted}
        self.recording.keep([*self.values.values(), *self.parts.values()])

    def deliver(self, noted: Noted, node: Node) -> Noted:
        """What is to lie in an array of the program's: the result itself, or a copy of it."""
        calls, sweep = self.recording.calls, self.recording.sweep
        if any(call.result is noted and call.sweep == sweep for call in calls):
            if noted.parent is None and (noted.shape, noted.dtype) == (node.shape, node.dtype):
                return noted
        return self.recording.note(copy, (noted,), {}, self.like(node))

    def random(self, shape: tuple[int, ...], dtype: Any) -> Noted:
        # what Dropout asks of its generator, while it is recorded
        place = Noted(self.recording, np.empty(shape, dtype))
        return self.recording.note(self.draw, (), {"dtype": dtype}, place)

    def draw(self, dtype: Any, out: Any) -> None:
        if self.shared is None:
            self.generator.random(dtype=dtype, out=out)
        else:
            np.copyto(out, self.shared[self.program.pictures])

    def ask(self, memory: Asker) -> None:
        super().ask(memory)
        placed = [self.given, self.values, self.parts]
        self.recording.ask(memory, [self.by_output, *(n for d in placed for n in d.values())])

    def forward(self) -> Steps:
        self.recording.settle()
        for node, noted in self.given.items():
            noted.array = self.view(node)
        for node, noted in self.values.items():
            noted.array = as_reference(self.value(node))
        yield from self.recording.play(0)

    def backward(self) -> Steps:
        if self.parts:
            self.by_output.array = as_reference(self.gradient)
            after: list[Step] = []
            for node, noted in self.parts.items():
                noted.array, then = self.receive(node)
                after += then
            yield from self.recording.play(1)
            yield from after  # the weights change when no call needs them any more


def summed(part: Any, node: Node) -> Noted:
    """A gradient summed over the axes that broadcasting added or stretched."""
    added = part.ndim - len(node.shape)
    lengths = (1,) * added + node.shape
    axes = tuple(a for a, n in enumerate(lengths) if a < added or n == 1 != part.shape[a])
    if axes:
        part = np.sum(part, axis=axes, keepdims=True)
    return part.reshape(node.shape) if part.shape != node.shape else part


class Reference(General):
    """A node by its own methods, as the graph computes it: a reader's operator, say.

    It allocates as it likes; the plan only fetches the result.
    """

    kind = "reference"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes)
        self.sends = [n for n in nodes[0].inputs if n in self.sends]  # x · x sends two parts to x

    def compute(self) -> None:
        (node,) = self.nodes
        node.value = node.forward(*map(self.view, node.inputs))
        np.copyto(as_reference(self.value()), node.value)

    def differentiate(self) -> None:
        (node,) = self.nodes
        parts = node.backward(as_reference(self.gradient), *map(self.view, node.inputs))
        parts = parts if isinstance(parts, tuple) else (parts,)
        for source, part, (place, done) in zip(node.inputs, parts, self.places, strict=True):
            if place is not None:
                place[...] = 0 if part is None else unbroadcast(part, source.shape, node.title)
                for step in done:
                    step()

    def forward(self) -> Steps:
        yield self.compute

    def backward(self) -> Steps:
        (node,) = self.nodes
        self.places = [self.receive(n) if n in self.wanted else (None, []) for n in node.inputs]
        if self.wanted:
            yield self.differentiate
