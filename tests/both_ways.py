"""A model twice, as a graph that is walked and as a plan, for the tests of the engine."""

import numpy as np
from test_engine import floats

import minigrad as mg

L = mg.layers


def both_ways(layers, shape, loss="mse", optimizer=lambda: mg.optimizers.SGD(0.05), metrics=None):
    """The same model twice, in float64: one walks the graph, the other has a plan."""
    models = []
    for eager in (True, False):
        with floats("float64"):
            model = mg.Sequential([mg.Input(shape), *layers()])
        model.compile(optimizer(), loss, metrics=metrics, run_eagerly=eager)
        models.append(model)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=w.shape) * 0.3 for w in models[0].weights]
    for model in models:
        model.set_weights(weights)
    return models


def samples(model, count, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, *model.input_shape[1:]))
    return x, rng.normal(size=(count, *model.output_shape[1:]))


def same(models, tolerance=1e-10):
    walked, planned = models
    for a, b in zip(walked.weights, planned.weights, strict=True):
        np.testing.assert_allclose(b.value, a.value, rtol=0, atol=tolerance, err_msg=a.name)
    for a, b in zip(walked.weights, planned.weights, strict=True):
        states = walked.optimizer.state(a), planned.optimizer.state(b)
        for mine, theirs in zip(*states, strict=True):
            np.testing.assert_allclose(theirs, mine, rtol=0, atol=tolerance)


def way(model):
    return next(runner.way for runner in model._runners.values() if runner.training)


def fit_both(models, batch=8, epochs=2, count=28):
    x, y = samples(models[0], count)
    histories = [
        m.fit(x, y, batch_size=batch, epochs=epochs, shuffle=False, verbose=0).history
        for m in models
    ]
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-9, err_msg=name)
    same(models)


class Formula(L.Layer):
    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def call(self, inputs):
        return self.formula(inputs)


PICTURES = (7, 7, 1)
TAIL = (lambda: L.Flatten(), lambda: L.Dense(6, "elu"), lambda: L.Dense(2))
OPTIMIZERS = {
    "sgd": lambda: mg.optimizers.SGD(0.05),
    "nesterov": lambda: mg.optimizers.SGD(0.02, momentum=0.8, nesterov=True),
    "adam": lambda: mg.optimizers.Adam(0.01),
}
