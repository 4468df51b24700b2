"""Batch normalization: Keras's numbers in training and outside, averages and gradients."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.gradcheck import check_gradient

L = mg.layers
rng = np.random.default_rng(0)
X = rng.normal(2.0, 3.0, size=(40, 6, 5, 2)).astype("float32")
Y = np.eye(3, dtype="float32")[rng.integers(3, size=40)]


def made(lib, first=False, **options):
    layers = [lib.Input((6, 5, 2))]
    if first:
        layers.append(lib.layers.BatchNormalization(name="first"))
    layers += [
        lib.layers.Conv2D(3, 2, name="c"),
        lib.layers.BatchNormalization(name="n", **options),
        lib.layers.ReLU(name="r"),
        lib.layers.Flatten(name="f"),
        lib.layers.Dense(4, name="d"),
        lib.layers.BatchNormalization(momentum=0.5, name="m"),
        lib.layers.Dense(3, "softmax", name="e"),
    ]
    model = lib.Sequential(layers)
    model.compile(lib.optimizers.SGD(0.05, momentum=0.9), "categorical_crossentropy")
    return model


OPTIONS = {
    "usual": {},
    "first": {"first": True},
    "no scale": {"scale": False, "epsilon": 0.01},
    "no center": {"center": False, "momentum": 0.9},
}


FIT = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0, "validation_data": (X, Y)}


@pytest.fixture(scope="module", params=OPTIONS.values(), ids=OPTIONS)
def theirs(request, keras):
    """A model of Keras's as it begins, and its twin after training, with the losses."""
    start, trained = (made(keras, **request.param) for _ in range(2))
    trained.set_weights(start.get_weights())
    return start, trained, trained.fit(X, Y, **FIT).history


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("eagerly", [False, True])
def test_training_is_keras_s(theirs, eagerly, threads):
    start, trained, losses = theirs
    mg.set_threads(threads)
    try:
        ours = mg.interop.from_keras(start)
        ours.run_eagerly = eagerly
        history = ours.fit(X, Y, **FIT).history
        for name in ("loss", "val_loss"):
            assert history[name] == pytest.approx(losses[name], rel=1e-3)
        for a, b in zip(trained.get_weights(), ours.get_weights(), strict=True):
            np.testing.assert_allclose(b, a, rtol=2e-3, atol=2e-4)
        predicted = [m.predict(X, verbose=0) for m in (trained, ours, mg.interop.to_keras(ours))]
        np.testing.assert_allclose(predicted[1], predicted[0], atol=2e-3)
        np.testing.assert_allclose(predicted[1], predicted[2], atol=1e-5)
    finally:
        mg.set_threads(None)


@pytest.mark.parametrize("training", [False, True])
def test_the_gradient(training):
    layer = mg.layers.BatchNormalization(dtype="float64")
    x = rng.normal(size=(5, 3, 2))
    layer(x)
    assert check_gradient(lambda node: layer(node, training=training), x)


def test_a_frozen_layer_uses_its_averages_and_leaves_them():
    model = made(mg)
    model.fit(X, Y, verbose=0)
    norm = model.get_layer("n")
    norm.trainable = False
    before = norm.get_weights()
    model.fit(X, Y, verbose=0)
    for a, b in zip(before, norm.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_averages_are_no_weights_that_training_changes():
    norm = made(mg).get_layer("n")
    assert [w.name for w in norm.trainable_weights] == ["n/gamma", "n/beta"]
    assert [w.name for w in norm.non_trainable_weights] == ["n/moving_mean", "n/moving_variance"]


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_a_step_whose_loss_is_not_finite_leaves_the_averages():
    model = made(mg)
    model.optimizer = mg.optimizers.SGD(1e30)
    with pytest.raises(FloatingPointError):
        model.fit(X, Y, 16, epochs=9, verbose=0)
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"axis": 1}, 'BatchNormalization "b": axis=1'),
        ({"axis": "a"}, "axis is the number of an axis"),
        ({"momentum": 1.5}, "momentum is a number from 0 to 1"),
        ({"epsilon": -1}, "epsilon is a number of at least 0"),
        ({"synchronized": True}, "synchronized=True is not covered"),
        ({"gamma_initializer": 5}, "gamma_initializer: initializer 5 is not covered"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        mg.layers.BatchNormalization(name="b", **options)(X)


class Faulty(mg.Operator):
    """An operator of somebody's own that fails on its way back."""

    def forward(self, x):
        return x

    def backward(self, g, x):
        raise RuntimeError("backward fails")


class Fails(L.Layer):
    def call(self, inputs):
        return Faulty(inputs)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("fault", ["loss", "operator", "own optimizer"])
def test_a_step_that_fails_leaves_the_averages_as_well(fault, eagerly):
    class Stops(mg.optimizers.Optimizer):
        def update(self, variable, gradient):
            raise RuntimeError("update fails")

    ends = [Fails()] if fault == "operator" else []
    layer = L.BatchNormalization()
    model = mg.Sequential([mg.Input((3,)), L.Dense(3), layer, *ends, L.Dense(1)])
    model.compile(Stops() if fault == "own optimizer" else "sgd", "mse", run_eagerly=eagerly)
    before = model.get_weights()
    y = np.full((8, 1), 3e38 if fault == "loss" else 0.0)
    x = np.random.default_rng(0).normal(3, 2, size=(8, 3))
    with np.errstate(over="ignore"), pytest.raises((FloatingPointError, RuntimeError)):
        model.fit(x, y, verbose=0)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_an_optimizer_with_an_apply_of_its_own_moves_the_averages():
    class Own(mg.optimizers.Optimizer):
        def apply(self, gradients, variables):
            for g, v in zip(gradients, variables, strict=True):
                v.value = v.value - 0.1 * g

    for eagerly in (False, True):
        layer = L.BatchNormalization()
        model = mg.Sequential([mg.Input((3,)), layer, L.Dense(1)])
        model.compile(Own(), "mse", run_eagerly=eagerly)
        before = layer.get_weights()
        model.fit(np.ones((8, 3)), np.zeros((8, 1)), verbose=0)
        assert not np.array_equal(before[2], layer.get_weights()[2])
