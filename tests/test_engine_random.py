"""Random layers: the plan against the graph, and both against finite differences.

A layer takes operators in random order, of any of the nodes, weights and constants that are there:
weights are worked on before they meet the input, masks are made and used, nodes and weights are
read in several places.
"""

import numpy as np
from both_ways import both_ways, same
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from long_forms import has_a_long_form, times
from test_engine import engine

import minigrad as mg

L = mg.layers
WIDTH = 4
LAYERS = times(200, 4000)

ONE = {
    "tanh": np.tanh,
    "sine": np.sin,
    "sigmoid": mg.activations.sigmoid,
    "softplus": lambda a: np.log(np.exp(np.tanh(a)) + 1),
    "root": lambda a: np.sqrt(a * a + 0.5),
    "square": lambda a: a * a * 0.3,
    "elu": mg.activations.elu,
    "gelu": mg.activations.gelu,
    "costly": lambda a: a * mg.operators.Penalty(np.tanh(a), 0.02, 0.01),
    "padded": lambda a: np.pad(a, ((0, 0), (0, 1)))[:, 1:],
    "softmax": mg.activations.softmax,
    "centered": lambda a: a - np.mean(a, axis=-1, keepdims=True),
    "summed": lambda a: np.sum(a, axis=-1, keepdims=True) * 0.2,
    "largest": lambda a: np.max(a, axis=-1, keepdims=True),
    "turned": lambda a: np.transpose(np.transpose(a) * 0.5),
    "reshaped": lambda a: np.reshape(np.reshape(a, (-1,)) * 0.7, a.shape),
    "over the batch": lambda a: a - 0.5 * np.mean(a, axis=0, keepdims=True),
}
TWO = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: a / (b * b + 1),
    "larger": np.maximum,
    "masked": lambda a, b: np.where(a > b, a, b * 0.5),
    "chosen": lambda a, b: np.where(b > 0.1, np.tanh(a), a * b),
    "product": lambda a, b: np.tanh(a) @ WEIGHT[0] + b,
    "other product": lambda a, b: np.tanh(a + b) @ np.transpose(WEIGHT[0]),
}
WEIGHT = [None]  # the matrix of the layer that is being built


class Random(L.Layer):
    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def build(self, input_shape):
        self.matrix = self.add_weight((WIDTH, WIDTH))
        self.row = self.add_weight((1, WIDTH))
        self.number = self.add_weight((1, 1))

    def call(self, inputs):
        WEIGHT[0] = self.matrix
        constant = mg.Constant(np.linspace(-1, 1, WIDTH)[np.newaxis])
        nodes = [self.row, self.number, constant, inputs, self.row]
        for name, first, second in self.steps:
            a, b = nodes[first % len(nodes)], nodes[second % len(nodes)]
            wide = [n for n in (a, b) if n.shape[-1] == WIDTH]
            if "product" in name and not wide:
                continue
            if "product" in name:
                a = wide[0]
            nodes.append(ONE[name](a) if name in ONE else TWO[name](a, b))
        last = nodes[-1] + nodes[-2] * 0.5
        return np.tanh(last) + 0.3 * inputs


steps = st.lists(
    st.tuples(st.sampled_from([*ONE, *TWO, *TWO]), st.integers(0, 60), st.integers(0, 60)),
    min_size=2,
    max_size=9,
)


def slope_of_the_loss(model, x, y, direction):
    """The loss's slope along a direction in the space of all weights, by central differences."""
    start, step, losses = model.get_weights(), 1e-6, []
    for sign in (1, -1):
        model.set_weights([w + sign * step * d for w, d in zip(start, direction, strict=True)])
        losses.append(model.evaluate(x, y, batch_size=len(x), verbose=0))
    model.set_weights(start)
    return (losses[0] - losses[1]) / (2 * step)


@has_a_long_form
def test_random_layers(figures):
    random_layers()
    figures(f"random layers: {LAYERS}, plan = graph = finite differences")


@settings(max_examples=LAYERS, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=steps,
    threads=st.integers(1, 3),
    batch=st.sampled_from([1, 2, 5, 8]),
    optimizer=st.sampled_from([mg.optimizers.SGD, mg.optimizers.Adam]),
)
def random_layers(steps, threads, batch, optimizer):
    with engine(threads, large=100, cache=1 << 13):
        models = both_ways(
            lambda: [Random(steps), L.Dense(WIDTH, "tanh"), Random(steps[::-1]), L.Dense(2)],
            (WIDTH,),
            optimizer=lambda: optimizer(0.01),
        )
        rng = np.random.default_rng(len(steps))
        x, y = rng.normal(size=(batch, WIDTH)), rng.normal(size=(batch, 2))
        start = models[0].get_weights()
        for model in models:
            for _ in range(3):
                model.train_on_batch(x, y)
        same(models, 1e-9)
        if optimizer is mg.optimizers.SGD:  # whose first step is the gradient
            for model in models:
                model.compile(mg.optimizers.SGD(1.0), "mse", run_eagerly=model.run_eagerly)
                model.set_weights(start)
                direction = [rng.normal(size=w.shape) for w in start]
                rng = np.random.default_rng(len(steps))
                slope = slope_of_the_loss(model, x, y, direction)
                model.train_on_batch(x, y)
                moved = zip(start, model.get_weights(), direction, strict=True)
                along = sum(float(((a - b) * d).sum()) for a, b, d in moved)
                assume(abs(slope) < 1e3)  # beyond it differences say little
                assert abs(along - slope) <= 1e-4 * (1 + abs(slope))
