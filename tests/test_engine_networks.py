"""Networks that once went wrong, or easily might: the plan does what the graph would do."""

import numpy as np
import pytest
from both_ways import OPTIMIZERS, PICTURES, TAIL, Formula, both_ways, fit_both, same, samples, way
from test_engine import engine

import minigrad as mg
from minigrad.graph import recordable

L = mg.layers


class FactorFirst(L.Layer):
    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "ones")

    def call(self, inputs):
        return self.factor * inputs


class PlusPictures(FactorFirst):
    """A weight for every pixel, which no part of the pictures has for itself."""

    def build(self, input_shape):
        self.factor = self.add_weight(input_shape[1:], "ones")

    def call(self, inputs):
        return inputs + self.factor


class Twice(L.Layer):
    """The same weights in two places."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, inputs):
        return self.layer(np.tanh(self.layer(inputs)))


@recordable
class OnlyFirst(mg.Operator):
    """A sum that passes no gradient on to its second input."""

    def forward(self, x, y):
        return x + y

    def backward(self, gradient, x, y):
        return gradient, None


def over_the_batch(x):
    return mg.activations.softmax(x, axis=0)


NETWORKS = {
    "convolution last": (PICTURES, lambda: [L.Conv2D(2, 2, activation="tanh")]),
    "pooling last": (PICTURES, lambda: [L.Conv2D(2, 2, activation="relu"), L.MaxPooling2D(2)]),
    "pooling by threes": (
        PICTURES,
        lambda: [
            L.Conv2D(2, 2, padding="same", activation="relu"),
            L.MaxPooling2D(3),
            *(t() for t in TAIL),
        ],
    ),
    "no gradient for one": (
        (6,),
        lambda: [L.Dense(4), Formula(lambda x: OnlyFirst(x, np.exp(x))), L.Dense(2)],
    ),
    "flatten last": (PICTURES, lambda: [L.Conv2D(2, 2, activation="relu"), L.Flatten()]),
    "two flattens": (PICTURES, lambda: [L.Conv2D(2, 2), L.Flatten(), L.Flatten(), L.Dense(2)]),
    "flat sequences": ((5, 4), lambda: [L.Flatten(), L.Dense(6, "relu"), L.Dense(2)]),
    "flat pictures": (PICTURES, lambda: [t() for t in TAIL]),
    "bands": (PICTURES, lambda: [L.Conv2D(2, 3, strides=2), *(t() for t in TAIL)]),
    "two convolutions": (
        PICTURES,
        lambda: [L.Conv2D(2, 2, use_bias=False), L.Conv2D(2, 2), *(t() for t in TAIL)],
    ),
    "before the convolution": (
        PICTURES,
        lambda: [L.Activation("relu"), L.Conv2D(2, 2, use_bias=False), *(t() for t in TAIL)],
    ),
    "every pixel, before": (
        PICTURES,
        lambda: [PlusPictures(), L.Conv2D(2, 2, use_bias=False), *(t() for t in TAIL)],
    ),
    "every pixel, after": (
        PICTURES,
        lambda: [L.Conv2D(2, 2, use_bias=False), PlusPictures(), *(t() for t in TAIL)],
    ),
    "scaled after": (
        PICTURES,
        lambda: [L.Conv2D(2, 2), L.Rescaling(0.5), *(t() for t in TAIL)],
    ),
    "scaled twice": (
        PICTURES,
        lambda: [L.Rescaling(0.5), L.Rescaling(1, 1), L.Conv2D(2, 2), *(t() for t in TAIL)],
    ),
    "factor first": ((6,), lambda: [L.Dense(4), FactorFirst(), L.Dense(2)]),
    "shared weights": ((6,), lambda: [Twice(L.Dense(6)), L.Dense(2)]),
    "softmax over the batch": ((6,), lambda: [L.Dense(4), Formula(over_the_batch), L.Dense(2)]),
    "mean over the batch": (
        (6,),
        lambda: [L.Dense(4), Formula(lambda x: x - np.mean(x, axis=0)), L.Dense(2)],
    ),
    "squares": ((6,), lambda: [L.Dense(4), Formula(lambda x: x * x), L.Dense(2)]),
    "read twice": (
        (6,),
        lambda: [L.Dense(4), Formula(lambda x: np.tanh(x) * np.exp(-x) + x), L.Dense(2)],
    ),
    "frozen": (
        PICTURES,
        lambda: [
            L.Conv2D(2, 2, activation="elu", trainable=False),
            L.Flatten(),
            L.Dense(5, trainable=False),
            L.Dense(2),
        ],
    ),
    "frozen inside": (
        (6,),
        lambda: [L.Dense(5, "tanh"), L.Dense(4, trainable=False), L.Dense(2)],
    ),
}


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_fit_gives_the_same_history_and_weights(name, optimizer, threads):
    shape, layers = NETWORKS[name]
    with engine(threads, large=100, cache=1 << 14):
        fit_both(both_ways(layers, shape, optimizer=OPTIMIZERS[optimizer], metrics=["mse"]))


@pytest.mark.parametrize("name", ["softmax over the batch", "mean over the batch"])
def test_what_mixes_the_pictures_is_not_shared_by_pictures(name):
    shape, layers = NETWORKS[name]
    with engine(2):
        models = both_ways(layers, shape)
        fit_both(models)
        assert way(models[1]) == "alone"


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [7, 8])  # what is left over lies under no window
def test_of_equal_elements_the_first_receives_the_gradient(size, threads):
    with engine(threads):
        models = both_ways(
            lambda: [L.Conv2D(2, 2, activation="relu"), L.MaxPooling2D(2), L.Flatten(), L.Dense(2)],
            (size, size, 1),
        )
        x = np.tile(np.arange(size * size).reshape(1, size, size, 1) % 2.0, (8, 1, 1, 1))
        x[:, ::2] = 1.0
        for model in models:
            model.set_weights([np.ones(w.shape) for w in model.get_weights()])
            model.fit(x, np.zeros((8, 2)), batch_size=8, epochs=3, verbose=0)
        same(models)


def test_frozen_weights_do_not_move():
    for name in ("frozen", "frozen inside"):
        shape, layers = NETWORKS[name]
        for threads in (1, 2):
            with engine(threads, large=100):
                _, model = both_ways(layers, shape)
                before = {w.name: w.value.copy() for w in model.non_trainable_weights}
                model.fit(*samples(model, 16), batch_size=8, verbose=0)
                assert before
                for weight in model.non_trainable_weights:
                    np.testing.assert_array_equal(weight.value, before[weight.name])


def pairs(x):
    """A stack of columns, one for each sample: the product meets all rows with all of them."""
    batch, length = x.shape
    return 0.01 * np.sum(np.matmul(x, np.reshape(x, (batch, length, 1))), axis=1)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_product_that_broadcasts_a_stack_over_the_batch_is_not_split(threads):
    with engine(threads):
        walked, planned = both_ways(lambda: [L.Dense(3), Formula(pairs)], (4,))
        x, _ = samples(walked, 8)
        np.testing.assert_allclose(
            planned.predict(x, verbose=0), walked.predict(x, verbose=0), atol=1e-12
        )
        fit_both([walked, planned])


KEPT_APART = {
    "rows by a matrix": (lambda x, w: x @ w, (8, 3), (3, 5), True),
    "rows by a vector": (lambda x, w: x @ w, (8, 3), (3,), True),
    "a stack by a matrix": (lambda x, w: x @ w, (8, 2, 3), (3, 5), True),
    "a matrix by a stack": (lambda x, w: w @ x, (8, 3, 2), (5, 3), True),
    "a matrix by columns": (lambda x, w: w @ x, (8, 3), (2, 8), False),
    "rows by a stack": (lambda x, w: x @ w, (8, 3), (8, 3, 5), False),
    "a stack by a stack of weights": (lambda x, w: x @ w, (8, 2, 3), (8, 3, 5), False),
    "plus a row": (lambda x, w: x + w, (8, 3), (3,), True),
    "plus as many rows": (lambda x, w: x + w, (8, 3), (8, 3), False),
}


@pytest.mark.parametrize("name", KEPT_APART)
def test_an_operator_says_whether_it_keeps_samples_apart(name):
    formula, x, w, apart = KEPT_APART[name]
    node = formula(mg.Variable(np.ones(x)), mg.Variable(np.ones(w)))
    first = [i.shape == x for i in node.inputs]
    if x == w:
        first = [True, False]
    assert node.keeps_samples_apart(first) is apart


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_sums_and_softmax_keep_samples_apart_along_other_axes(axis):
    x = mg.Variable(np.ones((8, 3)))
    for node in (np.sum(x, axis=axis), mg.activations.softmax(x, axis)):
        assert node.keeps_samples_apart([True]) is (axis in (1, -1))


class Mixing(mg.operators.Relu):
    """Derived from an operator that keeps samples apart, which is not said of this one."""

    def forward(self, x):
        return np.maximum(x, 0) - np.sum(x[:1])

    def backward(self, g, x):
        by_x = g * (x > 0)
        by_x[0] -= np.sum(g)
        return by_x

    def infer(self, x):
        return x.shape, x.dtype


def test_what_an_operator_says_of_itself_is_not_said_of_one_derived_from_it():
    with engine(2):
        models = both_ways(lambda: [L.Dense(4), Formula(Mixing), L.Dense(2)], (6,))
        fit_both(models)
        assert way(models[1]) == "alone"
        kinds = {k.kind for r in models[1]._runners.values() for p in r.programs for k in p.kernels}
        assert "reference" in kinds


class Tied(L.Layer):
    """The same weight in several places, read by kernels of several kinds."""

    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], input_shape[-1]))

    def call(self, inputs):
        return self.formula(inputs, self.w)


TIED = {
    "there and back": lambda x, w: (x @ np.transpose(w)) @ w,
    "back and there": lambda x, w: (x @ w) @ np.transpose(w),
    "its sum first": lambda x, w: (x * np.sum(w)) @ w,
    "its sum last": lambda x, w: (x @ w) * np.sum(w),
    "three times": lambda x, w: np.tanh(np.tanh(x @ w) @ w) @ w,
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", TIED)
def test_a_tied_weight_learns_from_all_its_places(name, optimizer, threads):
    with engine(threads, large=100):
        for batch in (1, 8):
            layers = lambda: [Tied(TIED[name]), L.Dense(2)]  # noqa: E731
            fit_both(both_ways(layers, (5,), optimizer=OPTIMIZERS[optimizer]), batch)


class Divided(L.Layer):
    """Computes with the size of the batch, which is another one in a piece."""

    def call(self, inputs):
        return inputs / inputs.shape[0] + 1 / inputs.shape[0]


def test_what_depends_on_the_size_of_the_batch_is_not_split():
    with engine(2):
        models = both_ways(lambda: [L.Dense(4), Divided(), L.Dense(2)], (6,))
        fit_both(models)
        assert way(models[1]) == "alone"


class Limited(L.Layer):
    """Computes otherwise with more than ten samples: half of a large batch is as the whole is."""

    def call(self, inputs):
        return inputs * (2.0 if inputs.shape[0] > 10 else 1.0)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_small_pieces_would_compute_otherwise_is_not_split_into_them(threads):
    with engine(threads, cache=1000):
        models = both_ways(lambda: [Limited(), L.Activation("tanh"), L.Dense(1)], (200,))
        fit_both(models, batch=64, count=64)
        assert way(models[1]) == "alone"


class Chain(L.Layer):
    def call(self, inputs):
        for i in range(10_000):
            inputs = inputs * 0.999 if i % 2 else inputs + 0.001
        return inputs


def test_a_chain_of_ten_thousand_nodes_has_a_plan_that_is_right():
    with engine(1):
        fit_both(both_ways(lambda: [Chain(), L.Dense(2)], (4,)), epochs=1)


@pytest.mark.parametrize("reduce", [np.sum, np.mean])
def test_a_sum_of_a_million_numbers_keeps_its_digits(reduce):
    class Reduced(L.Layer):
        def call(self, inputs):
            return reduce(inputs * inputs, axis=1, keepdims=True)

    model = mg.Sequential([mg.Input((1_000_000,)), Reduced()])
    x = np.random.default_rng(0).uniform(size=(2, 1_000_000)).astype(np.float32)
    wanted = reduce(x.astype(float) ** 2, axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), wanted, rtol=2e-7)


@pytest.mark.parametrize("layer", [L.Dense, lambda *a: L.Conv2D(1, 1, activation=a[1])])
def test_elu_keeps_its_digits_near_zero(layer):
    shape = (1,) if layer is L.Dense else (1, 1, 1)
    model = mg.Sequential([mg.Input(shape), layer(1, "elu")])
    model.set_weights([np.ones(w.shape) for w in model.get_weights()[:1]] + [np.zeros(1)])
    x = np.array([-1e-8, -1e-6, -1e-3, -1.0, 1e-6, 2.0], np.float32)
    wanted = np.where(x > 0, x, np.expm1(x.astype(float)))
    got = model.predict(x.reshape(-1, *shape), verbose=0).ravel()
    np.testing.assert_allclose(got, wanted, rtol=3e-7)
