"""What a metric, an optimizer or a callback of one's own is handed, it may keep and write into."""

import numpy as np
import pytest

import minigrad as mg

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(40, 6)), rng.normal(size=(40, 2))


def compiled(optimizer="sgd", eagerly=False, **options):
    mg.utils.set_random_seed(0)
    model = mg.Sequential([mg.Input((6,)), mg.layers.Dense(5, "tanh"), mg.layers.Dense(2)])
    model.compile(optimizer, "mse", run_eagerly=eagerly, **options)
    return model


class Kept(mg.metrics.Metric):
    """Computed at the end over all samples, as a rank is."""

    def reset_state(self):
        self.batches = []

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.batches.append((y_true, y_pred))

    def result(self):
        y_true, y_pred = (np.concatenate(each) for each in zip(*self.batches, strict=True))
        return np.mean(np.abs(y_true - y_pred))


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_metric_may_keep_what_it_is_given(eagerly):
    model = compiled(eagerly=eagerly, metrics=[Kept("kept"), "mae"])
    found = model.evaluate(X, Y, 8, verbose=0, return_dict=True)
    assert found["kept"] == pytest.approx(found["mae"], rel=1e-5)


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_metric_may_write_into_what_it_is_given(eagerly):
    def rounded(y_true, y_pred):
        y_pred[y_pred > 0] = 1
        y_true[y_true > 0] = 1
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    model = compiled(eagerly=eagerly, metrics=[rounded, "mae"])
    found = model.evaluate(X, Y, 8, verbose=0, return_dict=True)
    alone = compiled(metrics=["mae"]).evaluate(X, Y, 8, verbose=0, return_dict=True)
    assert found["mae"] == pytest.approx(alone["mae"], rel=1e-6)
    assert found["rounded"] != pytest.approx(found["mae"], rel=0.01)


def test_a_metric_of_one_of_several_outputs_may_write_too():
    def zeroed(y_true, y_pred):
        y_pred[...] = y_true
        return np.zeros(len(y_true))

    inputs = mg.Input((6,))
    ends = [mg.layers.Dense(2, name=name)(inputs) for name in "ab"]
    model = mg.Model(inputs, ends)
    model.compile("sgd", ["mse", "mse"], metrics=[[zeroed, "mae"], ["mae"]])
    found = model.evaluate(X, [Y, Y], 8, verbose=0, return_dict=True)
    wanted = [np.mean(np.abs(part - Y)) for part in model.predict(X, verbose=0)]
    assert [found["a_mae"], found["b_mae"]] == pytest.approx(wanted, rel=1e-5)


class Heavy(mg.optimizers.Optimizer):
    """Momentum that begins with the first gradient itself."""

    def __init__(self, rate):
        super().__init__(rate)
        self.speed = {}

    def update(self, variable, gradient):
        before = self.speed.get(variable)
        self.speed[variable] = gradient if before is None else 0.5 * before + gradient
        variable.value = variable.value - self.learning_rate * self.speed[variable]


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("batch", [1, 8, 40])
def test_an_optimizer_may_keep_the_gradient(batch, eagerly):
    own, ours = compiled(Heavy(0.01), eagerly), compiled(mg.optimizers.SGD(0.01, momentum=0.5))
    for model in (own, ours):
        model.fit(X, Y, batch, epochs=2, shuffle=False, verbose=0)
    for mine, wanted in zip(own.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-3, atol=1e-5)


def test_a_callback_may_write_into_the_predictions_that_it_is_shown():
    class Ranks(mg.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            logs["outputs"] -= logs["outputs"].max()

    model = compiled()
    shown = model.predict(X, batch_size=8, verbose=0, callbacks=[Ranks()])
    np.testing.assert_array_equal(shown, model.predict(X, batch_size=8, verbose=0))
