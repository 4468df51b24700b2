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
