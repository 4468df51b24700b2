"""Layers: the same values and gradients as Keras's, and gradients that hold numerically."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.gradcheck import check_gradient

few = settings(max_examples=12)


def distinct(shape, seed=0):
    """Numbers in −1…1 of which no two are near each other: no kink of a maximum is met."""
    count = int(np.prod(shape))
    return (np.random.default_rng(seed).permutation(count).reshape(shape) + 0.5) / count * 2 - 1


def pictures(largest=6):
    lengths = st.integers(3, largest)
    return st.tuples(st.integers(1, 3), lengths, lengths, st.integers(1, 3))


def value(node):
    return mg.forward(mg.topological_sort(node))


# -- gradients hold numerically ------------------------------------------------------------
@few
@given(
    shape=pictures(),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.sampled_from(["valid", "same"]),
    activation=st.sampled_from([None, "tanh", "sigmoid", "elu"]),
)
def test_conv2d_gradient(shape, kernel, strides, padding, activation):
    layer = mg.layers.Conv2D(2, kernel, strides, padding, activation=activation, dtype="float64")
    assert check_gradient(layer, distinct(shape))


@few
@given(
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    units=st.integers(1, 4),
    activation=st.sampled_from([None, "softmax", "tanh"]),
)
def test_dense_gradient(shape, units, activation):
    assert check_gradient(mg.layers.Dense(units, activation, dtype="float64"), distinct(shape))


@few
@given(
    kind=st.sampled_from(["MaxPooling2D", "AveragePooling2D"]),
    shape=pictures(),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.none() | st.integers(1, 3),
    padding=st.sampled_from(["valid", "same"]),
)
def test_pooling_gradient(kind, shape, window, strides, padding):
    layer = getattr(mg.layers, kind)(window, strides, padding)
    assert check_gradient(layer, distinct(shape))


@pytest.mark.parametrize(
    "layer",
    [
        mg.layers.Flatten(),
        mg.layers.Activation("sigmoid"),
        mg.layers.Rescaling(0.5, offset=-1.0, dtype="float64"),
        mg.layers.Permute((2, 1)),
    ],
    ids=lambda layer: layer.name,
)
def test_gradient_of_layers_without_weights(layer):
    assert check_gradient(layer, distinct((3, 4, 2)))


@few
@given(
    shape=pictures(4),
    sides=st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2),
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_gradients_of_padding_and_upsampling(shape, sides, size):
    for layer in (mg.layers.ZeroPadding2D(sides), mg.layers.UpSampling2D(size)):
        assert check_gradient(layer, distinct(shape))


MERGED = ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")


@pytest.mark.parametrize("kind", MERGED)
@few
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4), count=st.integers(2, 4))
def test_gradients_where_branches_meet(kind, shape, count):
    inputs = distinct((2 if kind == "Subtract" else count, *shape))
    assert check_gradient(lambda *nodes: getattr(mg.layers, kind)()(list(nodes)), *inputs)


@pytest.mark.parametrize("kind", MERGED)
def test_where_branches_meet_values_and_gradients_are_keras_s(keras, kind):
    import tensorflow as tf

    shape = (2 if kind == "Subtract" else 3, 4, 5)
    arrays, cotangent = distinct(shape).astype("float32"), distinct((4, 5), 3).astype("float32")
    sources, nodes = list(map(tf.constant, arrays)), list(map(mg.Variable, arrays))
    with tf.GradientTape() as tape:
        tape.watch(sources)
        theirs = getattr(keras.layers, kind)()(sources)
    order = mg.topological_sort(getattr(mg.layers, kind)()(nodes))
    np.testing.assert_allclose(mg.forward(order), theirs, rtol=1e-6)
    mg.backward(order, cotangent)
    wanted = tape.gradient(theirs, sources, output_gradients=cotangent)
    for node, gradient in zip(nodes, wanted, strict=True):
        np.testing.assert_allclose(node.gradient, gradient, rtol=1e-6)


def test_subtract_takes_two():
    inputs = [np.zeros((1, 2))] * 3
    with pytest.raises(ValueError, match='Subtract "s": is called on two inputs, got 3'):
        mg.layers.Subtract(name="s")(inputs)


def test_dropout_gradient_goes_where_the_numbers_went():
    x = mg.Variable(np.ones((50, 40)))
    y = mg.layers.Dropout(0.25, seed=1)(x, training=True)
    order = mg.topological_sort(y.sum())
    mg.forward(order)
    mg.backward(order)
    assert set(np.unique(y.value)) == {0, 1 / 0.75}
    assert np.mean(y.value == 0) == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(x.gradient, y.value)  # x is all ones


def test_dropout_draws_anew_in_every_sweep_and_the_same_after_the_same_seed():
    def masks():
        y = mg.layers.Dropout(0.5, seed=3)(mg.Constant(np.ones((4, 8))), training=True)
        return value(y), value(y)

    first, second = masks()
    assert np.any(first != second)
    np.testing.assert_array_equal(masks(), (first, second))


def test_dropout_of_everything_is_zero():
    assert not np.any(value(mg.layers.Dropout(1.0)(mg.Constant(np.ones((2, 3))), training=True)))


# -- the same as Keras ---------------------------------------------------------------------
CASES = {
    "conv valid": ("Conv2D", (3, 2), {"activation": "relu"}, (2, 7, 6, 3)),
    "conv same": ("Conv2D", (4, 3), {"padding": "same", "activation": "elu"}, (2, 5, 6, 2)),
    "conv strides": ("Conv2D", (2, (3, 2)), {"strides": (2, 3), "padding": "same"}, (2, 7, 8, 1)),
    "conv strides valid": ("Conv2D", (2, 3), {"strides": 2, "use_bias": False}, (2, 8, 7, 2)),
    "max": ("MaxPooling2D", (), {}, (2, 5, 6, 2)),
    "max same": ("MaxPooling2D", (3,), {"strides": 2, "padding": "same"}, (2, 6, 7, 2)),
    "average": ("AveragePooling2D", ((2, 3),), {}, (2, 5, 6, 2)),
    "average same": ("AveragePooling2D", (3,), {"strides": 2, "padding": "same"}, (2, 6, 7, 2)),
    "flatten": ("Flatten", (), {}, (2, 3, 4, 2)),
    "dense": ("Dense", (4,), {"activation": "sigmoid"}, (3, 5)),
    "dense on pictures": ("Dense", (4,), {"activation": "softmax"}, (2, 3, 4, 5)),
    "dense without bias": ("Dense", (4,), {"use_bias": False, "activation": "tanh"}, (3, 5)),
    "activation": ("Activation", ("softmax",), {}, (3, 5)),
    "rescaling": ("Rescaling", (0.25,), {"offset": -1.0}, (3, 5)),
    "dropout at rest": ("Dropout", (0.5,), {}, (3, 5)),
    "softmax": ("Softmax", (), {}, (3, 5)),
    "softmax over rows": ("Softmax", (1,), {}, (2, 3, 4)),
    "relu": ("ReLU", (), {}, (3, 5)),
    "relu, all": ("ReLU", (0.7, 0.1, 0.2), {}, (3, 5)),
    "relu, nothing above 0": ("ReLU", (0.0,), {}, (3, 5)),
    "leaky": ("LeakyReLU", (), {}, (3, 5)),
    "elu": ("ELU", (0.5,), {}, (3, 5)),
    "reshape": ("Reshape", ((2, -1),), {}, (3, 4, 2)),
    "global mean": ("GlobalAveragePooling2D", (), {}, (2, 3, 4, 2)),
    "global mean, axes kept": ("GlobalAveragePooling2D", (), {"keepdims": True}, (2, 3, 4, 2)),
    "global max": ("GlobalMaxPooling2D", (), {}, (2, 3, 4, 2)),
    "padded": ("ZeroPadding2D", (), {}, (2, 3, 4, 2)),
    "padded, two numbers": ("ZeroPadding2D", ((2, 1),), {}, (2, 3, 4, 2)),
    "padded, four numbers": ("ZeroPadding2D", (((0, 1), (2, 3)),), {}, (1, 3, 4, 2)),
    "larger": ("UpSampling2D", (), {}, (2, 3, 4, 2)),
    "larger, a pair": ("UpSampling2D", ((3, 1),), {}, (1, 2, 3, 1)),
    "the other way": ("Conv2DTranspose", (3, 3), {}, (2, 3, 4, 2)),
    "the other way, same": ("Conv2DTranspose", (3, 3, 2, "same"), {}, (2, 3, 4, 2)),
    "the other way, even": (
        "Conv2DTranspose",
        (2, 4, 2, "same"),
        {"activation": "elu"},
        (1, 3, 2, 1),
    ),
    "the other way, far": (
        "Conv2DTranspose",
        (3, (2, 1), (3, 2)),
        {"use_bias": False},
        (2, 3, 4, 2),
    ),
    "the other way, far, same": ("Conv2DTranspose", (1, (1, 4), (3, 2), "same"), {}, (2, 3, 4, 2)),
    "leaky, as of old": ("LeakyReLU", (), {"alpha": 0.2}, (3, 5)),
    "turned": ("Permute", ((3, 1, 2),), {}, (2, 3, 4, 2)),
    **{
        name: ("Activation", (name,), {}, (4, 6))
        for name in (
            "gelu",
            "hard_sigmoid",
            "mish",
            "relu6",
            "softsign",
            "leaky_relu",
            "selu",
            "silu",
            "swish",
            "softplus",
            "exponential",
            "log_softmax",
        )
    },
}


@pytest.mark.parametrize("kind, arguments, options, shape", CASES.values(), ids=CASES)
def test_values_shapes_and_gradients_are_keras_s(keras, kind, arguments, options, shape):
    import tensorflow as tf

    x = distinct(shape).astype("float32")
    theirs = getattr(keras.layers, kind)(*arguments, **options)
    ours = getattr(mg.layers, kind)(*arguments, **options)
    theirs(x)
    node = mg.Variable(x)
    result = ours(node)
    weights = [distinct(w.shape, seed=7).astype("float32") for w in theirs.weights]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    cotangent = distinct(result.shape, seed=3).astype("float32")

    sources = [tf.constant(x), *[w.value for w in theirs.trainable_weights]]
    with tf.GradientTape() as tape:
        tape.watch(sources[0])
        theirs_result = theirs(sources[0])
    theirs_gradients = tape.gradient(theirs_result, sources, output_gradients=cotangent)

    order = mg.topological_sort(result)
    np.testing.assert_allclose(mg.forward(order), theirs_result, rtol=1e-5, atol=1e-6)
    if result is not node:
        mg.backward(order, cotangent)
        for variable, gradient in zip([node, *ours.weights], theirs_gradients, strict=True):
            np.testing.assert_allclose(variable.gradient, gradient, rtol=1e-4, atol=1e-5)
    open_shape = (None, *shape[1:])
    assert ours.compute_output_shape(open_shape) == tuple(theirs.compute_output_shape(open_shape))
    assert ours.count_params() == theirs.count_params()
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]


def test_automatic_names_follow_keras_s_scheme(monkeypatch):
    monkeypatch.setattr(mg.layers.base, "made", type(mg.layers.base.made)())
    kinds = [mg.layers.Conv2D(1, 1), mg.layers.Conv2D(1, 1), mg.layers.MaxPooling2D()]
    assert [layer.name for layer in kinds] == ["conv2d", "conv2d_1", "max_pooling2d"]


# -- layers of one's own -------------------------------------------------------------------
class Residual(mg.layers.Layer):
    """x + scale · dense(x): weights of its own and a layer inside."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = mg.layers.Dense(3, "tanh", dtype="float64")

    def build(self, input_shape):
        self.scale = self.add_weight((), "ones", name="scale", dtype="float64")
        self.calls = self.add_weight((1,), "zeros", trainable=False, name="calls")

    def call(self, inputs):
        return inputs + self.scale * self.inner(inputs)


def test_a_layer_of_one_s_own_with_a_layer_inside():
    layer = Residual(name="mine")
    assert check_gradient(layer, distinct((2, 3)))
    names = [weight.name for weight in layer.weights]
    assert names[:2] == ["mine/scale", "mine/calls"] and names[2].endswith("/kernel")
    assert layer.calls not in layer.trainable_weights and layer.calls in layer.weights
    assert layer.count_params() == 1 + 1 + 12


def test_a_layer_of_one_s_own_trains_in_a_model():
    mg.utils.set_random_seed(1)
    model = mg.Sequential([mg.Input((3,)), Residual()])
    model.compile(mg.optimizers.Adam(0.05), "mse")
    x = distinct((8, 3))
    history = model.fit(x, 2 * x, epochs=50, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2


def test_a_layer_knows_whether_the_graph_is_for_training():
    class Tell(mg.layers.Layer):
        def call(self, inputs, training=False):
            return inputs * (2.0 if training else 1.0)

    layer = Tell()
    assert layer(np.ones((1, 1)), training=True) == 2
    assert layer(np.ones((1, 1))) == 1


def test_a_frozen_layer_stays_as_it_is():
    frozen = mg.layers.Dense(3, trainable=False)
    model = mg.Sequential([mg.Input((3,)), frozen, mg.layers.Dense(1)])
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.fit(distinct((4, 3)), distinct((4, 1)), verbose=0)
    changed = [bool(np.any(a != b)) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True]


def test_nodes_are_named_after_their_layer():
    conv = mg.layers.Conv2D(2, 2, activation="relu", name="edges")
    node = conv(mg.Constant(np.zeros((1, 4, 4, 1))))
    names = {n.label: n.name for n in mg.topological_sort(node) if isinstance(n, mg.Operator)}
    assert names == {"convolve": "edges", "add": "edges", "relu": "edges"}


# -- errors teach --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: mg.layers.Dense(0), "Dense: units is a whole number of at least 1, got 0"),
        (lambda: mg.layers.Conv2D(8, 0), "Conv2D: kernel_size"),
        (lambda: mg.layers.Conv2D(8, 2, padding="full"), 'padding is "valid" or "same"'),
        (lambda: mg.layers.Conv2D(8, 2, groups=2), "groups=2 is not covered"),
        (lambda: mg.layers.Conv2D(8, 2, data_format="channels_first"), "data_format"),
        (lambda: mg.layers.Dense(3, kernel_constraint="l2"), "kernel_constraint='l2' is not"),
        (lambda: mg.layers.Dense(3, activation="celu"), "activation 'celu' is not covered"),
        (lambda: mg.layers.Permute((0, 1)), "Permute: dims are"),
        (lambda: mg.layers.Permute((2, 1), name="p")(np.zeros((1, 2, 3, 4))), 'Permute "p": dims'),
        (lambda: mg.layers.ZeroPadding2D(-1), "ZeroPadding2D: padding is"),
        (lambda: mg.layers.UpSampling2D(0), "UpSampling2D: size is"),
        (lambda: mg.layers.UpSampling2D(interpolation="bilinear"), "interpolation='bilinear' is"),
        (lambda: mg.layers.ZeroPadding2D(name="p")(np.zeros((1, 4))), 'ZeroPadding2D "p": wants'),
        (lambda: mg.layers.Dense(3, kernel_initializer="glorot"), "initializer 'glorot'"),
        (lambda: mg.layers.Dropout(1.5), "rate is a number from 0 to 1"),
        (lambda: mg.layers.MaxPooling2D(padding=1), "MaxPooling2D: padding"),
        (lambda: mg.Input((28, None, 1)), "Input: shape is that of one sample"),
        (lambda: mg.Input((0,)), "Input: shape"),
        (
            lambda: mg.layers.Conv2D(8, 5, name="c")(np.zeros((1, 4, 4, 1))),
            'Conv2D "c": kernel 5×5 does not fit a 4×4 input with padding="valid"',
        ),
        (
            lambda: mg.layers.Conv2D(8, 2, name="c")(np.zeros((1, 28, 28))),
            r'Conv2D "c": wants images of shape \(batch, height, width, channel\)',
        ),
        (lambda: mg.layers.Dense(3, name="d").count_params(), 'Dense "d" has no weights yet'),
    ],
)
def test_errors_name_the_layer_and_what_was_wanted(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_layer_that_is_not_covered_is_named():
    with pytest.raises(AttributeError, match=r"no 'LayerNormalization'.*Dense.*to_keras"):
        mg.layers.LayerNormalization  # noqa: B018
    with pytest.raises(AttributeError, match=r"no 'Conv1D'\. Keras has it. Covered"):
        mg.layers.Conv1D  # noqa: B018
    with pytest.raises(AttributeError, match="Did you mean 'Conv2D'"):
        mg.layers.Convo2D  # noqa: B018


def test_an_argument_that_does_not_exist_is_named():
    with pytest.raises(
        TypeError, match=r"Conv2D has no argument 'kernal_size'\. Did you mean 'ker"
    ):
        mg.layers.Conv2D(8, 2, kernal_size=2)
    with pytest.raises(
        TypeError, match=r"Dense has no argument 'input_shap'\. Did you mean 'input_"
    ):
        mg.layers.Dense(8, input_shap=(3,))


def test_a_name_that_minigrad_lacks_points_to_keras():
    with pytest.raises(AttributeError, match=r"minigrad has no 'applications'.*to_keras"):
        mg.applications  # noqa: B018


def test_a_built_layer_refuses_another_input():
    layer = mg.layers.Dense(2, name="d")
    layer(np.zeros((1, 3)))
    with pytest.raises(ValueError, match='Dense "d": was built for 3 inputs'):
        layer.compute_output_shape((None, 4))


def test_wrong_weights_change_nothing():
    layer = mg.layers.Dense(2, name="d")
    layer(np.zeros((1, 3)))
    before = layer.get_weights()
    for wrong in ([np.ones((3, 2))], [np.ones((3, 2)), np.ones(3)], [np.ones((2, 3)), np.ones(2)]):
        with pytest.raises(ValueError, match='Dense "d"'):
            layer.set_weights(wrong)
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_weights_handed_out_are_copies():
    layer = mg.layers.Dense(2)
    layer(np.zeros((1, 3)))
    layer.get_weights()[0][...] = 7
    assert not np.any(layer.get_weights()[0] == 7)


@pytest.mark.parametrize(
    "given, message",
    [
        ([["a", "b"]], "dtype <U1"),
        ([[1.0], [2.0, 3.0]], "inhomogeneous"),
        (np.ma.masked_array([[1.0, 2.0]], [[True, False]]), "some are masked"),
    ],
)
def test_lists_of_numbers_are_one_input_and_nothing_else_is_taken_for_one(given, message):
    dense = mg.layers.Dense(2, kernel_initializer="ones", name="d")
    assert np.array_equal(dense([[1.0, 2.0], [3.0, 4.0]]), [[3, 3], [7, 7]])
    with pytest.raises(TypeError, match=f'Dense "d" wants real numbers, .*{message}'):
        dense(given)
