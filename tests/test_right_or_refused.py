"""No silently wrong number in models, losses, metrics and callbacks, and nothing lost.

Each case was wrong once; the right value is Keras's, a formula's, or NumPy's.
"""

import os
import subprocess
import sys
import threading
import warnings

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


# -- one model in several threads ----------------------------------------------------------
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


# -- losses and metrics called directly ----------------------------------------------------
Y = np.array([1.0, 2.0, 3.0], "float32")


@pytest.mark.parametrize("pair", [(Y, Y[:, None]), (Y[:, None], Y), (Y, Y)], ids=["n1", "1n", "nn"])
def test_a_vector_and_a_column_are_compared_number_by_number(keras, pair):
    for name in ("MeanSquaredError",):
        ours, theirs = (getattr(lib.losses, name)()(*pair) for lib in (mg, keras))
        assert float(ours) == float(theirs) == 0.0
        metrics = [getattr(lib.metrics, name)() for lib in (mg, keras)]
        for metric in metrics:
            metric.update_state(*pair)
        assert metrics[0].result() == float(metrics[1].result()) == 0.0
    node = mg.Variable(pair[1])
    loss = mg.losses.MeanSquaredError()(pair[0], node)
    order = mg.topological_sort(loss)
    assert mg.forward(order) == 0


LOSSES = {
    "label too large": ("SparseCategoricalCrossentropy", [5], [[0.5, 0.5]], "labels run from 5"),
    "label -1": ("SparseCategoricalCrossentropy", [-1], [[0.5, 0.5]], "labels run from -1"),
    "text": ("SparseCategoricalCrossentropy", ["1"], [[0.5, 0.5]], "targets are real numbers"),
    "fractions": ("SparseCategoricalCrossentropy", [0.5], [[0.5, 0.5]], "got fractions"),
    "too few": ("SparseCategoricalCrossentropy", [0], [[0.5, 0.5]] * 2, "of 2 samples"),
    "none": ("MeanSquaredError", None, [[1.0]], "targets are real numbers"),
    "no predictions": ("MeanSquaredError", [[1.0]], None, "predictions are real numbers"),
    "lengths": ("MeanSquaredError", [[1.0]] * 3, [[1.0]] * 2, r"shape \(3, 1\)"),
    "classes": ("CategoricalCrossentropy", [[1.0, 0.0]], [[0.2, 0.3, 0.5]], r"shape \(1, 2\)"),
    "a number": ("SparseCategoricalCrossentropy", 1, 0.5, "at least one axis"),
    "a number, one-hot": ("CategoricalCrossentropy", 1.0, 0.5, "at least one axis"),
}


@pytest.mark.parametrize("name, y_true, y_pred, message", LOSSES.values(), ids=LOSSES)
def test_a_loss_checks_what_fit_checks(name, y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        getattr(mg.losses, name)()(y_true, y_pred)


METRICS = {
    "3 against 2 classes": ("CategoricalAccuracy", np.eye(3)[:2], np.eye(2)),
    "1 against 4": ("BinaryAccuracy", np.ones((1, 1)), np.ones((4, 1))),
    "labels": ("SparseCategoricalAccuracy", np.zeros(3), np.ones((4, 2))),
    "squares": ("MeanSquaredError", np.zeros((3, 2)), np.ones((4, 2))),
    "text": ("MeanSquaredError", ["a"], [1.0]),
    "none": ("BinaryAccuracy", None, [1.0]),
}


@pytest.mark.parametrize("name, y_true, y_pred", METRICS.values(), ids=METRICS)
def test_a_metric_checks_what_fit_checks(name, y_true, y_pred):
    metric = getattr(mg.metrics, name)()
    with pytest.raises(ValueError, match=f'{name} "'):
        metric.update_state(y_true, y_pred)
    assert metric.result() == 0


# -- what Keras computes -------------------------------------------------------------------
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("activation", [None, "relu", "tanh", "softmax"])
@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_a_cross_entropy_after_any_activation_is_keras_s(keras, activation, loss):
    x, labels = rng.normal(size=(64, 4)).astype("float32"), rng.integers(3, size=64)
    y = labels if loss[0] == "s" else np.eye(3)[labels]
    if activation == "relu":  # a row of zeros has no sum to be divided by
        x[:, 0] += 3
    theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation)])
    if activation in (None, "tanh") and loss[0] == "c":
        pytest.skip("a sum near zero: both divide by it")
    theirs.compile("sgd", loss)
    ours = mg.interop.from_keras(theirs)
    assert ours.evaluate(x, y, verbose=0) == pytest.approx(
        theirs.evaluate(x, y, verbose=0), 1e-5, nan_ok=True
    )
    if loss[0] == "s":
        ours.fit(x, y, epochs=2, shuffle=False, verbose=0)
        theirs.fit(x, y, epochs=2, shuffle=False, verbose=0)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "row", [[3.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.2, 0.3, 0.5], [-1.0, 5.0, 2.0]]
)
def test_a_sparse_cross_entropy_of_numbers_that_do_not_add_up_is_keras_s(keras, row):
    ours, theirs = (
        float(lib.losses.SparseCategoricalCrossentropy()(np.array([0]), np.array([row], "float32")))
        for lib in (mg, keras)
    )
    assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("activation", [None, "relu", "tanh", "sigmoid"])
def test_a_forgotten_softmax_is_spoken_of(activation):
    model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(3, activation, name="last")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match=r'takes probabilities.*Dense "last".*from_logits=True'):
        model.fit(np.ones((4, 4)), np.zeros(4), verbose=0)
    model.compile("sgd", mg.losses.SparseCategoricalCrossentropy(from_logits=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(np.ones((4, 4)), np.zeros(4), verbose=0)


@pytest.mark.parametrize("targets", [[2.0, 0.9], [-1.0, 1.0], [0.0, 255.0], [0.1, 0.9], [1, 0]])
def test_binary_accuracy_of_other_targets_is_keras_s(keras, targets):
    y, p = np.array(targets)[:, None], np.array([[7.3], [-1.0]])
    ours, theirs = mg.metrics.BinaryAccuracy(), keras.metrics.BinaryAccuracy()
    ours.update_state(y, p)
    theirs.update_state(y, p)
    assert ours.result() == float(theirs.result())


def test_a_metric_that_returns_one_number_weighs_each_batch_alike(keras):
    x, y = rng.normal(size=(50, 3)).astype("float32"), rng.normal(size=(50, 1)).astype("float32")
    theirs = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    theirs.compile("sgd", "mse", metrics=[lambda t, p: keras.ops.max(keras.ops.abs(t - p))])
    ours = mg.interop.from_keras(theirs, compile=False)
    ours.compile("sgd", "mse", metrics=[lambda t, p: np.max(np.abs(t - p))])
    a, b = (m.evaluate(x, y, batch_size=16, verbose=0) for m in (ours, theirs))
    assert a == pytest.approx(b, rel=1e-5)


def test_two_metrics_of_one_name_are_two(keras):
    def histories(lib):
        model = lib.Sequential([lib.Input((3,)), lib.layers.Dense(2, "softmax")])
        model.compile("sgd", "categorical_crossentropy", metrics=["accuracy", "accuracy"])
        return sorted(model.fit(np.ones((4, 3)), np.eye(2)[[0, 1, 0, 1]], verbose=0).history)

    assert histories(mg) == histories(keras) == ["accuracy", "accuracy_1", "loss"]


def test_a_metric_called_loss_does_not_hide_the_loss():
    def loss(y_true, y_pred):
        return np.full(len(y_true), 7.0)

    model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[loss])
    history = model.fit(np.ones((4, 3)), np.zeros((4, 1)), verbose=0).history
    assert history["loss_1"] == [7.0] and history["loss"] != [7.0]


# -- callbacks -----------------------------------------------------------------------------
def rmse(y_true, y_pred):
    return np.sqrt(np.mean((y_true - y_pred) ** 2, axis=-1))


@pytest.mark.parametrize("kind", ["EarlyStopping", "ModelCheckpoint"])
def test_the_direction_of_a_metric_of_one_s_own_is_asked_for(tmp_path, kind):
    model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[rmse])
    options = {"filepath": tmp_path / "w.npz", "save_best_only": True, "save_weights_only": True}
    options = options if kind == "ModelCheckpoint" else {}
    watch = getattr(mg.callbacks, kind)(monitor="rmse", **options)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"more of 'rmse' is better is not known; pass mode="):
        model.fit(np.ones((4, 3)), np.zeros((4, 1)), epochs=3, verbose=0, callbacks=[watch])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))

    class Rmse(mg.metrics.Metric):
        direction = "down"

        def total_of(self, y_true, y_pred):
            return float(np.sum(rmse(y_true, y_pred)))

    model.compile("sgd", "mse", metrics=[Rmse("rmse")])
    watch = getattr(mg.callbacks, kind)(monitor="rmse", **options)
    model.fit(np.ones((4, 3)), np.zeros((4, 1)), epochs=3, verbose=0, callbacks=[watch])
    assert watch.best is not None and not watch._upward()


def record(lib, set_on):
    """A callback whose hooks note their arguments; set on the class or on the instance."""
    calls = []
    hooks = [h for h in dir(lib.callbacks.Callback) if h.startswith("on_")]
    hooks = [h for h in hooks if h.split("_")[1] in ("train", "test", "predict", "epoch", "batch")]

    def note(hook):
        def noted(*arguments, logs=None):
            numbers = [a for a in arguments if isinstance(a, int)]
            given = next((a for a in arguments if isinstance(a, dict)), logs)
            calls.append((hook, *numbers, sorted(given)))  # a dictionary, never None

        return noted

    if set_on == "class":
        kind = type("C", (lib.callbacks.Callback,), {})
        for hook in hooks:
            setattr(kind, hook, (lambda n: lambda self, *a, **k: n(*a, **k))(note(hook)))
        return kind(), calls
    callback = lib.callbacks.Callback()
    for hook in hooks:
        setattr(callback, hook, note(hook))
    return callback, calls


@pytest.mark.parametrize("set_on", ["class", "instance"])
def test_every_hook_is_called_as_keras_calls_it(keras, set_on):
    def script(lib):
        model = lib.Sequential([lib.Input((2,)), lib.layers.Dense(1)])
        model.compile("sgd", "mse")
        callback, calls = record(lib, set_on)
        x, y = np.ones((6, 2), "float32"), np.ones((6, 1), "float32")
        options = {"batch_size": 4, "verbose": 0, "callbacks": [callback]}
        model.fit(x, y, epochs=2, validation_data=(x, y), **options)
        model.evaluate(x, y, **options)
        model.predict(x, **options)
        return calls

    assert script(mg) == script(keras)


@pytest.mark.parametrize("hook", ["on_batch_begin", "on_batch_end"])
@pytest.mark.parametrize("set_on", ["class", "instance"])
def test_the_other_names_of_batch_hooks_are_called_too(hook, set_on):
    batches = []
    if set_on == "class":
        method = {hook: lambda self, batch, logs=None: batches.append(batch)}
        callback = type("C", (mg.callbacks.Callback,), method)()
    else:
        callback = mg.callbacks.Callback()
        setattr(callback, hook, lambda batch, logs=None: batches.append(batch))
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((6, 2)), np.ones((6, 1)), 2, verbose=0, callbacks=[callback])
    assert batches == [0, 1, 2]


def test_what_a_callback_adds_to_the_logs_is_in_the_history(keras):
    def script(lib):
        seen = []

        class Add(lib.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                logs["val_f1"] = 0.5 * epoch
                seen.append(len(self.model.history.history.get("loss", [])))

        class After(lib.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                seen.append(logs["val_f1"])

        model = lib.Sequential([lib.Input((2,)), lib.layers.Dense(1)])
        model.compile("sgd", "mse")
        history = model.fit(
            np.ones((6, 2)), np.ones((6, 1)), epochs=3, verbose=0, callbacks=[Add(), After()]
        )
        return history.history["val_f1"], seen

    assert script(mg) == script(keras)


def test_a_history_of_one_s_own_is_the_one_returned(keras):
    for lib in (mg, keras):
        model = lib.Sequential([lib.Input((2,)), lib.layers.Dense(1)])
        model.compile("sgd", "mse")
        own = lib.callbacks.History()
        assert model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0, callbacks=[own]) is own


# -- numbers that do not fit into float32, models that are left as they were ----------------
def net(*layers, loss="mse"):
    model = mg.Sequential(list(layers) or [mg.Input((3,)), mg.layers.Dense(1)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("value", [1e300, np.longdouble("1e39"), -1e39, np.inf, -np.inf, np.nan])
def test_numbers_that_become_infinite_are_refused_before_training(value):
    x, y = np.ones((4, 3)), np.ones((4, 1))
    bad_x, bad_y = x.astype(np.longdouble), y.astype(np.longdouble)
    bad_x[1, 1] = bad_y[1] = value
    model = net()
    before = model.get_weights()
    for data in ((bad_x, y), (x, bad_y)):
        with pytest.raises(ValueError, match=r"not finite in float32.*: sample 1"):
            model.fit(*data, verbose=0)
    with pytest.raises(ValueError, match="not finite in float32"):
        model.set_weights([np.full((3, 1), value), np.zeros(1)])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


FIRST = {
    "labels": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 9)), verbose=0),
    "split": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 1)), validation_split=1.5, verbose=0),
    "validation": lambda m: m.fit(
        np.ones((4, 5)), np.ones((4, 1)), validation_data=(np.ones((4, 7)), np.ones((4, 1)))
    ),
    "nan": lambda m: m.fit(np.full((4, 5), np.nan), np.ones((4, 1)), verbose=0),
    "callbacks": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 1)), callbacks=[3]),
    "evaluate": lambda m: m.evaluate(np.ones((4, 5)), np.ones((4, 9)), verbose=0),
    "on batch": lambda m: m.train_on_batch(np.ones((4, 5)), np.ones((4, 9))),
    "metric": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 1)), verbose=0),
}


@pytest.mark.parametrize("name", FIRST)
def test_a_first_call_that_fails_does_not_build_the_model(name):
    class Own(mg.layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1],))

        def call(self, inputs):
            return inputs * self.w

    model = mg.Sequential([Own(), mg.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["categorical_accuracy"] if name == "metric" else None)
    if name == "metric":
        model.compile("sgd", "mse", metrics=["sparse_categorical_accuracy"])
    with pytest.raises((ValueError, TypeError)):
        FIRST[name](model)
    assert not model.built and not model.weights and not any(p.built for p in model.layers)
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)  # another width
    assert [w.shape for w in model.weights] == [(4,), (4, 1), (1,)]


def test_the_seed_draws_the_same_weights_whether_or_not_a_call_failed_before():
    def weights(fail):
        mg.utils.set_random_seed(5)
        model = mg.Sequential([mg.layers.Dense(3), mg.layers.Dense(1)])
        model.compile("sgd", "mse")
        if fail:
            with pytest.raises(ValueError, match="targets"):
                model.fit(np.ones((4, 4)), np.ones((4, 7)), verbose=0)
        model.build((None, 4))
        return model.get_weights()

    for a, b in zip(weights(False), weights(True), strict=True):
        np.testing.assert_array_equal(a, b)


# -- what is assigned after plans were made ------------------------------------------------
def test_an_optimizer_that_is_assigned_is_used():
    model = net()
    x, y = np.ones((4, 3)), np.zeros((4, 1))
    model.fit(x, y, verbose=0)
    model.optimizer = mg.optimizers.SGD(0.0)
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == 1


def test_trainable_counts_for_batch_sizes_seen_before():
    model = net(mg.Input((3,)), mg.layers.Dense(2), mg.layers.Dense(1))
    x, y = np.ones((4, 3)), np.zeros((4, 1))
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True, True, False, False]


def test_a_model_is_no_layer_of_itself_and_is_not_compiled_while_it_trains():
    model = net()
    with pytest.raises(ValueError, match="a layer of itself"):
        model.add(model)

    class Again(mg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.compile("adam", "mse")

    with pytest.raises(RuntimeError, match="is being trained: compile it before fit"):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[Again()])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)


def test_masked_arrays_are_refused():
    masked = np.ma.masked_array(np.ones((4, 3)), mask=np.eye(4, 3))
    with pytest.raises(TypeError, match=r"masked array; x\.filled"):
        net().predict(masked, verbose=0)


# -- any console ---------------------------------------------------------------------------
CONSOLES = [{"PYTHONIOENCODING": name} for name in ("cp1252", "cp437", "ascii", "latin-1", "utf-8")]
CONSOLES.append({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})


@pytest.mark.parametrize("console", CONSOLES, ids=lambda c: next(iter(c.values())))
def test_tables_and_progress_on_any_console(console):
    code = (
        "import numpy as np, minigrad as mg\n"
        "m = mg.Sequential([mg.Input((4, 4, 1)), mg.layers.Conv2D(2, 2, name='\\u03c0'), "
        "mg.layers.Flatten(), mg.layers.Dense(1)])\n"
        "m.compile('sgd', 'mse'); m.summary(); print(m.plan(8))\n"
        "m.fit(np.ones((4, 4, 4, 1)), np.ones((4, 1)), verbose=1, epochs=2)\n"
        "m.evaluate(np.ones((4, 4, 4, 1)), np.ones((4, 1)))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHONIO", "LC_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**environment, **console}
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    text = done.stdout
    assert b"Total params: 29" in text and b"Memory:" in text and b"loss" in text
