"""The plan in use: whatever a user does with a model, it does what the graph would do."""

import copy
import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import engine, floats

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
    return next(runner.way for runner in model.runners.values() if runner.training)


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


# -- networks that once went wrong, or easily might ----------------------------------------------
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


class Formula(L.Layer):
    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def call(self, inputs):
        return self.formula(inputs)


def over_the_batch(x):
    return mg.activations.softmax(x, axis=0)


PICTURES = (7, 7, 1)
TAIL = (lambda: L.Flatten(), lambda: L.Dense(6, "elu"), lambda: L.Dense(2))
NETWORKS = {
    "convolution last": (PICTURES, lambda: [L.Conv2D(2, 2, activation="tanh")]),
    "pooling last": (PICTURES, lambda: [L.Conv2D(2, 2, activation="relu"), L.MaxPooling2D(2)]),
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
OPTIMIZERS = {
    "sgd": lambda: mg.optimizers.SGD(0.05),
    "nesterov": lambda: mg.optimizers.SGD(0.02, momentum=0.8, nesterov=True),
    "adam": lambda: mg.optimizers.Adam(0.01),
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


# -- what readers write themselves -----------------------------------------------------------------
class Cube(mg.Operator):
    def forward(self, x):
        return x**3

    def backward(self, gradient, x):
        return 3 * gradient * x**2


class Signs(mg.optimizers.Optimizer):
    def update(self, variable, gradient):
        variable.value = variable.value - self.learning_rate * np.sign(gradient)


class Momentum(mg.optimizers.SGD):
    """Of a class of its own, so that no rule in place may be taken for it."""

    def update(self, variable, gradient):
        super().update(variable, gradient / (1 + np.abs(gradient)))


class Largest(mg.losses.Loss):
    def call(self, y_true, y_pred):
        return np.max(abs(y_true - y_pred), axis=-1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "own",
    [
        {"layers": lambda: [L.Dense(4), L.Activation(Cube), L.Dense(2)]},
        {"optimizer": lambda: Signs(0.01)},
        {"optimizer": lambda: Momentum(0.05, momentum=0.5)},
        {"loss": Largest()},
        {"loss": lambda y_true, y_pred: np.mean(np.sqrt((y_true - y_pred) ** 2 + 1), axis=-1)},
    ],
    ids=["operator", "optimizer", "derived optimizer", "loss", "function"],
)
def test_what_a_reader_writes_runs_inside_the_plan(own, threads):
    arguments = {"layers": lambda: [L.Dense(40, "tanh"), L.Dense(2)], **own}
    with engine(threads, large=100):
        models = both_ways(shape=(6,), **arguments)
        fit_both(models)
        kinds = {k.kind for r in models[1].runners.values() for p in r.programs for k in p.kernels}
        assert ("reference" in kinds) == ("layers" in own)


def test_a_constant_may_be_changed_between_two_steps():
    constants = []

    def layers():
        constants.append(mg.Constant(np.float64(1)))
        return [L.Dense(4), Formula(lambda x, c=constants[-1]: x * c), L.Dense(2)]

    for threads in (1, 2):
        with engine(threads):
            models = both_ways(layers, (6,))
            fit_both(models)
            for constant in constants:
                constant.value = 0.25
            fit_both(models)


UNARY = {
    "tanh": np.tanh,
    "negative": np.negative,
    "exp": lambda x: np.exp(np.tanh(x)),
    "log": lambda x: np.log(x * x + 1),
    "sqrt": lambda x: np.sqrt(x * x + 1),
    "abs": np.absolute,
    "sin": np.sin,  # has no kernel of its own
    "relu": mg.activations.relu,
    "sigmoid": mg.activations.sigmoid,
    "softmax": mg.activations.softmax,
    "square": lambda x: x * x,
    "centered": lambda x: x - np.mean(x, axis=-1, keepdims=True),
    "scaled": lambda x: 0.5 * x - 2,
}
BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: a / (b * b + 1),
    "maximum": np.maximum,
    "minimum": np.minimum,
}


class RandomGraph(L.Layer):
    """Some steps, each of which takes any of the nodes or weights that are there already."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def build(self, input_shape):
        self.vector = self.add_weight((input_shape[-1],))
        self.number = self.add_weight((1, 1))

    def call(self, inputs):
        nodes = [inputs, self.vector, self.number]
        for name, first, second in self.steps:
            a, b = nodes[first % len(nodes)], nodes[second % len(nodes)]
            nodes.append(UNARY[name](a) if name in UNARY else BINARY[name](a, b))
        return inputs + np.tanh(nodes[-1] + nodes[-2])


steps = st.lists(
    st.tuples(st.sampled_from([*UNARY, *BINARY, *BINARY]), st.integers(0, 50), st.integers(0, 50)),
    min_size=2,
    max_size=7,
)


@settings(max_examples=150)
@given(steps=steps, threads=st.integers(1, 3), optimizer=st.sampled_from(["sgd", "adam"]))
def test_random_graphs(steps, threads, optimizer):
    def layers():
        return [L.Dense(4), RandomGraph(steps), L.Dense(2)]

    with engine(threads):
        models = both_ways(layers, (3,), optimizer=OPTIMIZERS[optimizer])
        x, y = samples(models[0], 12)
        for model in models:
            model.fit(x, y, batch_size=6, shuffle=False, verbose=0)
        same(models, 1e-9)


# -- a model's life ----------------------------------------------------------------------------------
WAYS = {"alone": (1, 1 << 20), "pictures": (2, 1 << 20), "bands": (2, 100)}


@pytest.fixture(params=WAYS)
def models(request):
    threads, large = WAYS[request.param]
    with engine(threads, large=large):
        pair = both_ways(
            lambda: [L.Conv2D(2, 2, activation="elu"), *(t() for t in TAIL)],
            PICTURES,
            optimizer=OPTIMIZERS["adam"],
            metrics=["mse"],
        )
        yield pair
        assert way(pair[1]) == request.param


def test_weights_set_between_two_fits(models):
    fit_both(models)
    new = [np.linspace(-0.5, 0.5, w.size).reshape(w.shape) for w in models[0].weights]
    for model in models:
        model.set_weights(new)
        for mine, wanted in zip(model.get_weights(), new, strict=True):
            np.testing.assert_array_equal(mine, wanted)
    fit_both(models)


def test_one_weight_set_between_two_fits(models):
    fit_both(models)
    for model in models:
        model.layers[2].kernel.value = model.layers[2].kernel.value * 0.5
    fit_both(models)


def test_weights_loaded_between_two_fits(models, tmp_path):
    fit_both(models)
    models[1].save_weights(tmp_path / "one.npz")
    fit_both(models)
    for model in models:
        model.load_weights(tmp_path / "one.npz")
    fit_both(models)


def test_weights_read_in_the_middle_of_an_epoch(models):
    """A plan may keep a weight in another order; whoever looks sees it in Keras's."""
    seen = {}

    class Look(mg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.setdefault(self.model.run_eagerly, []).append(self.model.get_weights())

    x, y = samples(models[0], 24)
    for model in models:
        model.fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[Look()])
    for a, b in zip(seen[True], seen[False], strict=True):
        for mine, theirs in zip(a, b, strict=True):
            np.testing.assert_allclose(theirs, mine, rtol=0, atol=1e-10)


def test_learning_rate_changed_between_epochs(models):
    class Halve(mg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate *= 0.5

    x, y = samples(models[0], 24)
    for model in models:
        model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0, callbacks=[Halve()])
        assert model.optimizer.learning_rate == 0.01 / 16
    same(models)


def test_batch_size_changed_between_fits(models):
    for batch in (8, 3, 8, 1, 28, 5):
        fit_both(models, batch=batch, epochs=1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["bands", "flat pictures", "factor first", "shared weights"])
def test_one_sample_at_a_time(name, threads):
    """A large weight then owes some of its changes, and pays before anybody looks."""
    seen = {True: [], False: []}

    class Look(mg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch in (0, 3, 20):
                seen[self.model.run_eagerly].append(self.model.get_weights())
            self.model.optimizer.learning_rate *= 0.97

    shape, layers = NETWORKS[name]
    with engine(threads, large=100):
        models = both_ways(layers, shape, optimizer=OPTIMIZERS["sgd"])
        x, y = samples(models[0], 37)
        for epoch in range(3):
            for model in models:
                model.fit(x, y, batch_size=1, shuffle=False, verbose=0, callbacks=[Look()])
            runners = models[1].runners.values()
            kinds = {k.kind for r in runners for p in r.programs for k in p.kernels}
            assert ("dense, owing" in kinds) == (name != "shared weights")
            if epoch == 1:
                walked, planned = (m.predict(x[:5], verbose=0) for m in models)
                np.testing.assert_allclose(planned, walked, rtol=0, atol=1e-10)
            if epoch == 0:
                half = [w / 2 for w in models[0].get_weights()]
                for model in models:
                    model.set_weights(half)
        same(models)
        for a, b in zip(seen[True], seen[False], strict=True):
            for mine, theirs in zip(a, b, strict=True):
                np.testing.assert_allclose(theirs, mine, rtol=0, atol=1e-10)
        fit_both(models, batch=8)
        fit_both(models, batch=1)


def test_more_batch_sizes_than_plans_are_kept(models):
    for batch in [*range(8, 20), *range(8, 11)]:
        fit_both(models, batch=batch, epochs=1, count=2 * batch)


def test_evaluate_and_predict_use_the_weights_of_now(models):
    x, y = samples(models[0], 21)
    for _ in range(3):
        fit_both(models, epochs=1)
        for batch in (4, 21):
            walked, planned = (m.evaluate(x, y, batch_size=batch, verbose=0) for m in models)
            np.testing.assert_allclose(planned, walked, rtol=1e-9)
            walked, planned = (m.predict(x, batch_size=batch, verbose=0) for m in models)
            np.testing.assert_allclose(planned, walked, rtol=0, atol=1e-10)


def test_validation_during_fit(models):
    x, y = samples(models[0], 30)
    histories = [
        m.fit(x, y, batch_size=8, epochs=3, validation_split=0.3, shuffle=False, verbose=0).history
        for m in models
    ]
    for name in ("loss", "val_loss", "mse", "val_mse"):
        np.testing.assert_allclose(histories[1][name], histories[0][name], rtol=1e-9)


def test_batches_by_hand(models):
    x, y = samples(models[0], 8)
    for _ in range(3):
        walked, planned = (m.train_on_batch(x, y) for m in models)
        np.testing.assert_allclose(planned, walked, rtol=1e-9)
        walked, planned = (m.test_on_batch(x[:3], y[:3]) for m in models)
        np.testing.assert_allclose(planned, walked, rtol=1e-9)
    same(models)


def test_both_ways_go_on_from_each_other(models):
    """An epoch by the graph and one by the plan are two epochs, the optimizer's memory too."""
    walked, mixed = models
    x, y = samples(walked, 24)
    walked.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    for eager in (True, False, True):
        mixed.run_eagerly = eager
        mixed.runners.clear()  # as compile() does, but the optimizer stays
        mixed.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    same(models)
    assert walked.optimizer.iterations == mixed.optimizer.iterations == 9
    mixed.run_eagerly = False
    mixed.runners.clear()
    fit_both(models)


def test_data_changed_in_place_between_fits(models):
    x, y = samples(models[0], 24)
    every_other = np.repeat(x, 2, axis=0)[::2]  # not in one piece
    for _ in range(2):
        for model in models:
            model.fit(every_other, y, batch_size=8, shuffle=False, verbose=0)
        same(models)
        every_other *= -0.5
        y *= 0.5


def test_shuffling_and_dropout_draw_the_same_numbers():
    for threads, large in WAYS.values():
        with engine(threads, large=large):
            weights = []
            for eager in (True, False):
                mg.utils.set_random_seed(5)
                with floats("float64"):
                    layers = [L.Conv2D(2, 2), L.Flatten(), L.Dense(6, "elu"), L.Dropout(0.3)]
                    model = mg.Sequential([mg.Input(PICTURES), *layers, L.Dense(2)])
                model.compile("sgd", "mse", run_eagerly=eager)
                model.fit(*samples(model, 30), batch_size=8, epochs=3, verbose=0)
                weights.append(model.get_weights())
            for a, b in zip(*weights, strict=True):
                np.testing.assert_allclose(b, a, rtol=0, atol=1e-10)


def test_two_models_that_share_a_layer():
    """Each has its plan; both train the same weight, which each may keep in its own order."""
    for threads in (1, 2):
        with engine(threads, large=100):
            results = []
            for eager in (True, False):
                mg.utils.set_random_seed(0)
                with floats("float64"):
                    shared = [L.Conv2D(2, 2), L.Flatten(), L.Dense(6, "elu")]
                    first = mg.Sequential([mg.Input(PICTURES), *shared, L.Dense(2)])
                    second = mg.Sequential([mg.Input(PICTURES), *shared, L.Dense(2)])
                for model in (first, second):
                    model.compile(mg.optimizers.Adam(0.01), "mse", run_eagerly=eager)
                for _ in range(2):
                    for model in (first, second):
                        model.fit(*samples(model, 16), batch_size=8, shuffle=False, verbose=0)
                results.append(first.get_weights() + second.get_weights())
            for a, b in zip(*results, strict=True):
                np.testing.assert_allclose(b, a, rtol=0, atol=1e-10)


def test_a_copied_model_goes_on_by_itself(models):
    fit_both(models)
    copies = [copy.deepcopy(model) for model in models]
    before = [model.get_weights() for model in models]
    fit_both(copies)
    for model, weights in zip(models, before, strict=True):
        for mine, old in zip(model.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(mine, old)
    fit_both(models)


def test_a_model_holds_on_to_no_data_set(models):
    for model in models:
        x, y = samples(model, 20)
        model.fit(x, y, batch_size=8, validation_data=(x, y), verbose=0)
        model.predict(x, verbose=0)
        gone = weakref.ref(x)
        del x
        gc.collect()
        assert gone() is None
