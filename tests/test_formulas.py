"""Formulas: what people do to them gives no wrong number."""

import numpy as np
import pytest

from minigrad import dual, symbolic
from minigrad.symbolic import Symbol, differentiate, evaluate, latex, simplify


@pytest.mark.parametrize("by", ["x", 2, None, symbolic.Number(2), np.float64(1)])
def test_a_formula_is_differentiated_by_a_formula(by):
    x = Symbol("x")
    with pytest.raises(TypeError, match="wants a symbol to differentiate by"):
        differentiate(x * x, by)
    assert simplify(differentiate(np.sin(x * x), x * x)) is np.cos(x**2)


def test_a_power_of_zero_at_zero_is_a_number_once_it_is_simplified():
    x, n = Symbol("x"), symbolic.Number(0)
    slope = differentiate(x**n, x)
    with np.errstate(all="ignore"):
        assert np.isnan(evaluate(slope, x=0.0))  # documented at differentiate
    assert evaluate(simplify(slope), x=0.0) == dual.derivative(lambda x: x**0, 0.0) == 0


@pytest.mark.parametrize("name", ["2x", "lambda", "", 5, "a b"])
def test_a_symbol_has_a_name_that_python_takes(name):
    with pytest.raises(ValueError, match="valid Python name"):
        Symbol(name)


def test_any_name_can_be_given_a_value():
    assert evaluate(Symbol("expression") * Symbol("values"), expression=2.0, values=3.0) == 6
    assert evaluate(Symbol("x") ** -1, x=[1, 2]).tolist() == [1, 0.5]


def test_names_are_escaped_in_latex():
    assert latex(Symbol("_")) == r"\_" and latex(Symbol("a_b_2")) == r"\mathrm{a\_b}_{2}"


def test_arguments_of_formulas_are_counted():
    x = Symbol("x")
    with pytest.raises(TypeError, match="takes 3 arguments, got 1"):
        np.where(x > 0)
    with pytest.raises(TypeError, match="takes nothing but expressions"):
        np.exp(x, where=np.array([True]))
