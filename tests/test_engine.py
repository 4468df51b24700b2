"""The plan and the graph give the same numbers, node by node, whatever the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.engine import bands, sizes
from minigrad.engine import plan as plans
from minigrad.engine.bind import bind
from minigrad.engine.calls import ForSamples
from minigrad.engine.eager import Eager
from minigrad.engine.kernels.dense import DenseShare
from minigrad.engine.kernels.flatten import FlattenKernel
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.plan import Plan
from minigrad.operators import Relu
from minigrad.operators.convolution import MaxPool

# -- tools -------------------------------------------------------------------------------------
# Rounding of float32 is 6e-8; a sum of some hundred numbers in another order differs by
# little more. Differences are measured against the largest number of the array.
TOLERANCE = {"float32": 2e-5, "float64": 1e-10}


@contextmanager
def engine(threads: int = 1, large: int = 1 << 20, cache: int = 1 << 20) -> Iterator[None]:
    """So many threads, and caches so small that small networks are shared like large ones."""
    before = sizes.LARGE, sizes.CACHE
    sizes.LARGE, sizes.CACHE = large, cache
    mg.set_threads(threads)
    try:
        yield
    finally:
        sizes.LARGE, sizes.CACHE = before
        mg.set_threads(None)


class Note(NamedTuple):
    """A value or gradient, as it was while it was there."""

    kernel: Any
    node: Any
    part: Any  # which part of the node: some samples, or some rows of all samples
    array: np.ndarray


class Watch:
    """Copies every value and gradient of a plan while it is there.

    Later the memory may hold something else: that is what a plan is for. A value is copied
    when its kernel has written it, a gradient when the kernel begins to use it.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.values: list[Note] = []
        self.gradients: list[Note] = []

        def watched(kernels: Any, *arguments: Any) -> Any:
            for kernel in kernels:
                if "forward" not in vars(kernel):  # not watched yet
                    kernel.forward = self.after(kernel, kernel.forward)
                    kernel.backward = self.before(kernel, kernel.backward)
            return bind(kernels, *arguments)

        for module in (bands, plans):
            patch.setattr(module, "bind", watched)

    def clear(self) -> None:
        self.values.clear()
        self.gradients.clear()

    def note(self, samples: slice, where: Any, kernel: Any, node: Any, packed: Any, array: Any):
        array = as_reference(array).copy()
        part: Any = samples if node.ndim else ...
        if kernel.part != slice(None):
            part = slice(None), kernel.part
            if packed and isinstance(kernel, FlattenKernel):  # back into Keras's order
                rows, (_, _, width, channel) = array.shape[0], node.inputs[0].shape
                array = array.reshape(rows, -1, channel, width).swapaxes(2, 3).reshape(rows, -1)
        where.append(Note(kernel, node, part, array))

    def call(self, where: Any, kernel: Any, node: Any, array: Any, host: Any) -> Any:
        packed = host.sharing.packed
        return ForSamples(self.note, slice(None), where, kernel, node, packed, array)

    def after(self, kernel: Any, calls: Any) -> Any:
        def forward(host: Any) -> Iterator[Any]:
            yield from calls(host)
            node = kernel.output
            yield self.call(self.values, kernel, node, host.value(node), host)

        return forward

    def before(self, kernel: Any, calls: Any) -> Any:
        def backward(host: Any) -> Iterator[Any]:
            if not isinstance(kernel, DenseShare):  # whose gradient is that of all shares
                array = host.gradient(kernel.output)
                yield self.call(self.gradients, kernel, kernel.output, array, host)
            yield from calls(host)

        return backward


def close(mine: Any, theirs: Any, tolerance: float, what: str) -> None:
    mine, theirs = np.asarray(mine, float), np.asarray(theirs, float)
    assert mine.shape == theirs.shape, f"{what}: shapes {mine.shape} and {theirs.shape}"
    if mine.size:
        scale = np.abs(theirs).max() + 0.1  # 0 may be the difference of two larger numbers
        worst = np.abs(mine - theirs).max()
        assert worst <= tolerance * scale, f"{what}: differs by {worst:.3g} of {scale:.3g}"


# -- random networks ---------------------------------------------------------------------------
ACTIVATIONS = ["relu", "elu", "sigmoid", "tanh", "softmax", "log_softmax", "linear"]


class Case(NamedTuple):
    """A network, its loss and its optimizer, as functions that make them anew."""

    shape: tuple[int, ...]
    layers: list[tuple[Any, tuple[Any, ...], dict[str, Any]]]
    loss: Callable[[], Any]
    optimizer: Callable[[], Any]
    integers: bool = False  # uint8 pictures

    def model(self, dtype: str = "float64", eager: bool = False, metrics: Any = None) -> Any:
        with floats(dtype):
            made = [kind(*args, **options) for kind, args, options in self.layers]
            model = mg.Sequential([mg.Input(self.shape), *made])
        model.compile(self.optimizer(), self.loss(), metrics=metrics, run_eagerly=eager)
        return model

    def data(self, model: Any, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(samples, *self.shape))
        if self.integers:
            x = rng.integers(0, 256, x.shape).astype(np.uint8)
        out = (samples, *model.output_shape[1:])
        if model.loss._whole_numbers:
            return x, rng.integers(0, out[-1], out[:-1])
        if "crossentropy" in model.loss.name:
            return x, rng.dirichlet(np.ones(out[-1]), out[:-1])
        return x, rng.normal(size=out)


@contextmanager
def floats(dtype: str) -> Iterator[None]:
    before = mg.config.floatx()
    mg.config.set_floatx(dtype)
    try:
        yield
    finally:
        mg.config.set_floatx(before)


LOSSES: dict[str, Callable[[], Any]] = {
    "mse": lambda: mg.losses.MeanSquaredError(),
    "mse, sum": lambda: mg.losses.MeanSquaredError(reduction="sum"),
    "categorical": lambda: mg.losses.CategoricalCrossentropy(),
    "categorical, smoothed": lambda: mg.losses.CategoricalCrossentropy(label_smoothing=0.1),
    "categorical, logits": lambda: mg.losses.CategoricalCrossentropy(from_logits=True),
    "categorical, sum": lambda: mg.losses.CategoricalCrossentropy(reduction="sum"),
    "sparse": lambda: mg.losses.SparseCategoricalCrossentropy(),
    "sparse, logits": lambda: mg.losses.SparseCategoricalCrossentropy(from_logits=True),
}
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: mg.optimizers.SGD(0.05),
    "momentum": lambda: mg.optimizers.SGD(0.02, momentum=0.9),
    "nesterov": lambda: mg.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "adam": lambda: mg.optimizers.Adam(0.01),
}


@st.composite
def cases(draw: Any) -> Case:
    """Pictures or vectors through up to seven layers, into any loss, by any optimizer."""
    layers: list[Any] = []

    def put(kind: Any, *args: Any, **options: Any) -> None:
        layers.append((kind, args, options))

    def activation() -> str:
        return draw(st.sampled_from(ACTIVATIONS))

    def anything_small() -> None:
        extra = draw(st.sampled_from(["", "", "", "activation", "dropout", "rescaling"]))
        if extra == "activation":
            put(mg.layers.Activation, activation())
        if extra == "dropout":
            put(mg.layers.Dropout, 0.4, seed=7)
        if extra == "rescaling":
            put(mg.layers.Rescaling, 0.5, offset=draw(st.sampled_from([0.0, -1.0])))

    integers = draw(st.booleans())
    pictures = draw(st.booleans())
    shape: tuple[int, ...] = tuple(draw(st.lists(st.integers(3, 8), min_size=1, max_size=2)))
    if pictures:
        shape = draw(st.tuples(st.integers(5, 9), st.integers(5, 9), st.integers(1, 3)))
        size = shape[:2]
    integers = integers and pictures
    if integers:
        put(mg.layers.Rescaling, 1 / 255)
    for _ in range(draw(st.integers(0, 2)) if pictures else 0):
        window = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        stride = draw(st.sampled_from([(1, 1), (1, 1), window, (2, 2), (1, 2)]))
        padding = draw(st.sampled_from(["valid", "valid", "same"]))
        after = [
            -(-n // s) if padding == "same" else (n - w) // s + 1
            for n, w, s in zip(size, window, stride, strict=True)
        ]
        if min(after) < 1:
            continue
        size = after
        options = {"strides": stride, "padding": padding}
        kind = draw(st.sampled_from(["conv", "conv", "largest", "mean"]))
        if kind == "conv":
            bias = draw(st.booleans())
            filters = draw(st.integers(1, 3))
            put(
                mg.layers.Conv2D, filters, window, activation=activation(), use_bias=bias, **options
            )
        elif kind == "largest":
            put(mg.layers.MaxPooling2D, window, **options)
        else:
            put(mg.layers.AveragePooling2D, window, **options)
        anything_small()
    if (pictures or len(shape) == 2) and draw(st.sampled_from([True, True, True, False])):
        put(mg.layers.Flatten)
        pictures = False
    for _ in range(draw(st.integers(0, 2))):
        units, bias = draw(st.integers(1, 6)), draw(st.booleans())
        put(mg.layers.Dense, units, activation=activation(), use_bias=bias)
        anything_small()
    last = mg.layers.Conv2D if pictures else mg.layers.Dense
    put(
        last,
        3,
        *([1] if pictures else []),
        activation=draw(st.sampled_from(["softmax", "tanh", None])),
    )
    loss = draw(st.sampled_from(list(LOSSES)))
    if "logits" in loss:
        layers[-1][2]["activation"] = None
    elif "mse" not in loss and layers[-1][2]["activation"] != "softmax":
        layers[-1][2]["activation"] = "sigmoid"
    optimizer = draw(st.sampled_from(list(OPTIMIZERS)))
    event(f"{loss}, {optimizer}")
    return Case(shape, layers, LOSSES[loss], OPTIMIZERS[optimizer], integers)


def clear_of_kinks(order: list[Any]) -> bool:
    """Whether rounding cannot turn a ReLU or the largest of a window the other way."""
    for node in order:
        if isinstance(node, Relu):
            x = np.abs(node.inputs[0].value)
            if x.size and x[x > 0].min(initial=1) < 1e-6 * max(x.max(), 1):
                return False
        if isinstance(node, MaxPool):
            padded = node.pad(node.inputs[0].value)
            gaps = [node.value - padded[under] for _, _, under in node.offsets()]
            gap = np.array(gaps)
            if gap[gap > 0].min(initial=1) < 1e-6:
                return False
    return True


def compare_nodes(case: Case, batch: int, dtype: str, steps: int = 2) -> str:
    """Both ways, step by step; after each step the second goes on from the first's weights."""
    tolerance = TOLERANCE[dtype]
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(patch)
        reference, planned = case.model(dtype, eager=True), case.model(dtype)
        rng = np.random.default_rng(11)
        for w in reference.weights:  # no bias is 0
            w.value = rng.normal(size=w.shape) / max(np.sqrt(np.prod(w.shape[:-1])), 1)
        x, y = case.data(reference, 3 * batch, seed=5)
        x, y = reference._admit(x, y, "fit")
        eager = reference._runner(batch, True, True, x.dtype)
        planned.set_weights(reference.get_weights())
        plan = planned._runner(batch, True, True, x.dtype)
        assert isinstance(eager, Eager) and isinstance(plan, Plan)
        for _ in range(steps):
            rows = rng.permutation(len(x))[:batch]
            eager.load(x, y, rows)
            plan.load(x, y, rows)
            watch.clear()
            eager.test_step()
            assume(clear_of_kinks(eager.network.order))
            mg.backward(eager.network.order)
            plan.train_step()
            compare_notes(watch, plan, eager.network, tolerance)
            close(plan.loss, eager.loss, tolerance, "loss")
            close(plan.outputs, eager.outputs, tolerance, "predictions")
            close(plan.targets, eager.targets, 0, "targets")
            eager.optimizer.apply([w.gradient for w in eager.variables], eager.variables)
            for mine, theirs in zip(planned.weights, reference.weights, strict=True):
                # Adam divides a gradient by its size, and what is nearly 0 by nearly 0.
                adam = dtype == "float32" and isinstance(planned.optimizer, mg.optimizers.Adam)
                close(mine.value, theirs.value, 1e-3 if adam else tolerance, mine.name)
                for a, b in zip(
                    planned.optimizer.state(mine), reference.optimizer.state(theirs), strict=True
                ):
                    close(a, b, tolerance, f"what the optimizer remembers of {mine.name}")
                    a[...] = b
            planned.set_weights(reference.get_weights())
        return plan.way


def compare_notes(watch: Watch, plan: Plan, network: Any, tolerance: float) -> None:
    assert watch.values

    def there(note: Note) -> Any:
        order = network_of(note.kernel, plan).order
        return network.order[next(i for i, other in enumerate(order) if other is note.node)]

    shares: dict[Any, Any] = {}
    for note in watch.values:
        node = there(note)
        if isinstance(note.kernel, DenseShare):  # of a sum over all features
            shares[node] = shares.get(node, 0) + note.array
        elif node is not network.loss or plan.way != "pictures":
            close(
                note.array, node.value[note.part], tolerance, f"{plan.way}: value of {node.title}"
            )
    for node, total in shares.items():
        close(total, node.value, tolerance, "sum of the shares")
    sums: dict[Any, Any] = {}  # where bands meet, each has a part of the gradient
    for note in watch.gradients:
        node = there(note)
        sums.setdefault(node, np.zeros(node.shape))[note.part] += note.array
    for node, total in sums.items():
        close(total, node.gradient, tolerance, f"{plan.way}: gradient of {node.title}")


def network_of(kernel: Any, plan: Plan) -> Any:
    return next(p.network for p in plan.programs if any(k is kernel for k in p.kernels))


def random_networks(dtype: str, examples: int) -> set[str]:
    """Compare over random networks; which ways were taken."""
    ways: Counter[str] = Counter()

    @settings(max_examples=examples)
    @given(
        case=cases(),
        batch=st.sampled_from([1, 2, 3, 5, 8, 12]),
        threads=st.integers(1, 3),
    )
    def agree(case: Case, batch: int, threads: int) -> None:
        with engine(threads, large=64, cache=1 << 13):
            ways[compare_nodes(case, batch, dtype)] += 1

    agree()
    return set(ways)


# -- the same numbers --------------------------------------------------------------------------
def test_every_value_and_gradient_in_float64():
    assert random_networks("float64", 150) == {"alone", "bands", "pictures"}


def test_every_value_and_gradient_in_float32():
    assert random_networks("float32", 100) == {"alone", "bands", "pictures"}
