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
# Every rule there is, made by either library, with numbers that single precision holds exactly:
# Keras rounds some of them to it. (Defaults are not among those.)
HALF, MOST = 0.5, 0.9921875
RULES = {
    "sgd": lambda o: o.SGD(0.0625),
    "momentum": lambda o: o.SGD(0.015625, momentum=0.75),
    "nesterov": lambda o: o.SGD(0.015625, momentum=0.75, nesterov=True),
    "nesterov without momentum": lambda o: o.SGD(0.0625, nesterov=True),
    "adam": lambda o: o.Adam(0.0078125, 0.875, MOST),
    "adam otherwise": lambda o: o.Adam(0.125, beta_1=HALF, beta_2=0.75, epsilon=0.01),
    "adamw": lambda o: o.AdamW(0.0078125, 0.5, 0.875, MOST),
    "adamax": lambda o: o.Adamax(0.0078125, 0.875, MOST),
    "adamax otherwise": lambda o: o.Adamax(0.0078125, HALF, 0.75, epsilon=1e-3),
    "nadam": lambda o: o.Nadam(0.0078125),
    "nadam otherwise": lambda o: o.Nadam(0.0078125, HALF, 0.75, epsilon=1e-3),
    "rmsprop": lambda o: o.RMSprop(0.0078125),
    "rmsprop momentum": lambda o: o.RMSprop(0.0078125, rho=0.75, momentum=HALF, epsilon=0.01),
    "rmsprop centered": lambda o: o.RMSprop(0.0078125, epsilon=1e-3, centered=True),
    "rmsprop all": lambda o: o.RMSprop(0.0078125, 0.8, HALF, 1e-3, True),
    "adagrad": lambda o: o.Adagrad(0.0625, 0.125),
    "adagrad otherwise": lambda o: o.Adagrad(0.0625, initial_accumulator_value=2.0, epsilon=0.5),
    "adadelta": lambda o: o.Adadelta(1.0),
    "adadelta otherwise": lambda o: o.Adadelta(0.5, rho=0.75, epsilon=0.01),
    "decay": lambda o: o.SGD(0.0625, momentum=HALF, weight_decay=0.25),
    "clipped": lambda o: o.RMSprop(0.0078125, clipvalue=0.125),
    "clipped norm": lambda o: o.SGD(0.0625, clipnorm=0.25, weight_decay=0.125),
    "scheduled": lambda o: o.SGD(o.schedules.ExponentialDecay(0.0625, 2, 0.5, staircase=True)),
    "scheduled adam": lambda o: o.Adam(
        o.schedules.PiecewiseConstantDecay([3, 6], [0.5, 0.25, 0.125]), HALF, 0.75
    ),
}
OPTIMIZERS = {
    "sgd": lambda: mg.optimizers.SGD(0.05),
    "nesterov": lambda: mg.optimizers.SGD(0.02, momentum=0.8, nesterov=True),
    "adam": lambda: mg.optimizers.Adam(0.01),
}
