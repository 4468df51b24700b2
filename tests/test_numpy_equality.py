"""Equality and order of nodes, duals and formulas are NumPy's, element by element."""

import operator

import numpy as np
import pytest
from sweeping import gradient, value

import minigrad as mg
from minigrad import dual
from minigrad.symbolic import Symbol, differentiate, evaluate, simplify

X, Y = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 3.0])
EQUAL = {
    "a number": lambda x, y: np.where(x == 0, 100.0, x),
    "not a number": lambda x, y: np.where(x != 0, x * 2, 1.0),
    "a number on the left": lambda x, y: np.where(3 == x, 7.0, y),
    "a number of NumPy's": lambda x, y: np.where(np.float64(3) == x, 7.0, y),
    "an array": lambda x, y: np.where(np.array([0.0, 1.0, 2.0]) != x, y, x * x),
    "the other": lambda x, y: np.where(x == y, x * y, x - y),
    "not the other": lambda x, y: np.where(x != y, x * y, x - y),
    "as a number": lambda x, y: (x == y) * x + (x == 1) * y,
    "NumPy's functions": lambda x, y: np.where(np.equal(x, y), 1.0, np.not_equal(x, 1) * y),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equality_of_nodes_is_numpys(name):
    f = EQUAL[name]
    nodes = mg.Variable(X), mg.Variable(Y)
    assert value(f(*nodes)).tolist() == f(X, Y).tolist()
    assert f(dual.Dual(X), dual.Dual(Y)).value.tolist() == f(X, Y).tolist()
    if name != "an array":
        x, y = Symbol("x"), Symbol("y")
        assert evaluate(f(x, y), x=X, y=Y).tolist() == f(X, Y).tolist()
        assert evaluate(simplify(f(x, y)), x=X, y=Y).tolist() == f(X, Y).tolist()


def test_not_a_number_differs_from_itself():
    x = mg.Variable([1.0, np.nan])
    assert value(np.where(x != x, 0.0, x)).tolist() == [1, 0]
    assert value(np.where(x == x, x, 5.0)).tolist() == [1, 5]


def test_sinc_has_its_value_at_zero():
    def sinc(x):
        inner = np.where(x == 0, 1.0, x)  # the double where
        return np.where(x == 0, 1.0, np.sin(inner) / inner)

    np.testing.assert_allclose(value(sinc(mg.Variable(X))), [1, np.sin(1), np.sin(3) / 3])
    slopes = [0, np.cos(1) - np.sin(1), np.cos(3) / 3 - np.sin(3) / 9]
    np.testing.assert_allclose(gradient(sinc, X), slopes)
    np.testing.assert_allclose(dual.gradient(lambda v: np.sum(sinc(v)), X), slopes)
    slope = differentiate(sinc(Symbol("x")), Symbol("x"))
    np.testing.assert_allclose(evaluate(simplify(slope), x=X), slopes)


@pytest.mark.parametrize("x", [mg.Variable(1.0), Symbol("x")])
@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.ge])
def test_comparing_with_a_number_has_no_truth_value(x, compare):
    with pytest.raises(TypeError, match="no truth value"):
        _ = x * x if compare(x, 3) else x
    with pytest.raises(TypeError, match="no truth value"):
        _ = x * x if compare(np.float64(3), x) else x


@pytest.mark.parametrize("kind", [lambda: mg.Variable([1.0, 2.0]), lambda: Symbol("x") + 1])
def test_sets_dictionaries_and_lists_find_an_object_itself(kind):
    x, others = kind(), [mg.Variable([1.0, 2.0]), mg.Variable(np.ones(3)), Symbol("y")]
    assert x in {x, *others} and {x: 1, others[0]: 2}[x] == 1 and len({x, x, *others}) == 4
    same = [o for o in others if isinstance(o, mg.graph.Node) == isinstance(x, mg.graph.Node)]
    assert x in [*same, x] and [*same, x].index(x) == len(same) and x not in same
    assert x == x and not (x != x)
    assert x != same[0] and not (x == same[0])


@pytest.mark.parametrize("x", [mg.Variable([1.0, 2.0]), Symbol("x")])
@pytest.mark.parametrize("other", [None, "x", object(), mg.Variable])
def test_what_holds_no_number_is_another_thing(x, other):
    assert (x == other) is False and (x != other) is True
