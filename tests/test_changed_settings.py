"""What is changed at a model that has been used counts in the next call, whatever was kept."""

import copy

import numpy as np
import pytest

import minigrad as mg

L = mg.layers
X = np.random.default_rng(0).normal(3, 2, size=(24, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(24, 1)).astype("float32")
BOTH = pytest.mark.parametrize("eagerly", [False, True])


def trained(*layers, eagerly=False, loss="mse"):
    """A model of which everything that can be kept is there."""
    model = mg.Sequential([mg.Input((3,)), *layers, L.Dense(1)])
    model.compile(mg.optimizers.SGD(0.1), loss, run_eagerly=eagerly)
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    return model


def by_hand(model, x=X):
    return mg.forward(mg.topological_sort(model(x)))


class Temperature(L.Layer):
    """A layer of one's own that computes with a number it was given."""

    def __init__(self):
        super().__init__()
        self.temperature = 1.0
        self.calls = 0

    def call(self, inputs):
        self.calls += 1  # a number of its own, by which nothing is computed
        return inputs / self.temperature


@BOTH
@pytest.mark.parametrize(
    "make, name, value",
    [
        (lambda: L.Dense(4, "tanh"), "activation", mg.activations.relu),
        (lambda: L.Activation("tanh"), "activation", mg.activations.sigmoid),
        (lambda: L.Rescaling(0.5), "scale", 2.0),
        (L.BatchNormalization, "epsilon", 5.0),
        (Temperature, "temperature", 3.0),
    ],
    ids=["dense", "activation", "rescaling", "batch normalization", "own"],
)
def test_a_setting_of_a_layer(make, name, value, eagerly):
    layer = make()
    model = trained(layer, eagerly=eagerly)
    before = model.predict(X, verbose=0)
    setattr(layer, name, value)
    after = model.predict(X, verbose=0)
    assert np.abs(after - before).max() > 0.01
    np.testing.assert_allclose(after, by_hand(model), atol=1e-5)


@BOTH
def test_a_regularizer(eagerly):
    layer = L.Dense(4, kernel_regularizer=mg.regularizers.L2(0.5))
    model = trained(layer, eagerly=eagerly)

    def evaluated():
        return model.evaluate(X, Y, verbose=0)

    kernel = layer.get_weights()[0].astype(float)
    plain = evaluated() - 0.5 * np.sum(kernel**2)
    layer.kernel_regularizer.l2 = 2.0
    assert evaluated() == pytest.approx(plain + 2 * np.sum(kernel**2), rel=1e-5)


@BOTH
def test_another_variable(eagerly):
    layer = L.Dense(3, use_bias=False)
    model = trained(layer, eagerly=eagerly)
    layer.kernel = mg.Variable(np.eye(3, dtype="float32"), name="another")
    np.testing.assert_allclose(model.predict(X, verbose=0), by_hand(model), atol=1e-5)
    np.testing.assert_allclose(by_hand(model), X @ model.layers[-1].get_weights()[0] + model.layers[-1].get_weights()[1], atol=1e-5)  # fmt: skip


def test_the_rate_of_dropout():
    layer = L.Dropout(0.9)
    model, other = trained(layer), trained(L.Dropout(0.0))
    other.set_weights(model.get_weights())
    layer.rate = 0.0
    for each in (model, other):
        each.fit(X, Y, shuffle=False, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), other.get_weights()))


def test_what_has_not_changed_is_kept():
    layer = Temperature()
    model = trained(layer)
    calls = layer.calls
    for _ in range(3):
        model.fit(X, Y, verbose=0)
        model.evaluate(X, Y, verbose=0)
        model.predict(X, verbose=0)
    assert layer.calls == calls


@BOTH
def test_the_loss(eagerly):
    model = trained(eagerly=eagerly)
    away = model.predict(X, verbose=0) - Y
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(np.mean(away**2), rel=1e-5)
    model.loss = "mae"
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(np.mean(abs(away)), rel=1e-5)
    with pytest.raises(ValueError, match="'nothing' is not covered"):
        model.loss = "nothing"
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(np.mean(abs(away)), rel=1e-5)


@BOTH
def test_a_frozen_normalization_without_weights_keeps_its_averages(eagerly):
    layer = L.BatchNormalization(scale=False, center=False)
    model = trained(layer, eagerly=eagerly)
    layer.trainable = False
    before = layer.get_weights()
    model.fit(X, Y, verbose=0)
    assert all(map(np.array_equal, before, layer.get_weights()))
    layer.trainable = True
    model.fit(X, Y, verbose=0)
    assert not any(map(np.array_equal, before, layer.get_weights()))


@BOTH
def test_a_model_that_is_frozen_freezes_its_layers_as_in_keras(keras, eagerly):
    def script(lib):
        inner = lib.Sequential([lib.Input((3,)), lib.layers.BatchNormalization()])
        model = lib.Sequential([lib.Input((3,)), inner, lib.layers.Dense(1)])
        inner.trainable = False
        model.compile("sgd", "mse", run_eagerly=eagerly)
        model.fit(X, Y, verbose=0)
        changed = [
            not np.array_equal(w, start)
            for w, start in zip(
                inner.get_weights(), ([1] * 3, [0] * 3, [0] * 3, [1] * 3), strict=True
            )
        ]
        part = inner.layers[-1]
        states = [part.trainable, len(model.trainable_weights)]
        inner.trainable = True
        return changed, [*states, part.trainable, len(model.trainable_weights)]

    assert script(mg) == script(keras)


@pytest.mark.parametrize("wrong", ["no", 1, None])
def test_trainable_is_true_or_false(wrong):
    model = trained()
    with pytest.raises(ValueError, match=r"Sequential .*: trainable is True or False"):
        model.trainable = wrong
    assert model.trainable


def test_a_model_copied_while_it_is_trained_is_not_being_trained():
    copies = []

    class Keep(mg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            copies.append(copy.deepcopy(self.model))

    model = mg.Sequential([mg.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[Keep()], shuffle=False)
    first = copies[0]
    first.fit(X, Y, verbose=0, shuffle=False)
    assert all(map(np.array_equal, first.get_weights(), model.get_weights()))
    first.compile("adam", "mse")
