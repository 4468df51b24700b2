"""One function of NumPy calls, differentiated in every way there is: all agree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import dual, gradcheck, symbolic

# Functions of two numbers. Handed floats they compute; nothing in them knows of minigrad.
FUNCTIONS = {
    "the paper's": lambda x, y: np.sin(x * x) * np.exp(y),
    "Rosenbrock's": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    "Himmelblau's": lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    "a neuron": lambda x, y: np.tanh(0.5 * x - 2 * y + 0.1),
    "a logistic loss": lambda x, y: np.log(1 + np.exp(-x * y)),
    "quotient and root": lambda x, y: np.sqrt(1 + x * x) / (2 + np.cos(y)),
    "powers": lambda x, y: (1 + x * x) ** y + 2.0**x,
    "shared parts": lambda x, y: (lambda s: s * s / (1 + s * s))(x * y + x),
}
# These have kinks, on the lines that `away_from_kinks` keeps clear of.
KINKED = {
    "absolute": lambda x, y: np.absolute(x - y) * x,
    "maximum": lambda x, y: np.maximum(x, y) ** 2 + np.minimum(x, 3 * x + 2),
    "where": lambda x, y: np.where(x > y, x * y, np.sin(x)),
}

numbers = st.floats(-2, 2)


def by_graph(f, x, y):
    nodes = mg.Variable(x), mg.Variable(y)
    order = mg.topological_sort(f(*nodes))
    mg.forward(order)
    mg.backward(order)
    return [node.gradient for node in nodes]


def by_duals(f, x, y):
    return [f(dual.Dual(x, 1), y).derivative, f(x, dual.Dual(y, 1)).derivative]


def by_symbols(f, x, y):
    symbols = symbolic.Symbol("x"), symbolic.Symbol("y")
    slopes = [symbolic.differentiate(f(*symbols), symbol) for symbol in symbols]
    plain = [symbolic.evaluate(slope, x=x, y=y) for slope in slopes]
    simple = [symbolic.evaluate(symbolic.simplify(slope), x=x, y=y) for slope in slopes]
    np.testing.assert_allclose(simple, plain, rtol=1e-9, atol=1e-9)
    return simple


def by_differences(method):
    return lambda f, x, y: gradcheck.finite_difference(
        lambda v: f(v[0], v[1]), np.array([x, y]), method
    )


def agree(f, x, y, ways):
    reference = by_duals(f, x, y)
    size = max(1.0, abs(f(x, y)), *np.abs(reference))
    for way, tolerance in ways.items():
        np.testing.assert_allclose(way(f, x, y), reference, rtol=0, atol=tolerance * size)


EXACT = {by_graph: 1e-13, by_symbols: 1e-11}
DIFFERENCES = {by_differences("central"): 1e-7, by_differences("forward"): 1e-4}
COMPLEX = {by_differences("complex"): 1e-13}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(x=numbers, y=numbers)
def test_all_ways_agree_on_smooth_functions(name, x, y):
    agree(FUNCTIONS[name], x, y, EXACT | DIFFERENCES | COMPLEX)


@pytest.mark.parametrize("name", KINKED)
@given(x=numbers, distance=st.one_of(st.floats(-2, -0.01), st.floats(0.01, 2)))
def test_all_ways_agree_away_from_kinks(name, x, distance):
    if abs(x + 1) < 0.01:  # where x = 3x + 2
        x += 0.02
    agree(KINKED[name], x, x + distance, EXACT | DIFFERENCES)


@given(x=numbers, y=numbers)
def test_values_are_the_same_too(x, y):
    for f in (FUNCTIONS | KINKED).values():
        value = f(x, y)
        order = mg.topological_sort(f(mg.Variable(x), mg.Variable(y)))
        symbols = symbolic.Symbol("x"), symbolic.Symbol("y")
        assert mg.forward(order) == pytest.approx(value, rel=1e-14)
        assert f(dual.Dual(x), dual.Dual(y)).value == pytest.approx(value, rel=1e-14)
        assert symbolic.evaluate(f(*symbols), x=x, y=y) == pytest.approx(value, rel=1e-12)


# A function of an array; symbols are left out, since each stands for one number.
def network(weights):
    hidden = np.tanh(weights[:6].reshape(2, 3) @ np.array([[1.0, -1], [2, 0.5], [0.3, 0.7]]))
    scores = np.transpose(hidden) @ weights[6:] + np.max(weights) * np.mean(weights)
    return np.sum(scores**2, axis=-1) - np.log(np.sum(np.exp(scores), keepdims=True))[0]


@given(seed=st.integers(0, 2**32 - 1))
def test_reverse_forward_and_differences_agree_on_a_network(seed):
    weights = np.random.default_rng(seed).permutation(np.linspace(-1, 1, 8))
    variable = mg.Variable(weights)
    order = mg.topological_sort(network(variable))
    mg.forward(order)
    mg.backward(order)
    forward_mode = dual.gradient(network, weights)
    np.testing.assert_allclose(variable.gradient, forward_mode, rtol=1e-12, atol=1e-12)
    differences = gradcheck.finite_difference(network, weights)
    np.testing.assert_allclose(forward_mode, differences, rtol=1e-7, atol=1e-7)


@given(x=numbers, y=numbers)
def test_second_derivatives_agree(x, y):
    f = FUNCTIONS["the paper's"]
    symbol = symbolic.Symbol("x")
    twice = symbolic.differentiate(symbolic.differentiate(f(symbol, y), symbol), symbol)
    nested = dual.derivative(lambda t: dual.derivative(lambda s: f(s, y), t), x)
    by_hand = np.exp(y) * (2 * np.cos(x * x) - 4 * x * x * np.sin(x * x))
    assert nested == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
    assert symbolic.evaluate(twice, x=x) == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
