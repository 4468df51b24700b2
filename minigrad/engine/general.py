"""Kernels for what is not a layer: losses, arithmetic, sums, chance, and everything else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import operators as op
from minigrad.cross_entropy import SparseSoftmaxCrossEntropy
from minigrad.engine.kernels import (
    Asker,
    Kernel,
    Step,
    Steps,
    act_of,
    as_reference,
    as_stored,
    stored_shape,
)
from minigrad.graph import Node, Variable, unbroadcast

if TYPE_CHECKING:
    from minigrad.engine.program import Program

__all__ = [
    "VALUES",
    "Activation",
    "Arithmetic",
    "CrossEntropy",
    "Dropout",
    "Flatten",
    "LogSoftmax",
    "Product",
    "Reduction",
    "Reference",
    "Rescaling",
    "Softmax",
]


class Activation(Kernel):
    """An activation by itself; replaces the operators of ``minigrad/activations.py``."""

    kind = "activation"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes, list(nodes[0].inputs))
        self.act = act_of(nodes[0])

    def ask(self, memory: Asker) -> None:
        self.act.ask(memory, stored_shape(self.output.shape), self.output.dtype)

    def forward(self) -> Steps:
        yield from self.act.forward(self.value(self.reads[0]), self.value())

    def backward(self) -> Steps:
        if self.sends:
            (x,) = self.reads
            target = self.program.receive(self, x)
            yield from self.act.backward(self.gradient, self.value(x), self.value(), target.array)
            yield from target.add()


class Flatten(Kernel):
    """Pictures as vectors, in Keras's order; replaces ``Reshape``.

    Where nobody else reads the pictures, the kernel before writes them in this order, and
    there is nothing left to do.
    """

    kind = "flatten"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes, list(nodes[0].inputs))

    def forward(self) -> Steps:
        x, out = as_reference(self.value(self.reads[0])), as_reference(self.value())
        if not np.shares_memory(x, out):
            yield partial(np.copyto, out.reshape(x.shape), x)  # a view: one axis becomes several

    def backward(self) -> Steps:
        if self.sends and not np.shares_memory(self.program.gradient[self.reads[0]], self.gradient):
            target = self.program.receive(self, self.reads[0])
            by_x = as_reference(target.array)
            yield partial(np.copyto, by_x, as_reference(self.gradient).reshape(by_x.shape))
            yield from target.add()


def unflatten(flat: Any, shape: tuple[int, ...]) -> Any:
    # (height·width·channel, batch) seen as (height, channel, width, batch)
    height, channel, width, batch = shape
    return flat.reshape(height, width, channel, batch).transpose(0, 2, 1, 3)


class Rescaling(Kernel):
    """A factor and an offset where they are not part of the gathering; replaces ``Rescale``."""

    kind = "rescaling"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes, list(nodes[0].inputs))
        self.node = nodes[0]

    def forward(self) -> Steps:
        out = self.value()
        yield partial(np.copyto, out, self.value(self.reads[0]))  # from whole numbers, perhaps
        yield partial(np.multiply, out, self.node.scale, out=out)
        if self.node.offset:
            yield partial(np.add, out, self.node.offset, out=out)

    def backward(self) -> Steps:
        if self.sends:
            target = self.program.receive(self, self.reads[0])
            yield partial(np.multiply, self.gradient, self.node.scale, out=target.array)
            yield from target.add()


class Dropout(Kernel):
    """Numbers set to 0 by chance; replaces ``Dropout`` and draws the same numbers."""

    kind = "dropout"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes, list(nodes[0].inputs))
        self.node = nodes[0]
        self.shared: Any = None  # numbers drawn for a whole batch of which this is a part

    def ask(self, memory: Asker) -> None:
        self.drawn = memory("random numbers", self.node.shape, np.float32, memory.then)
        shape = stored_shape(self.node.shape)
        self.kept = memory("what is kept", shape, bool, memory.both)

    def draw(self) -> None:
        if self.shared is None:
            self.node.generator.random(dtype=np.float32, out=self.drawn.array)
        else:
            np.copyto(self.drawn.array, self.shared[self.program.pictures])

    def forward(self) -> Steps:
        x, out, kept = self.value(self.reads[0]), self.value(), self.kept.array
        yield self.draw
        yield partial(np.greater_equal, as_stored(self.drawn.array), self.node.rate, out=kept)
        yield partial(np.multiply, x, kept, out=out)
        yield partial(np.multiply, out, self.node.scale, out=out)

    def backward(self) -> Steps:
        if self.sends:
            target = self.program.receive(self, self.reads[0])
            yield partial(np.multiply, self.gradient, self.kept.array, out=target.array)
            yield partial(np.multiply, target.array, self.node.scale, out=target.array)
            yield from target.add()


class Softmax(Kernel):
    """Probabilities; replaces ``Softmax``."""

    kind = "softmax"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes, list(nodes[0].inputs))
        self.axis = nodes[0].axis

    def ask(self, memory: Asker) -> None:
        shape = list(self.output.shape)
        shape[self.axis] = 1
        self.row = memory("largest, then sum", tuple(shape), self.output.dtype, memory.then)
        self.sum = memory("sum", tuple(shape), self.output.dtype, memory.later)

    def forward(self) -> Steps:
        x, p, row = (
            as_reference(self.value(self.reads[0])),
            as_reference(self.value()),
            self.row.array,
        )
        over = {"axis": self.axis, "keepdims": True, "out": row}
        yield partial(np.maximum.reduce, x, **over)
        yield partial(np.subtract, x, row, out=p)
        yield partial(np.exp, p, out=p)
        yield partial(np.add.reduce, p, **over)
        yield partial(np.divide, p, row, out=p)

    def backward(self) -> Steps:
        if self.sends:
            target = self.program.receive(self, self.reads[0])
            p, g = as_reference(self.value()), as_reference(self.gradient)
            out, total = as_reference(target.array), self.sum.array
            yield partial(np.multiply, g, p, out=out)
            yield partial(np.add.reduce, out, axis=self.axis, keepdims=True, out=total)
            yield partial(np.subtract, g, total, out=out)
            yield partial(np.multiply, out, p, out=out)
            yield from target.add()


class LogSoftmax(Softmax):
    """Logarithms of probabilities; replaces ``LogSoftmax``."""

    kind = "log-softmax"

    def ask(self, memory: Asker) -> None:
        super().ask(memory)
        # of the two sweeps: e^x, then the probabilities
        self.spare = memory("e^x", self.output.shape, self.output.dtype, memory.then)
        self.again = memory("probabilities", self.output.shape, self.output.dtype, memory.later)

    def forward(self) -> Steps:
        x, out = as_reference(self.value(self.reads[0])), as_reference(self.value())
        row, spare = self.row.array, self.spare.array
        yield partial(np.maximum.reduce, x, axis=self.axis, keepdims=True, out=row)
        yield partial(np.subtract, x, row, out=out)
        yield partial(np.exp, out, out=spare)
        yield partial(np.add.reduce, spare, axis=self.axis, keepdims=True, out=row)
        yield partial(np.log, row, out=row)
        yield partial(np.subtract, out, row, out=out)

    def backward(self) -> Steps:
        if self.sends:
            target = self.program.receive(self, self.reads[0])
            g, p, total = as_reference(self.gradient), self.again.array, self.sum.array
            yield partial(np.exp, as_reference(self.value()), out=p)
            yield partial(np.add.reduce, g, axis=self.axis, keepdims=True, out=total)
            yield partial(np.multiply, p, total, out=p)
            yield partial(np.subtract, g, p, out=as_reference(target.array))
            yield from target.add()


class CrossEntropy(Kernel):
    """Softmax, cross-entropy and their mean or sum; replaces ``SoftmaxCrossEntropy`` or
    ``SparseSoftmaxCrossEntropy``, ``Mean`` or ``Sum``, and ``Softmax`` where it gives the
    predictions.
    """

    kind = "softmax + cross-entropy"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        *softmax, loss, end = nodes
        self.logits, self.targets = loss.inputs
        self.softmax = softmax[0] if softmax else None
        self.sparse = isinstance(loss, SparseSoftmaxCrossEntropy)
        self.samples = loss.size if isinstance(end, op.Mean) else 1  # what the sum is divided by
        self.axis = {2: 0, 4: 1}.get(self.logits.ndim, self.logits.ndim - 1)  # of the classes
        super().__init__(program, nodes, [self.logits, self.targets])
        self.beside = softmax

    def ask(self, memory: Asker) -> None:
        shape, dtype = stored_shape(self.logits.shape), self.logits.dtype
        row = tuple(1 if axis == self.axis else n for axis, n in enumerate(shape))
        self.row = memory("largest, then sum", row, dtype, memory.then)
        self.ones = memory("sum of targets", row, dtype, memory.later)
        self.shifted = memory("surprise", shape, dtype, memory.then)
        if self.softmax is None:
            self.probabilities = memory("probabilities", shape, dtype, memory.both)
        if self.sparse:
            self.one_hot = memory("one-hot", shape, dtype, memory.both)
            after = (1,) * (len(shape) - 1 - self.axis)
            self.classes = np.arange(shape[self.axis], dtype=self.targets.dtype).reshape(-1, *after)

    def parts(self) -> tuple[Any, Any]:
        p = self.value(self.softmax) if self.softmax is not None else self.probabilities.array
        return p, self.one_hot.array if self.sparse else self.value(self.targets)

    def forward(self) -> Steps:
        z, row, s = self.value(self.logits), self.row.array, self.shifted.array
        p, t = self.parts()
        if self.sparse:
            labels = as_stored(as_reference(self.value(self.targets))[..., np.newaxis])
            yield partial(np.equal, labels, self.classes, out=t)
        over = {"axis": self.axis, "keepdims": True}
        yield partial(np.maximum.reduce, z, **over, out=row)
        yield partial(np.subtract, z, row, out=s)
        yield partial(np.exp, s, out=p)
        yield partial(np.add.reduce, p, **over, out=row)
        yield partial(np.divide, p, row, out=p)
        yield partial(np.log, row, out=row)
        yield partial(np.subtract, row, s, out=s)  # −log p
        yield partial(np.multiply, s, t, out=s)
        yield partial(np.add.reduce, s, axis=None, out=self.value())
        yield partial(np.divide, self.value(), self.samples, out=self.value())

    def backward(self) -> Steps:
        if not self.sends:
            return
        target = self.program.receive(self, self.logits)
        (p, t), out, ones = self.parts(), target.array, self.ones.array
        yield partial(np.add.reduce, t, axis=self.axis, keepdims=True, out=ones)
        yield partial(np.multiply, p, ones, out=out)
        yield partial(np.subtract, out, t, out=out)
        yield partial(np.divide, out, self.samples, out=out)
        yield partial(np.multiply, out, self.gradient, out=out)
        yield from target.add()


VALUES: dict[type, Callable[..., Any]] = {
    op.Add: np.add,
    op.Subtract: np.subtract,
    op.Multiply: np.multiply,
    op.Divide: np.divide,
    op.Negative: np.negative,
    op.Exp: np.exp,
    op.Log: np.log,
    op.Sqrt: np.sqrt,
    op.Maximum: np.maximum,
    op.Minimum: np.minimum,
    op.Absolute: np.absolute,
}


def gradient_of(kind: type, place: int, g: Any, x: Any, y: Any, value: Any, out: Any) -> list[Step]:
    """The calls that write an elementwise operator's gradient to one of its inputs."""
    if kind in (op.Add, op.Subtract, op.Negative):
        minus = kind is op.Negative or (kind is op.Subtract and place == 1)
        return [partial(np.negative, g, out=out) if minus else partial(np.copyto, out, g)]
    if kind is op.Multiply:
        return [partial(np.multiply, g, y if place == 0 else x, out=out)]
    if kind is op.Divide:
        calls: list[Step] = [partial(np.divide, g, y, out=out)]
        if place == 1:  # −g·value/y
            calls += [partial(np.multiply, out, value, out=out), partial(np.negative, out, out=out)]
        return calls
    if kind is op.Exp:
        return [partial(np.multiply, g, value, out=out)]
    if kind is op.Log:
        return [partial(np.divide, g, x, out=out)]
    if kind is op.Sqrt:
        return [partial(np.divide, g, value, out=out), partial(np.multiply, out, 0.5, out=out)]
    if kind is op.Absolute:
        return [partial(np.sign, x, out=out), partial(np.multiply, out, g, out=out)]
    # Maximum and Minimum: (sign(x − y) + 1)/2 is 1 where x is larger, ½ where they tie
    first, second = (x, y) if (kind is op.Maximum) == (place == 0) else (y, x)
    return [
        partial(np.subtract, first, second, out=out),
        partial(np.sign, out, out=out),
        partial(np.multiply, out, 0.5, out=out),
        partial(np.add, out, 0.5, out=out),
        partial(np.multiply, out, g, out=out),
    ]


class General(Kernel):
    """A kernel that works on the arrays as users see them, batch first."""

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        self.node = nodes[0]
        reads = [n for n in dict.fromkeys(self.node.inputs) if program.computes(n)]
        super().__init__(program, nodes, reads)
        # x · x sends two gradients to x
        self.sends = [n for n in self.node.inputs if n in self.sends]
        self.constants: dict[Node, Any] = {}

    def ask(self, memory: Asker) -> None:
        for node in self.node.inputs:
            if isinstance(node, Variable):
                self.program.weight(node).ask(memory)
            elif not self.program.computes(node):
                self.constants[node] = memory("constant", node.shape, node.dtype, memory.always)
        shape, dtype = stored_shape(self.output.shape), self.output.dtype
        self.part = memory("gradient before it is summed", shape, dtype, memory.later)

    def begin(self) -> Steps:
        for node, place in self.constants.items():
            yield partial(self.fetch, node, place.array)

    def fetch(self, node: Node, place: Any) -> None:
        np.copyto(place, node.value)  # which its owner may have changed since the last step

    def views(self) -> list[Any]:
        held = self.constants
        return [held[n].array if n in held else self.program.view(n) for n in self.node.inputs]

    def deliver(self, node: Node, write: Callable[[Any], list[Step]], last: list[Step]) -> Steps:
        """Bring a gradient of the output's shape, written by calls, to an input.

        What changes a weight at once is put into ``last``: the other input's gradient may
        still need the weight as it was.
        """
        if not (self.program.training and node.needs_gradient):
            return
        if isinstance(node, Variable):
            weight = self.program.weight(node)
            place, done = weight.into(), weight.done()
        else:
            target = self.program.receive(self, node)
            place, done = as_reference(target.array), target.add()
        if node.shape == self.output.shape:
            yield from write(place)
        else:
            part = as_reference(self.part.array)
            yield from write(part)
            added = part.ndim - len(node.shape)
            axes = [a + added for a, n in enumerate(node.shape) if n == 1 != part.shape[a + added]]
            place = place.reshape((1,) * added + node.shape)
            over = (*range(added), *axes)
            yield partial(np.add.reduce, part, axis=over, keepdims=True, out=place)
        if isinstance(node, Variable) and weight.at_once:
            last.extend(done)
        else:
            yield from done


class Product(General):
    """A dense layer's product on more than one axis of samples; replaces ``MatMul``."""

    kind = "product"

    def stack(self, array: Any) -> Any:
        # For pictures one matrix for each row, (height, channel, width·batch); otherwise one
        # for all, (1, channel, batch·…).
        if array.ndim == 4:
            return array.reshape(*array.shape[:2], -1)
        return array.reshape(1, -1, array.shape[-1]).transpose(0, 2, 1)

    def ask(self, memory: Asker) -> None:
        super().ask(memory)
        weight = self.node.inputs[1]
        products = 2 * self.node.size * weight.shape[0]
        self.flops = (products, products * (1 + bool(self.sends)))
        stacked = self.node.shape[1] if self.node.ndim == 4 else 1
        self.parts = memory("gradient by row", (stacked, *weight.shape), weight.dtype, memory.later)

    def forward(self) -> Steps:
        source, weight = self.node.inputs
        x, out = self.stack(self.value(source)), self.stack(self.value())
        yield partial(np.matmul, weight.value.T, x, out=out)

    def backward(self) -> Steps:
        source, weight = self.node.inputs
        x, g, parts = self.stack(self.value(source)), self.stack(self.gradient), self.parts.array
        if self.sends:
            target = self.program.receive(self, source)
            yield partial(np.matmul, weight.value, g, out=self.stack(target.array))
            yield from target.add()
        by_weight = self.program.weight(weight)
        yield partial(np.matmul, x, g.transpose(0, 2, 1), out=parts)
        yield partial(np.add.reduce, parts, axis=0, out=by_weight.into())
        yield from by_weight.done()


class Arithmetic(General):
    """One elementwise operation; replaces its operator in ``minigrad/operators.py``."""

    kind = "arithmetic"

    def forward(self) -> Steps:
        yield partial(VALUES[type(self.node)], *self.views(), out=as_reference(self.value()))

    def backward(self) -> Steps:
        x, y = (self.views() * 2)[:2]
        g, value = as_reference(self.gradient), as_reference(self.value())
        last: list[Step] = []
        for place, node in enumerate(self.node.inputs):
            write = partial(gradient_of, type(self.node), place, g, x, y, value)
            yield from self.deliver(node, write, last)
        yield from last


class Reduction(General):
    """A sum or a mean over axes; replaces ``Sum`` and ``Mean``."""

    kind = "sum or mean"

    def __init__(self, program: Program, nodes: list[Any]) -> None:
        super().__init__(program, nodes)
        mean = isinstance(self.node, op.Mean)
        self.count = self.node.inputs[0].size // max(self.node.size, 1) if mean else 1

    def forward(self) -> Steps:
        node, out = self.node, as_reference(self.value())
        (x,) = self.views()
        yield partial(np.add.reduce, x, axis=node.axes, keepdims=node.keepdims, out=out)
        if self.count != 1:
            yield partial(np.divide, out, self.count, out=out)

    def backward(self) -> Steps:
        (source,) = self.node.inputs
        if self.sends:
            target = self.program.receive(self, source)
            out = as_reference(target.array)
            yield partial(np.copyto, out, self.node.spread(as_reference(self.gradient), out))
            if self.count != 1:
                yield partial(np.divide, out, self.count, out=out)
            yield from target.add()


class Reference(General):
    """A node by its own methods, as the graph computes it: a reader's operator, say.

    It allocates as it likes; the plan only fetches the result.
    """

    kind = "reference"

    def compute(self) -> None:
        node = self.node
        node.value = node.forward(*self.views())
        np.copyto(as_reference(self.value()), node.value)

    def differentiate(self) -> None:
        node = self.node
        parts = node.backward(as_reference(self.gradient), *self.views())
        parts = parts if isinstance(parts, tuple) else (parts,)
        for source, part, (place, done) in zip(node.inputs, parts, self.places, strict=True):
            if place is not None:
                place[...] = 0 if part is None else unbroadcast(part, source.shape, node.title)
                for step in done:
                    step()

    def forward(self) -> Steps:
        yield self.compute

    def backward(self) -> Steps:
        self.places: list[tuple[Any, list[Step]]] = []
        for node in self.node.inputs:
            if not (self.program.training and node.needs_gradient):
                self.places.append((None, []))
            elif isinstance(node, Variable):
                weight = self.program.weight(node)
                self.places.append((weight.into(), list(weight.done())))
            else:
                target = self.program.receive(self, node)
                self.places.append((as_reference(target.array), list(target.add())))
        if any(place is not None for place, _ in self.places):
            yield self.differentiate
