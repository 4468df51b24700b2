"""A model's life: whatever a user does between two steps, the plan goes along."""

import copy
import gc
import weakref

import numpy as np
import pytest
from both_ways import OPTIMIZERS, PICTURES, TAIL, both_ways, fit_both, same, samples, way
from test_engine import engine, floats
from test_engine_networks import NETWORKS

import minigrad as mg

L = mg.layers


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
            runners = models[1]._runners.values()
            kinds = {k.kind for r in runners for p in r.programs for k in p.kernels}
            assert ("dense, update deferred" in kinds) == (name != "shared weights")
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
        mixed._runners.clear()  # as compile() does, but the optimizer stays
        mixed.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    same(models)
    assert walked.optimizer.iterations == mixed.optimizer.iterations == 9
    mixed.run_eagerly = False
    mixed._runners.clear()
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
