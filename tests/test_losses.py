"""Losses: Keras's numbers and gradients, stable where probabilities are tiny."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.gradcheck import check_gradient
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy

rng = np.random.default_rng(5)
LOGITS = rng.normal(size=(6, 4)).astype("float32")
LABELS = np.array([0, 3, 1, 1, 2, 0])
ONE_HOT = np.eye(4, dtype="float32")[LABELS]
PROBABILITIES = mg.activations.softmax(LOGITS)
NUMBERS = rng.normal(size=(6, 4)).astype("float32")

CASES = {
    "categorical": ("CategoricalCrossentropy", {}, ONE_HOT, PROBABILITIES),
    "not adding up to 1": ("CategoricalCrossentropy", {}, ONE_HOT, 3 * PROBABILITIES),
    "certain": ("CategoricalCrossentropy", {}, ONE_HOT, ONE_HOT[::-1].copy()),
    "logits": ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, LOGITS),
    "huge logits": ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, 200 * LOGITS),
    "smoothed": ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, PROBABILITIES),
    "sum": ("CategoricalCrossentropy", {"reduction": "sum"}, ONE_HOT, PROBABILITIES),
    "sparse": ("SparseCategoricalCrossentropy", {}, LABELS, PROBABILITIES),
    "sparse column": ("SparseCategoricalCrossentropy", {}, LABELS[:, None], PROBABILITIES),
    "sparse logits": ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, LOGITS),
    "squared": ("MeanSquaredError", {}, ONE_HOT, NUMBERS),
    "absolute": ("MeanAbsoluteError", {}, ONE_HOT, NUMBERS),
    "huber": ("Huber", {"delta": 0.6}, ONE_HOT, NUMBERS),
    "binary": ("BinaryCrossentropy", {}, ONE_HOT, PROBABILITIES),
    "binary, logits": ("BinaryCrossentropy", {"from_logits": True}, ONE_HOT, 30 * LOGITS),
    "binary, smoothed": ("BinaryCrossentropy", {"label_smoothing": 0.1}, ONE_HOT, PROBABILITIES),
    "squared pictures": (
        "MeanSquaredError",
        {},
        ONE_HOT.reshape(1, 2, 3, 4),
        NUMBERS.reshape(1, 2, 3, 4),
    ),
}


@pytest.mark.parametrize("name, options, y_true, y_pred", CASES.values(), ids=CASES)
def test_value_and_gradient_are_keras_s(keras, name, options, y_true, y_pred):
    import tensorflow as tf

    ours, theirs = getattr(mg.losses, name)(**options), getattr(keras.losses, name)(**options)
    predictions = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        wanted = theirs(y_true, predictions)
    value = ours(y_true, y_pred)
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, wanted, rtol=2e-5, atol=1e-6)

    if name == "CategoricalCrossentropy" and not options and y_pred.max() == 1:
        return  # at the clipped ends the one-sided derivative is a matter of taste
    node = mg.Variable(y_pred)
    order = mg.topological_sort(ours(y_true, node))
    mg.forward(order)
    mg.backward(order)
    np.testing.assert_allclose(node.gradient, tape.gradient(wanted, predictions), 1e-4, 1e-6)


@pytest.mark.parametrize("reduction", [None, "none"])
def test_without_reduction_there_is_a_number_for_each_sample(keras, reduction):
    ours = mg.losses.CategoricalCrossentropy(reduction=reduction)(ONE_HOT, PROBABILITIES)
    theirs = keras.losses.CategoricalCrossentropy(reduction=reduction)(ONE_HOT, PROBABILITIES)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_functions_give_a_number_for_each_sample(keras):
    for name, y_true, y_pred in [
        ("categorical_crossentropy", ONE_HOT, PROBABILITIES),
        ("sparse_categorical_crossentropy", LABELS, PROBABILITIES),
        ("mean_squared_error", ONE_HOT, NUMBERS),
        ("mean_absolute_error", ONE_HOT, NUMBERS),
        ("huber", ONE_HOT, NUMBERS),
        ("log_cosh", ONE_HOT, NUMBERS),
        ("kl_divergence", ONE_HOT, PROBABILITIES),
        ("binary_crossentropy", ONE_HOT, PROBABILITIES),
    ]:
        ours, theirs = getattr(mg.losses, name), getattr(keras.losses, name)
        np.testing.assert_allclose(ours(y_true, y_pred), theirs(y_true, y_pred), rtol=2e-5)


@settings(max_examples=15)
@given(shape=st.tuples(st.integers(1, 5), st.integers(1, 5)), seed=st.integers(0, 99))
def test_gradients_of_the_fused_operators(shape, seed):
    generator = np.random.default_rng(seed)
    logits, targets = generator.normal(size=shape), generator.random(shape)
    assert check_gradient(SoftmaxCrossEntropy, logits, targets)  # targets need not add up to 1
    labels = generator.integers(shape[1], size=shape[0])
    assert check_gradient(lambda z: SparseSoftmaxCrossEntropy(z, labels), logits)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_after_a_softmax_the_loss_is_computed_from_the_logits(loss):
    logits = mg.Variable([[1000.0, 0.0]])
    targets = [[0.0, 1.0]] if loss == "categorical_crossentropy" else [1]
    order = mg.topological_sort(mg.losses.get(loss)(targets, mg.activations.softmax(logits)))
    assert mg.forward(order) == 1000  # the probability itself is 0, its logarithm infinite
    mg.backward(order)
    np.testing.assert_array_equal(logits.gradient, [[1, -1]])


def test_the_gradient_is_probabilities_minus_targets():
    logits = mg.Variable(LOGITS)
    node = mg.losses.CategoricalCrossentropy(reduction="sum")(
        ONE_HOT, mg.activations.softmax(logits)
    )
    order = mg.topological_sort(node)
    mg.forward(order)
    mg.backward(order)
    np.testing.assert_allclose(logits.gradient, PROBABILITIES - ONE_HOT, rtol=1e-5, atol=1e-7)


def test_names_lead_to_losses():
    assert mg.losses.get("mse").name == mg.losses.get("MeanSquaredError").name
    assert mg.losses.get(mg.losses.mean_squared_error).name == "mean_squared_error"
    assert mg.losses.get(mg.losses.MeanSquaredError).name == "mean_squared_error"


@pytest.mark.parametrize(
    "wrong, message",
    [
        (
            lambda: mg.losses.get("categorical_crossentrpy"),
            "Did you mean 'categorical_crossentropy'",
        ),
        (lambda: mg.losses.get("hinge"), "loss 'hinge' is not covered; there are categorical"),
        (lambda: mg.losses.get(["mse"]), r"loss \['mse'\] is not covered; there are categorical"),
        (lambda: mg.losses.CategoricalCrossentropy(axis=1), "axis=1 is not covered"),
        (lambda: mg.losses.CategoricalCrossentropy(label_smoothing=2), "from 0 to 1"),
        (lambda: mg.losses.MeanSquaredError(reduction="max"), "reduction is"),
        (lambda: mg.losses.categorical_crossentropy(ONE_HOT[:3], PROBABILITIES), r"\(3, 4\)"),
        (lambda: mg.losses.categorical_crossentropy(LABELS, LOGITS, True), "sparse_categorical"),
        (
            lambda: mg.losses.sparse_categorical_crossentropy(ONE_HOT, PROBABILITIES),
            "For one-hot rows there is",
        ),
    ],
)
def test_errors_say_what_was_wanted(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize("shape", [(3, 1), (1, 4), (4,), (3, 3), (), (3, 4, 2)])
@pytest.mark.parametrize("name", ["MeanSquaredError", "Huber", "BinaryCrossentropy"])
def test_targets_that_are_a_node_are_not_broadcast(name, shape):
    loss, half = getattr(mg.losses, name)(), np.full(shape, 0.5)
    for targets in (mg.Constant(half), mg.Variable(half), mg.Constant(half) * 1.0, half):
        with pytest.raises(ValueError, match=r"targets have shape .*\(3, 4\)"):
            loss(targets, mg.Variable(np.full((3, 4), 0.25)))


@pytest.mark.parametrize("labels", [[0, 7], [-1, 0]])
def test_labels_that_are_computed_are_checked(labels):
    given = mg.Constant([[0], [1]])
    loss = mg.losses.SparseCategoricalCrossentropy()(given, mg.Variable(np.full((2, 3), 0.25)))
    order = mg.topological_sort(loss)
    mg.forward(order)
    given.value = np.reshape(labels, (2, 1))
    with pytest.raises(ValueError, match="labels are from 0 to 2, got labels from"):
        mg.forward(order)
