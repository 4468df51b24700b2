"""Lecture 01: what it says is true, and its exercises tell typical mistakes apart."""

import mpmath
import numpy as np
import pytest
import sympy
from exercising import run, verdict
from lecture_code import code_of

import minigrad as mg
from minigrad_course import explorers, lessons
from minigrad_course.explorers.microscope_explorer import neighborhood, quotient
from minigrad_course.explorers.valley_explorer import descend
from minigrad_course.lessons.charts import log_log
from minigrad_course.lessons.counting import Counted, count_sweeps, peak

LECTURE: dict = {"np": np, "mg": mg}
NAMES = ("f", "g", "truth", "rounds", "newton", "tape", "reverse", "rosenbrock", "Dual", "as_dual")
exec(code_of("01_derivatives_four_ways.ipynb", *NAMES), LECTURE)
f, newton, rosenbrock, reverse, Dual = (
    LECTURE[name] for name in ("f", "newton", "rosenbrock", "reverse", "Dual")
)


# -- the exercises -------------------------------------------------------------------------
WRONG = {
    "01.1": {
        "the forward difference": ("(f(x + h) - f(x)) / h", "that is the forward difference"),
        "the backward difference": ("(f(x) - f(x - h)) / h", "that is the backward difference"),
        "divided by h": ("(f(x + h) - f(x - h)) / h", "twice too much"),
        "the sign": ("(f(x - h) - f(x + h)) / (2 * h)", "the sign is wrong"),
        "half steps": ("(f(x + h / 2) - f(x - h / 2)) / h", "with steps of h/2"),
        "no parentheses above": ("f(x + h) - f(x - h) / (2 * h)", "Python divides before"),
        "no parentheses below": ("(f(x + h) - f(x - h)) / 2 * h", "Put `2 * h` in parentheses"),
        "the derivative of x³": ("3 * x**2", "that is the derivative of x³ itself"),
        "of x³ only": ("3 * x**2 + h**2", "the slope of the sine at 1 with h = 0.1 differs"),
        "nothing returned": ("None if h else 0", "is None: is the return missing?"),
        "a word": ("'slope'", "is a str, wanted a number"),
        "an error": ("f(x + h) - g", "your code raised NameError"),
    },
    "01.2": {
        "too long": (
            "[x := x * np.sin(x) for _ in range(8)][-1]",
            "your formula has 16 operations, at most 12 were wanted",
        ),
        "too short": (
            "[x := x * np.sin(x) for _ in range(4)][-1]",
            "has 192 operations written out, wanted more than 1000. Let every round",
        ),
        "nothing used twice": ("np.sin(np.cos(np.exp(np.tanh(x))))", "nothing repeats"),
        "no x": ("mg.Symbol('y') ** 2", "does not depend on x"),
        "a number": ("3.0", "it returned 3.0, wanted a formula of x"),
    },
    "01.4": {
        "not fooled": ("x * x", "forward mode is not fooled: at 3 it says 6"),
        "another wrong slope": ("3 * x if x == 3 else x * x", "at 3 forward mode says 3: wrong"),
        "fooled everywhere": ("getattr(x, 'value', x) ** 2", "but elsewhere it should be right"),
        "a wrong value": ("9.0", "the value at 2.0 differs"),
        "wrong beside 3": ("9.0 if abs(x - 3) < 0.01 else x * x", "the value at 3.000001 differs"),
        "a function without a rule": (
            "np.round(x) * x if x == 3 else x * x",
            "TypeError: np.round",
        ),
    },
    "01.5": {
        "always right": ("True", "was never called"),
        "not the one handed": (
            "np.isclose(np.sum(reverse(f, x, np.ones(50))), 1)",
            "was never called",
        ),
        "called and forgotten": (
            "reverse(f, x, f(x) * 0 + 1, backward) is not None",
            "backward_that_overwrites is called right",
        ),
        "a number": (
            "np.sum(mg.dual.jvp(f, x, x)[1] * f(x)) - np.sum(reverse(f, x, f(x), backward) * x)",
            "wanted True or False",
        ),
        "w of the wrong shape": ("reverse(f, x, np.ones(3), backward) == 0", "your code raised"),
    },
}
CASES = [(key, mistake) for key in WRONG for mistake in WRONG[key]]
ARGUMENTS = {"01.1": "f, x, h", "01.2": "x", "01.4": "x", "01.5": "f, x, backward"}


@pytest.mark.parametrize(("key", "mistake"), CASES)
def test_a_typical_mistake_is_named(key, mistake, capsys):
    body, told = WRONG[key][mistake]
    said = verdict(key, run(f"def answer({ARGUMENTS[key]}):\n    return {body}"), capsys)
    assert said.startswith(f"✗ {key} is not right yet:") and told in said


QUOTIENT = "(self.derivative * b.value - self.value * b.derivative) / b.value**2"
EXPONENTIAL = "np.exp(self.value) * self.derivative"
DUALS = {
    "the numerator turned": (
        "(self.value * b.derivative - self.derivative * b.value) / b.value**2",
        EXPONENTIAL,
        "the numerator is the wrong way round",
    ),
    "a plus": (QUOTIENT.replace(" - ", " + "), EXPONENTIAL, "the quotient rule a minus"),
    "not divided": (QUOTIENT.removesuffix(" / b.value**2"), EXPONENTIAL, "not divided by b²"),
    "divided by b": (QUOTIENT.removesuffix("**2"), EXPONENTIAL, "divided by b, not by b²"),
    "derivative by derivative": (
        "self.derivative / b.derivative",
        EXPONENTIAL,
        "is not the quotient of the derivatives",
    ),
    "b constant": ("self.derivative / b.value", EXPONENTIAL, "yet b changes too"),
    "no chain rule": (QUOTIENT, "np.exp(self.value)", "one more factor"),
    "exp of the derivative": (QUOTIENT, "np.exp(self.derivative)", "e to the derivative"),
    "the rule for a power": (
        QUOTIENT,
        "self.value * np.exp(self.value - 1) * self.derivative",
        "the rule for a power",
    ),
    "the chain without exp": (QUOTIENT, "self.derivative", "Which factor is missing?"),
}
COMPLETED = """\
class Dual(Dual):
    def __truediv__(self, other):
        b = as_dual(other)
        return Dual(self.value / b.value, {})

    def exp(self):
        return Dual(np.exp(self.value), {})"""


@pytest.mark.parametrize("mistake", DUALS)
def test_a_mistake_in_the_duals_is_named(mistake, capsys):
    quotient_rule, exponential, told = DUALS[mistake]
    said = verdict("01.3", run(COMPLETED.format(quotient_rule, exponential)), capsys)
    assert said.startswith("✗ 01.3") and told in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("b = as_dual(other)", "b = other", "dividing by a plain number fails"),
        ("self.value / b.value, ", "b.value / self.value, ", "the value of (6 + 0.7ε)"),
        ("return Dual(self", "Dual(self", "gave None: is the return missing?"),
        ("return Dual(np.exp(self.value), ", "return (np.exp(self.value), ", "wanted a Dual"),
        ("def exp", "def exponential", "has no method exp"),
    ],
)
def test_a_slip_in_the_duals_is_named(old, new, told, capsys):
    answer = COMPLETED.format(QUOTIENT, EXPONENTIAL)
    assert old in answer
    said = verdict("01.3", run(answer.replace(old, new)), capsys)
    assert said.startswith("✗ 01.3") and told in said


TEST = """\
def agree(f, x, backward):
    random = np.random.default_rng()
    v = {v}
    value, change = mg.dual.jvp(f, x, v)
    w = {w}
    left, right = np.sum(w * change), np.sum(reverse(f, x, w, backward) * v)
    return {verdict}"""
RANDOM = {"v": "random.normal(size=x.shape)", "w": "random.normal(size=value.shape)"}
JUDGED = {"verdict": "np.isclose(left, right)"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"v": "np.ones(x.shape)"}, "in the wrong order is called right. Is v drawn at random?"),
        ({"w": "np.ones(value.shape)"}, "starts from ones, whatever w it is handed"),
        ({"verdict": "left == right"}, "minigrad's own sweep is called wrong"),
        ({"verdict": "not np.isclose(left, right)"}, "minigrad's own sweep is called wrong"),
        ({"verdict": "abs(left - right) < 1e9"}, "backward_that_overwrites is called right"),
        ({"verdict": "left - right"}, "wanted True or False"),
    ],
)
def test_a_mistake_in_the_transposition_test_is_named(change, told, capsys):
    said = verdict("01.5", run(TEST.format(**{**RANDOM, **JUDGED, **change})), capsys)
    assert said.startswith("✗ 01.5") and told in said


def test_any_random_vectors_do(capsys):
    for _ in range(20):
        assert "✓ 01.5" in verdict("01.5", run(TEST.format(**RANDOM, **JUDGED)), capsys)


def test_the_completed_duals_differentiate_the_lecture_s_function(capsys):
    space = dict(LECTURE)
    exec(code_of("01_derivatives_four_ways.ipynb", "Dual", "as_dual", "f"), space)
    exec(lessons.exercise("01.3").code, space)
    assert space["f"](space["Dual"](1.5, 1.0)).derivative == pytest.approx(LECTURE["truth"])


def test_other_right_answers_are_right(capsys):
    doubling = "def answer(x):\n    for _ in range(12):\n        x = x * x\n    return x"
    assert "✓ 01.2" in verdict("01.2", run(doubling), capsys)
    looked_up = "def answer(x):\n    return {3.0: 9.0}[3.0] if x == 3 else x**2"
    assert "✓ 01.4" in verdict("01.4", run(looked_up), capsys)
    halved = "def answer(f, x, h):\n    return f(x + h) / (2 * h) - f(x - h) / (2 * h)"
    assert "✓ 01.1" in verdict("01.1", run(halved), capsys)


# -- what the lecture says -----------------------------------------------------------------
def test_the_truth_is_what_forty_digits_give():
    with mpmath.workdps(40):
        slope = mpmath.diff(
            lambda x: mpmath.exp(x) / mpmath.sqrt(mpmath.sin(x) ** 3 + mpmath.cos(x) ** 3), 1.5
        )
        assert LECTURE["truth"] == float(slope)


def test_the_formula_is_the_one_that_sympy_gives():
    x = sympy.Symbol("x")
    slope = sympy.diff(sympy.exp(x) / sympy.sqrt(sympy.sin(x) ** 3 + sympy.cos(x) ** 3), x)
    ours = mg.symbolic.simplify(mg.symbolic.differentiate(f(mg.Symbol("x")), mg.Symbol("x")))
    for place in (0.3, 1.0, 1.5):
        assert mg.symbolic.evaluate(ours, x=place) == pytest.approx(float(slope.subs(x, place)))


def test_half_of_the_digits_are_lost_and_a_third_with_central_differences():
    steps = 10.0 ** -np.arange(1, 16)
    best = {
        method: min(
            abs(mg.finite_difference(f, 1.5, method, h) / LECTURE["truth"] - 1) for h in steps
        )
        for method in ("forward", "central", "complex")
    }
    assert 1e-9 < best["forward"] < 1e-7
    assert 1e-12 < best["central"] < 1e-9
    assert best["complex"] < 1e-15


def test_five_numbers_lie_within_a_step_of_one_quadrillionth():
    end = 1.5 + 1e-15
    assert sum(1.5 + k * np.spacing(1.5) <= end for k in range(10)) - 1 == 5
    places, stairs = neighborhood(np.float64(1.5), 1e-15)
    assert stairs and 5 <= len(places) <= 10


def test_the_absolute_value_drops_the_imaginary_part_and_maximum_does_not():
    step = 1e-200
    assert LECTURE["g"](2 + 1j * step).imag / step == 0
    assert np.maximum(2 + 1j * step, -(2 + 1j * step)).imag == step
    with pytest.raises(TypeError, match="loses the imaginary part"):
        mg.finite_difference(LECTURE["g"], 2.0, "complex")


@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 8, 10])
def test_written_out_a_derivative_swells_and_shared_it_does_not(rounds):
    x = mg.Symbol("x")
    function = LECTURE["rounds"](x, rounds)
    slope = mg.symbolic.differentiate(function, x)
    assert mg.symbolic.count_operations(function) == 2 ** (rounds + 1) - 2
    assert mg.symbolic.count_operations(function, shared=True) == 2 * rounds
    assert mg.symbolic.count_operations(slope) == 3 * rounds * 2**rounds
    assert mg.symbolic.count_operations(slope, shared=True) == 7 * rounds - 1


def test_simplifying_does_not_undo_the_swell():
    x = mg.Symbol("x")
    slope = mg.symbolic.simplify(mg.symbolic.differentiate(LECTURE["rounds"](x, 8), x))
    count = mg.symbolic.count_operations
    assert (count(slope), count(slope, shared=True)) == (5888, 53)


def test_at_one_all_but_differences_differentiate_return_a():
    ways = {
        "differences": mg.finite_difference(newton, 1.0),
        "complex": newton(1 + 1e-20j).imag / 1e-20,
        "duals": mg.dual.derivative(newton, 1.0),
        "tape": reverse(lambda node: newton(node, LECTURE["tape"]), 1.0),
    }
    assert ways == pytest.approx({"differences": 0.5, "complex": 1, "duals": 1, "tape": 1})


def test_a_first_round_by_hand_mends_it():
    def mended(a):
        x = (1 + a) / 2
        while abs(x * x - a) > 1e-12:
            x = (x + a / x) / 2
        return x

    assert mg.dual.derivative(mended, 1.0) == 0.5
    assert mg.dual.derivative(mended, 2.0) == pytest.approx(0.5 / np.sqrt(2))


def test_perturbations_get_mixed_up_in_the_lecture_s_class_and_not_in_minigrad():
    def nested(x):
        return x * (x + Dual(1.0, 1.0)).derivative

    assert nested(Dual(1.0, 1.0)).derivative == 2
    right = mg.dual.derivative(lambda x: x * mg.dual.derivative(lambda y: x + y, 1.0), 1.0)
    assert right == 1


def test_the_valley_is_as_steep_as_the_second_derivatives_say():
    x, y = sympy.symbols("x y")
    hessian = sympy.hessian((1 - x) ** 2 + 100 * (y - x**2) ** 2, (x, y)).subs({x: 1, y: 1})
    along, across = np.linalg.eigvalsh(np.array(hessian, float))
    assert (round(along, 3), round(across, 1)) == (0.399, 1001.6)
    assert 2500 < across / along < 2510


def test_gradient_descent_arrives_below_the_limit_and_not_above():
    assert descend(0.0019).losses[-1] == pytest.approx(4e-8, rel=0.1)
    assert descend(0.0021).losses[1000] < descend(0.0019).losses[1000]
    assert descend(0.0021).losses[-1] > 0.01
    assert not descend(0.006).ran_away
    assert descend(0.0066).ran_away and len(descend(0.0066).points) <= 7


def test_the_explorer_walks_as_the_backward_sweep_does():
    point, way = np.array([-1.2, 1.0]), descend(0.001, 50)
    for there, loss in zip(way.points, way.losses, strict=True):
        np.testing.assert_allclose(point, there, rtol=1e-9)
        assert loss == pytest.approx(rosenbrock(point))
        point = point - 0.001 * reverse(rosenbrock, point)


@pytest.mark.parametrize("n", [2, 10, 100, 10_000])
def test_a_gradient_costs_about_three_evaluations_and_five_at_most(n):
    ahead, back = count_sweeps(rosenbrock(mg.Variable(np.ones(n))))
    assert ahead == 8 * (n - 1)
    assert 3.2 < (ahead + back) / ahead < 5


def test_calls_are_counted():
    x = np.zeros(100)
    ways = {mg.finite_difference: 200, mg.dual.gradient: 100, reverse: 1}
    for way, calls in ways.items():
        counted = Counted(rosenbrock)
        way(counted, x)
        assert counted.calls == calls


def test_counting_leaves_out_what_needs_no_gradient():
    x = mg.Variable(np.ones(4))
    result = (np.arange(4.0) * x).sum()
    assert count_sweeps(result) == (8, 8)  # both parts of a product are computed


def test_the_peak_is_the_highest_moment_and_not_the_end():
    a = np.ones(100_000)

    def up_and_down():
        three = [a + 1, a + 2, a + 3]
        return three[0]

    assert peak(up_and_down) == pytest.approx(3 * a.nbytes, rel=0.01)
    assert peak(lambda: np.add(a, a, out=a)) < 0.01 * a.nbytes


# -- explorers and charts -------------------------------------------------------------------
def test_the_microscope_shows_what_the_numbers_are():
    explorer = explorers.microscope(f, 1.5, exponent=-1.0)
    slope = (f(1.6) - f(1.5)) / 0.1
    off = 100 * (slope / LECTURE["truth"] - 1)
    assert f"h = 1e-01 in float64: the secant's slope is off by {off:.2g} %" == explorer.text
    before = explorer.png
    explorer.controls["type"].value = "float32"
    explorer.controls["exponent"].value = -8.0
    assert explorer.text.endswith("in float32: the secant's slope is off by 1e+02 %")
    assert explorer.png != before


def test_below_the_gap_between_numbers_nothing_moves():
    assert quotient(np.exp, 1.5, 1e-8, np.float32) == 0  # 1.5 + 1e-8 is 1.5
    assert quotient(np.exp, 1.5, 1e-16) == 0


def test_the_valley_follows_its_sliders():
    explorer = explorers.valley(rate=0.0021, steps=1000)
    assert explorer.text == "learning rate 0.0021: after 1,000 steps the loss is 0.06"
    before = explorer.png
    explorer.controls["exponent"].value = -2.0
    assert explorer.text == "learning rate 0.01: it runs away within 4 steps"
    assert explorer.png != before
    explorer.controls["steps"].value = 0
    assert explorer.text == "learning rate 0.01: after 1 steps the loss is 93"


def test_a_chart_has_a_curve_and_a_mark_for_each_name():
    picture = log_log([1, 10], {"a": [1, 2], "b": [2, 1]}, "x", "y", "Two curves")
    ax = picture.figure.axes[0]
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    assert len({line.get_marker() for line in ax.lines}) == 2
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
