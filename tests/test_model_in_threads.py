"""One model in several threads and processes: the numbers of each are its own."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import minigrad as mg

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
