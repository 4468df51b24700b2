"""What is changed at a model that has been used counts in the next call, whatever was kept."""

import copy
import traceback
from functools import partial

import numpy as np
import pytest
from test_bad_input import CLASSES, KINDS, PACKAGE, reached

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
    return model(x)


class Own(L.Layer):
    """A layer of one's own that computes with whatever it was given."""

    def __init__(self, given, formula):
        super().__init__()
        self.given, self.formula, self.calls, self.seen = given, formula, 0, ()

    def call(self, inputs):
        self.calls += 1  # what building a graph changes is no setting
        self.seen = inputs.shape
        return self.formula(inputs, self.given)


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
        (lambda: L.Activation(np.tanh), "activation", np.sin),
        (lambda: L.Rescaling(0.5), "scale", 2.0),
        (L.BatchNormalization, "epsilon", 5.0),
        (L.BatchNormalization, "center", False),
        (Temperature, "temperature", 3.0),
        (lambda: Own(1, np.multiply), "given", 3),
        (lambda: Own(None, lambda x, n: x if n is None else x * n), "given", 3),
        (lambda: Own("a", lambda x, n: x * len(n)), "given", "abc"),
        (lambda: Own((1, 2), lambda x, n: x * n[1]), "given", (1, 3)),
        (lambda: Own({"by": 1}, lambda x, n: x * n["by"]), "given", {"by": 3}),
        (lambda: Own(np.float32([1, 2, 3]), np.multiply), "given", np.float32([3, 2, 1])),
        (lambda: Own(np.float32(1), np.multiply), "given", np.float32(3)),
        (lambda: Own(partial(np.multiply, 2.0), lambda x, f: f(x)), "given", np.tanh),
    ],
)
def test_a_setting_of_a_layer(make, name, value, eagerly):
    layer = make()
    model = trained(layer, eagerly=eagerly)
    before = model.predict(X, verbose=0)
    setattr(layer, name, value)
    after = model.predict(X, verbose=0)
    assert np.abs(after - before).max() > 0.001
    np.testing.assert_allclose(after, by_hand(model), atol=1e-5)


@BOTH
@pytest.mark.parametrize("kind", [list, np.float32, lambda v: dict(enumerate(v))])
def test_what_is_changed_inside_of_a_setting(kind, eagerly):
    layer = Own(kind([1, 2, 3]), lambda x, n: x * np.array([n[i] for i in range(3)], "float32"))
    model = trained(layer, eagerly=eagerly)
    layer.given[0] = 9.0
    np.testing.assert_allclose(model.predict(X, verbose=0), by_hand(model), atol=1e-5)
    calls = layer.calls
    model.predict(X, verbose=0)
    assert layer.calls == calls


@BOTH
@pytest.mark.parametrize(
    "make, name, value",
    [
        (mg.losses.Huber, "delta", 0.01),
        (lambda: mg.losses.MeanSquaredError(), "reduction", "sum"),
        (lambda: mg.losses.BinaryCrossentropy(from_logits=True), "label_smoothing", 0.3),
    ],
)
def test_a_setting_of_the_loss(make, name, value, eagerly):
    model = trained(eagerly=eagerly, loss=make())
    before = model.evaluate(X, Y, batch_size=24, verbose=0)
    setattr(model.loss, name, value)
    wanted = model.loss(Y, model.predict(X, verbose=0))
    assert model.evaluate(X, Y, batch_size=24, verbose=0) == pytest.approx(wanted, rel=1e-5)
    assert wanted != pytest.approx(before, rel=1e-3)


@pytest.mark.parametrize(
    "name, value",
    [
        ("units", 7),
        ("dtype", "float64"),
        ("kernel_initializer", "ones"),
        ("bias_regularizer", "l2"),
    ],
)
def test_what_weights_were_made_by_cannot_be_changed_any_more(name, value):
    layer = L.Dense(4, "tanh")
    setattr(layer, name, value)  # they are not made yet
    model = trained(layer)
    before = model.predict(X, verbose=0)
    setattr(layer, name, getattr(layer, name))
    for wrong in (3, "zeros", None):
        with pytest.raises(ValueError, match=name):
            setattr(layer, name, wrong)
    assert np.array_equal(model.predict(X, verbose=0), before)


# What a class can be called with, and what it refuses: from the catalogue of bad input.
NEEDS = {"activation": "tanh", "target_shape": (2,), "schedule": print}  # none has a default
SETTINGS = [
    (name, argument, values)
    for name, (_, arguments) in CLASSES.items()
    if name not in ("Model", "Sequential", "layers.Input")
    for argument, values in arguments.items()
]


@pytest.mark.parametrize("name, argument, values", SETTINGS)
def test_what_is_set_is_checked_as_what_is_given(name, argument, values):
    needs, arguments = CLASSES[name]
    thing = reached(name)(**{k: v for k, v in NEEDS.items() if k in arguments}, **needs)
    if argument not in vars(thing):
        return  # it is kept in another form, or not covered
    before = getattr(thing, argument)
    setattr(thing, argument, before)
    assert getattr(thing, argument) == before
    for value in values:
        with pytest.raises(KINDS) as caught:
            setattr(thing, argument, value)
        last = traceback.extract_tb(caught.value.__traceback__)[-1]
        assert last.filename.startswith(PACKAGE) and last.line.startswith("raise"), caught.value
        assert getattr(thing, argument) == before


def test_setting_draws_no_chance():
    mg.utils.set_random_seed(3)
    wanted = mg.initializers.RandomNormal()((2,))
    mg.utils.set_random_seed(3)
    layer = L.Dropout(0.5, seed=1)
    layer.rate = 0.25
    assert np.array_equal(mg.initializers.RandomNormal()((2,)), wanted)


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
