"""Finite differences against exact derivatives, and the gradient check against known mistakes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.gradcheck import STEPS, check_gradient, finite_difference
from minigrad.operators.dropout import Dropout

numbers = st.floats(-3, 3)
WORST = {"forward": 1e-6, "central": 1e-9, "complex": 1e-15}


@pytest.mark.parametrize("method", STEPS)
@given(x=numbers)
def test_each_method_is_as_accurate_as_its_formula(method, x):
    slope = finite_difference(lambda t: np.sin(t) * np.exp(t), x, method)
    exact = np.exp(x) * (np.sin(x) + np.cos(x))
    assert abs(slope - exact) < WORST[method] * max(1.0, np.exp(x) * 2)


def test_truncation_and_rounding_make_a_v():
    def error(method, step):
        return abs(finite_difference(np.exp, 1.0, method, step) - np.e)

    # halving h halves the error of the forward formula and quarters that of the central one
    assert error("forward", 1e-3) / error("forward", 5e-4) == pytest.approx(2, rel=1e-2)
    assert error("central", 1e-3) / error("central", 5e-4) == pytest.approx(4, rel=1e-2)
    # much smaller steps are worse again, but for the complex step
    assert error("forward", 1e-14) > 1e4 * error("forward", STEPS["forward"])
    assert error("central", 1e-14) > 1e6 * error("central", STEPS["central"])
    assert error("complex", 1e-200) < 1e-15


@pytest.mark.parametrize("method", STEPS)
def test_jacobians_and_products_with_them(method):
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(3, 4))
    x, weights = generator.normal(size=(4, 2)), generator.normal(size=(3, 2))
    jacobian = finite_difference(lambda x: matrix @ x, x, method)
    assert jacobian.shape == (3, 2, 4, 2)
    np.testing.assert_allclose(jacobian[:, 1, :, 1], matrix, atol=1e-6)
    np.testing.assert_allclose(jacobian[:, 1, :, 0], 0, atol=1e-6)
    product = finite_difference(lambda x: matrix @ x, x, method, cotangent=weights)
    np.testing.assert_allclose(product, matrix.T @ weights, atol=1e-6)


def test_finite_differences_leave_their_input_alone():
    x = np.array([1, 2, 3])
    assert finite_difference(lambda t: np.sum(t**2), x).round(6).tolist() == [2, 4, 6]
    assert x.tolist() == [1, 2, 3] and x.dtype.kind == "i"
    assert finite_difference(np.sum, np.zeros((0, 2))).shape == (0, 2)


def test_finite_differences_refuse_what_they_cannot_do():
    with pytest.raises(ValueError, match="forward, central, complex, got 'backward'"):
        finite_difference(np.sin, 1.0, "backward")
    with pytest.raises(ValueError, match="positive"):
        finite_difference(np.sin, 1.0, step=0.0)
    with pytest.raises(TypeError, match="loses the imaginary part"):
        finite_difference(np.abs, 1.0, "complex")
    with pytest.raises(ValueError, match=r"cotangent has shape \(3,\), f\(x\) has \(2,\)"):
        finite_difference(np.sin, np.ones(2), cotangent=np.ones(3))


class Wrong(mg.Operator):
    """x · y with a mistake in the gradient of y."""

    def __init__(self, x, y, mistake):
        self.mistake = mistake
        super().__init__(x, y)

    def forward(self, x, y):
        return x * y

    def backward(self, g, x, y):
        return g * y, self.mistake(g * x)


MISTAKES = {
    "sign flipped": lambda g: -g,
    "2 times what": lambda g: 2 * g,
    "0.5 times what": lambda g: g / 2,
    "zero everywhere": lambda g: 0 * g,
    "is transposed": lambda g: g.T,
}


@pytest.mark.parametrize("hint", MISTAKES)
def test_a_mistake_is_found_placed_and_described(hint):
    generator = np.random.default_rng(1)
    report = check_gradient(
        lambda a, b: Wrong(a, b, MISTAKES[hint]),
        generator.normal(size=(3, 3)),
        generator.normal(size=(3, 3)),
    )
    assert not report.ok and not report
    assert {m.name for m in report.mistakes} == {"b"}
    assert "the gradient of b " in report.hints[0] and hint in report.hints[0]
    with pytest.raises(AssertionError, match=r"b\[\d, \d\]: backward gives"):
        report.raise_if_wrong()


def test_a_gradient_that_is_not_passed_on_is_a_mistake_at_the_end_of_the_graph_as_well():
    class Squares(mg.Operator):
        def infer(self, x):
            return (), x.dtype

        def forward(self, x):
            return np.sum(x * x)

        def backward(self, g, x):
            return 2 * x

    assert not check_gradient(Squares, np.array([1.0, 2.0])).ok


def test_a_mistake_in_one_element_is_named():
    def spoil(g):
        g = g.copy()
        g[1, 0] += 1e-3
        return g

    report = check_gradient(lambda a, b: Wrong(a, b, spoil), np.ones((2, 2)), np.ones((2, 2)))
    (mistake,) = report.mistakes
    assert mistake.place == "b[1, 0]"
    assert mistake.analytic - mistake.numeric == pytest.approx(1e-3)
    assert "disagree at 1 of 8 elements" in repr(report)


@given(x=numbers)
def test_a_correct_function_passes(x):
    report = check_gradient(lambda x: np.sin(x) * np.exp(x) + x**3 / (1 + x * x), x)
    assert report.ok and report.checked == 1
    assert "agree at 1 element, worst relative error" in repr(report)


def test_a_kink_is_reported_and_is_no_mistake():
    report = check_gradient(mg.activations.relu, np.array([-1.0, 0.0, 2.0]))
    assert report.ok
    assert [k.place for k in report.kinks] == ["x[1]"]
    assert "x[1] seems to be a kink" in repr(report)


def test_a_wrong_gradient_at_a_kink_is_still_a_mistake():
    class Relu(mg.Operator):
        def forward(self, x):
            return np.maximum(x, 0)

        def backward(self, g, x):
            return g * np.where(x >= 0, 3.0, 0)

    assert [m.place for m in check_gradient(Relu, np.array([0.0])).mistakes] == ["x[0]"]


def test_near_a_kink_a_smaller_step_decides():
    assert repr(check_gradient(np.absolute, 1e-6)).startswith("gradients agree")
    assert not check_gradient(np.absolute, 1e-6).kinks


def test_a_small_slope_on_a_large_value_is_not_called_a_kink():
    class Shifted(mg.Operator):
        def forward(self, x):
            return 1e6 + np.sin(x)

        def backward(self, g, x):
            return -g * np.cos(x)

    report = check_gradient(Shifted, np.array([0.5]))
    assert not report.ok and not report.kinks and "sign flipped" in report.hints[0]


def test_operator_classes_and_graphs_can_be_checked():
    generator = np.random.default_rng(2)
    a, b = generator.normal(size=(2, 3)), generator.normal(size=(3, 2))
    assert check_gradient(np.matmul, a, b).ok
    w = mg.Variable(a, name="w")
    report = check_gradient(np.tanh(w @ b).sum())
    assert report.ok and report.worst_place.startswith("w[")
    images, kernel = generator.normal(size=(2, 5, 4, 2)), generator.normal(size=(2, 3, 2, 3))
    report = check_gradient(mg.operators.Convolve, images, kernel)
    assert report.ok and report.worst_place.split("[")[0] in ("images", "kernel")


LAYERS = {
    "conv2d": lambda: mg.layers.Conv2D(3, 2, activation="elu", bias_initializer="ones"),
    "conv2d, strides": lambda: mg.layers.Conv2D(2, (3, 2), strides=2, padding="same"),
    "dense": lambda: mg.layers.Dense(4, activation="softmax"),
    "flatten": mg.layers.Flatten,
    "activation": lambda: mg.layers.Activation("tanh"),
    "max pooling": mg.layers.MaxPooling2D,
    "average pooling": lambda: mg.layers.AveragePooling2D(3, strides=1, padding="same"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_can_be_checked_with_their_weights(name):
    layer = LAYERS[name]()
    pictures = np.random.default_rng(5).normal(size=(2, 5, 4, 2))
    report = check_gradient(layer, pictures)
    report.raise_if_wrong()
    assert not report.kinks
    assert report.total == pictures.size + layer.count_params()
    assert all(weight.dtype == np.float32 for weight in layer.weights)


def test_a_whole_model_can_be_checked():
    model = mg.Sequential(
        [
            mg.Input((6, 6, 1)),
            mg.layers.Rescaling(1 / 255),
            mg.layers.Conv2D(2, 2, activation="relu"),
            mg.layers.Flatten(),
            mg.layers.Dense(5, activation="elu"),
            mg.layers.Dense(3, activation="softmax"),
        ]
    )
    before = model.get_weights()
    report = check_gradient(model, np.random.default_rng(6).uniform(0, 255, (2, 6, 6, 1)))
    report.raise_if_wrong()
    assert report.total == 2 * 36 + model.count_params()
    for weight, same in zip(model.get_weights(), before, strict=True):
        assert weight.dtype == np.float32 and np.array_equal(weight, same)


def test_a_dropout_layer_in_training():
    layer = mg.layers.Dropout(0.5)
    check_gradient(lambda x: layer(x, training=True), np.ones((4, 5))).raise_if_wrong()


def test_nothing_that_the_user_made_is_changed():
    w = mg.Variable(np.array([1.0, 2.0], np.float32), name="w")
    data = mg.Constant(np.array([3.0, 4.0], np.float32))
    y = np.exp(w * data / 4)
    order = mg.topological_sort(y.sum())
    mg.forward(order)
    mg.backward(order)
    w_array, gradient, value = w._array, w.gradient, y.value
    before = [array.copy() for array in (w_array, gradient, value)]
    assert check_gradient(order[-1]).ok
    assert (w._array is w_array, w.gradient is gradient, y.value is value) == (True,) * 3
    for array, copy in zip((w_array, gradient, value), before, strict=True):
        assert np.array_equal(array, copy) and array.dtype == np.float32
    assert {node.dtype for node in order} == {np.dtype(np.float32)}


def test_the_state_is_put_back_after_an_error_as_well():
    class Fails(mg.Operator):
        def forward(self, x):
            return x * 1

        def backward(self, g, x):
            raise ZeroDivisionError

    w = mg.Variable(np.float32([1.0]))
    with pytest.raises(ZeroDivisionError):
        check_gradient(Fails(w))
    assert w.value.dtype == np.float32 and w.dtype == np.float32


def test_chance_is_held_still():
    generator = np.random.default_rng(3)
    state = generator.bit_generator.state
    assert check_gradient(lambda x: Dropout(x, 0.5, generator), np.ones((4, 5))).ok
    assert generator.bit_generator.state == state


def test_labels_are_passed_on():
    from minigrad.operators.cross_entropy import SparseSoftmaxCrossEntropy

    logits = np.random.default_rng(4).normal(size=(3, 4))
    report = check_gradient(SparseSoftmaxCrossEntropy, logits, np.array([0, 3, 1]))
    assert report.ok and report.total == 12


def test_large_inputs_are_sampled():
    report = check_gradient(np.sin, np.linspace(0, 3, 1000), elements=20)
    assert (report.checked, report.total) == (20, 1000)
    assert "agree at 20 of 1000 elements" in repr(report)


def test_errors_say_what_is_wanted():
    with pytest.raises(TypeError, match="gave float, wanted a node"):
        check_gradient(lambda x: 1.0, 2.0)
    with pytest.raises(TypeError, match="wants a function, an operator class"):
        check_gradient(3.0)
    with pytest.raises(ValueError, match="no variable lies upstream"):
        check_gradient(np.sin(mg.Constant(1.0)))
    with pytest.raises(ValueError, match="not finite"), np.errstate(all="ignore"):
        check_gradient(np.log, -1.0)
