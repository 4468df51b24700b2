"""Where a derivative does not exist or is 0 · ∞, and what the gradient check says of it."""

import numpy as np
import pytest
from sweeping import Own, gradient

from minigrad import dual
from minigrad.gradcheck import check_gradient, finite_difference
from minigrad.symbolic import Symbol, differentiate, evaluate, simplify

# -- where a derivative does not exist, or is 0 · ∞ ---------------------------------------------


def test_powers_at_zero():
    assert [gradient(lambda x, n=n: x**n, 0.0) for n in (0, 1, 2, 3)] == [0, 1, 0, 0]
    with np.errstate(divide="ignore"):  # the slope of the root is infinite there
        by_base, by_exponent = gradient(lambda x, y: x**y, [0.0, 0.0, 0.0], [2.0, 0.5, 0.0])
    assert by_base.tolist() == [0, np.inf, 0] and by_exponent.tolist() == [0, 0, 0]
    with np.errstate(all="ignore"):
        assert np.isnan(gradient(lambda x, y: x**y, 0.0, -1.0)[1])
    assert gradient(lambda x: x**x, 0.0) == 0  # documented: the slope is −∞


def test_powers_of_negative_numbers_by_their_base():
    with np.errstate(all="ignore"):
        by_graph = gradient(lambda a, b: a**b, -2.0, 3.0)
        by_duals = dual.gradient(lambda v: v[0] ** v[1], np.array([-2.0, 3.0]))
    assert by_graph[0] == by_duals[0] == 12 and np.isnan([by_graph[1], by_duals[1]]).all()


def test_an_exponent_that_does_not_change_needs_no_logarithm():
    with np.errstate(invalid="ignore"):  # of the other direction, in which −2 has a logarithm
        powers = dual.gradient(lambda n: np.sum(np.array([-2.0, 3.0]) ** n), np.array([3.0, 2.0]))
    assert powers[1] == pytest.approx(9 * np.log(3))
    # and a change of second order is one: d²/dt² 2^(t²) at 0 is 2 log 2
    second = dual.derivative(lambda t: dual.derivative(lambda s: 2.0 ** (s * s), t), 0.0)
    assert second == pytest.approx(2 * np.log(2))


NOT_TAKEN = {  # at x, the right slope, and the double where
    "root": (lambda x: np.where(x >= 0, x, np.sqrt(-x)), 1.0, 1.0,
             lambda x: np.where(x >= 0, x, np.sqrt(np.where(x < 0, -x, 1)))),
    "logarithm": (lambda x: np.where(x > 0, np.log(x), 0.0), -1.0, 0.0,
                  lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0.0)),
    "overflow": (lambda x: np.where(x < 15, x, np.exp(np.exp(x))), 10.0, 1.0,
                 lambda x: np.where(x < 15, x, np.exp(np.exp(np.where(x < 15, 15, x))))),
}  # fmt: skip


@pytest.mark.parametrize("name", ["root"])
def test_the_branch_not_taken_is_named_by_the_gradient_check(name):
    once, at, slope, _ = NOT_TAKEN[name]
    with np.errstate(all="ignore"):
        report = check_gradient(once, at)
        assert (
            not report.ok
            and "not finite" in repr(report)
            and "np.where(x > 0, np.log(" in repr(report)
        )
        assert dual.derivative(once, at) == slope


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_the_double_where_is_right(name):
    _, at, slope, twice = NOT_TAKEN[name]
    with np.errstate(all="ignore"):
        assert gradient(twice, at) == slope
        report = check_gradient(twice, at)
    assert report.ok and not report.hints


def test_the_root_of_a_square_at_zero_is_not_a_number_as_everywhere():
    with np.errstate(all="ignore"):
        assert np.isnan(gradient(lambda x: np.sqrt(x * x), 0.0))
        assert np.isnan(dual.derivative(lambda x: np.sqrt(x * x), 0.0))
        assert gradient(np.sqrt, 0.0) == np.inf


def test_a_tie_is_shared_in_every_way():
    for f in (np.maximum, np.minimum):
        assert gradient(lambda x, f=f: f(x, 2.0), 2.0) == 0.5
        assert dual.derivative(lambda x, f=f: f(x, 2.0), 2.0) == 0.5
        x = Symbol("x")
        assert evaluate(simplify(differentiate(f(x, 2), x)), x=2.0) == 0.5


# -- the gradient check says what is wrong ------------------------------------------------------


def test_whole_numbers_are_labels_to_the_check():
    with pytest.raises(ValueError, match=r"no variable .* of Sin; arrays of whole .* write 1\.0"):
        check_gradient(np.sin, [1, 2, 3])


def test_a_small_mistake_is_no_multiple():
    report = check_gradient(lambda x: Own(x, returns=lambda g: g * 1.0004), [1.0, 2.0])
    assert len(report.mistakes) == 2 and not report.hints


@pytest.mark.parametrize("dtype", ["uint8", "int8", bool])
def test_differences_of_whole_numbers_do_not_wrap(dtype):
    def steps(x):
        return np.asarray([x > 1, x < 1]).astype(dtype)

    wanted = [0.5 / 2**-17, -0.5 / 2**-17]
    assert finite_difference(steps, 1.0, step=2.0**-17).tolist() == wanted


def test_differences_of_a_function_that_uses_its_memory_again():
    memory = np.zeros(1)

    def square(x):
        memory[:] = x * x
        return memory

    for method in ("forward", "central"):
        assert finite_difference(square, 3.0, method) == pytest.approx(6, rel=1e-6)


def test_the_complex_step_is_refused_where_it_is_no_derivative():
    for f, x in ((lambda x: np.abs(x) * x, -1.5), (lambda x: (-2.0) ** x, 3.0)):
        with pytest.raises(ValueError, match=r"not analytic.*method='central'"):
            finite_difference(f, x, "complex")
    assert finite_difference(lambda x: 1 / x, 1e-5, "complex") == pytest.approx(-1e10)
    assert finite_difference(np.sqrt, 1e-8, "complex") == pytest.approx(0.5e4)
