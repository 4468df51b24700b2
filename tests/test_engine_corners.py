"""Corners of the engine: what looks like a pattern that it knows, and is another one."""

import gc

import numpy as np
import pytest
from both_ways import both_ways, fit_both, same, samples, way
from test_engine import floats

import minigrad as mg
from minigrad.engine.numbers import Numbers
from minigrad.engine.plan import Plan
from minigrad.engine.updates import Rule
from minigrad.graph import recordable
from minigrad.model.networks import KEPT

L = mg.layers


@pytest.fixture(autouse=True)
def as_before():
    yield
    mg.set_threads(None)


# Patterns


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("window", [(2, 1), (1, 2), (1, 1), (3, 1), (1, 3), (2, 3)])
def test_a_pooling_whose_window_has_one_row_or_column(window, activation):
    def layers():
        return [L.Conv2D(3, 2, activation=activation), L.MaxPooling2D(window), L.Flatten()]

    fit_both(both_ways(layers, (7, 7, 2)))


def flattened(targets, outputs):
    n = len(targets)
    return np.mean((np.reshape(targets, (n, -1)) - np.reshape(outputs, (n, -1))) ** 2, axis=-1)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_may_flatten_pictures_that_are_targets(threads):
    mg.set_threads(threads)
    fit_both(both_ways(lambda: [L.Conv2D(2, 2)], (5, 5, 1), loss=flattened), count=32)


def test_a_large_product_of_the_predictions_belongs_to_the_loss():
    mg.set_threads(2)
    weight = mg.Variable(np.full((14 * 14 * 4, 400), 0.01))

    def loss(targets, outputs):
        return np.mean((np.reshape(outputs, (len(outputs), -1)) @ weight) ** 2, axis=-1)

    models = both_ways(lambda: [L.Conv2D(4, 3)], (16, 16, 1), loss)
    x, y = samples(models[0], 64)
    for model in models:
        model.fit(x, y, batch_size=64, verbose=0)
    same(models)


# Chance


class DropConnect(L.Layer):
    """A dense layer that drops weights, not numbers of the samples."""

    def __init__(self):
        super().__init__()
        self.drop = L.Dropout(0.5, seed=1)

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], 4), "ones")

    def call(self, inputs, training=False):
        return inputs @ self.drop(self.kernel, training=training)


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_what_is_dropped_may_be_weights(batch):
    models = both_ways(lambda: [DropConnect()], (6,))
    x, y = samples(models[0], 16)
    for model in models:
        model.fit(x, y, batch_size=batch, shuffle=False, verbose=0)
    same(models)


def test_what_is_dropped_may_be_parts_of_samples():
    def layers():
        return [L.Reshape((5, 4)), L.Dropout(0.5, seed=1), L.Flatten(), L.Dense(2)]

    fit_both(both_ways(layers, (20,)), count=32)


# Threads


class Squared(mg.Operator):
    """Keeps something for the way back, as operators may."""

    def forward(self, x):
        self.twice = 2 * x
        return x * x

    def backward(self, gradient, x):
        return gradient * self.twice

    def infer(self, x):
        return x.shape, x.dtype

    def keeps_samples_apart(self, samples):
        return all(samples)


def test_threads_do_not_share_what_an_operator_keeps_for_the_way_back():
    mg.set_threads(2)

    def layers():
        return [L.Dense(300), L.Lambda(Squared), L.Dense(300, "tanh"), L.Dense(1)]

    models = both_ways(layers, (64,), optimizer=lambda: mg.optimizers.SGD(1e-4))
    x, y = samples(models[0], 512)
    for model in models:
        model.fit(x, y, batch_size=256, epochs=3, shuffle=False, verbose=0)
    same(models)
    assert way(models[1]) == "alone"


# Rules of a reader's own


@recordable
class FanIn(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        count = variable.shape[0] if variable.ndim > 1 else variable.size
        variable.value = variable.value - np.sign(gradient) * (self.learning_rate / count)


@recordable
class FanInOfTheGradient(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        variable.value = variable.value - np.sign(gradient) * 0.1 / gradient.shape[0]


@recordable
class Masked(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        mask = np.indices(variable.shape).sum(axis=0) % 2.0
        variable.value = variable.value - gradient * mask


@recordable
class Rated(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        variable.value = variable.value - gradient * np.full(variable.shape, 0.1)


@recordable
class RateFirst(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        variable.value = variable.value - self.learning_rate * gradient


@recordable
class Careful(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        assert gradient.shape == variable.shape
        variable.value = variable.value - self.learning_rate * gradient


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", [FanIn, FanInOfTheGradient, Masked, Rated, RateFirst, Careful])
def test_a_rule_may_look_at_the_shape_of_the_weight(kind, threads):
    mg.set_threads(threads)  # 3 MB of weights, which change some rows at a time
    models = both_ways(lambda: [L.Dense(128), L.Dense(2)], (3000,), optimizer=lambda: kind(0.01))
    x, y = samples(models[0], 32)
    for model in models:
        model.train_on_batch(x, y)
    same(models)


def test_the_rate_is_found_on_either_side_and_noted_once():
    for kind in (mg.optimizers.SGD, RateFirst):
        variable = mg.Variable(np.ones((3, 4)))
        rule = Rule(kind(0.1), variable, variable.shape, Numbers())
        assert rule.rate == 0.1 and rule.rate == 0.1
        assert [call.name for call in rule.recording.calls] == ["multiply", "subtract"]


# What changes


def test_ctrl_c_while_a_plan_is_made_anew_leaves_no_half_of_it(monkeypatch):
    models = both_ways(lambda: [L.Dense(1)], (3,))
    x, y = samples(models[0], 32)
    for model in models:
        model.fit(x, y, shuffle=False, verbose=0)
        model.optimizer.momentum = 0.5

    def interrupted(self):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(Plan, "choose_way", interrupted)
    with pytest.raises(KeyboardInterrupt):
        models[1].fit(x, y, shuffle=False, verbose=0)
    for model in models:
        model.fit(x, y, epochs=3, shuffle=False, verbose=0)
    same(models)


@pytest.mark.parametrize("eagerly", [True, False])
def test_what_a_callback_sets_in_the_middle_is_not_taken_for_what_was_set_before(eagerly):
    scaling = L.Rescaling(1.0)
    model = mg.Sequential([mg.Input((3,)), scaling, L.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    x = np.ones((24, 3), np.float32)

    class Change(mg.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            scaling.scale = 100.0

    model.predict(x, batch_size=16, verbose=0, callbacks=[Change()])
    scaling.scale = 1.0
    np.testing.assert_allclose(model.predict(x[:8], verbose=0), model(x[:8]), rtol=1e-6)


def test_batches_of_ever_new_sizes_keep_few_plans_alive():
    model = mg.Sequential([mg.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    alive = []

    class Count(mg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            gc.collect()
            alive.append(sum(isinstance(each, Plan) for each in gc.get_objects()))

    gc.collect()
    before = sum(isinstance(each, Plan) for each in gc.get_objects())
    batches = ((np.ones((n, 3), np.float32), np.zeros((n, 1), np.float32)) for n in range(1, 41))
    model.fit(batches, verbose=0, callbacks=[Count()])
    gc.collect()
    assert max(alive) - before <= 2 * KEPT + 1
    counted = model.get_metrics_result()
    model.optimizer = "adam"
    assert model.get_metrics_result() == counted


def test_a_loss_of_one_s_own_may_have_parts():
    class Banded(mg.losses.Loss):
        def __init__(self):
            super().__init__()
            self.parts = 4

        def call(self, y_true, y_pred):
            return np.mean((y_true - y_pred) ** 2, axis=-1) / self.parts

    model = mg.Sequential([mg.Input((3,)), L.Dense(1)])
    model.compile("sgd", Banded())
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)


@pytest.mark.parametrize("eagerly", [True, False])
def test_a_step_makes_stale_what_was_computed_before_it(eagerly):
    model = mg.Sequential([mg.Input((2,)), L.Dense(3), L.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    x, y = np.ones((8, 2), np.float32), np.zeros((8, 1), np.float32)
    order = mg.topological_sort(np.sum(model(mg.Constant(x))))
    mg.forward(order)
    model.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="forward"):
        mg.backward(order)
    mg.forward(order)
    mg.backward(order)


def test_a_step_is_whole_where_numpy_raises():
    with floats("float32"):
        model = mg.Sequential([mg.Input((2,)), L.Dense(2)])
    model.compile(mg.optimizers.SGD(1e-22), "mse")
    model.set_weights([np.zeros((2, 2)), np.zeros(2)])
    y = np.tile([1, 1e-18], (4, 1)).astype(np.float32)
    with np.errstate(under="raise"), pytest.raises(FloatingPointError):
        model.train_on_batch(np.ones((4, 2), np.float32), y)
    counted = int(model.optimizer.iterations)
    moved = [bool(np.any(weight)) for weight in model.get_weights()]
    assert moved == [bool(counted)] * 2
