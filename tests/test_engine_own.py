"""What readers write themselves, and graphs put together at random, inside a plan."""

import numpy as np
import pytest
from both_ways import OPTIMIZERS, Formula, both_ways, fit_both, same, samples
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import engine

import minigrad as mg

L = mg.layers


class Cube(mg.Operator):
    def forward(self, x):
        return x**3

    def backward(self, gradient, x):
        return 3 * gradient * x**2


class Signs(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        variable.value = variable.value - self.learning_rate * np.sign(gradient)


class Momentum(mg.optimizers.SGD):
    """Of a class of its own, so that no rule in place may be taken for it."""

    def update(self, variable, gradient):
        super().update(variable, gradient / (1 + np.abs(gradient)))


class Largest(mg.losses.Loss):
    def call(self, y_true, y_pred):
        return np.max(abs(y_true - y_pred), axis=-1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "own",
    [
        {"layers": lambda: [L.Dense(4), L.Activation(Cube), L.Dense(2)]},
        {"optimizer": lambda: Signs(0.01)},
        {"optimizer": lambda: Momentum(0.05, momentum=0.5)},
        {"loss": Largest()},
        {"loss": lambda y_true, y_pred: np.mean(np.sqrt((y_true - y_pred) ** 2 + 1), axis=-1)},
    ],
    ids=["operator", "optimizer", "derived optimizer", "loss", "function"],
)
def test_what_a_reader_writes_runs_inside_the_plan(own, threads):
    arguments = {"layers": lambda: [L.Dense(40, "tanh"), L.Dense(2)], **own}
    with engine(threads, large=100):
        models = both_ways(shape=(6,), **arguments)
        fit_both(models)
        kinds = {k.kind for r in models[1]._runners.values() for p in r.programs for k in p.kernels}
        assert ("reference" in kinds) == ("layers" in own)


def test_a_constant_may_be_changed_between_two_steps():
    constants = []

    def layers():
        constants.append(mg.Constant(np.float64(1)))
        return [L.Dense(4), Formula(lambda x, c=constants[-1]: x * c), L.Dense(2)]

    for threads in (1, 2):
        with engine(threads):
            models = both_ways(layers, (6,))
            fit_both(models)
            for constant in constants:
                constant.value = 0.25
            fit_both(models)


UNARY = {
    "tanh": np.tanh,
    "negative": np.negative,
    "exp": lambda x: np.exp(np.tanh(x)),
    "log": lambda x: np.log(x * x + 1),
    "sqrt": lambda x: np.sqrt(x * x + 1),
    "abs": np.absolute,
    "sin": np.sin,  # has no kernel of its own
    "relu": mg.activations.relu,
    "sigmoid": mg.activations.sigmoid,
    "softmax": mg.activations.softmax,
    "square": lambda x: x * x,
    "centered": lambda x: x - np.mean(x, axis=-1, keepdims=True),
    "scaled": lambda x: 0.5 * x - 2,
}
BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: a / (b * b + 1),
    "maximum": np.maximum,
    "minimum": np.minimum,
}


class RandomGraph(L.Layer):
    """Some steps, each of which takes any of the nodes or weights that are there already."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def build(self, input_shape):
        self.vector = self.add_weight((input_shape[-1],))
        self.number = self.add_weight((1, 1))

    def call(self, inputs):
        nodes = [inputs, self.vector, self.number]
        for name, first, second in self.steps:
            a, b = nodes[first % len(nodes)], nodes[second % len(nodes)]
            nodes.append(UNARY[name](a) if name in UNARY else BINARY[name](a, b))
        return inputs + np.tanh(nodes[-1] + nodes[-2])


steps = st.lists(
    st.tuples(st.sampled_from([*UNARY, *BINARY, *BINARY]), st.integers(0, 50), st.integers(0, 50)),
    min_size=2,
    max_size=7,
)


@settings(max_examples=150)
@given(steps=steps, threads=st.integers(1, 3), optimizer=st.sampled_from(["sgd", "adam"]))
def test_random_graphs(steps, threads, optimizer):
    def layers():
        return [L.Dense(4), RandomGraph(steps), L.Dense(2)]

    with engine(threads):
        models = both_ways(layers, (3,), optimizer=OPTIMIZERS[optimizer])
        x, y = samples(models[0], 12)
        for model in models:
            model.fit(x, y, batch_size=6, shuffle=False, verbose=0)
        same(models, 1e-9)


# -- what an operator of a reader's own must not do, and may ------------------------------------
def operator(forward=lambda node, x: x * 2, backward=lambda node, g, x: g * 2):
    body = {"forward": forward, "backward": backward}
    kind = type("Own", (mg.Operator,), {**body, "infer": lambda node, x: (x.shape, x.dtype)})
    return kind


def writing(node, x):
    x *= 2
    return x


def writing_back(node, g, x):
    g *= 2
    return g


REFUSED = {
    "a row": (operator(lambda node, x: x[:1]), ValueError, r"forward returned shape \(1, "),
    "a number": (operator(lambda node, x: x.sum()), ValueError, r"forward returned shape \(\)"),
    "nothing": (operator(lambda node, x: None), TypeError, "wanted an array of real numbers"),
    "text": (operator(lambda node, x: "a"), TypeError, "wanted an array of real numbers"),
    "complex": (operator(lambda node, x: x * 1j), TypeError, "forward returned .* complex"),
    "masked": (
        operator(lambda node, x: np.ma.masked_greater(x, 0)),
        TypeError,
        "forward returned MaskedArray",
    ),
    "written into": (operator(writing), ValueError, "read-only"),
    "two gradients": (
        operator(backward=lambda node, g, x: (g, g)),
        ValueError,
        "backward returned 2 gradients for 1 inputs",
    ),
    "a gradient for the row": (
        operator(backward=lambda node, g, x: g[:1]),
        ValueError,
        r"backward returned a gradient of shape \(1, ",
    ),
    "a complex gradient": (
        operator(backward=lambda node, g, x: g * 1j),
        TypeError,
        "backward returned a gradient of dtype complex",
    ),
    "a masked gradient": (
        operator(backward=lambda node, g, x: np.ma.masked_greater(g, -9)),
        TypeError,
        "backward returned a gradient .* masked",
    ),
    "a gradient written into": (operator(backward=writing_back), ValueError, "read-only"),
    "an input written into": (
        operator(backward=lambda node, g, x: writing(node, x)),
        ValueError,
        "read-only",
    ),
}


@pytest.mark.parametrize("kind, error, message", REFUSED.values(), ids=REFUSED)
def test_an_operator_that_is_wrong_is_refused_as_the_graph_refuses_it(kind, error, message):
    def layers():
        return [L.Dense(4), Formula(lambda x: kind(x) + x), L.Dense(2)]

    for model in both_ways(layers, (6,)):
        x, y = samples(model, 8)
        before = model.get_weights()
        with pytest.raises(error, match=message):
            model.fit(x, y, batch_size=8, verbose=0)
        assert all(map(np.array_equal, before, model.get_weights()))


class Product(mg.Operator):
    def forward(self, x, y):
        return (x * y).tolist()

    def backward(self, gradient, x, y):
        return [gradient * y, (gradient * x).tolist()]


class Remembering(mg.Operator):
    place = None

    def forward(self, x):
        if self.place is None:
            self.place = np.empty(x.shape)
        return np.multiply(x, 3, out=self.place)

    def backward(self, gradient, x):
        return np.multiply(gradient, 3, out=self.place)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: Product(x, np.tanh(x)) * x,
        lambda x: Product(x, x),
        lambda x: Remembering(np.tanh(x)) * Remembering(np.sin(x)) * 0.1,
        lambda x: operator(lambda node, x: x, lambda node, g, x: g)(x) * x,
    ],
    ids=["lists", "twice the same", "memory of its own", "the same array"],
)
def test_an_operator_may_return_lists_and_memory_of_its_own(formula):
    fit_both(both_ways(lambda: [L.Dense(4), Formula(formula), L.Dense(2)], (6,)))


@pytest.mark.parametrize("shape", [(4,), (2, 2, 1)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_reshape_may_mix_the_samples(shape, threads):
    def mixed(x):
        rows = np.reshape(x * 2.0, (len(x) * 2, -1))
        return np.reshape(np.tanh(rows) + np.mean(rows, axis=0), (len(x), -1))

    layers = lambda: [Formula(lambda x: np.tanh(x)), Formula(mixed), L.Dense(3), L.Dense(2)]  # noqa: E731
    with engine(threads):
        fit_both(both_ways(layers, shape))


MIXED = {
    "double first": lambda: [L.Dense(5, "tanh", dtype="float64"), L.Dense(4, "elu"), L.Dense(2)],
    "double last": lambda: [L.Dense(5, "elu"), L.Dense(4, "relu"), L.Dense(2, dtype="float64")],
    "between": lambda: [L.Dense(4), L.Activation("tanh", dtype="float64"), L.Dense(2)],
    "pictures": lambda: [
        *(L.Reshape((3, 2, 1)), L.Conv2D(2, 2, dtype="float64"), L.ReLU(), L.MaxPooling2D((2, 1))),
        *(L.Flatten(), L.Dense(2, "tanh")),
    ],
}


@pytest.mark.parametrize("name", MIXED)
def test_layers_of_several_dtypes(name):
    x, y = np.random.default_rng(0).normal(size=(2, 16, 6))
    seen = []
    for eager in (True, False):
        mg.utils.set_random_seed(3)
        model = mg.Sequential([mg.Input((6,)), *MIXED[name]()])
        model.compile(mg.optimizers.SGD(0.05), "mse", run_eagerly=eager)
        model.fit(x, y[:, :2], batch_size=8, epochs=3, shuffle=False, verbose=0)
        predicted = model.predict(x, verbose=0)
        seen.append([predicted, *model.get_weights()])
        assert len({w.dtype for w in model.weights}) == (1 if name == "between" else 2)
    for walked, planned in zip(*seen, strict=True):
        assert planned.dtype == walked.dtype
        np.testing.assert_allclose(planned, walked, rtol=1e-4, atol=1e-6)
