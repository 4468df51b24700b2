"""A truth value has no gradient, a whole number neither; what a node holds is of its dtype."""

import numpy as np
import pytest
from both_ways import Formula
from sweeping import gradient, value

import minigrad as mg
from minigrad import activations
from minigrad.gradcheck import check_gradient
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy

TRUTH = {
    "ReLU": lambda z: z * (z > 0),
    "the mask first": lambda z: (z > 0) * z,
    "leaky ReLU": lambda z: z * (z > 0) + 0.1 * z * (z <= 0),
    "small errors count nothing": lambda z: abs(z) * (abs(z) > 0.3),
    "the share of positive ones": lambda z: z * np.mean(z > 0),
    "the number of positive ones": lambda z: z * np.sum(z > 0, axis=0),
    "any positive one": lambda z: z * np.max(z >= 0),
    "a sum": lambda z: z + (z > 0) - (z == 0.5),
    "a quotient": lambda z: z / (1 + (z > 0)),
    "a power": lambda z: abs(z) ** (2 * (z > 0)),
    "a product of matrices": lambda z: np.matmul(z, np.reshape(z > 0, (3, 2))),
    "a branch": lambda z: np.where(z > 0, z > -1, z),
    "the larger": lambda z: np.maximum(z, z > 5),
    "picked": lambda z: z[0] * (z > 0)[1],
    "turned": lambda z: z * np.transpose(np.transpose(z != 0.7)),
}
Z = np.array([[-1.5, -0.2, 0.6], [1.1, -0.7, 0.4]])


@pytest.mark.parametrize("name", TRUTH)
def test_truth_values_count_as_numbers_and_pass_no_gradient_on(name):
    f = TRUTH[name]
    np.testing.assert_allclose(value(f(mg.Variable(Z))), f(Z))
    check_gradient(f, Z).raise_if_wrong()
    order = mg.topological_sort(f(mg.Variable(Z)))
    assert all(n.dtype.kind == "f" or not n.needs_gradient for n in order)


@pytest.mark.parametrize("name", ["ReLU", "the mask first", "leaky ReLU", "a sum", "a quotient"])
def test_a_plan_trains_through_truth_values_as_the_graph_does(name):
    losses = []
    for eager in (True, False):
        model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(3, TRUTH[name]), mg.layers.Dense(2)])
        rng = np.random.default_rng(0)
        model.set_weights([rng.normal(size=w.shape) for w in model.weights])
        model.compile(mg.optimizers.SGD(0.1), "mse", run_eagerly=eager)
        x, y = rng.normal(size=(8, 2)), rng.normal(size=(8, 2))
        losses.append(
            model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
        )
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


COUNTED = {
    "mean": lambda z: z * np.mean(z > 0),
    "mean of each column": lambda z: z * np.mean(z > 0, axis=0),
    "mean of each row": lambda z: z + np.mean(z > 0, axis=1, keepdims=True),
    "sum": lambda z: z * np.sum(z > 0),
    "sum of each row": lambda z: z - 0.1 * np.sum(z > 0, axis=1, keepdims=True),
    "largest": lambda z: z + np.max(z > 0, axis=1, keepdims=True),
    "joined": lambda z: np.mean(np.concatenate([z > 0, z < 1], axis=1), axis=1, keepdims=True) * z,
    "bytes": lambda z: z + 0.01 * np.mean(np.array([[200, 100, 250]], np.uint8) * (z > 0), axis=0),
    "sum of bytes": lambda z: z + 0.01 * np.sum(PICTURE * (z > 0), axis=1, keepdims=True),
    "half": lambda z: z + 0.01 * np.mean(np.float16(PICTURE) * (z > 0), axis=1, keepdims=True),
}
PICTURE = np.array([[200, 100, 250]], np.uint8)


@pytest.mark.parametrize("name", COUNTED)
def test_a_plan_counts_as_numpy_does(name):
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(2, 3)), rng.normal(size=3)]
    x, y = rng.normal(size=(8, 2)), rng.normal(size=(8, 3))
    seen = []
    for eager in (True, False):
        model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(3, COUNTED[name])])
        model.set_weights(weights)
        model.compile(mg.optimizers.SGD(0.1), "mse", run_eagerly=eager)
        seen.append([model.predict(x, verbose=0)])
        model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
        seen[-1] += model.get_weights()
    wanted = COUNTED[name](x @ weights[0] + weights[1])  # the formula is NumPy's as well
    np.testing.assert_allclose(seen[0][0], wanted, rtol=1e-4, atol=1e-4)
    for walked, planned in zip(*seen, strict=True):
        np.testing.assert_allclose(planned, walked, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("what", [np.mean, np.sum, np.max])
def test_a_plan_adds_up_bytes_that_come_in(what):
    x = np.random.default_rng(0).integers(0, 256, size=(8, 50), dtype=np.uint8)
    models = [mg.Sequential([mg.Input((50,)), Formula(lambda x: x * 1.0 - what(x, 1, keepdims=True))]) for _ in "ab"]  # fmt: skip
    for model, eager in zip(models, (True, False), strict=True):
        model.compile("sgd", "mse", run_eagerly=eager)
        wanted = x - what(x.astype(float), axis=1, keepdims=True)
        np.testing.assert_allclose(model.predict(x, verbose=0), wanted, rtol=1e-4)


@pytest.mark.parametrize("result", [lambda x: x > 0, lambda x: np.sum(x > 0)])
def test_what_is_no_floating_point_number_cannot_be_differentiated(result):
    order = mg.topological_sort(result(mg.Variable(1.0)))
    mg.forward(order)
    with pytest.raises(ValueError, match="which has no gradient"):
        mg.backward(order)


@pytest.mark.parametrize("dtype", [int, "uint8", bool, complex])
def test_a_variable_is_of_floating_point_numbers(dtype):
    with pytest.raises(TypeError, match="floating-point dtype, got"):
        mg.Variable(3, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_each_floating_point_dtype_is_kept(dtype):
    x = mg.Variable([1.0, 2.0], dtype=dtype)
    order = mg.topological_sort(np.sum(x * 0.5 + np.maximum(x, 1.5)))
    assert mg.forward(order).dtype == dtype
    mg.backward(order)
    assert x.gradient.dtype == dtype and x.gradient.tolist() == [0.5, 1.5]


def test_whole_numbers_become_float64_in_a_variable():
    assert gradient(lambda v: v * 0.5, 3) == 0.5
    assert gradient(lambda v: v * 0.5, True) == 0.5


BYTES, SINGLES = np.array([1, 2], np.uint8), np.array([1, 2], np.float32)
MISFITS = [
    (mg.Constant([1, 2]), [0.5, 1.0], ValueError, "cannot hold 0.5"),
    (mg.Constant([1, 2]), [1.0, np.nan], ValueError, "cannot hold nan"),
    (mg.Constant(BYTES), [-1, 30], ValueError, "uint8, which cannot hold -1"),
    (mg.Constant(BYTES), [1, 300], ValueError, "uint8, which cannot hold 300"),
    (mg.Constant([True, False]), [1, 2], ValueError, "bool, which cannot hold 2"),
    (mg.Constant(SINGLES), [1e300, 1.0], ValueError, "float32, which cannot hold 1e"),
    (mg.Variable(SINGLES), [1e300, 1.0], ValueError, "float32, which cannot hold 1e"),
    (mg.Variable(SINGLES), np.array([1, 2], complex), TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), ["3", "4"], TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), None, TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), [None, 1.0], TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), [1.0, 2.0, 3.0], ValueError, r"shape \(2,\), got \(3,\)"),
    (mg.Variable([1.0, 2.0]), mg.Constant([1.0, 2.0]), TypeError, "got Constant"),
]


@pytest.mark.parametrize("node, given, error, message", MISFITS)
def test_a_value_that_does_not_fit_is_refused_and_changes_nothing(node, given, error, message):
    before = node.value
    with pytest.raises(error, match=message):
        node.value = given
    assert np.array_equal(node.value, before)


def test_what_fits_is_taken_whatever_its_dtype():
    whole, single = mg.Constant([1, 2]), mg.Variable(SINGLES)
    whole.value, single.value = [3.0, 4.0], [0.1, np.inf]
    assert whole.value.tolist() == [3, 4] and whole.dtype.kind == "i"
    assert single.value.tolist() == [np.float32(0.1), np.inf]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "bool"])
@pytest.mark.parametrize("name", ["elu", "sigmoid", "softmax", "log_softmax"])
def test_activations_of_whole_numbers_are_those_of_floats(name, dtype):
    numbers = np.array([0, 1, 100], dtype)
    f = getattr(activations, name)
    np.testing.assert_array_equal(f(numbers), f(numbers.astype(float)))
    np.testing.assert_array_equal(value(f(mg.Constant(numbers))), f(numbers.astype(float)))


def test_cross_entropies_of_whole_numbers_are_those_of_floats():
    scores, labels = np.array([[0, 3, 200]], np.uint8), np.array([1], np.uint8)
    for loss, targets in (
        (SoftmaxCrossEntropy, [[0, 1, 0]]),
        (SparseSoftmaxCrossEntropy, labels),
    ):
        assert value(loss(scores, targets)) == value(loss(scores.astype(float), targets)) == 197


def test_pooling_of_whole_numbers_is_that_of_floats():
    images = np.arange(16, dtype=np.int8).reshape(1, 4, 4, 1) - 10
    for pool in (mg.operators.MaxPool, mg.operators.AveragePool):
        pooled = value(pool(images, 3, 2, "same"))
        assert pooled.dtype == float
        assert np.array_equal(pooled, value(pool(images.astype(float), 3, 2, "same")))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: mg.operators.Dropout(x, 1.5, np.random.default_rng()),
        lambda x: mg.operators.Dropout(x, np.nan, np.random.default_rng()),
        lambda x: mg.operators.Rescale(x, np.inf),
        lambda x: activations.elu(x, np.nan),
        lambda x: activations.elu(x, "1"),
        lambda x: SparseSoftmaxCrossEntropy(np.zeros((2, 3)), [0, 3]),
        lambda x: SparseSoftmaxCrossEntropy(np.zeros((2, 3)), [-1, 0]),
        lambda x: mg.operators.Rescale(x, 1.0, np.nan),
        lambda x: mg.operators.Rescale(x, 0.5, dtype=int),
        lambda x: mg.operators.MaxPool(x, padding=None),
        lambda x: mg.operators.Softmax(x, axis=7),
        lambda x: mg.operators.Softmax(x, axis="rows"),
        lambda x: np.sum(x, axis=0.5),
        lambda x: np.sum(x, axis=(0, 0)),
        lambda x: np.transpose(x, (0, 1)),
        lambda x: np.transpose(x, "axes"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_when_the_graph_is_built(wrong):
    with pytest.raises(
        ValueError, match=r"^(Dropout|Rescale|Elu|Sparse\w+|MaxPool|Softmax|Sum|Transpose): "
    ):
        wrong(mg.Variable(np.ones((1, 4, 4, 1))))


def test_masked_elements_are_not_taken_for_numbers():
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    for attempt in (mg.Variable, mg.Constant, lambda m: mg.Variable([1.0, 2.0]) * m):
        with pytest.raises(TypeError, match="masked"):
            attempt(masked)
