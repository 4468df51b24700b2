"""Dual numbers: value and derivative against formulas, finite differences and each other."""

import inspect
import math
from operator import getitem

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import dual
from minigrad.dual import Dual, derivative, gradient, jacobian_column, jvp
from minigrad.graph import NUMPY_FUNCTIONS

numbers = st.floats(-3, 3)
positive = st.floats(0.25, 4)


def slope(f, x, step=1e-5):
    """A central difference of fourth order: the independent answer."""
    near, far = f(x + step) - f(x - step), f(x + 2 * step) - f(x - 2 * step)
    return (8 * near - far) / (12 * step)


# Each function of one positive number uses one rule at least; the name says which.
ONE_ARGUMENT = {
    np.add: lambda x: x + x + 2,
    np.subtract: lambda x: (3 - x) * (x - 5),
    np.multiply: lambda x: x * (x + 1),
    np.true_divide: lambda x: (x + 1) / (x * x) + 1 / x,
    np.power: lambda x: x**2.5 + 2.0**x + x**x,
    np.matmul: lambda x: (x * np.eye(2)) @ np.ones(2) @ (x * np.ones(2)),
    np.negative: lambda x: -x * x,
    np.exp: np.exp,
    np.log: np.log,
    np.log1p: np.log1p,
    np.sqrt: np.sqrt,
    np.sin: np.sin,
    np.cos: np.cos,
    np.tanh: np.tanh,
    np.absolute: lambda x: abs(-2 * x),
    np.maximum: lambda x: np.maximum(x, 10.0) + np.maximum(x * x, -1.0) * np.maximum(0.0, x),
    np.minimum: lambda x: np.minimum(x, -1.0) + np.minimum(x * x, 20.0) * np.minimum(10.0, x),
    np.where: lambda x: np.where(np.array([True, False]), x * x, 3 * x) @ np.array([1.0, 10.0]),
    np.sum: lambda x: np.sum(x * np.ones((2, 3)), axis=(0, -1)),
    np.mean: lambda x: np.mean(x**2 * np.arange(4.0)),
    np.max: lambda x: np.max(x * np.arange(4.0)),
    np.amax: lambda x: np.amax(x * np.arange(4.0)),
    np.reshape: lambda x: np.reshape(x * np.arange(6.0), (3, -1))[2, 1],
    np.transpose: lambda x: (x * np.arange(6.0).reshape(2, 3)).T[2, 1],
    np.pad: lambda x: np.pad(x * np.arange(1.0, 4.0), (2, 1))[3],
}


def test_every_rule_is_tested():
    assert set(ONE_ARGUMENT) == set(dual.RULES)


def test_dual_numbers_cover_what_the_graph_covers():
    from minigrad import operators

    own = {c for _, c in inspect.getmembers(operators, inspect.isclass)}
    library = {f for f, o in NUMPY_FUNCTIONS.items() if o in own}
    # indexing is every array's own, and any number of arrays can be joined
    assert library <= set(dual.RULES) | dual.PLAIN | {getitem, np.concatenate}


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_joined_arrays_join_their_derivatives(axis):
    a, b = np.array([[1.0, 2.0]]), np.array([[5.0, 7.0]])

    def f(x):
        return np.concatenate([x * a, b, x**3 * a], axis=axis)

    joined = [a, 0 * b, 3 * 2.0**2 * a]
    assert np.array_equal(derivative(f, 2.0), np.concatenate(joined, axis=axis))
    second = derivative(lambda x: derivative(f, x), 2.0)
    assert np.array_equal(second, np.concatenate([0 * a, 0 * b, 6 * 2.0 * a], axis=axis))


@pytest.mark.parametrize("function", ONE_ARGUMENT, ids=lambda f: f.__name__)
@given(x=positive)
def test_the_derivative_is_the_slope(function, x):
    f = ONE_ARGUMENT[function]
    assert derivative(f, x) == pytest.approx(slope(f, x), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("function", ONE_ARGUMENT, ids=lambda f: f.__name__)
@given(x=positive)
def test_the_second_derivative_is_the_slope_of_the_derivative(function, x):
    f = ONE_ARGUMENT[function]
    second = derivative(lambda t: derivative(f, t), x)
    expected = slope(lambda t: derivative(f, t), x)
    assert second == pytest.approx(expected, rel=1e-7, abs=1e-7)


@given(x=positive)
def test_duals_nested_by_hand_give_the_second_derivative(x):
    y = np.sin(Dual(Dual(x, 1.0), Dual(1.0, 0.0)) ** 2)
    assert y.derivative.derivative == pytest.approx(
        2 * np.cos(x**2) - 4 * x**2 * np.sin(x**2), rel=1e-12, abs=1e-12
    )


@given(a=numbers, b=numbers, da=numbers, db=numbers)
def test_the_product_rule(a, b, da, db):
    assert (Dual(a, da) * Dual(b, db)).derivative == da * b + a * db


@given(x=numbers, n=st.integers(0, 6))
def test_whole_powers_work_at_zero_and_below(x, n):
    for at in (x, 0.0):
        assert derivative(lambda t: t**n, at) == pytest.approx(n * at ** max(n - 1, 0))


def test_the_nth_derivative_of_the_nth_power_at_zero():
    def nth(n, x):
        return x**3 if n == 0 else derivative(lambda t: nth(n - 1, t), x)

    assert nth(3, 0.0) == 6.0


def test_perturbations_are_not_confused():
    # d/dx [x · d/dy (x + y)] = d/dx [x · 1] = 1; with a single ε it would come out as 2
    assert derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0) == 1.0


def test_a_single_epsilon_would_confuse_them(monkeypatch):
    monkeypatch.setattr(dual, "LEVELS", iter(lambda: 1, None))  # always level 1
    assert derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0) == 2.0


def test_a_derivative_inside_a_derivative():
    # d/dx [x · f'(x)] with f = sin
    assert derivative(lambda x: x * derivative(np.sin, x), 0.7) == pytest.approx(
        math.cos(0.7) - 0.7 * math.sin(0.7)
    )


def test_broadcasting_keeps_value_and_derivative_in_step():
    rows = Dual(np.ones((3, 1)), np.arange(3.0).reshape(3, 1))
    y = rows * np.ones(4) + 1
    assert y.shape == y.derivative.shape == (3, 4)
    assert (y.derivative == np.arange(3.0)[:, None]).all()


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (-1, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("reduce", [np.sum, np.mean, np.max])
def test_reductions_take_axes(reduce, axis, keepdims):
    generator = np.random.default_rng(0)
    x, direction = generator.normal(size=(2, 2, 3, 4))
    value, change = jvp(lambda x: reduce(x * x, axis=axis, keepdims=keepdims), x, direction)
    assert np.array_equal(value, reduce(x * x, axis=axis, keepdims=keepdims))
    expected = slope(lambda t: reduce((x + t * direction) ** 2, axis=axis, keepdims=keepdims), 0.0)
    np.testing.assert_allclose(change, expected, rtol=1e-7, atol=1e-7)


def test_equal_largest_elements_share_the_derivative():
    assert gradient(np.max, np.array([1.0, 1.0, 0.0])).tolist() == [0.5, 0.5, 0.0]
    assert gradient(lambda x: np.maximum(x, 1.0).sum(), np.array([1.0])).tolist() == [0.5]


def test_methods_are_those_of_an_array():
    x = np.arange(6.0).reshape(2, 3)
    matrix = np.array([[1.0, 2.0], [3.0, 5.0], [7.0, 11.0]])

    def f(x):
        return (x.T * matrix).sum(axis=0).mean() + x.reshape(3, 2).max() + x[1, ::2].sum()

    expected = matrix.T / 2 + [[0, 0, 0], [1, 0, 2]]
    np.testing.assert_allclose(gradient(f, x), expected)


def test_the_gradient_of_rosenbrock():
    def rosenbrock(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x = np.array([0.5, -1.0, 2.0])
    expected = [
        -400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]),
        200 * (x[1] - x[0] ** 2) - 400 * x[1] * (x[2] - x[1] ** 2) - 2 * (1 - x[1]),
        200 * (x[2] - x[1] ** 2),
    ]
    np.testing.assert_allclose(gradient(rosenbrock, x), expected)
    assert gradient(rosenbrock, np.ones(3)).tolist() == [0, 0, 0]


def test_columns_of_a_jacobian():
    matrix = np.arange(6.0).reshape(3, 2)
    for i in range(2):
        assert np.array_equal(jacobian_column(lambda x: matrix @ x, np.ones(2), i), matrix[:, i])
    assert jacobian_column(lambda x: x * 2, np.ones((2, 2)), (1, 0)).tolist() == [[0, 0], [2, 0]]


def test_matrix_products_of_two_duals():
    generator = np.random.default_rng(1)
    a, da = generator.normal(size=(2, 5, 2, 3))
    b, db = generator.normal(size=(2, 3, 4))
    np.testing.assert_allclose((Dual(a, da) @ Dual(b, db)).derivative, da @ b + a @ db)


def test_comparisons_are_plain_and_steer_a_program():
    x = Dual(2.0, 1.0)
    assert isinstance(x > 1, np.bool) and isinstance(x == 2.0, np.bool)

    def newton_root(x):  # a loop whose length depends on the value
        y = x
        while abs(y * y - x) > 1e-12:
            y = (y + x / y) / 2
        return y

    assert derivative(newton_root, 2.0) == pytest.approx(0.5 / math.sqrt(2), rel=1e-9)


def test_a_function_that_ignores_its_argument_has_derivative_zero():
    assert derivative(lambda x: 3.0, 1.0) == 0.0
    assert jvp(lambda x: np.ones(2), 1.0, 1.0)[1].tolist() == [0, 0]


def test_float32_stays_float32():
    x = Dual(np.ones(3, np.float32), 1)
    for y in (2 * x, x + 1.0, x**2, 2.0**x, np.maximum(x, 0), np.mean(x), np.where(x > 0, x, 0.0)):
        assert y.dtype == np.float32 and y.derivative.dtype == np.float32


def test_adding_in_place_leaves_the_other_name_alone():
    x = Dual(2.0, 1.0)
    y = x
    y += 1
    assert (x.value, y.value, y.derivative) == (2.0, 3.0, 1.0)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x: np.array([x, x]),
        lambda x: np.asarray(x),
        lambda x: np.zeros(2).__iadd__(x),
        lambda x: math.sin(x),
        lambda x: float(x),
    ],
)
def test_a_derivative_is_never_lost_silently(attempt):
    with pytest.raises(TypeError, match=r"derivative|out="):
        attempt(Dual(1.0, 1.0))


def test_unknown_functions_are_named():
    with pytest.raises(TypeError, match=r"np\.arctan has no rule .* sin"):
        np.arctan(Dual(1.0))
    with pytest.raises(TypeError, match=r"np\.add\.reduce"):
        np.add.reduce(Dual([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"np\.median"):
        np.median(Dual([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"np\.sum of a Dual takes no initial="):
        np.sum(Dual([1.0]), initial=3)


def test_misfits_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\) does not fit a value of shape \(2,\)"):
        Dual([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"\(2,\) does not fit a value of shape \(\)"):
        Dual(1.0, [1.0, 2.0])
    with pytest.raises(TypeError, match="real numbers"):
        Dual("three")
    with pytest.raises(ValueError, match=r"wants a number, got an array of shape \(2,\)"):
        derivative(np.sin, np.ones(2))
    with pytest.raises(ValueError, match=r"one number as result, got shape \(2,\)"):
        gradient(np.sin, np.ones(2))
