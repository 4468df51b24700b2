"""A formula that reads not all that comes in, and a loss whose gradient does not reach the weights."""

import numpy as np
import pytest
from both_ways import Formula, both_ways, fit_both, samples
from test_engine import engine

import minigrad as mg

L = mg.layers
BOTH = pytest.mark.parametrize("eagerly", [False, True])


class Learned(L.Layer):
    """Numbers that are learned, whatever comes in."""

    def build(self, input_shape):
        self.row = self.add_weight((1, 3))

    def call(self, inputs):
        return self.row * np.ones((len(inputs), 1))


def of_predictions(y_true, y_pred):
    return np.mean(y_pred**2, axis=-1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("loss", ["mse", of_predictions])
@pytest.mark.parametrize("layers", [lambda: [Learned()], lambda: [L.Dense(40, "tanh"), L.Dense(3)]])
def test_samples_and_targets_need_not_be_read(layers, loss, threads):
    with engine(threads, large=100):
        models = both_ways(layers, (5,), loss=loss, metrics=["mae"])
        fit_both(models)
        x, y = samples(models[0], 8)
        for method in ("evaluate", "train_on_batch"):
            mine, other = (getattr(model, method)(x, y) for model in models)
            np.testing.assert_allclose(mine, other, rtol=1e-9)
        np.testing.assert_allclose(*(model.predict(x, verbose=0) for model in models), rtol=1e-9)


NO_GRADIENT = {
    "truth": lambda z: (z > 0) * 1.0,
    "chosen": lambda z: np.where(z > 0, 1.0, 0.0),
    "constant": lambda z: mg.Constant(np.ones(z.shape)),
    "equal": lambda z: (z == z) * 2.0,
}


@BOTH
@pytest.mark.parametrize("activation", NO_GRADIENT.values(), ids=NO_GRADIENT)
def test_training_that_would_change_nothing_is_refused_as_in_keras(keras, activation, eagerly):
    x, y = np.ones((4, 3)), np.ones((4, 1))
    model = mg.Sequential([mg.Input((3,)), L.Dense(1, activation)])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    for train in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match="no gradient of the loss reaches a weight"):
            train(x, y)
    assert np.all(np.isfinite(model.predict(x, verbose=0))) and model.evaluate(x, y, verbose=0) >= 0
    model.trainable = False  # then nothing is meant to change
    model.fit(x, y, verbose=0)
    theirs = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, lambda z: keras.ops.cast(z > 0, "float32"))]
    )
    theirs.compile("sgd", "mse")
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        theirs.fit(x, y, verbose=0)


@BOTH
def test_weights_that_no_gradient_reaches_are_named(eagerly):
    model = mg.Sequential(
        [mg.Input((3,)), L.Dense(2, name="before"), Formula(lambda z: (z > 0) * 1.0), L.Dense(1)]
    )
    model.compile(mg.optimizers.AdamW(weight_decay=0.5), "mse", run_eagerly=eagerly)
    before = model.get_weights()
    with pytest.warns(UserWarning, match="no gradient of the loss reaches before/kernel, before/b"):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True, True, False, False]  # as in Keras, they do not even decay
