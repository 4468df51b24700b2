"""Many steps, many models, many threads: flat memory, and the numbers of each model alone."""

import gc
import threading

import numpy as np
import psutil
import pytest
from long_forms import has_a_long_form, times
from test_engine import engine

import minigrad as mg

L = mg.layers
rng = np.random.default_rng(0)
X = rng.normal(size=(64, 12, 12, 1)).astype("float32")
Y = rng.integers(4, size=64)


def network(seed, optimizer="adam", eagerly=False):
    mg.utils.set_random_seed(seed)
    layers = [L.Conv2D(2 + seed % 3, 3, activation="relu"), L.MaxPooling2D(), L.Flatten()]
    model = mg.Sequential([mg.Input((12, 12, 1)), *layers, L.Dense(4, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", run_eagerly=eagerly)
    return model


def resident():
    gc.collect()
    return psutil.Process().memory_info().rss


@has_a_long_form
@pytest.mark.parametrize("eagerly, batch", [(False, 1), (False, 32), (True, 8)])
def test_memory_stays_flat(eagerly, batch, figures):
    model, steps = network(0, eagerly=eagerly), times(2_000, 20_000)

    def train(count):
        x, y = np.resize(X, (batch, 12, 12, 1)), np.resize(Y, batch)
        for step in range(count):
            model.train_on_batch(x, y)
            if step % 100 == 0:
                model.predict(x, verbose=0)
                model.evaluate(x, y, verbose=0)

    train(300)
    before = resident()
    train(steps)
    grown = resident() - before
    assert grown < 3 << 20
    figures(
        f"{steps} steps at batch {batch}, {'node by node' if eagerly else 'by the plan'}: "
        f"memory grew by {grown / 1e6:.2f} MB"
    )


@has_a_long_form
def test_many_models_alive_at_once(figures):
    """Trained in turns, each ends where it would have ended alone."""
    count = times(12, 50)

    def trained_alone(seed):
        model = network(seed)
        for _ in range(3):
            model.fit(X, Y, 16, verbose=0, shuffle=False)
        return model.get_weights()

    wanted = [trained_alone(seed) for seed in range(count)]
    models = [network(seed) for seed in range(count)]
    for _ in range(3):
        for model in models:
            model.fit(X, Y, 16, verbose=0, shuffle=False)
    for model, weights in zip(models, wanted, strict=True):
        assert all(map(np.array_equal, model.get_weights(), weights))
    figures(f"{count} models alive, trained in turns: each as if it were alone, to the bit")


@has_a_long_form
@pytest.mark.parametrize("team", [1, 2])
def test_models_in_threads(team, figures):
    """Each trains in a thread of its own, and all of them share the engine's threads."""
    rounds, count, wrong = times(3, 60), 4, []
    with engine(team, large=100):
        models = [network(seed) for seed in range(count)]  # seeds are of the whole process
        starts = [model.get_weights() for model in models]

        def train(model, start):
            model.set_weights(start)
            model.compile("adam", "sparse_categorical_crossentropy")
            model.fit(X, Y, 16, epochs=2, verbose=0, shuffle=False)
            return model.get_weights()

        right = list(map(train, models, starts))

        def work(number):
            for _ in range(rounds):
                found = train(models[number], starts[number])
                if not all(map(np.array_equal, found, right[number])):
                    wrong.append(number)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(600)
        assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    figures(f"{count} models in {count} threads, team of {team}: {count * rounds} fits, all right")
