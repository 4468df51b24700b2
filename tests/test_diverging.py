"""Training that blows up: noticed at once, and the weights are those before the step."""

import numpy as np
import pytest

import minigrad as mg

X = np.random.default_rng(0).normal(size=(64, 20))
Y = 100 * np.random.default_rng(1).normal(size=(64, 1))


def model(threads=1, rate=5.0, eagerly=False, wide=8):
    mg.utils.set_random_seed(0)
    layers = [
        mg.Input((20,)),
        mg.layers.Dense(wide, "relu", name="a"),
        mg.layers.Dense(1, name="b"),
    ]
    made = mg.Sequential(layers)
    made.compile(mg.optimizers.SGD(rate, momentum=0.9), "mse", run_eagerly=eagerly)
    return made


class Good(mg.callbacks.Callback):
    """Remembers the weights before each step."""

    def on_train_batch_begin(self, batch, logs=None):
        self.weights = self.model.get_weights()
        self.steps = self.model.optimizer.iterations


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request):
    mg.set_threads(request.param)
    yield request.param
    mg.set_threads(None)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("batch", [1, 32])
def test_a_loss_that_is_not_finite_ends_training_with_the_last_good_weights(
    threads, eagerly, batch
):
    made, good = model(eagerly=eagerly), Good()
    with pytest.raises(FloatingPointError, match=r"the loss is (nan|inf) in step \d+.*TerminateOn"):
        made.fit(X, Y, batch, epochs=200, verbose=0, callbacks=[good])
    for before, after in zip(good.weights, made.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
        assert np.all(np.isfinite(after))
    assert made.optimizer.iterations == good.steps


@pytest.mark.filterwarnings("ignore:divide", "ignore:overflow", "ignore:invalid")
def test_the_layer_in_which_it_began_is_named():
    class Reciprocal(mg.layers.Layer):
        def call(self, inputs):
            return 1.0 / (inputs - inputs)

    made = mg.Sequential([mg.Input((3,)), mg.layers.Dense(2, name="fine"), Reciprocal(name="bad")])
    made.compile("sgd", "mse")
    with pytest.raises(FloatingPointError, match='not finite is in Divide "bad"'):
        made.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_terminate_on_nan_ends_training_without_an_error(threads, capsys):
    made, good = model(), Good()
    stop = mg.callbacks.TerminateOnNaN()
    history = made.fit(X, Y, 32, epochs=200, verbose=0, callbacks=[good, stop])
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    assert not np.isfinite(history.history["loss"][-1]) and len(history.epoch) < 200
    for before, after in zip(good.weights, made.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_keras_stops_at_the_same_batch(keras):
    def script(lib):
        made = lib.Sequential([lib.Input((1,)), lib.layers.Dense(1, kernel_initializer="ones")])
        made.compile(lib.optimizers.SGD(1e6), "mse")
        x, y = np.full((8, 1), 100, "float32"), np.zeros((8, 1), "float32")
        stop = lib.callbacks.TerminateOnNaN()
        return len(made.fit(x, y, 1, epochs=9, verbose=0, callbacks=[stop]).epoch)

    assert script(mg) == script(keras)


def steep(kernel=0.0, rate=1e38, eagerly=False):
    """A model whose weights leave float32 in a step, though its loss does not."""
    start = mg.initializers.Constant(kernel)
    made = mg.Sequential([mg.Input((1,)), mg.layers.Dense(1, kernel_initializer=start, name="a")])
    made.compile(mg.optimizers.SGD(rate, momentum=0.5), "mse", run_eagerly=eagerly)
    return made


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("last", [0, 3])
def test_weights_that_are_lost_in_the_last_step_are_noticed(eagerly, last):
    made = steep(eagerly=eagerly)
    x, y = np.zeros((last + 1, 1)), np.zeros((last + 1, 1))
    x[last], y[last] = 100, 1
    with pytest.raises(
        FloatingPointError, match=rf'Variable "a/kernel".* step {last} of this epoch'
    ):
        made.fit(x, y, 1, verbose=0, shuffle=False)
    assert np.concatenate(made.get_weights(), axis=None).tolist() == [0, 0]
    assert made.optimizer.iterations == 0
    states = [state for weight in made.weights for state in made.optimizer.state(weight)]
    assert len(states) == 2 and not np.any(np.concatenate(states, axis=None))
    made.fit(x, y, 1, verbose=0, shuffle=False, callbacks=[Slowly()])  # and it goes on


class Slowly(mg.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = 1e-6


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
@pytest.mark.parametrize("eagerly", [False, True])
def test_weights_that_were_lost_before_the_loss_are_those_of_the_epoch_before(eagerly):
    made, good = steep(0.5, rate=0.001, eagerly=eagerly), Good()
    x, y = np.full((3, 1), 1.0), np.ones((3, 1))
    made.fit(x, y, 1, verbose=0)
    before, taken = made.get_weights(), made.optimizer.iterations
    made.optimizer.learning_rate = 1e38
    with pytest.raises(FloatingPointError, match=r"step 1 .*are those before this epoch"):
        made.fit(100 * x, y, 1, verbose=0, shuffle=False, callbacks=[good])
    assert not np.all(np.isfinite(np.concatenate(good.weights, axis=None)))
    for kept, after in zip(before, made.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, after)
    assert made.optimizer.iterations == taken


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_terminate_on_nan_ends_training_where_weights_were_lost():
    made = steep()
    with pytest.warns(UserWarning, match=r'Variable "a/kernel" is not finite after step 0'):
        history = made.fit(
            [[100.0]], [[1.0]], epochs=5, verbose=0, callbacks=[mg.callbacks.TerminateOnNaN()]
        )
    assert history.history == {"loss": [1.0]}
    assert np.concatenate(made.get_weights(), axis=None).tolist() == [0, 0]


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "momentum"])
@pytest.mark.parametrize("eagerly", [False, True])
def test_what_is_brought_back_is_of_the_last_epoch_and_not_of_the_first(optimizer, eagerly):
    """Also of a layer that was frozen between."""

    class Third(mg.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.get_layer("b").trainable = epoch != 1
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if self.epoch == 2:
                kernel = self.model.get_layer("b").kernel
                kernel.value = np.full(kernel.shape, np.inf)

    def made():
        mg.utils.set_random_seed(0)
        layers = [mg.layers.Dense(8, "relu", name="a"), mg.layers.Dense(1, name="b")]
        model = mg.Sequential([mg.Input((20,)), *layers])
        rate = {"sgd": mg.optimizers.SGD, "adam": mg.optimizers.Adam}.get(optimizer)
        chosen = rate(0.001) if rate else mg.optimizers.SGD(0.001, momentum=0.9)
        model.compile(chosen, "mse", run_eagerly=eagerly)
        return model

    def numbers(model):
        states = [model.optimizer.state(w) for w in model.weights]
        return [*model.get_weights(), *(s for each in states for s in each)]

    right, lost = made(), made()
    right.fit(X, Y, 64, epochs=2, verbose=0, shuffle=False, callbacks=[Third()])
    with pytest.raises(FloatingPointError, match="those before this epoch"):
        lost.fit(X, Y, 64, epochs=4, verbose=0, shuffle=False, callbacks=[Third()])
    assert lost.optimizer.iterations == right.optimizer.iterations == 2
    for one, other in zip(numbers(right), numbers(lost), strict=True):
        np.testing.assert_array_equal(one, other)
