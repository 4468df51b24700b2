"""Callbacks: the same decisions as Keras's on the same numbers."""

import itertools
import types

import numpy as np
import pytest

import minigrad as mg

X = np.linspace(-1, 1, 24).reshape(12, 2)
Y = X.sum(axis=1, keepdims=True)


def small_model(rate=0.1):
    mg.utils.set_random_seed(1)
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    model.compile(mg.optimizers.SGD(rate), "mse", metrics=["mse"])
    return model


class Stub:
    """Enough of a model for a callback of either library."""

    def __init__(self):
        self.stop_training, self.weights = False, 0
        self.metrics = [types.SimpleNamespace(name="loss", direction="down")]
        up = types.SimpleNamespace(name="accuracy", direction="up", _direction="up")
        self.metrics.append(up)

    def get_weights(self):
        return [np.array(self.weights)]

    def set_weights(self, weights):
        self.restored = int(weights[0])


def play(callback, values, monitor):
    """After which epoch the callback stops, and which epoch's weights it restores."""
    model = Stub()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = epoch
        callback.on_epoch_end(epoch, {monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch, model.stop_training, getattr(model, "restored", None), callback.best


SERIES = [
    [1, 1.05, 1.12, 1.15, 1.18, 1.3, 1.31, 1.32, 1.33, 1.34],
    [5, 4, 3, 3.05, 2.99, 3.1, 2.98, 3.2, 3.3, 3.4],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    [3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
    [2, float("nan"), 1, 1.5, 0.5, 3, 4, 5, 6, 7],
]
OPTIONS = [
    {},
    {"patience": 2},
    {"patience": 2, "min_delta": 0.1},
    {"patience": 1, "restore_best_weights": True},
    {"patience": 3, "restore_best_weights": True, "start_from_epoch": 3},
    {"patience": 2, "baseline": 2.5},
    {"patience": 2, "baseline": 4.5, "mode": "max", "restore_best_weights": True},
    {"mode": "min", "patience": 1},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_early_stopping_decides_as_keras_s(keras, options):
    for values, monitor in itertools.product(SERIES, ["val_loss", "val_accuracy"]):
        if monitor == "val_accuracy":
            # a stub's metrics are not Keras's, which then cannot choose the direction
            options = {"mode": "max", **options}
        ours = play(mg.callbacks.EarlyStopping(monitor, **options), values, monitor)
        theirs = play(keras.callbacks.EarlyStopping(monitor, **options), values, monitor)
        assert ours == pytest.approx(theirs, nan_ok=True), (values, monitor)


def test_the_direction_is_the_metric_s():
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(2, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    x, y = X, np.eye(2)[np.arange(12) % 2]
    stopping = mg.callbacks.EarlyStopping("accuracy", patience=100)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[stopping])
    assert stopping._upward()
    with pytest.raises(ValueError, match=r"whether more of 'speed' is better is not known"):
        watching = mg.callbacks.EarlyStopping("speed")
        watching.set_model(model)
        watching._upward()


def test_early_stopping_ends_fit_and_restores_the_best_weights():
    model, seen = small_model(rate=3.0), []  # far too fast: the loss explodes

    class Remember(mg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.get_weights())

    stopping = mg.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True, verbose=0)
    history = model.fit(X, Y, epochs=50, verbose=0, callbacks=[Remember(), stopping])
    assert history.epoch == [0, 1, 2]
    np.testing.assert_array_equal(model.get_weights()[0], seen[0][0])


def test_a_metric_that_is_not_there_is_warned_about():
    with pytest.warns(UserWarning, match="watches 'val_loss', which is not there; there are loss"):
        model = small_model()
        model.fit(X, Y, verbose=0, callbacks=[mg.callbacks.EarlyStopping()])


# -- ModelCheckpoint -----------------------------------------------------------------------
def test_checkpoints_have_the_names_asked_for(tmp_path):
    path = tmp_path / "new" / "{epoch:02d}-{val_loss:.2f}.weights.npz"
    saving = mg.callbacks.ModelCheckpoint(path, save_weights_only=True)
    model = small_model()
    history = model.fit(
        X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[saving]
    ).history
    wanted = {f"{i + 1:02d}-{v:.2f}.weights.npz" for i, v in enumerate(history["val_loss"])}
    assert {file.name for file in (tmp_path / "new").iterdir()} == wanted
    other = small_model()
    other.set_weights([np.zeros((2, 1)), np.zeros(1)])
    other.load_weights(max((tmp_path / "new").iterdir()))
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("mode, saved", [("min", [5, 4, 3]), ("max", [5, 6])])
def test_only_the_best_are_saved(mode, saved, tmp_path):
    values = [5, 6, 4, 4.5, 3] if mode == "min" else [5, 4, 6, 5.5, 6]
    written = []
    callback = mg.callbacks.ModelCheckpoint(
        tmp_path / "w.npz", "loss", save_best_only=True, save_weights_only=True, mode=mode
    )
    callback.set_model(types.SimpleNamespace(save_weights=lambda path: written.append(value)))
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {"loss": value})
    assert written == saved


def test_a_threshold_has_to_be_beaten_first(tmp_path):
    written = []
    callback = mg.callbacks.ModelCheckpoint(
        tmp_path / "w.npz",
        "loss",
        save_best_only=True,
        save_weights_only=True,
        mode="min",
        initial_value_threshold=3,
    )
    callback.set_model(types.SimpleNamespace(save_weights=lambda path: written.append(value)))
    for value in (4, 3.5, 2, 2.5, 1):
        callback.on_epoch_end(0, {"loss": value})
    assert written == [2, 1]


def test_saving_after_so_many_batches(tmp_path):
    path = tmp_path / "{epoch}-{batch}.npz"
    saving = mg.callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=2)
    small_model().fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=saving)
    assert {file.name for file in tmp_path.iterdir()} == {"1-2.npz", "2-1.npz", "2-3.npz"}


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "save_weights_only=False the name ends in .keras or .h5; got"),
        ({"filepath": "w.h5", "save_weights_only": True}, "ends in .npz or .weights.h5"),
        ({"save_weights_only": True, "save_freq": 0}, 'save_freq is "epoch" or a number'),
        ({"save_weights_only": True, "mode": "up"}, 'mode is "auto", "min" or "max"'),
    ],
)
def test_what_is_not_covered_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        mg.callbacks.ModelCheckpoint(**{"filepath": "w.npz", **options})


def test_a_name_that_wants_an_unknown_metric(tmp_path):
    saving = mg.callbacks.ModelCheckpoint(tmp_path / "{speed}.npz", save_weights_only=True)
    with pytest.raises(KeyError, match="wants 'speed', there are epoch, loss, mse"):
        small_model().fit(X, Y, verbose=0, callbacks=[saving])


# -- hooks ---------------------------------------------------------------------------------
def recorder(base):
    calls = []

    class Record(base):
        pass

    def note(hook):
        def method(self, *arguments, logs=None):
            numbers = [a for a in arguments if isinstance(a, int)]
            (logs,) = [a for a in arguments if isinstance(a, dict)] or [logs]
            calls.append((hook, *numbers, sorted(logs or {})))

        return method

    for hook in dir(base):
        if hook.startswith("on_") and hook.split("_")[1] in ("train", "epoch", "test", "predict"):
            setattr(Record, hook, note(hook))
    return Record(), calls


def test_hooks_come_in_keras_s_order_with_keras_s_logs(keras):
    def script(library):
        model = library.Sequential([library.Input((2,)), library.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mse"])
        callback, calls = recorder(library.callbacks.Callback)
        options = {"batch_size": 8, "verbose": 0, "callbacks": [callback]}
        model.fit(X, Y, epochs=2, validation_data=(X, Y), **options)
        model.evaluate(X, Y, **options)
        model.predict(X, **options)
        return calls, callback.params

    assert script(mg) == script(keras)


def test_a_callback_may_stop_training_within_an_epoch():
    class Stop(mg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model = small_model()
    history = model.fit(X, Y, batch_size=2, epochs=5, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0] and model.optimizer.iterations == 2


def test_the_learning_rate_may_be_changed_between_epochs():
    class Slower(mg.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.0 if epoch else 0.1

    model = small_model()
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Slower()]).history["loss"]
    assert history[0] > history[1] == pytest.approx(history[2])


def test_only_callbacks_are_taken():
    with pytest.raises(TypeError, match="callbacks are instances of"):
        small_model().fit(X, Y, verbose=0, callbacks=[print])


def test_a_callback_that_is_not_covered_is_named():
    with pytest.raises(AttributeError, match=r"no 'TensorBoard'.*EarlyStopping"):
        mg.callbacks.TensorBoard  # noqa: B018


# -- learning rates, functions, files ------------------------------------------------------
SCHEDULES = {
    "rate": lambda epoch, rate: rate * 0.5,
    "epoch": lambda epoch: 0.1 / (epoch + 1),
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_schedules_are_keras_s(keras, schedule):
    def rates(lib):
        model = lib.Sequential([lib.Input((2,)), lib.layers.Dense(1)])
        model.compile(lib.optimizers.SGD(0.1), "mse")
        callback = lib.callbacks.LearningRateScheduler(schedule)
        history = model.fit(X, Y, epochs=4, verbose=0, callbacks=[callback]).history
        return [float(rate) for rate in history["learning_rate"]]

    assert rates(mg) == pytest.approx(rates(keras), rel=1e-6)


@pytest.mark.parametrize(
    "options", [{"patience": 1}, {"patience": 0, "cooldown": 2}, {"patience": 2, "min_lr": 0.03}],
    ids=str,
)  # fmt: skip
def test_the_rate_is_lowered_as_by_keras(keras, options):
    """On a loss that is given, after which epochs the rate falls, and how far."""

    def rates(lib):
        class Given(lib.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                logs["loss"] = [5, 4, 4, 4, 3, 3.00001, 3, 3, 3, 2.5, 2.5, 2.5][epoch]

        model = lib.Sequential([lib.Input((2,)), lib.layers.Dense(1)])
        model.compile(lib.optimizers.SGD(0.1), "mse")
        lower = lib.callbacks.ReduceLROnPlateau("loss", factor=0.5, **options)
        history = model.fit(X, Y, epochs=12, verbose=0, callbacks=[Given(), lower]).history
        return [float(rate) for rate in history["learning_rate"]]

    assert rates(mg) == pytest.approx(rates(keras), rel=1e-6)


def test_functions_as_hooks_and_a_log_file_are_keras_s(keras, tmp_path):
    def script(lib):
        batches, epochs = [], []
        file = tmp_path / f"{lib.__name__}.csv"
        hooks = lib.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: batches.append(batch),
            on_epoch_end=lambda epoch, logs: epochs.append((epoch, sorted(logs))),
        )
        model = lib.Sequential([lib.Input((2,)), lib.layers.Dense(1, kernel_initializer="zeros")])
        model.compile(lib.optimizers.SGD(0.0), "mse")
        for append in (False, True):
            log = lib.callbacks.CSVLogger(str(file), separator=";", append=append)
            model.fit(X, Y, 4, epochs=2, verbose=0, callbacks=[hooks, log])
        rows = [line.split(";") for line in file.read_text().splitlines()]
        return batches, epochs, rows[0], [row[0] for row in rows]

    assert script(mg) == script(keras)


def test_a_history_whose_lists_were_edited_can_be_shown():
    model = mg.Sequential([mg.Input((1,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0)
    history.history["loss"] += [0.5]
    history.history["mine"] = [1.0, 2.0]
    assert "mine" in repr(history) and "2" in repr(history)
