"""Metrics: Keras's numbers over several batches, and no array once they are under way."""

import tracemalloc

import numpy as np
import pytest

import minigrad as mg

rng = np.random.default_rng(1)
PREDICTIONS = rng.random((50, 5)).astype("float32")
LABELS = rng.integers(5, size=50)
ONE_HOT = np.eye(5, dtype="float32")[LABELS]
MANY = rng.random((50, 7)).astype("float32")
COLUMN = rng.integers(2, size=(50, 1)).astype("float32")

CASES = {
    "categorical": ("CategoricalAccuracy", ONE_HOT, PREDICTIONS),
    "sparse": ("SparseCategoricalAccuracy", LABELS, PREDICTIONS),
    "binary": ("BinaryAccuracy", COLUMN, PREDICTIONS[:, :1]),
    "binary rows": ("BinaryAccuracy", ONE_HOT, PREDICTIONS),
    "squared": ("MeanSquaredError", ONE_HOT, PREDICTIONS),
    "absolute": ("MeanAbsoluteError", ONE_HOT, PREDICTIONS),
    "root": ("RootMeanSquaredError", ONE_HOT, PREDICTIONS),
    "top": ("TopKCategoricalAccuracy", ONE_HOT[:, [0, 1, 2, 3, 4, 4, 4]], np.round(MANY, 1)),
    "top of labels": ("SparseTopKCategoricalAccuracy", LABELS, np.round(MANY, 1)),
    "precision": ("Precision", COLUMN, PREDICTIONS[:, :1]),
    "recall": ("Recall", COLUMN, PREDICTIONS[:, :1]),
    "precision of rows": ("Precision", ONE_HOT, PREDICTIONS),
    "recall of labels": ("Recall", COLUMN[:, 0].astype(int), PREDICTIONS[:, 0]),
    "pictures": (
        "CategoricalAccuracy",
        ONE_HOT.reshape(10, 5, 5),
        PREDICTIONS.reshape(10, 5, 5),
    ),
}


@pytest.mark.parametrize("name, y_true, y_pred", CASES.values(), ids=CASES)
def test_the_mean_over_unequal_batches_is_keras_s(keras, name, y_true, y_pred):
    keras.utils.clear_session()  # or its second Precision is precision_1
    ours, theirs = getattr(mg.metrics, name)(), getattr(keras.metrics, name)()
    for rows in (slice(0, 3), slice(3, 4), slice(4, None)):
        ours.update_state(y_true[rows], y_pred[rows])
        theirs.update_state(y_true[rows], y_pred[rows])
    assert isinstance(ours.result(), float)
    assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)
    assert ours.name == theirs.name
    ours.reset_state()
    assert ours.result() == 0


@pytest.mark.parametrize("name, y_true, y_pred", CASES.values(), ids=CASES)
def test_after_the_first_batch_no_array_is_made(name, y_true, y_pred):
    y_true, y_pred = np.repeat(y_true, 400, axis=0), np.repeat(y_pred, 400, axis=0)
    metric = getattr(mg.metrics, name)()
    metric.update_state(y_true, y_pred)
    tracemalloc.start()
    try:
        metric.update_state(y_true, y_pred)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2000  # bytes: objects of Python's; one truth value for each sample is more


def test_accuracy_is_chosen_by_the_shapes():
    kinds = {
        ((8, 10), (8, 10)): "CategoricalAccuracy",
        ((8,), (8, 10)): "SparseCategoricalAccuracy",
        ((8, 1), (8, 1)): "BinaryAccuracy",
    }
    for shapes, kind in kinds.items():
        metric = mg.metrics.get("accuracy", *shapes)
        assert (type(metric).__name__, metric.name) == (kind, "accuracy")


def test_a_function_counts_as_metric():
    def largest(y_true, y_pred):
        return np.max(np.abs(y_true - y_pred), axis=-1)

    metric = mg.metrics.get(largest)
    metric.update_state(ONE_HOT, PREDICTIONS)
    assert metric.name == "largest"
    assert metric.result() == pytest.approx(np.abs(ONE_HOT - PREDICTIONS).max(axis=1).mean())


FUNCTIONS = {
    "categorical_accuracy": (ONE_HOT, PREDICTIONS),
    "sparse_categorical_accuracy": (LABELS, PREDICTIONS),
    "binary_accuracy": (ONE_HOT, PREDICTIONS),
    "top_k_categorical_accuracy": (ONE_HOT, PREDICTIONS, 2),
    "sparse_top_k_categorical_accuracy": (LABELS, np.round(PREDICTIONS, 1), 2),
    "mean_squared_error": (ONE_HOT, PREDICTIONS),
    "categorical_crossentropy": (ONE_HOT, PREDICTIONS),
    "kl_divergence": (ONE_HOT, PREDICTIONS),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_keras_s_gives_a_number_for_each_sample_and_is_a_metric(keras, name):
    ours, theirs = (getattr(lib.metrics, name) for lib in (mg, keras))
    values, wanted = ours(*FUNCTIONS[name]), np.asarray(theirs(*FUNCTIONS[name]))
    assert values.dtype == wanted.dtype and values.shape == wanted.shape
    np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)
    for identifier in (ours, name):
        metric = mg.metrics.get(identifier, *map(np.shape, FUNCTIONS[name][:2]))
        assert metric.name == name and metric.direction in ("up", "down")
        metric.update_state(*FUNCTIONS[name][:2])
        mean = float(np.mean(theirs(*FUNCTIONS[name][:2])))
        assert metric.result() == pytest.approx(mean, rel=1e-5)


def test_a_column_of_labels_has_the_result_that_keras_gives(keras):
    for name in ("sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"):
        both = [getattr(lib.metrics, name)(LABELS[:, None], PREDICTIONS) for lib in (mg, keras)]
        np.testing.assert_array_equal(*both)


def test_fit_takes_functions_as_metrics_under_their_names(keras):
    def history(lib):
        model = lib.Sequential([lib.Input((7,)), lib.layers.Dense(5, "softmax", name="d")])
        model.set_weights([np.full((7, 5), 0.1) * np.arange(5), np.zeros(5)])
        m = lib.metrics
        named = [m.sparse_categorical_accuracy, "sparse_categorical_crossentropy"]
        named += [m.SparseTopKCategoricalAccuracy(k=2), "sparse_top_k_categorical_accuracy"]
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=named)
        return model.fit(MANY, LABELS, epochs=2, shuffle=False, verbose=0).history

    mine, theirs = history(mg), history(keras)
    assert sorted(mine) == sorted(theirs)
    for name, values in theirs.items():
        assert mine[name] == pytest.approx(values, rel=1e-4), name


def test_a_metric_of_one_s_own_has_the_name_that_keras_gives(keras):
    class LargestError(mg.metrics.Metric):
        def total_of(self, y_true, y_pred):
            return np.abs(y_true - y_pred).max(axis=1).sum()

    theirs = type("LargestError", (keras.metrics.Metric,), {})
    assert LargestError().name == theirs().name == "largest_error"
    assert LargestError("largest").name == "largest"


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: mg.metrics.get("acuracy"), "Did you mean 'accuracy'"),
        (lambda: mg.metrics.get("auc"), "metric 'auc' is not covered"),
        (lambda: mg.metrics.get(3), "metric 3 is not covered"),
        (lambda: mg.metrics.CategoricalAccuracy(dtype="float16"), "dtype='float16' is not covered"),
        (lambda: mg.metrics.get("categorical_accuracy", (8,), (8, 10)), "does not fit targets"),
    ],
)
def test_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize("values, weights", [(np.ones(3), np.ones(2)), (1.0, [1.0, 2.0])])
def test_weights_of_a_mean_that_do_not_fit_are_refused(values, weights):
    mean = mg.metrics.Mean()
    with pytest.raises(ValueError, match='Mean "mean": sample_weight has shape'):
        mean.update_state(values, weights)
    assert mean.result() == 0


@pytest.mark.parametrize("name", ["Precision", "Recall", "BinaryAccuracy", "MeanSquaredError"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_predictions_that_are_no_fractions_count_as_numbers(name, dtype):
    y_true, y_pred = np.array([1, 0, 1, 0]), np.array([1, 1, 0, 0])
    found, wanted = getattr(mg.metrics, name)(), getattr(mg.metrics, name)()
    found.update_state(y_true.astype(dtype), y_pred.astype(dtype))
    wanted.update_state(y_true.astype(float), y_pred.astype(float))
    assert found.result() == wanted.result() == 0.5


def test_bytes_do_not_wrap():
    high, low = np.array([[200], [0]], np.uint8), np.array([[0], [200]], np.uint8)
    error, mean = mg.metrics.MeanSquaredError(), mg.metrics.Mean()
    error.update_state(high, low)
    mean.update_state(high, sample_weight=high)
    assert error.result() == 40_000 and mean.result() == 200


@pytest.mark.parametrize("name", ["TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"])
def test_what_is_no_number_is_not_among_the_top(keras, name):
    y_pred = np.array([[0.1, np.nan, 0.3], [0.2, 0.5, 0.3], [np.nan] * 3], "float32")
    labels = np.array([1, 1, 2])
    y_true = labels if name.startswith("Sparse") else np.eye(3)[labels]
    mine, theirs = getattr(mg.metrics, name)(k=2), getattr(keras.metrics, name)(k=2)
    for metric in (mine, theirs):
        metric.update_state(y_true, y_pred)
    assert mine.result() == pytest.approx(float(theirs.result())) == pytest.approx(1 / 3)


def test_a_label_that_is_no_class_is_not_among_the_top():
    metric = mg.metrics.SparseTopKCategoricalAccuracy(k=2)
    metric.update_state(np.array([1, 1]), np.array([[0.1, 0.8, 0.1]] * 2))
    metric.update_state(np.array([3, -1]), np.array([[0.1, 0.8, 0.1]] * 2))
    assert metric.result() == 0.5


def test_a_number_is_a_batch_of_one_and_a_row_of_classes_is_none():
    for name, wanted in ("MeanSquaredError", 0.0625), ("BinaryAccuracy", 1.0), ("Recall", 1.0):
        metric = getattr(mg.metrics, name)()
        metric.update_state(1, 0.75)
        assert metric.result() == wanted
    for name in ("CategoricalAccuracy", "TopKCategoricalAccuracy"):
        with pytest.raises(ValueError, match=rf"{name}.*shape \(3,\), wanted is a row of classes"):
            getattr(mg.metrics, name)().update_state([0, 0, 1], [0.2, 0.3, 0.5])
    for name in ("SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy"):
        with pytest.raises(ValueError, match=rf"{name}.*labels have shape \(1,\).* one label for"):
            getattr(mg.metrics, name)().update_state(2, [0.2, 0.3, 0.5])


@pytest.mark.parametrize(
    ("values", "weights"),
    [
        *(((), None), ((3,), None), ((2, 3), None), ((2, 3, 4), None), ((), ()), ((3,), ())),
        *(((3,), (3,)), ((3, 1), (3,)), ((3,), (3, 1)), ((4, 4), (4,)), ((2, 3), (2, 1))),
        *(((2, 3), (2, 3)), ((2, 3, 4), (2, 3)), ((2, 3, 4), (2,)), ((2, 3), ())),
    ],
)
def test_the_mean_of_what_has_several_numbers_for_a_sample_is_keras_s(keras, values, weights):
    rng = np.random.default_rng(0)
    mine, theirs = mg.metrics.Mean(), keras.metrics.Mean()
    for _ in range(2):
        some = rng.normal(size=values)
        weigh = None if weights is None else rng.uniform(size=weights)
        for metric in (mine, theirs):
            metric.update_state(some, weigh)
    for metric in (mine, theirs):  # another shape weighs as much as it has samples
        metric.update_state(np.full(5, 2.0))
    assert mine.result() == pytest.approx(float(theirs.result()), rel=1e-5)


def test_what_is_kept_for_batches_of_ever_new_sizes_is_little():
    metric = mg.metrics.MeanAbsoluteError()
    for n in range(1, 200):
        metric.update_state(np.zeros((n, 50)), np.zeros((n, 50)))
    assert sum(array.nbytes for array in metric._scratch.values()) < 20 * 200 * 50 * 8


def test_metrics_are_chosen_anew_for_another_end():
    layers = [mg.layers.Dense(3, "softmax"), mg.layers.Dense(1, "sigmoid")]
    model = mg.Sequential([mg.Input((2,)), layers[0]])
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.evaluate(np.ones((4, 2)), np.eye(3)[[0, 1, 2, 0]], verbose=0)
    model.pop()
    model.add(layers[1])
    _, accuracy = model.evaluate(np.ones((4, 2)), np.array([[0], [1], [0], [1]]), verbose=0)
    assert accuracy == 0.5
