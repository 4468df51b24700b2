"""One model in several threads and processes: the numbers of each are its own."""

import copy
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from test_engine import engine

import minigrad as mg
from minigrad.shared.turns import Lock, join

rng = np.random.default_rng(0)


def threads_of(*works):
    errors = []

    def guarded(work):
        try:
            work()
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert not any(thread.is_alive() for thread in running)
    assert errors == []


def while_training(model, x, y, batch, epochs, *works):
    """Train, and do other work over and over, each in a thread of its own."""
    done = threading.Event()

    def fit():
        try:
            model.fit(x, y, batch, epochs=epochs, verbose=0)
        finally:
            done.set()

    def over_and_over(work):
        def loop():
            while not done.is_set():
                work()

        return loop

    threads_of(fit, *map(over_and_over, works))


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("samples", [1, 64])
def test_predictions_do_not_change_places(eagerly, samples):
    model = mg.Sequential([mg.Input((100,)), mg.layers.Dense(10), mg.layers.Dense(10, "softmax")])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    sets = rng.normal(size=(4, samples, 100)).astype("float32")
    right = [model.predict(x, verbose=0) for x in sets]
    wrong = []

    def work(i):
        def ask():
            for _ in range(60):
                if not np.array_equal(model.predict(sets[i], verbose=0), right[i]):
                    wrong.append(i)

        return ask

    threads_of(*(work(i) for i in range(4)))
    assert wrong == []


def test_predict_and_evaluate_beside_fit():
    """A live picture of a network that is trained: both go on, and count for themselves."""

    def build():
        mg.utils.set_random_seed(1)
        model = mg.Sequential([mg.Input((20,)), mg.layers.Dense(16, "relu"), mg.layers.Dense(1)])
        model.compile("adam", "mse", metrics=["mse"])
        return model

    x, y = rng.normal(size=(400, 20)), rng.normal(size=(400, 1))
    alone, watched, done = build(), build(), threading.Event()
    wanted = alone.fit(x, y, epochs=8, verbose=0).history
    seen = []

    def fit():
        mg.utils.set_random_seed(1)  # build() has drawn as many numbers before
        watched.set_weights(build().get_weights())
        seen.append(watched.fit(x, y, epochs=8, verbose=0).history)
        done.set()

    def look():
        while not done.is_set():
            assert np.all(np.isfinite(watched.predict(x[:50], verbose=0)))
            loss, mse = watched.evaluate(x[:50], y[:50], verbose=0)
            assert loss == pytest.approx(mse, rel=1e-5)

    threads_of(fit, look)
    assert seen[0]["loss"] == pytest.approx(wanted["loss"], rel=1e-6)
    assert seen[0]["mse"] == pytest.approx(seen[0]["loss"], rel=1e-5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_while_a_thread_predicts_can_predict():
    code = """
import os, sys, threading, time, numpy as np, minigrad as mg
model = mg.Sequential([mg.Input((50,)), mg.layers.Dense(10)])
x = np.ones((500, 50), "float32"); right = model.predict(x, verbose=0); go = True
def work():
    while go: model.predict(x, verbose=0)
thread = threading.Thread(target=work); thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(model.predict(x, verbose=0), right) else 3)
    for _ in range(1000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done: break
        time.sleep(0.01)
    else:
        os.kill(child, 9); go = False; sys.exit("hangs")
    assert status == 0, status
go = False
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=120)
    assert done.returncode == 0


def network():
    """A convolution before a large dense layer: its weight is held by the plan while it trains."""
    mg.utils.set_random_seed(0)
    layers = [
        mg.layers.Conv2D(8, 3, activation="relu"),
        mg.layers.Flatten(),
        mg.layers.Dense(200, "tanh", name="large"),
    ]
    return mg.Sequential([mg.Input((12, 12, 1)), *layers, mg.layers.Dense(3, "softmax")])


READERS = {
    "model": lambda model, x: model.get_weights(),
    "value": lambda model, x: model.get_layer("large").kernel.value,
    "numpy": lambda model, x: model.get_layer("large").kernel.numpy(),
    "call": lambda model, x: model(x[:2]),
    "copy": lambda model, x: copy.deepcopy(model.get_layer("large").kernel),
    "print": lambda model, x: repr(model.get_layer("large").kernel),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("batch, optimizer", [(1, "sgd"), (16, "adam")])
def test_reading_weights_in_another_thread_takes_nothing_from_training(batch, optimizer, read):
    x, y = rng.normal(size=(64, 12, 12, 1)), rng.integers(3, size=64)
    done, trained = threading.Event(), []

    def fit(model):
        model.compile(optimizer, "sparse_categorical_crossentropy")
        model.fit(x, y, batch, epochs=4, shuffle=False, verbose=0)
        trained.append(model.get_weights())

    def look():
        while not done.is_set():
            read(watched, x)

    with engine(threads=2, large=200):
        fit(network())
        watched = network()
        fitting = threading.Thread(target=fit, args=(watched,))
        fitting.start()
        looking = threading.Thread(target=look)
        looking.start()
        fitting.join()
        done.set()
        looking.join()
    for alone, with_reader in zip(*trained, strict=True):
        np.testing.assert_array_equal(alone, with_reader)


@pytest.mark.parametrize("eagerly", [False, True])
def test_weights_that_are_read_saved_and_set_meanwhile_are_those_of_one_step(tmp_path, eagerly):
    inputs = mg.Input((2000,))
    alike = [mg.layers.Dense(16, use_bias=False, kernel_initializer="ones") for _ in range(3)]
    model = mg.Model(inputs, mg.layers.Add()([layer(inputs) for layer in alike]))
    model.compile("adam", "mse", run_eagerly=eagerly)
    x, y = 0.01 * rng.normal(size=(64, 2000)), rng.normal(size=(64, 16))
    path, mixed = tmp_path / "w.npz", []

    def look():
        model.save_weights(path)
        with np.load(path) as file:
            for a, b, c in (model.get_weights(), [file[name] for name in file.files]):
                mixed.append(not (np.array_equal(a, b) and np.array_equal(b, c)))

    def change():
        model.set_weights([np.full((2000, 16), rng.normal())] * 3)

    while_training(model, x, y, 16, 30, look, change)
    assert mixed and not any(mixed)


class Alike(mg.layers.Layer):
    """Three weights that get the same gradient, so that they are equal after every step."""

    def build(self, input_shape):
        self.three = [self.add_weight((input_shape[-1], 16), "ones") for _ in range(3)]

    def call(self, inputs):
        return sum(inputs @ weight for weight in self.three)


@pytest.mark.parametrize("eagerly", [False, True])
def test_weights_of_a_layer_that_are_read_and_set_meanwhile_are_those_of_one_step(eagerly):
    model = mg.Sequential([mg.Input((2000,)), layer := Alike()])
    model.compile("adam", "mse", run_eagerly=eagerly)
    x, y = 0.01 * rng.normal(size=(64, 2000)), rng.normal(size=(64, 16))
    mixed = []

    def look():
        a, b, c = layer.get_weights()
        mixed.append(not (np.array_equal(a, b) and np.array_equal(b, c)))

    def change():
        layer.set_weights([np.full((2000, 16), rng.normal())] * 3)

    while_training(model, x, y, 16, 30, look, change)
    assert mixed and not any(mixed)


SETTERS = {
    "value": lambda layer, array: setattr(layer.kernel, "value", array),
    "assign": lambda layer, array: layer.kernel.assign(array),
    "layer": lambda layer, array: layer.set_weights([array, *layer.get_weights()[1:]]),
}


@pytest.mark.parametrize("change", SETTERS.values(), ids=SETTERS)
@pytest.mark.parametrize("batch", [1, 16])
def test_a_weight_that_another_thread_sets_is_set(batch, change):
    """Also one that the plan holds meanwhile. With a learning rate of 0 no step changes it."""
    model, x, y = network(), rng.normal(size=(64, 12, 12, 1)), rng.integers(3, size=64)
    model.compile(mg.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    layer, wrong = model.get_layer("large"), []

    def work():
        number = np.float32(len(wrong) / 2**20)
        change(layer, np.full(layer.kernel.shape, number))
        wrong.append(not np.all(layer.kernel.value == number))

    with engine(threads=2, large=200):
        while_training(model, x, y, batch, 8, work)
    assert wrong and not any(wrong)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("one_optimizer", [False, True])
@pytest.mark.parametrize("batch", [1, 16])
def test_two_models_that_share_a_layer_train_in_two_threads(batch, one_optimizer, eagerly):
    """The gradient of a sum is the same at all weights, so that no step may be lost."""
    shared = mg.layers.Dense(200, use_bias=False, kernel_initializer="zeros", dtype="float64")
    x, y = np.ones((64, 10, 10, 1)), np.zeros((64, 200))
    one, models = mg.optimizers.SGD(2**-10), []
    for _ in range(2):
        convolution = mg.layers.Conv2D(2, 3, kernel_initializer="ones", dtype="float64")
        convolution.trainable = False
        layers = [mg.Input((10, 10, 1), dtype="float64"), convolution, mg.layers.Flatten(), shared]
        models.append(model := mg.Sequential(layers))
        optimizer = one if one_optimizer else mg.optimizers.SGD(2**-10)
        model.compile(optimizer, lambda y, z: np.mean(z - y), run_eagerly=eagerly)
    epochs = 4 if eagerly else 12
    with engine(threads=2, large=200):
        threads_of(*(lambda m=m: m.fit(x, y, batch, epochs=epochs, verbose=0) for m in models))
    steps = 2 * epochs * 64 // batch
    (kernel,) = shared.get_weights()
    np.testing.assert_allclose(kernel, -(2**-10) * steps * 9 / 200, rtol=1e-12)
    assert sum(optimizer.iterations for optimizer in {m.optimizer for m in models}) == steps


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_ctrl_c_never_leaves_the_model_to_a_thread():
    model = mg.Sequential([mg.Input((1,)), mg.layers.Dense(1)])

    def interrupt(*_):
        raise KeyboardInterrupt

    def often():
        for _ in range(1000):
            model.get_weights()

    before, came = signal.signal(signal.SIGALRM, interrupt), 0
    try:
        for _ in range(1500):
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 3e-4))
                often()
            except KeyboardInterrupt:
                came += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    found = []
    other = threading.Thread(target=lambda: found.append(model.get_weights()), daemon=True)
    other.start()
    other.join(20)
    assert came > 100 and found


def test_who_waits_for_a_lock_that_is_joined_with_another_waits_for_that_as_well():
    one, other, shared = Lock(), Lock(), mg.Variable(1.0)
    join(one, [shared])
    inside = threading.Event()

    def wait():
        with other.own, other.own:
            inside.set()

    waiting = threading.Thread(target=wait)
    joining = threading.Thread(target=join, args=(other, [shared]))
    with one.own:  # a step of the one model, and before that one of the other
        with other.own:
            waiting.start()
            time.sleep(0.1)  # it waits for the other's lock
            joining.start()
            while other.into is None:
                time.sleep(0.001)
        assert not inside.wait(0.2)
    assert inside.wait(20)
    waiting.join(20)
    joining.join(20)
