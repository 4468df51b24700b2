"""The sequential model: training, data in, weights in and out, and errors that teach."""

import contextlib
import io
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad.gradcheck import check_gradient

X = np.random.default_rng(0).normal(size=(50, 6))
LABELS = np.random.default_rng(1).integers(3, size=50)
ONE_HOT = np.eye(3)[LABELS]


def classifier(**compiling):
    mg.utils.set_random_seed(2)
    model = mg.Sequential(
        [mg.Input((6,)), mg.layers.Dense(5, "tanh"), mg.layers.Dense(3, "softmax")]
    )
    options = {"optimizer": "sgd", "loss": "categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**{**options, **compiling})
    return model


def same_weights(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# -- graphs --------------------------------------------------------------------------------
@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mse"])
def test_the_gradient_of_a_whole_model(loss):
    mg.config.set_floatx("float64")
    try:
        model = mg.Sequential(
            [
                mg.Input((7, 6, 2)),
                mg.layers.Conv2D(3, 3, strides=2, padding="same", activation="tanh"),
                mg.layers.AveragePooling2D(2),
                mg.layers.Flatten(),
                mg.layers.Dense(4, "elu"),
                mg.layers.Dropout(0.3, seed=1),
                mg.layers.Dense(3, "softmax"),
            ]
        )
        model.compile("sgd", loss)
        network = model.network(4, training=True)
        network.inputs.value = np.random.default_rng(0).normal(size=(4, 7, 6, 2))
        network.targets.value = np.eye(3)[[0, 2, 1, 1]]
        assert check_gradient(network.loss)
    finally:
        mg.config.set_floatx("float32")


def test_graphs_of_all_sizes_share_the_weights():
    model = classifier()
    small, large = model.network(2), model.network(8, training=True)
    weights = set(model.weights)
    assert weights <= set(small.order) and weights <= set(large.order)
    assert small.order[-1] is small.loss and model.network(2) is small


def test_only_so_many_graphs_are_kept():
    model = classifier()
    for size in range(1, 40):
        model.predict(X[:size], batch_size=64, verbose=0)
    assert len(model._networks) <= 8 and len(model._runners) <= 8


def test_a_model_in_a_model():
    inner = mg.Sequential([mg.Input((6,)), mg.layers.Dense(5, "tanh")], name="inner")
    outer = mg.Sequential([inner, mg.layers.Dense(2)])
    node = outer(mg.Constant(np.ones((4, 6), "float32")))
    assert node.shape == outer.network(4).outputs.shape == (4, 2)
    assert len(outer.weights) == 4 and outer.count_params() == 35 + 12


# -- training ------------------------------------------------------------------------------
def test_a_model_learns():
    model = classifier(optimizer=mg.optimizers.Adam(0.05))
    largest = np.eye(3)[X[:, :3].argmax(axis=1)]
    history = model.fit(X, largest, batch_size=8, epochs=40, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    assert history is model.history and len(history.history["loss"]) == 40


def test_the_same_seed_gives_the_same_bits():
    def weights():
        model = classifier()
        model.add(mg.layers.Dropout(0.2))
        model.compile("adam", "mse")
        model.fit(X, ONE_HOT, batch_size=7, epochs=3, verbose=0)
        return model.get_weights()

    assert same_weights(weights(), weights())


def test_without_shuffling_the_order_is_that_of_the_data():
    batches = []

    class Watch(mg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            size = 8 if batch < 6 else 2
            batches.append(self.model.network(size, True).inputs.value.copy())

    model = classifier(run_eagerly=True)  # whose batches are the graph's constants
    model.fit(X, ONE_HOT, batch_size=8, shuffle=False, verbose=0, callbacks=[Watch()])
    np.testing.assert_array_equal(np.concatenate(batches), X.astype("float32"))


def test_shuffling_visits_each_sample_once_an_epoch_in_another_order():
    epochs = []

    class Watch(mg.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            epochs.append([])

        def on_train_batch_end(self, batch, logs=None):
            size = 8 if batch < 6 else 2
            epochs[-1] += self.model.network(size, True).inputs.value[:, 0].tolist()

    kept = X.copy()
    model = classifier(run_eagerly=True)
    model.fit(X, ONE_HOT, batch_size=8, epochs=2, verbose=0, callbacks=[Watch()])
    first, second = epochs
    assert first != second
    assert sorted(first) == sorted(second) == sorted(X[:, 0].astype("float32").tolist())
    np.testing.assert_array_equal(X, kept)  # the caller's arrays stay as they are


def test_the_loss_of_an_epoch_weighs_every_sample_alike():
    model = classifier(optimizer=mg.optimizers.SGD(0.0))
    fitted = model.fit(X, ONE_HOT, batch_size=16, verbose=0).history  # 16 + 16 + 16 + 2
    at_once = model.evaluate(X, ONE_HOT, batch_size=50, verbose=0)
    assert [fitted["loss"][0], fitted["accuracy"][0]] == pytest.approx(at_once, rel=1e-6)
    assert model.evaluate(X, ONE_HOT, batch_size=16, verbose=0) == pytest.approx(at_once, rel=1e-6)


def test_validation_takes_the_last_part_and_does_not_train_on_it():
    x = X.copy()
    model, plain = classifier(), classifier()
    split = model.fit(x, ONE_HOT, validation_split=0.2, shuffle=False, verbose=0).history
    data = (x[40:], ONE_HOT[40:])
    given = plain.fit(x[:40], ONE_HOT[:40], validation_data=data, shuffle=False, verbose=0).history
    assert split == given and same_weights(model.get_weights(), plain.get_weights())


def test_epochs_are_counted_from_the_initial_one():
    history = classifier().fit(
        X, ONE_HOT, initial_epoch=3, epochs=7, validation_split=0.2, validation_freq=2, verbose=0
    )
    assert history.epoch == [3, 4, 5, 6]
    assert len(history.history["loss"]) == 4 and len(history.history["val_loss"]) == 2


def test_integer_and_one_hot_labels_train_alike():
    column = LABELS.reshape(-1, 1).astype(float)
    a = classifier().fit(X, ONE_HOT, epochs=2, verbose=0).history
    sparse = classifier(loss="sparse_categorical_crossentropy")
    b = sparse.fit(X, column, epochs=2, verbose=0).history
    for name in a:
        assert a[name] == pytest.approx(b[name], rel=1e-5)


def test_dropout_is_at_rest_outside_training():
    model = mg.Sequential([mg.Input((6,)), mg.layers.Dropout(0.5)])
    np.testing.assert_array_equal(model.predict(X, verbose=0), X.astype("float32"))


def test_float64_when_asked_for():
    mg.config.set_floatx("float64")
    try:
        model = classifier()
        model.fit(X, ONE_HOT, verbose=0)
        assert all(w.dtype == np.float64 for w in model.get_weights())
        assert model.predict(X, verbose=0).dtype == np.float64
    finally:
        mg.config.set_floatx("float32")


def test_a_loss_and_a_metric_of_one_s_own():
    def absolute(y_true, y_pred):
        return np.mean(abs(y_true - y_pred), axis=-1)

    model = classifier(loss=absolute, metrics=[absolute])
    logs = model.evaluate(X, ONE_HOT, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(logs["absolute"], rel=1e-5)
    first, last = model.fit(X, ONE_HOT, epochs=20, verbose=0).history["loss"][::19]
    assert last < first


def test_control_c_leaves_good_weights_and_the_history():
    class Interrupt(mg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 10:
                raise KeyboardInterrupt

    model = classifier()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, ONE_HOT, batch_size=10, epochs=9, verbose=0, callbacks=[Interrupt()])
    assert model.history.epoch == [0] and len(model.history.history["loss"]) == 1
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())
    model.fit(X, ONE_HOT, verbose=0)  # and training goes on


def test_run_eagerly_gives_the_same_numbers_as_the_default():
    data = {"x": X, "y": ONE_HOT, "batch_size": 8, "epochs": 3, "verbose": 0}
    a = classifier(run_eagerly=True).fit(**data).history
    b = classifier().fit(**data).history
    for name in a:
        assert a[name] == pytest.approx(b[name], rel=1e-5)


# -- data in -------------------------------------------------------------------------------
def test_pictures_without_a_channel_are_given_one():
    model = mg.Sequential([mg.Input((4, 4, 1)), mg.layers.Flatten()])
    x = np.arange(32.0).reshape(2, 4, 4)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x.reshape(2, 16))


def test_lists_and_integers_are_taken():
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit([[1, 2], [3, 4]], [1, 2], verbose=0)


def test_bytes_stay_bytes_until_they_are_rescaled():
    x = np.random.default_rng(0).integers(256, size=(10, 4, 4, 1)).astype("uint8")
    model = mg.Sequential(
        [mg.Input((4, 4, 1)), mg.layers.Rescaling(1 / 255), mg.layers.Conv2D(2, 2)]
    )
    result = model.predict(x, verbose=0)
    assert {network.inputs.dtype for network in model._networks.values()} == {np.dtype(np.uint8)}
    assert result.dtype == np.float32
    scaled = mg.Sequential([mg.Input((4, 4, 1)), model.layers[1]])
    np.testing.assert_allclose(result, scaled.predict(x / 255, verbose=0), rtol=1e-5, atol=1e-6)


def test_the_first_samples_decide_the_shape_if_nobody_else_did():
    model = mg.Sequential([mg.layers.Dense(4), mg.layers.Dense(1)])
    assert not model.built
    model.compile("sgd", "mse")
    model.fit(X, X[:, 0], verbose=0)
    assert model.input_shape == (None, 6) and model.output_shape == (None, 1)


def test_samples_that_do_not_fit_leave_an_open_model_open():
    model = mg.Sequential([mg.layers.Dense(3), mg.layers.Conv2D(2, 2, name="c")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match='Conv2D "c": wants images'):
        model.fit(np.ones((4, 5)), np.ones(4), verbose=0)
    assert not model.built and not model.weights
    assert model.predict(np.ones((1, 4, 4, 1)), verbose=0).shape == (1, 3, 3, 2)


def test_input_shape_of_the_first_layer_counts_as_input():
    assert mg.Sequential([mg.layers.Dense(2, input_dim=5)]).count_params() == 12
    model = mg.Sequential([mg.layers.Conv2D(2, 2, input_shape=(5, 5, 1)), mg.layers.Flatten()])
    assert model.output_shape == (None, 32) and model.count_params() == 10


# -- weights in and out --------------------------------------------------------------------
def test_weights_saved_come_back_to_the_bit(tmp_path):
    model, other = classifier(), classifier()
    other.fit(X, ONE_HOT, verbose=0)
    path = tmp_path / "model.weights.npz"
    model.save_weights(path)
    other.load_weights(str(path))
    assert same_weights(model.get_weights(), other.get_weights())
    assert [file.name for file in tmp_path.iterdir()] == ["model.weights.npz"]


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_a_file_that_is_none_of_ours_changes_nothing(content, tmp_path):
    model = classifier()
    before = model.get_weights()
    path = tmp_path / "w.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"w\.npz is no file of weights"):
        model.load_weights(path)
    assert same_weights(model.get_weights(), before)


def test_a_file_with_objects_is_not_unpickled(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, a=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="no file of weights"):
        classifier().load_weights(path)


def test_weights_of_another_model_change_nothing(tmp_path):
    other = mg.Sequential([mg.Input((6,)), mg.layers.Dense(5), mg.layers.Dense(4)])
    other.save_weights(tmp_path / "other.npz")
    model = classifier()
    before = model.get_weights()
    with pytest.raises(
        ValueError, match=r"other\.npz: 002/.* has shape \(5, 4\), weight .*\(5, 3\)"
    ):
        model.load_weights(tmp_path / "other.npz")
    assert same_weights(model.get_weights(), before)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    model, path = classifier(), tmp_path / "w.npz"
    model.save_weights(path)
    old = path.read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        model.save_weights(path)
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]


def test_set_weights_is_seen_by_graphs_that_were_built_before():
    model = classifier()
    model.predict(X, verbose=0)
    model.set_weights([w * 0 for w in model.get_weights()])
    np.testing.assert_allclose(model.predict(X, verbose=0), 1 / 3, rtol=1e-6)


# -- the progress line ---------------------------------------------------------------------
def printed(function):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        function()
    return out.getvalue()


def test_what_is_printed():
    model = classifier()
    data = {"batch_size": 25, "validation_split": 0.5}
    assert printed(lambda: model.fit(X, ONE_HOT, verbose=0)) == ""
    two = printed(lambda: model.fit(X, ONE_HOT, epochs=2, verbose=2, **data)).splitlines()
    assert two[0] == "Epoch 1/2" and two[2] == "Epoch 2/2"
    assert re.match(r"1/1 - \d+s - ", two[1])
    for part in (
        "/step - accuracy: 0.",
        " - loss: ",
        " - val_accuracy: ",
        " - val_loss: ",
    ):
        assert part in two[1]
    one = printed(lambda: model.fit(X, ONE_HOT, verbose="auto", **data))
    assert one.startswith("1/1 ") and one.count("\n") == 1
    assert "2/2" in printed(lambda: model.evaluate(X, ONE_HOT, verbose=1))
    assert "2/2" in printed(lambda: model.predict(X))


# -- errors teach --------------------------------------------------------------------------
WRONG = {
    "not compiled": (
        lambda m: mg.Sequential([mg.Input((6,)), mg.layers.Dense(3)]).fit(X, ONE_HOT),
        "call model.compile",
    ),
    "no loss": (lambda m: classifier(loss=None).fit(X, ONE_HOT), "needs a loss"),
    "loss": (lambda m: m.compile("sgd", "hinge"), "loss 'hinge' is not covered"),
    "metric": (lambda m: m.compile("sgd", "mse", metrics=["acuracy"]), "Did you mean 'accuracy'"),
    "metrics": (lambda m: m.compile("sgd", "mse", metrics="accuracy"), "metrics is a list"),
    "loss weights": (
        lambda m: m.compile("sgd", "mse", loss_weights=[2]),
        "loss_weights=2 is not",
    ),
    "integer labels": (
        lambda m: m.fit(X, LABELS),
        "For whole-number labels there is .*to_categorical",
    ),
    "one-hot labels": (
        lambda m: classifier(loss="sparse_categorical_crossentropy").fit(X, ONE_HOT),
        "For one-hot rows there is loss=.categorical_crossentropy",
    ),
    "label too large": (
        lambda m: classifier(loss="sparse_categorical_crossentropy").fit(X, LABELS + 1),
        "labels run from 1 to 3, the model's 3 classes are 0 to 2",
    ),
    "fractions": (
        lambda m: classifier(loss="sparse_categorical_crossentropy").fit(X, LABELS / 2),
        "whole numbers, got fractions",
    ),
    "classes": (lambda m: m.fit(X, np.eye(4)[LABELS]), r"targets have shape \(50, 4\)"),
    "lengths": (lambda m: m.fit(X, ONE_HOT[:49]), "x has 50 samples, y has 49"),
    "empty": (lambda m: m.fit(X[:0], ONE_HOT[:0]), "has no samples"),
    "no y": (lambda m: m.fit(X), "y is missing"),
    "shape": (lambda m: m.fit(X[:, :5], ONE_HOT), r"takes samples of shape \(6,\), got \(5,\)"),
    "nan": (lambda m: m.fit(np.where(X == X[7, 2], np.nan, X), ONE_HOT), "not finite .*: sample 7"),
    "infinite y": (lambda m: m.fit(X, ONE_HOT / (LABELS != 1)[:, None]), "fit: y holds a number"),
    "batch size": (lambda m: m.fit(X, ONE_HOT, batch_size=0), "batch_size is a whole number"),
    "epochs": (lambda m: m.fit(X, ONE_HOT, epochs=1.5), "epochs is a whole number"),
    "verbose": (lambda m: m.fit(X, ONE_HOT, verbose=3), "verbose is 0, 1, 2"),
    "split": (lambda m: m.fit(X, ONE_HOT, validation_split=1.0), "between 0 and 1"),
    "tiny split": (lambda m: m.fit(X[:2], ONE_HOT[:2], validation_split=0.9), "leaves 0 of 2"),
    "validation": (
        lambda m: m.fit(X, ONE_HOT, validation_data=X),
        "validation_data: y is missing",
    ),
    "class weight": (
        lambda m: m.fit(X, ONE_HOT, class_weight={3: 1}),
        "names the class 3; the classes are 0 to 2",
    ),
    "sample weight": (
        lambda m: m.fit(X, ONE_HOT, sample_weight=LABELS[1:]),
        r"sample_weight has shape \(49,\), wanted one number for each of 50 samples",
    ),
    "both weights": (
        lambda m: m.fit(X, ONE_HOT, sample_weight=LABELS, class_weight={0: 1}),
        "one will do",
    ),
    "steps": (lambda m: m.fit(X, ONE_HOT, steps_per_epoch=0), "steps_per_epoch is a whole number"),
    "stream and y": (lambda m: m.fit((row for row in X), ONE_HOT), "targets and weights come with"),
    "empty stream": (lambda m: m.fit(iter(())), "fit: x yields no batch"),
    "stream of x": (lambda m: m.fit(iter([X])), "fit: batch 0: y is missing"),
    "stream of 4": (lambda m: m.fit(iter([(1, 2, 3, 4)])), "batch 0 is .x, y. or .*got 4 parts"),
    "split of a stream": (
        lambda m: m.fit(iter([(X, ONE_HOT)]), validation_split=0.2),
        "takes the last part of arrays",
    ),
    "weights": (lambda m: m.set_weights([np.ones(3)]), 'Sequential ".*" has 4 weights, got 1'),
    "ending": (
        lambda m: m.save_weights("w.h5"),
        r"weights.npz or .npz, or in Keras's, .weights.h5; got 'w.h5'",
    ),
    "not built": (lambda m: mg.Sequential([mg.layers.Dense(3)]).network(2), "is not built yet"),
    "no layers": (lambda m: mg.Sequential().build((None, 3)), "has no layers"),
    "too large a kernel": (
        lambda m: mg.Sequential([mg.Input((4, 4, 1)), mg.layers.Conv2D(8, 5, name="c")]),
        'Conv2D "c": kernel 5×5 does not fit a 4×4 input',
    ),
    "two of a name": (
        lambda m: mg.Sequential([mg.layers.Dense(1, name="a"), mg.layers.Dense(1, name="a")]),
        "there is a layer 'a' already",
    ),
    "second input": (lambda m: m.add(mg.Input((3,))), "an Input comes first and once"),
    "second input at once": (
        lambda m: mg.Sequential([mg.Input((2,)), mg.Input((3,))]),
        "an Input comes first and once",
    ),
    "late input": (
        lambda m: mg.Sequential([mg.layers.Dense(2), mg.Input((3,))]),
        "an Input comes first and once",
    ),
}


@pytest.mark.parametrize("wrong, message", WRONG.values(), ids=WRONG)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_errors_say_what_was_wanted_and_change_nothing(wrong, message):
    model = classifier()
    before = model.get_weights()
    optimizer = model.optimizer
    with pytest.raises(ValueError, match=message):
        wrong(model)
    assert same_weights(model.get_weights(), before) and model.history is None
    assert model.optimizer is optimizer and optimizer.iterations == 0


def test_what_is_not_covered_points_to_keras():
    with pytest.raises(AttributeError, match=r"Sequential.export is not covered.*to_keras"):
        classifier().export("model")
    with pytest.raises(ValueError, match=r"name ends in .keras or .h5 or .hdf5, got 'model.pb'"):
        classifier().save("model.pb")


def test_to_categorical_is_keras_s(keras):
    for labels in ([0, 2, 1], [[1], [0]], [[0, 1], [2, 0]], np.array([3.0, 0.0])):
        ours, theirs = mg.utils.to_categorical(labels), keras.utils.to_categorical(labels)
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    for wrong in ([-1], [5], [0.5]):
        with pytest.raises(ValueError, match="to_categorical"):
            mg.utils.to_categorical(wrong, 3)


def test_the_plan_that_was_used_last_is_kept_longest():
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    first = model._runner(1)
    for batch in range(2, 9):
        model._runner(batch)
    assert model._runner(1) is first  # used once more, before a ninth is made
    model._runner(9)
    assert model._runner(1) is first
