"""Every operator: its value is NumPy's, its gradient is that of central differences.

Shapes are random. Inputs keep clear of kinks by construction (numbers that differ from
each other and from 0), so that no disagreement has to be excused.
"""

import importlib
import math
import pkgutil
import sys
from operator import getitem

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import (
    array_shapes,
    basic_indices,
    mutually_broadcastable_shapes,
)
from spreading import check, pairs_of_shapes, seeds, shapes, spread

import minigrad as mg
from minigrad import activations, graph, operators
from minigrad.operators import cross_entropy, dropout, rescaling

# -- NumPy's functions of one and of two arrays -------------------------------------------

ONE = {
    np.negative: lambda x: x,
    np.exp: lambda x: x,
    np.log: np.abs,  # positive numbers
    np.log1p: np.abs,
    np.sqrt: np.abs,
    np.sin: lambda x: x,
    np.cos: lambda x: x,
    np.tanh: lambda x: x,
    np.absolute: lambda x: x,
}
TWO = {
    np.add: lambda x, y: (x, y),
    np.subtract: lambda x, y: (x, y),
    np.multiply: lambda x, y: (x, y),
    np.true_divide: lambda x, y: (x, y),
    np.power: lambda x, y: (abs(x), y),
    # tenths against tenths and a half: no element of one is near any of the other
    np.maximum: lambda x, y: (np.round(x, 1), np.round(y, 1) + 0.05),
    np.minimum: lambda x, y: (np.round(x, 1), np.round(y, 1) + 0.05),
}
COMPARISONS = (
    *(np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.equal, np.not_equal),
)
REDUCTIONS = (np.sum, np.mean, np.max, np.amax)
SHAPING = (np.matmul, np.where, np.reshape, np.transpose, np.concatenate, np.pad, getitem)


def defined(operator):
    """Whether the class is the library's own, and not one that a doctest registered."""
    return getattr(sys.modules[operator.__module__], operator.__name__, None) is operator


def test_every_numpy_function_of_the_graph_is_checked():
    library = {f for f, operator in graph.NUMPY_FUNCTIONS.items() if defined(operator)}
    assert library == {getitem, *ONE, *TWO, *COMPARISONS, *REDUCTIONS, *SHAPING}


@pytest.mark.parametrize("function", ONE, ids=lambda f: f.__name__)
@given(seed=seeds, shape=shapes)
def test_functions_of_one_array(function, seed, shape):
    x = ONE[function](spread(seed, shape))
    value = check(function, x, operator=graph.NUMPY_FUNCTIONS[function])
    assert np.array_equal(value, function(x))


@pytest.mark.parametrize("function", TWO, ids=lambda f: f.__name__)
@given(seed=seeds, both=pairs_of_shapes)
def test_functions_of_two_arrays_with_broadcasting(function, seed, both):
    x, y = (spread(seed + i, shape) for i, shape in enumerate(both.input_shapes))
    x, y = TWO[function](x, y)
    value = check(function, x, y, operator=graph.NUMPY_FUNCTIONS[function])
    np.testing.assert_allclose(value, function(x, y), rtol=1e-14)


@pytest.mark.parametrize("function", COMPARISONS, ids=lambda f: f.__name__)
@given(seed=seeds, both=pairs_of_shapes)
def test_comparisons_have_values_and_no_gradient(function, seed, both):
    x, y = (np.round(spread(seed + i, shape)) for i, shape in enumerate(both.input_shapes))
    a, b = mg.Variable(x), mg.Variable(y)
    result = function(a, b)
    order = mg.topological_sort(np.where(result, 2.0, 3.0))
    assert np.array_equal(mg.forward(order), np.where(function(x, y), 2.0, 3.0))
    mg.backward(order, np.ones(result.shape))
    assert not a.gradient.any() and not b.gradient.any()


@given(seed=seeds, n=st.integers(-2, 4), shape=shapes)
def test_a_constant_exponent_takes_negative_numbers(seed, n, shape):
    x = spread(seed, shape)
    np.testing.assert_allclose(check(lambda x: x**n, x), x ** float(n), rtol=1e-14)


def test_powers_at_zero_are_finite():
    for n in (0, 1, 2, 3):
        x = mg.Variable(0.0)
        order = mg.topological_sort(x**n)
        mg.forward(order)
        mg.backward(order)
        assert x.gradient == (1.0 if n == 1 else 0.0)


def test_equal_inputs_of_maximum_and_minimum_share_the_gradient():
    for function in (np.maximum, np.minimum):
        x, y = mg.Variable([1.0, 2.0]), mg.Variable([1.0, 2.0])
        order = mg.topological_sort(function(x, y).sum())
        mg.forward(order)
        mg.backward(order)
        assert x.gradient.tolist() == y.gradient.tolist() == [0.5, 0.5]


# -- reductions ----------------------------------------------------------------------------


@st.composite
def reductions(draw):
    """A shape with an axis, a tuple of axes, negative ones among them, or None."""
    shape = draw(array_shapes(min_dims=0, max_dims=4, max_side=3))
    chosen = draw(
        st.lists(st.sampled_from(range(len(shape))), unique=True) if shape else st.just([])
    )
    axes = tuple(axis - len(shape) * draw(st.booleans()) for axis in chosen)
    choices = [None, axes] + ([axes[0]] if axes else [])
    return shape, draw(st.sampled_from(choices)), draw(st.booleans())


@pytest.mark.parametrize("function", REDUCTIONS, ids=lambda f: f.__name__)
@given(seed=seeds, case=reductions())
def test_reductions_over_axes(function, seed, case):
    shape, axis, keepdims = case
    x = spread(seed, shape)
    value = check(
        lambda x: function(x, axis=axis, keepdims=keepdims),
        x,
        operator=graph.NUMPY_FUNCTIONS[function],
    )
    expected = function(x, axis=axis, keepdims=keepdims)
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, rtol=1e-14, atol=1e-14)


def test_equal_largest_elements_share_the_gradient():
    x = mg.Variable([[2.0, 2.0, 1.0], [0.0, 3.0, 1.0]])
    order = mg.topological_sort(np.max(x, axis=1))
    mg.forward(order)
    mg.backward(order, np.array([6.0, 1.0]))
    assert x.gradient.tolist() == [[3, 3, 0], [0, 1, 0]]


def test_methods_are_those_of_an_array():
    x = spread(1, (2, 3))
    v = mg.Variable(x)
    for ours, numpys in (
        (v.sum(axis=0), x.sum(axis=0)),
        (v.mean(axis=-1, keepdims=True), x.mean(axis=-1, keepdims=True)),
        (v.max(), x.max()),
        (v.reshape(3, -1), x.reshape(3, -1)),
        (v.reshape((3, 2)), x.reshape((3, 2))),
        (v.T, x.T),
    ):
        assert np.array_equal(mg.forward(mg.topological_sort(ours)), numpys)
    assert (len(v), v.ndim, v.size) == (2, 2, 6) and len(list(v)) == 2


# -- matrices, choices, shapes, indices ----------------------------------------------------


@st.composite
def products(draw):
    n, k, m = (draw(st.integers(1, 3)) for _ in range(3))
    stacks = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=2)).input_shapes
    x = draw(st.sampled_from([(k,), (*stacks[0], n, k)]))
    y = draw(st.sampled_from([(k,), (*stacks[1], k, m)]))
    return x, y


@given(seed=seeds, case=products())
def test_products_of_matrices_vectors_and_stacks(seed, case):
    x, y = spread(seed, case[0]), spread(seed + 1, case[1])
    value = check(np.matmul, x, y, operator=operators.MatMul)
    np.testing.assert_allclose(value, x @ y, rtol=1e-13, atol=1e-13)


@given(seed=seeds, three=mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
def test_choosing_between_two_arrays(seed, three):
    c, x, y = (spread(seed + i, shape) for i, shape in enumerate(three.input_shapes))
    value = check(lambda x, y: np.where(c > 0, x, y), x, y, operator=operators.Where)
    assert np.array_equal(value, np.where(c > 0, x, y))


@given(seed=seeds, shape=array_shapes(min_dims=0, max_dims=4, max_side=4), data=st.data())
def test_reshaping_and_transposing(seed, shape, data):
    x = spread(seed, shape)
    flat = check(lambda x: np.reshape(x, -1), x, operator=operators.Reshape)
    assert np.array_equal(flat, x.reshape(-1))
    assert np.array_equal(check(lambda x: x.reshape(x.shape[::-1]), x), x.reshape(shape[::-1]))
    axes = data.draw(st.none() | st.permutations(range(len(shape))))
    value = check(lambda x: np.transpose(x, axes), x, operator=operators.Transpose)
    assert np.array_equal(value, np.transpose(x, axes))
    if axes:
        negative = [axis - len(shape) for axis in axes]
        assert np.array_equal(check(lambda x: np.transpose(x, negative), x), value)


@given(seed=seeds, shape=array_shapes(max_dims=3, max_side=3), data=st.data())
def test_zeros_around_an_array(seed, shape, data):
    x, side = spread(seed, shape), st.tuples(st.integers(0, 2), st.integers(0, 2))
    widths = data.draw(st.integers(0, 2) | side | st.tuples(*[side] * len(shape)))
    value = check(lambda x: np.pad(x, widths), x, operator=operators.Pad)
    assert np.array_equal(value, np.pad(x, widths))


@given(seed=seeds, shape=array_shapes(max_dims=3, max_side=3), data=st.data())
def test_arrays_joined_along_any_axis(seed, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    parts = []
    for i, length in enumerate(lengths):
        part = list(shape)
        part[axis] = length
        parts.append(spread(seed + i, tuple(part)))
    value = check(
        lambda *parts: np.concatenate(parts, axis=axis), *parts, operator=operators.Concatenate
    )
    assert np.array_equal(value, np.concatenate(parts, axis=axis))


@given(seed=seeds, shape=shapes)
def test_a_moving_average_lets_its_input_through(seed, shape):
    x = spread(seed, shape)
    average = mg.Variable(np.zeros(shape))
    value = check(
        lambda x: operators.MovingAverage(x, average, 0.9), x, operator=operators.MovingAverage
    )
    assert np.array_equal(value, x)


@given(seed=seeds, shape=array_shapes(max_dims=3, max_side=4), data=st.data())
def test_slices_new_axes_and_ellipses(seed, shape, data):
    index = data.draw(basic_indices(shape, allow_newaxis=True))
    x = spread(seed, shape)
    if x[index].size:
        assert np.array_equal(check(lambda x: x[index], x, operator=operators.Index), x[index])


@given(seed=seeds, n=st.integers(1, 5), data=st.data())
def test_picking_with_arrays_adds_up_what_is_picked_twice(seed, n, data):
    picked = np.array(data.draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=8)))
    x = spread(seed, (n, 2))
    assert np.array_equal(check(lambda x: x[picked], x), x[picked])
    mask = np.arange(2 * n).reshape(n, 2) % 3 == 0
    assert np.array_equal(check(lambda x: x[mask], x), x[mask])


# -- activations and losses ----------------------------------------------------------------

ACTIVATIONS = {
    operators.Relu: {},
    operators.Elu: {"alpha": 0.7},
    operators.Sigmoid: {},
    operators.Gelu: {},
    operators.Penalty: {"l1": 0.3, "l2": 0.2},
}
ALONG_AN_AXIS = (operators.Softmax, operators.LogSoftmax)
CROSS_ENTROPIES = (cross_entropy.SoftmaxCrossEntropy, cross_entropy.SparseSoftmaxCrossEntropy)
OTHERS = (
    *(operators.Convolve, operators.MaxPool, operators.AveragePool),
    operators.ConvolveTransposed,
    *(dropout.Dropout, rescaling.Rescale, operators.Index, operators.MovingAverage),
)


def derived(kind):
    """All classes derived from one, those that are derived from others among them."""
    return {c for below in kind.__subclasses__() for c in (below, *derived(below))}


@given(seed=seeds, data=st.data())
def test_a_transposed_convolution_is_what_a_convolution_does_to_a_gradient(seed, data):
    window, strides, size = (data.draw(st.tuples(*[st.integers(1, 3)] * 2)) for _ in range(3))
    padding = data.draw(st.sampled_from(["valid", "same"]))
    x, kernel = spread(seed, (2, *size, 3)), spread(seed + 1, (*window, 2, 3))
    value = check(
        lambda x, k: operators.ConvolveTransposed(x, k, strides, padding),
        x,
        kernel,
        operator=operators.ConvolveTransposed,
    )
    pictures = mg.Variable(np.zeros(value.shape))
    order = mg.topological_sort(operators.Convolve(pictures, kernel, strides, padding))
    assert mg.forward(order).shape == x.shape
    mg.backward(order, x)
    np.testing.assert_allclose(value, pictures.gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("operator", [operators.Convolve, operators.ConvolveTransposed])
@pytest.mark.parametrize(
    ("images", "kernel", "sentence"),
    [
        ((1, 4, 4, 2), (3, 3, 2), "wants a kernel of shape"),
        ((1, 4, 4, 2), (3, 3), "wants a kernel of shape"),
        ((1, 4, 4), (3, 3, 1, 1), "image"),
        ((1, 4), (3, 3, 1, 1), "image"),
        ((1, 4, 4, 2), (3, 3, 3, 3), "2 channels"),
    ],
)
def test_a_convolution_says_what_it_wants(operator, images, kernel, sentence):
    with pytest.raises(ValueError, match=f"{operator.__name__}.*({sentence})"):
        operator(np.zeros(images), np.zeros(kernel))


def test_every_operator_of_the_library_is_checked():
    for module in pkgutil.walk_packages(mg.__path__, "minigrad."):
        if module.name.startswith(("minigrad.operators", "minigrad.engine", "minigrad.layers")):
            importlib.import_module(module.name)
    classes = {
        c for c in derived(mg.Operator) if c.__module__.startswith("minigrad.") and defined(c)
    }
    bases = {base for c in classes for base in c.__mro__[1:]}
    covered = {o for o in graph.NUMPY_FUNCTIONS.values() if defined(o)}
    assert classes - bases == {
        *covered,
        *ACTIVATIONS,
        *ALONG_AN_AXIS,
        *CROSS_ENTROPIES,
        *OTHERS,
    }


def normal_below(x):
    """The part of normally distributed numbers that is below x, by the C library."""
    return math.erfc(-x / math.sqrt(2)) / 2


def test_gelu_to_a_few_roundings_where_it_is_tiny_or_huge_too():
    x = np.concatenate([np.linspace(-12, 12, 4801), [-1e300, -38, 38, 1e300]])
    value, wanted = activations.gelu(x), x * np.vectorize(normal_below)(x)
    assert np.all(np.abs(value - wanted) <= 6e-16 * np.maximum(np.abs(x), 1))
    tiny = (x > -12) & (x < 12)
    np.testing.assert_allclose(value[tiny], wanted[tiny], rtol=4e-14)  # erfc's argument is rounded
    single = activations.gelu(x[:-4].astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, wanted[:-4], rtol=0, atol=1.2e-6)


@pytest.mark.parametrize("operator", ACTIVATIONS, ids=lambda o: o.__name__)
@given(seed=seeds, shape=shapes)
def test_activations(operator, seed, shape):
    options = ACTIVATIONS[operator]
    x = spread(seed, shape)
    value = check(lambda x: operator(x, **options), x, operator=operator)
    expected = {
        operators.Relu: lambda x: x * (x > 0),
        operators.Elu: lambda x: np.where(x > 0, x, 0.7 * (np.exp(x) - 1)),
        operators.Sigmoid: lambda x: 1 / (1 + np.exp(-x)),
        operators.Gelu: lambda x: x * np.vectorize(normal_below, otypes=[float])(x),
        operators.Penalty: lambda x: np.sum(0.3 * abs(x)) + np.sum(0.2 * x**2),
    }[operator](x)
    np.testing.assert_allclose(value, expected, rtol=1e-13)


@pytest.mark.parametrize("operator", ALONG_AN_AXIS, ids=lambda o: o.__name__)
@given(seed=seeds, shape=array_shapes(max_dims=3, max_side=4), data=st.data())
def test_softmax_along_an_axis(operator, seed, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = spread(seed, shape)
    value = check(lambda x: operator(x, axis=axis), x, operator=operator)
    probabilities = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    expected = probabilities if operator is operators.Softmax else np.log(probabilities)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13)


@given(seed=seeds, batch=st.integers(1, 4), classes=st.integers(1, 5))
def test_cross_entropies(seed, batch, classes):
    logits = spread(seed, (batch, classes))
    labels = np.random.default_rng(seed).integers(classes, size=batch)
    sparse, dense = CROSS_ENTROPIES[1], CROSS_ENTROPIES[0]
    targets = np.abs(spread(seed + 1, (batch, classes)))
    check(lambda z: sparse(z, labels), logits, operator=sparse)
    value = check(dense, logits, targets, operator=dense)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -(targets * log_probabilities).sum(axis=1)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14)


def test_extreme_numbers_give_finite_values_and_gradients():
    for f in (
        *(activations.relu, activations.elu, activations.sigmoid, activations.tanh),
        *(activations.softmax, activations.log_softmax),
    ):
        x = mg.Variable([-1e3, -1.0, 0.0, 1.0, 1e3])
        order = mg.topological_sort(f(x))
        with np.errstate(all="raise", under="ignore"):
            assert np.isfinite(mg.forward(order)).all(), f
            mg.backward(order, np.ones(5))
        assert np.isfinite(x.gradient).all(), f


@given(seed=seeds, shape=shapes, rate=st.sampled_from([0.0, 0.3, 0.9]))
def test_dropout_and_rescaling(seed, shape, rate):
    x = spread(seed, shape)
    generator = np.random.default_rng(seed)
    check(lambda x: dropout.Dropout(x, rate, generator), x, operator=dropout.Dropout)
    value = check(
        lambda x: rescaling.Rescale(x, 0.5, -1, dtype=np.float64), x, operator=rescaling.Rescale
    )
    np.testing.assert_allclose(value, x / 2 - 1)


# -- what does not fit is refused, by name -------------------------------------------------


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda x: x + np.ones(4), r"Add: shapes \(2, 3\) and \(4,\) do not broadcast"),
        (lambda x: x @ np.ones((2, 3)), r"MatMul: .* 3 columns against 2 rows"),
        (lambda x: np.matmul(x, 2.0), "a scalar has no rows"),
        (lambda x: x.sum(axis=2), r"Sum: no axis 2 in shape \(2, 3\)"),
        (lambda x: x.reshape(4), r"Reshape: 6 elements of shape \(2, 3\) do not fill"),
        (lambda x: np.transpose(x, (0, 0)), "Transpose: axes"),
        (lambda x: np.pad(x, -1), "Pad: pad_width is .* got -1"),
        (lambda x: np.pad(x, ((1, 1),) * 3), "Pad: pad_width"),
        (lambda x: mg.operators.Convolve(x, np.ones((2, 2, 1, 1))), r"\(batch, height, width, channel\)"),
        (lambda x: mg.operators.MaxPool(x.reshape(1, 2, 3, 1), 5), "kernel 5×5 does not fit a 2×3 input"),
        (
            lambda x: mg.operators.Convolve(x.reshape(1, 2, 3, 1), np.ones((1, 1, 2, 1)), name="c"),
            r'Convolve "c": .* 1 channels, the kernel .* wants 2',
        ),
        (lambda x: mg.operators.MaxPool(x.reshape(1, 2, 3, 1), padding="full"), "padding is .* got 'full'"),
        (lambda x: mg.operators.MaxPool(x.reshape(1, 2, 3, 1), strides=0), "strides is a whole number"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_refused_when_the_graph_is_built(build, message):
    with pytest.raises(ValueError, match=message):
        build(mg.Variable(np.ones((2, 3))))


def test_an_index_that_does_not_fit_is_refused():
    with pytest.raises(IndexError, match=r"Index of shape \(2, 3\): .*out of bounds"):
        mg.Variable(np.ones((2, 3)))[5]


def test_a_reshape_of_whole_samples_keeps_them_apart():
    x = mg.Variable(np.zeros((4, 6)))
    reshaped = np.reshape(x, (4, 2, 3))
    assert reshaped.keeps_samples_apart([True]) is True
    assert reshaped.keeps_samples_apart([False]) is False


def test_images_without_channels_are_told_how_to_get_them():
    layer = mg.layers.Conv2D(2, 3)
    with pytest.raises(ValueError, match=r"got \(None, 28, 28\) \(a Reshape of the data to"):
        layer.compute_output_shape((None, 28, 28))
    with pytest.raises(ValueError, match=r"got \(None, 28\)$"):
        layer.compute_output_shape((None, 28))


def test_a_cross_entropy_needs_an_axis_of_classes():
    with pytest.raises(ValueError, match=r"predictions have shape \(\), labels \(\)"):
        cross_entropy.SparseSoftmaxCrossEntropy(mg.Variable(1.0), np.array(0))
    one = cross_entropy.SparseSoftmaxCrossEntropy(mg.Variable([1.0, 1.0]), np.array(0))
    assert one.shape == ()
