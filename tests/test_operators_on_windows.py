"""Convolution and pooling: values and gradients, over random windows and beside TensorFlow."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spreading import check, seeds, spread

import minigrad as mg
from minigrad import activations


@st.composite
def windows(draw):
    """A picture's shape, a window that fits, strides and padding."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    padding = draw(st.sampled_from(["valid", "same"]))
    tall = draw(st.integers(1, height if padding == "valid" else 4))
    wide = draw(st.integers(1, width if padding == "valid" else 4))
    strides = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    batch, channels = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    return (batch, height, width, channels), (tall, wide), strides, padding


def windows_of(images, size, strides, padding, fill):
    """Each window of the pictures, as the definition has it: (y, x, batch, i, j, channel)."""
    pads = [(0, 0)]
    for length, n, stride in zip(images.shape[1:3], size, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + n - length, 0)
        pads.append((total // 2, total - total // 2) if padding == "same" else (0, 0))
    padded = np.pad(images, [*pads, (0, 0)], constant_values=fill)
    rows = range(0, padded.shape[1] - size[0] + 1, strides[0])
    columns = range(0, padded.shape[2] - size[1] + 1, strides[1])
    return np.array([[padded[:, y : y + size[0], x : x + size[1]] for x in columns] for y in rows])


@given(seed=seeds, case=windows(), filters=st.integers(1, 3))
def test_convolution(seed, case, filters):
    shape, size, strides, padding = case
    images = spread(seed, shape)
    kernel = spread(seed + 1, (*size, shape[3], filters))
    value = check(
        lambda images, kernel: mg.operators.Convolve(images, kernel, strides, padding),
        images,
        kernel,
        operator=mg.operators.Convolve,
    )
    under = windows_of(images, size, strides, padding, fill=0)
    expected = np.einsum("yxbijc,ijcf->byxf", under, kernel)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "operator, reduce", [(mg.operators.MaxPool, np.nanmax), (mg.operators.AveragePool, np.nanmean)]
)
@given(seed=seeds, case=windows())
def test_pooling(operator, reduce, seed, case):
    shape, size, strides, padding = case
    images = spread(seed, shape)
    value = check(lambda x: operator(x, size, strides, padding), images, operator=operator)
    under = windows_of(images, size, strides, padding, fill=np.nan)  # padding does not count
    np.testing.assert_allclose(value, np.moveaxis(reduce(under, axis=(3, 4)), 2, 0), rtol=1e-12)


@pytest.fixture(scope="module")
def tensorflow():
    return pytest.importorskip("tensorflow")


def both_ways(tf, ours, theirs, *arrays):
    """Value and gradients of the two, weighted with the same numbers."""
    variables = [mg.Variable(a) for a in arrays]
    order = mg.topological_sort(ours(*variables))
    value = mg.forward(order)
    weights = spread(9, value.shape)
    mg.backward(order, weights)
    tensors = [tf.Variable(a) for a in arrays]
    with tf.GradientTape() as tape:
        result = theirs(*tensors)
        loss = tf.reduce_sum(result * weights)
    np.testing.assert_allclose(value, result, rtol=1e-12, atol=1e-12)
    for variable, gradient in zip(variables, tape.gradient(loss, tensors), strict=True):
        np.testing.assert_allclose(variable.gradient, gradient, rtol=1e-12, atol=1e-12)


GRID = list(
    itertools.product([(1, 1), (2, 2), (3, 2), (5, 5)], [(1, 1), (2, 2), (3, 1)], ["valid", "same"])
)


@pytest.mark.parametrize("size, strides, padding", GRID)
@pytest.mark.parametrize("channels, filters", [(1, 1), (3, 2)])
def test_convolution_is_tensorflows(tensorflow, size, strides, padding, channels, filters):
    both_ways(
        tensorflow,
        lambda x, k: mg.operators.Convolve(x, k, strides, padding),
        lambda x, k: tensorflow.nn.conv2d(x, k, strides, padding.upper()),
        spread(1, (2, 7, 6, channels)),
        spread(2, (*size, channels, filters)),
    )


@pytest.mark.parametrize("size, strides, padding", GRID)
@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
def test_pooling_is_tensorflows(tensorflow, kind, size, strides, padding, ties):
    nn = tensorflow.nn
    pool, theirs = {
        "max": (mg.operators.MaxPool, nn.max_pool2d),
        "average": (mg.operators.AveragePool, nn.avg_pool2d),
    }[kind]
    images = spread(3, (2, 7, 6, 3))
    both_ways(
        tensorflow,
        lambda x: pool(x, size, strides, padding),
        lambda x: theirs(x, size, strides, padding.upper()),
        np.round(images) if ties else images,
    )


@pytest.mark.parametrize("name", ["relu", "elu", "sigmoid", "tanh", "softmax", "log_softmax"])
def test_activations_are_tensorflows(tensorflow, name):
    x = np.append(spread(4, 19), 0.0).reshape(4, 5)  # the kink as well
    both_ways(tensorflow, getattr(activations, name), getattr(tensorflow.nn, name), x)
