"""Callbacks: each hook is called as Keras calls it, and nothing is guessed."""

import numpy as np
import pytest

import minigrad as mg


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
