"""Losses and metrics that were wrong once; the right value is Keras's or a formula's."""

import warnings

import numpy as np
import pytest

import minigrad as mg

rng = np.random.default_rng(0)


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


def test_a_softmax_before_a_binary_cross_entropy_is_spoken_of(keras):
    """Keras takes the numbers before it: of 0, log 2; the definition has p = 1/3 here."""
    x, y, told = np.ones((4, 4)), np.eye(3)[[0, 1, 2, 0]], []
    for library in (mg, keras):
        last = library.layers.Dense(3, "softmax", kernel_initializer="zeros", name="last")
        model = library.Sequential([library.Input((4,)), last])
        model.compile(library.optimizers.SGD(0.0), "binary_crossentropy")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            told += model.fit(x, y, verbose=0).history["loss"]
        if library is mg:
            assert ['Dense "last"' in str(each.message) for each in said] == [True]
    assert told == pytest.approx([(np.log(3) + 2 * np.log(1.5)) / 3, np.log(2)], rel=1e-5)


def test_a_metric_of_one_s_own_gets_targets_as_long_as_predictions_are():
    """Of shapes (n,) and (n, 1) NumPy would make n × n numbers, as Keras does."""
    shapes = []
    model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[lambda t, p: shapes.append((t.shape, p.shape)) or 0.0])
    model.fit(np.ones((6, 4)), np.ones(6), verbose=0)
    assert set(shapes) == {((6, 1), (6, 1))}


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
