"""Symbolic expressions against SymPy, and against themselves before simplification."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
import sympy
from hypothesis import given, reject
from hypothesis import strategies as st

import minigrad as mg
from minigrad.dual import Dual
from minigrad.symbolic import (
    Number,
    Symbol,
    count_operations,
    differentiate,
    evaluate,
    latex,
    simplify,
)

x, y = Symbol("x"), Symbol("y")

# The same function for us and for SymPy, where the two have different names for it.
SMOOTH = {np.exp: sympy.exp, np.sin: sympy.sin, np.cos: sympy.cos, np.tanh: sympy.tanh}
DOMAIN = {np.sqrt: sympy.sqrt, np.log: sympy.log, np.absolute: sympy.Abs}
DOMAIN |= {np.log1p: lambda e: sympy.log(1 + e)}
PAIRS = {np.maximum: sympy.Max, np.minimum: sympy.Min}

leaves = st.one_of(
    st.sampled_from([(x, sympy.Symbol("x", real=True)), (y, sympy.Symbol("y", real=True))]),
    st.integers(-3, 3).map(lambda n: (Number(n), sympy.Integer(n))),
    st.sampled_from([(Number(0.5), sympy.Rational(1, 2)), (Number(2.25), sympy.Rational(9, 4))]),
)


def grow(smaller):
    """Formulas one operation larger, ours and SymPy's side by side."""
    pairs = st.tuples(smaller, smaller)

    def unary(functions):
        return st.builds(
            lambda f, e: (f[0](e[0]), f[1](e[1])),
            st.sampled_from(sorted(functions.items(), key=str)),
            smaller,
        )

    def binary(operation):
        return pairs.map(lambda p: (operation(p[0][0], p[1][0]), operation(p[0][1], p[1][1])))

    return st.one_of(
        binary(lambda a, b: a + b),
        binary(lambda a, b: a - b),
        binary(lambda a, b: a * b),
        binary(lambda a, b: a / (b * b + 1)),
        st.builds(lambda e, n: (e[0] ** n, e[1] ** n), smaller, st.integers(-2, 3)),
        unary(SMOOTH),
        unary({np.negative: lambda e: -e}),
        smaller.map(lambda e: (np.sqrt(e[0] * e[0] + 1), sympy.sqrt(e[1] * e[1] + 1))),
        smaller.map(lambda e: (np.log(e[0] * e[0] + 2), sympy.log(e[1] * e[1] + 2))),
    )


formulas = st.recursive(leaves, grow, max_leaves=6)
points = st.fixed_dictionaries({"x": st.floats(0.3, 1.7), "y": st.floats(-1.6, -0.4)})


def value(expression, point):
    with np.errstate(all="ignore"):
        result = float(evaluate(expression, **point))
    if not abs(result) < 1e12:  # too large to compare, infinite, or not a number
        reject()
    return result


def sympy_value(expression, point):
    names = {sympy.Symbol(n, real=True): sympy.Float(v, 30) for n, v in point.items()}
    result = expression.evalf(30, subs=names)
    if not (result.is_real and result.is_finite):
        reject()
    return float(result)


def close(a, b, scale=1.0):
    return a == pytest.approx(b, rel=1e-8, abs=1e-8 * max(1.0, abs(scale)))


@given(formula=formulas, point=points)
def test_values_are_sympys(formula, point):
    ours, theirs = formula
    assert close(value(ours, point), sympy_value(theirs, point))


@given(formula=formulas, point=points)
def test_derivatives_are_sympys(formula, point):
    ours, theirs = formula
    slope = differentiate(ours, x)
    size = value(ours, point)
    expected = sympy_value(theirs.diff(sympy.Symbol("x", real=True)), point)
    assert close(value(slope, point), expected, size)
    assert close(value(simplify(slope), point), expected, size)


@given(formula=formulas, point=points)
def test_simplifying_keeps_the_value_and_leaves_nothing_to_simplify(formula, point):
    for expression in (formula[0], differentiate(formula[0], y)):
        simple = simplify(expression)
        assert close(value(simple, point), value(expression, point))
        assert simplify(simple) is simple


@given(formula=formulas, point=points)
def test_what_is_printed_is_the_formula(formula, point):
    names = {f.__name__: f for f in (np.exp, np.sin, np.cos, np.tanh, np.sqrt, np.log, np.log1p)}
    for expression in (formula[0], simplify(formula[0])):
        with np.errstate(all="ignore"):
            try:
                read_back = float(eval(str(expression), names | point | {"__builtins__": {}}))
            except ZeroDivisionError:
                reject()
        assert close(read_back, value(expression, point))


@pytest.mark.parametrize("function", [*SMOOTH, *DOMAIN], ids=lambda f: f.__name__)
def test_each_function_of_one_number(function):
    theirs = (SMOOTH | DOMAIN)[function](sympy.Symbol("x", real=True))
    at = {"x": 0.75}
    assert value(differentiate(function(x), x), at) == pytest.approx(
        sympy_value(theirs.diff(sympy.Symbol("x", real=True)), at)
    )


@pytest.mark.parametrize(
    "operation",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a**b,
        lambda a, b: -a * -b,
    ],
)
def test_each_operation_by_each_of_its_numbers(operation):
    theirs = sympy.symbols("x y", real=True)
    at = {"x": 0.75, "y": 1.25}
    for ours, other in zip((x, y), theirs, strict=True):
        expected = sympy_value(operation(*theirs).diff(other), at)
        assert value(differentiate(operation(x, y), ours), at) == pytest.approx(expected)
    expected = sympy_value(operation(theirs[0], 2).diff(theirs[0]), at)
    assert value(differentiate(operation(x, 2), x), at) == pytest.approx(expected)


@pytest.mark.parametrize("function", PAIRS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("at", [{"x": 1.5, "y": 2.0}, {"x": 3.0, "y": 2.0}])
def test_the_larger_and_the_smaller(function, at):
    expression = function(x * y, x + y)
    slope = differentiate(expression, x)
    chosen = x * y if function(at["x"] * at["y"], at["x"] + at["y"]) == at["x"] * at["y"] else x + y
    assert value(expression, at) == value(chosen, at)
    assert value(slope, at) == value(differentiate(chosen, x), at)


def test_a_power_with_symbols_below_and_above():
    at = {"x": 1.3, "y": 2.1}
    assert value(differentiate(x**y, x), at) == pytest.approx(2.1 * 1.3**1.1)
    assert value(differentiate(x**y, y), at) == pytest.approx(1.3**2.1 * math.log(1.3))


def test_where_differentiates_both_sides():
    slope = differentiate(np.where(x > 0, x**2, 3 * x), x)
    assert evaluate(slope, x=np.array([2.0, -2.0])).tolist() == [4, 3]
    assert str(np.where(x > 0, x, -x)) == "where(x > 0, x, -x)"
    assert str(simplify(differentiate(np.sign(x) * (x <= y), x))) == "0"


@pytest.mark.parametrize(
    "expression, text",
    [
        (x + x, "2 * x"),
        (x - x, "0"),
        (x * x * x, "x**3"),
        (x / x, "1"),
        (1 * x + 0, "x"),
        (y - x, "y - x"),
        (-x + y, "y - x"),
        (-(x - y), "y - x"),
        (x * y + y * x, "2 * x * y"),
        (Number(1) / 3 + x, "x + 1 / 3"),
        (x * 2 / 6, "x / 3"),
        (2 * x**2 / (4 * x), "x / 2"),
        (np.sqrt(x) * np.sqrt(x), "x"),
        (np.sqrt(Number(2)) * np.sqrt(Number(2)), "2"),
        (np.sqrt(x**2), "sqrt(x**2)"),
        (np.sqrt(Number(9)), "3"),
        ((-x) ** 3, "-x**3"),
        ((-x) ** 2, "x**2"),
        (np.log(np.exp(x)), "x"),
        (np.exp(Number(0)) + np.cos(Number(0)), "2"),
        (np.where(Number(1) < 2, x, y), "x"),
        (np.maximum(x, x), "x"),
        (x ** (y - y + 2), "x**2"),
        (1 + x + x**2 + x**3, "x**3 + x**2 + x + 1"),
        (1 / Number(0), "1 / 0"),
    ],
    ids=str,
)
def test_simplified_formulas_read_well(expression, text):
    assert str(simplify(expression)) == text


def test_formulas_in_latex():
    assert latex((x + 1) / (2 * y) - 3) == r"\frac{x + 1}{2 \cdot y} - 3"
    assert latex((x / y) ** 2) == r"\left(\frac{x}{y}\right)^{2}"
    assert latex(np.exp(-(x**2))) == r"e^{-x^{2}}"
    assert latex(np.sin(Symbol("w_12"))) == r"\sin\left(w_{12}\right)"
    assert latex(Symbol("learning_rate")) == r"\mathrm{learning\_rate}"
    assert latex(simplify(x / 3 - Number(1) / 3)) == r"\frac{x}{3} - \frac{1}{3}"
    assert r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise}" in latex(
        np.where(x > 0, x, 0)
    )
    assert x._repr_latex_() == r"$\displaystyle x$"


def test_the_notebook_is_spared_a_formula_of_a_thousand_operations():
    z = x
    for _ in range(10):
        z = z * z
    assert z._repr_latex_() is None
    assert repr(z) == "<an expression of 1,023 operations>"


def test_expression_swell_can_be_counted():
    logistic = x
    swell, shared = [], []
    for _ in range(6):  # l(n + 1) = 4 l(n) (1 - l(n)), the example of Baydin et al.
        logistic = 4 * logistic * (1 - logistic)
        slope = differentiate(logistic, x)
        swell.append(count_operations(slope))
        shared.append(count_operations(slope, shared=True))
    assert all(later > 2 * earlier for earlier, later in itertools.pairwise(swell))
    assert max(np.diff(shared)) <= 10  # kept results grow by the same number each time


def test_shared_parts_are_computed_once():
    z = x
    for _ in range(200):
        z = z + z
    assert evaluate(z, x=1.0) == 2.0**200
    assert evaluate(differentiate(z, x), x=1.0) == 2.0**200
    assert str(simplify(z)) == f"{2**200} * x"


def test_a_long_chain_does_not_meet_the_limit_on_recursion():
    # in a process of its own: a crash while a chain is freed would take the tests along
    program = """
import numpy as np
from minigrad.symbolic import Symbol, differentiate, evaluate, simplify
x = z = Symbol("x")
for _ in range(5_000):
    z = np.sin(z)
slope = differentiate(z, x)
print(evaluate(slope, x=0.0), slope.operations > 5_000, simplify(z) is z)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.split() == ["1.0", "True", "True"], run.stderr


def test_a_formula_takes_arrays_nodes_and_duals():
    formula = np.exp(x) * x**2
    slope = differentiate(formula, x)
    assert evaluate(formula, x=Dual(1.0, 1.0)).derivative == evaluate(slope, x=1.0)
    variable = mg.Variable(1.0)
    order = mg.topological_sort(evaluate(formula, x=variable))
    mg.forward(order)
    mg.backward(order)
    assert variable.gradient == pytest.approx(evaluate(slope, x=1.0))
    assert evaluate(1 / x, x=2) == 0.5
    assert evaluate(x**-1, x=np.array([1, 2])).tolist() == [1, 0.5]


def test_adding_in_place_leaves_the_other_name_alone():
    z = x
    z += 1
    assert (str(x), str(z)) == ("x", "x + 1")


def test_equal_formulas_are_the_same_object():
    assert np.sin(x) * 2 is np.sin(Symbol("x")) * 2.0
    assert x + y != y + x
    assert simplify(x + y) is simplify(y + x)
    assert len({x, y, Symbol("x")}) == 2


def test_errors_say_what_is_wanted():
    with pytest.raises(TypeError, match=r"np\.arctan has no symbolic rule.*tanh"):
        np.arctan(x)
    with pytest.raises(TypeError, match=r"np\.sum has no symbolic rule"):
        np.sum(x)
    with pytest.raises(TypeError, match="no truth value"):
        _ = 1 if x > 0 else 2
    with pytest.raises(TypeError, match=r"np\.sin for math.sin"):
        math.sin(x)
    with pytest.raises(TypeError, match="one number"):
        np.array([x, y])
    with pytest.raises(TypeError, match="finite numbers and symbols"):
        x + np.ones(2)
    with pytest.raises(TypeError, match="finite numbers and symbols, got inf"):
        x + math.inf
    with pytest.raises(ValueError, match="no value for the symbol y: pass y="):
        evaluate(x + y, x=1.0)
    with pytest.raises(ValueError, match="valid Python name"):
        Symbol("2x")
