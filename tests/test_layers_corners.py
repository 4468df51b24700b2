"""Corners of layers and of the graph: what is built twice, held twice, shaped or named otherwise."""

import numpy as np
import pytest
from test_engine import floats

import minigrad as mg

L = mg.layers


# Built and held


class Block(L.Layer):
    def __init__(self):
        super().__init__()
        self.parts, self.scales, self.seen = [], {}, set()

    def build(self, shape):
        for _ in range(2):
            self.parts.append(L.Dense(4))
        self.scales["one"] = self.add_weight((4,), "ones")
        self.seen.add(shape)

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x * self.scales["one"]


def test_a_layer_that_fills_its_collections_in_build_is_built_once():
    eager, in_a_model = Block(), Block()
    eager(np.ones((1, 4)))
    model = mg.Sequential([mg.Input((4,)), in_a_model])
    for block in (eager, in_a_model):
        assert len(block.parts) == 2 and len(block.weights) == 5 and len(block.seen) == 1
        assert block.scales["one"] in block.weights
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4)), np.zeros((4, 4)), verbose=0)


class Twice(L.Layer):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(1, use_bias=False, kernel_initializer="ones")
        self.all = [self.dense]

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("eagerly", [True, False])
def test_a_layer_that_is_held_twice_takes_one_step(eagerly):
    model = mg.Sequential([mg.Input((1,)), Twice()])
    model.compile(mg.optimizers.SGD(0.25), "mse", run_eagerly=eagerly)
    assert model.count_params() == 1 and len(model.get_weights()) == 1
    model.fit(np.ones((1, 1)), np.zeros((1, 1)), verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], [[0.5]])


class Scale(L.Layer):
    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self._f = factor

    def call(self, x):
        return x * self._f


def test_a_layer_that_does_not_tell_an_argument_is_not_copied_with_another():
    model = mg.Sequential([mg.Input((1,)), Scale(10.0)])
    with pytest.raises(NotImplementedError, match=r"self\.factor"):
        mg.models.clone_model(model)


def test_a_layer_of_one_s_own_may_tell_its_arguments_itself():
    class Telling(Scale):
        def get_config(self):
            return {**super().get_config(), "factor": self._f}

    class Louder(Scale):
        pass

    class Counting(mg.metrics.Metric):
        def __init__(self, name="count", dtype=None):
            super().__init__(name)

    model = mg.Sequential([mg.Input((1,)), Telling(10.0)])
    assert float(mg.models.clone_model(model)(np.ones((1, 1)))[0, 0]) == 10
    assert Counting("some").get_config()["name"] == "some"
    with pytest.raises(NotImplementedError, match=r"self\.factor"):
        Louder(10.0).get_config()


@pytest.mark.parametrize("dtype", [None, "uint8", "float32", "float64"])
def test_an_input_tells_the_dtype_that_it_was_given(dtype):
    layer = L.InputLayer((4,), dtype=dtype)
    assert layer.get_config()["dtype"] == dtype
    assert L.InputLayer.from_config(layer.get_config())._given_dtype == layer._given_dtype


# Shapes


@pytest.mark.parametrize("kind", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
@pytest.mark.parametrize("shapes", [((3,), (4, 3)), ((4, 3), (3,)), ((1,), (2, 4, 3))])
def test_inputs_of_fewer_axes_meet_as_in_keras(keras, kind, shapes):
    rng = np.random.default_rng(0)
    if kind == "Subtract" and shapes[0] == (1,):
        shapes = shapes[::-1]
    arrays = [rng.normal(size=(4, *shape)).astype(np.float32) for shape in shapes]
    mine = getattr(L, kind)()(arrays)
    np.testing.assert_allclose(mine, getattr(keras.layers, kind)()(arrays), rtol=1e-6)
    inputs = [mg.Input(shape) for shape in shapes]
    model = mg.Model(inputs, getattr(L, kind)()(inputs))
    np.testing.assert_allclose(model.predict(arrays, verbose=0), mine, rtol=1e-6)


def test_a_weight_that_meets_samples_has_no_axis_of_theirs():
    class Gain(L.Layer):
        def __init__(self, shape):
            super().__init__()
            self.shape, self.multiply = shape, L.Multiply()

        def build(self, shape):
            self.gain = self.add_weight(self.shape, "ones")

        def call(self, x):
            return self.multiply([x, self.gain])

    for shape in ((), (4,)):
        for batch in (2, 4):
            model = mg.Sequential([mg.Input((4,)), Gain(shape)])
            model.set_weights([np.arange(1.0, 5.0) if shape else np.array(3.0)])
            expected = np.broadcast_to(model.get_weights()[0], (batch, 4))
            x = np.ones((batch, 4), np.float32)
            np.testing.assert_array_equal(model.predict(x, verbose=0), expected)


def test_one_hot_keeps_an_axis_of_one():
    assert mg.keras.ops.one_hot([], 3).shape == (0, 3)
    labels = np.array([[1], [0]])
    for given in (labels, mg.Constant(labels)):
        assert mg.keras.ops.one_hot(given, 2).shape == (2, 1, 2)
    assert mg.keras.ops.one_hot(1, 3).shape == (3,)


def test_lengths_and_axes_that_are_not_there_are_refused():
    ops, x = mg.keras.ops, np.arange(5)
    assert [len(p) for p in ops.split(x, num_or_size_splits=[-1, 2])] == [3, 2]
    assert [len(p) for p in ops.split(x, num_or_size_splits=[1, -1, 2])] == [1, 2, 2]
    for lengths in ([1, 1], [4, 2], [-1, -1], [6, -1]):
        with pytest.raises(ValueError, match="split"):
            ops.split(x, num_or_size_splits=lengths)
    for call in (
        lambda: ops.expand_dims(np.ones(3), 2),
        lambda: ops.squeeze(np.ones((1, 3)), 2),
        lambda: ops.squeeze(np.ones((1, 3)), -3),
    ):
        with pytest.raises(ValueError, match="out of bounds"):
            call()
    assert ops.expand_dims(np.ones(3), -1).shape == (3, 1)
    assert ops.squeeze(np.ones((1, 3, 1)), (0, -1)).shape == (3,)


@pytest.mark.parametrize("name", ["relu", "elu", "sigmoid", "softmax", "silu", "relu6", "gelu"])
def test_an_activation_may_be_called_on_a_model_s_tensor(name):
    x = mg.Input((4,))
    model = mg.Model(x, getattr(mg.activations, name)(x))
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    expected = getattr(mg.activations, name)(values)
    np.testing.assert_allclose(model.predict(values, verbose=0), expected, rtol=1e-5, atol=1e-7)


# The graph


def test_numbers_of_several_shapes_may_be_put_in_a_row():
    x, y = mg.Variable(np.ones((2, 2))), mg.Variable(np.full(3, 2.0))
    weights = np.arange(7.0)
    order = mg.topological_sort(np.sum(np.concatenate([x, y], axis=None) * weights))
    assert mg.forward(order) == 6 + 30
    mg.backward(order)
    np.testing.assert_array_equal(x.gradient, [[0, 1], [2, 3]])
    np.testing.assert_array_equal(y.gradient, [4, 5, 6])
    assert mg.check_gradient(np.concatenate([x * x, y], axis=None))


def test_a_node_that_another_wanted_one_needs_cannot_be_the_last():
    x = mg.Variable(3.0, name="x")
    y = x * x
    z = 10.0 * y
    with pytest.raises(ValueError, match="give it first"):
        mg.topological_sort(z, y)
    assert "4 nodes" in repr(mg.display.draw([z, y]))
    assert mg.topological_sort(y, z)[-1] is z and mg.topological_sort(z, z)[-1] is z


def test_a_gradient_check_leaves_moving_averages_as_they_were():
    with floats("float64"):
        layer = L.BatchNormalization()
        result = layer(mg.Variable(np.random.default_rng(0).normal(5, 1, (8, 2))), training=True)
    before = [np.array(weight.value) for weight in layer.weights]
    mg.check_gradient(result)
    for weight, value in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(weight.value, value)
