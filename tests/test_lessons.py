"""Predictions and exercises: what a reader is told, for every kind of answer."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from lecture_code import code_of

import minigrad as mg
from minigrad_course import lessons
from minigrad_course.lessons import (
    NotAttempted,
    Wrong,
    attempted,
    call,
    ladder,
    predict,
    same,
    todo,
)
from minigrad_course.lessons.checks import EXERCISES, Exercise
from minigrad_course.studies.published_network import PUBLISHED

lessons.exercise("02.1")  # registers the exercises of the lecture
KEYS = sorted(EXERCISES)


# -- predictions ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("guess", "truth", "told"),
    [
        (None, 3, "It is 3.\n"),
        (..., 3, "It is 3.\n"),
        (4, 3, "You said 4. It is 3.\n"),
        (3, 3, "You said 3, and so it is.\n"),
        (3, np.float64(3.0), "You said 3, and so it is.\n"),
        ("Negative", "negative", "You said Negative, and so it is.\n"),
        ([1, 1], np.ones(2), "You said [1, 1], and so it is.\n"),
        ([1, 1, 1], np.ones(2), "You said [1, 1, 1]. It is [1., 1.].\n"),
        (1, np.ones(2), "You said 1. It is [1., 1.].\n"),
        ("many", 3, "You said many. It is 3.\n"),
        (True, False, "You said yes. It is no.\n"),
        ("no", False, "You said no, and so it is.\n"),
        ("Y", True, "You said Y, and so it is.\n"),
        ("no", True, "You said no. It is yes.\n"),
        (1, True, "You said 1. It is yes.\n"),
    ],
)
def test_guess_and_truth_are_shown_together(guess, truth, told, capsys):
    predict("How many?", guess).reveal(truth)
    assert capsys.readouterr().out == told


def test_a_prediction_prints_nothing_until_the_truth_is_there(capsys):
    assert not predict("How many?").made
    assert predict("How many?", 0).made
    assert capsys.readouterr().out == ""


def test_a_tolerance_accepts_a_rounded_guess(capsys):
    predict("How many?", 9.9).reveal(9.912028, tolerance=0.01)
    assert capsys.readouterr().out == "You said 9.9, and so it is (exactly 9.91203).\n"


def test_in_a_notebook_the_answer_is_folded_until_somebody_has_guessed(monkeypatch):
    from minigrad_course.lessons import predictions as module

    shown = []
    monkeypatch.setattr(module, "show", lambda text, html: shown.append((text, html)))
    predict("Which is larger?").reveal("a < b")
    assert shown == [("It is a < b.", shown[0][1])]
    assert shown[0][1].startswith("<details><summary>") and "It is a &lt; b." in shown[0][1]
    predict("Which is larger?", "b").reveal("a < b")
    assert len(shown) == 1


def test_the_score_counts_a_question_once_however_often_its_cell_ran(monkeypatch, capsys):
    from minigrad_course.lessons.predictions import MADE

    monkeypatch.setattr("minigrad_course.lessons.predictions.MADE", {})
    lessons.score()
    predict("One?", 2).reveal(1)
    predict("One?", 1).reveal(1)
    predict("Two?").reveal(2)
    predict("Bytes?", 10).reveal(40)
    capsys.readouterr()
    lessons.score()
    assert capsys.readouterr().out == (
        "You made 2 of 3 guesses, and 1 came true. The numbers were off by a factor of 4 at most.\n"
    )
    assert "One?" not in MADE  # the session's own are as they were


# -- attempted or not ----------------------------------------------------------------------
def dots(x): ...


def nothing(x):
    """Says what it should do."""


def returns_dots(x):
    return ...


def returns_todo(x):
    return todo


class Untouched:
    def forward(self, x): ...

    def backward(self, gradient, x):
        return ...


class HalfDone:
    def forward(self, x):
        return x

    def backward(self, gradient, x):
        return ...


@pytest.mark.parametrize(
    "placeholder",
    [None, ..., todo, (1.0, ...), dots, nothing, returns_dots, returns_todo, Untouched, HalfDone],
)
def test_a_placeholder_is_no_attempt(placeholder):
    with pytest.raises(NotAttempted):
        attempted(placeholder)


@pytest.mark.parametrize("answer", [0, 0.0, False, "", [], np.zeros(2), lambda x: x, int, np.sin])
def test_anything_else_is_one(answer):
    attempted(answer)


def test_a_function_that_returns_a_number_is_an_attempt():
    def three(x):
        return 3

    attempted(three)


# -- what differs --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("got", "wanted", "told"),
    [
        ([1.0, 2.0], [1.0, 3.0], "g differs at [1]: got 2.0, wanted 3.0."),
        (np.zeros((2, 3)), np.ones(3), "g has shape (2, 3), wanted (3,)."),
        ([-1.0, -3.0], [1.0, 3.0], "g has the wrong sign at [0]: got -1.0, wanted 1.0."),
        (4.0, 2.0, "g is twice what it should be: got 4.0, wanted 2.0."),
        ([0.0, 1.5], [0.0, 3.0], "g is half what it should be at [1]: got 1.5, wanted 3.0."),
        (np.nan, 2.0, "g differs: got nan, wanted 2.0."),
        (None, 2.0, "g is None: is something returned, or stored?"),
        ("two", 2.0, "g is a str, wanted a number or an array."),
        (mg.as_node(2.0), 2.0, "g is a node: its value was wanted, a number or an array."),
    ],
)
def test_the_difference_is_named(got, wanted, told):
    with pytest.raises(Wrong) as difference:
        same(got, wanted, "g")
    assert str(difference.value) == told


def test_rounding_makes_no_difference():
    same(0.1 + 0.2, 0.3, "the sum")
    same(np.float32(1 / 3), 1 / 3, "the third")


# -- errors in the reader's code -----------------------------------------------------------
READER = """\
def share(total, parts):
    each = total / parts
    return each
"""


def reader_s(source, name):
    """Compile as a notebook does: the lines are known under the name of a cell."""
    import linecache

    file = "<cell 7>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space = {}
    exec(compile(source, file, "exec"), space)
    return space[name]


def test_an_error_is_told_with_its_line():
    with pytest.raises(Wrong) as told:
        call(reader_s(READER, "share"), 1, 0)
    assert str(told.value) == (
        "your code raised ZeroDivisionError: division by zero\n  in line 2 of share: each = total / parts"
    )


def test_an_error_deep_in_numpy_is_told_with_the_reader_s_line():
    source = "def invert(a):\n    return np.linalg.inv(a)\n".replace("np.", "__import__('numpy').")
    with pytest.raises(Wrong, match=r"LinAlgError: Singular matrix\n  in line 2 of invert"):
        call(reader_s(source, "invert"), np.zeros((2, 2)))


def test_not_implemented_is_not_attempted():
    def later():
        raise NotImplementedError

    with pytest.raises(NotAttempted):
        call(later)


def test_a_check_never_raises(capsys):
    def check(answer):
        same(call(answer), 1.0, "the result")

    exercise = Exercise("0.0", check, "Done.", hints=["Add."], solution="1.0")
    exercise.check(lambda: 1 / 0)
    assert "✗ 0.0 is not right yet: your code raised ZeroDivisionError" in capsys.readouterr().out
    assert repr(exercise) == "<exercise 0.0: wrong>"
    exercise.check(lambda: 1.0)
    assert capsys.readouterr().out == "✓ 0.0 is right. Done.\n"
    assert repr(exercise) == "<exercise 0.0: right>"


def test_hints_come_one_by_one_and_start_again(capsys):
    exercise = Exercise("0.0", attempted, "Done.", hints=["First.", "Second."], solution="1.0")
    for _ in range(3):
        exercise.hint()
    exercise.solution()
    assert capsys.readouterr().out == (
        "0.0, hint 1 of 2: First.\n0.0, hint 2 of 2: Second.\n0.0, hint 1 of 2: First.\n1.0\n"
    )


def test_the_second_wrong_answer_is_told_where_help_is(capsys):
    def is_six(answer):
        same(answer, 6.0, "the number")

    exercise = Exercise("0.0", is_six, "Well done.", ["Add."], "6.0")
    exercise.check(1.0)
    assert "hint" not in capsys.readouterr().out
    exercise.check(2.0)
    assert capsys.readouterr().out.endswith('(lessons.hint("0.0") helps.)\n')
    assert (exercise.state, exercise.tries) == ("wrong", 2)


def test_a_number_that_is_the_answer_is_not_told():
    with pytest.raises(Wrong) as told:
        same(1.0, 2.718, "the gradient", tell=False)
    assert str(told.value) == "the gradient differs: got 1.0."


def test_an_exam_tells_no_numbers_and_no_solutions(monkeypatch, capsys):
    monkeypatch.setenv("MINIGRAD_EXAM", "1234")
    with pytest.raises(Wrong) as told:
        same(1.0, 2.718, "the gradient")
    assert "2.718" not in str(told.value)
    EXERCISES["02.1"].solution_seen = False
    lessons.solution("02.1")
    assert "cos" not in capsys.readouterr().out
    assert not lessons.report("02")["02.1"]["solution_seen"]


def test_a_student_has_numbers_of_their_own_and_always_the_same(monkeypatch):
    from minigrad_course.lessons import exam

    drawn = []
    for student in ("1234", "1234", "5678"):
        monkeypatch.setenv("MINIGRAD_EXAM", student)
        drawn.append(exam.generator("02.1").integers(1 << 30))
    assert drawn[0] == drawn[1] != drawn[2]


def test_what_is_not_as_expected_is_a_sentence(capsys):
    lessons.expect(np.True_, "Never printed.")
    lessons.expect(False, "The loss should be below 1.")
    assert capsys.readouterr().out == "Not as expected: The loss should be below 1.\n"


def test_an_unknown_exercise_is_said_to_be_unknown():
    with pytest.raises(KeyError, match=r"no exercise '99.1'; there are 01.1"):
        lessons.exercise("99.1")


# -- the exercises of lecture 02 -----------------------------------------------------------
class LectureOperator:
    """The base class that the reader writes in the lecture."""

    def __init__(self, *inputs, name=None):
        self.inputs, self.name = inputs, name
        self.value = self.gradient = None


LECTURE_01 = code_of("01_derivatives_four_ways.ipynb", "Dual", "as_dual", "reverse")
LECTURE_04 = code_of("04_optimised_version.ipynb", "EachTime")


def run(source):
    """The last thing that a piece of code defines."""
    # what the lectures have imported or defined before their exercises
    space = {"np": np, "mg": mg, "Operator": LectureOperator}
    space |= {"replace": replace, "PUBLISHED": PUBLISHED, "ladder": ladder}
    exec(LECTURE_01, space)
    exec(LECTURE_04, space)
    known = dict(space)
    exec(source, space)
    return next(space[name] for name in space if space[name] is not known.get(name))


def verdict(key, answer, capsys):
    lessons.exercise(key).check(answer)
    return capsys.readouterr().out


@pytest.fixture
def no_new_functions(monkeypatch):
    # a solution may teach minigrad a function; no other test should meet it
    from minigrad.graph import node

    monkeypatch.setattr(node, "NUMPY_FUNCTIONS", dict(node.NUMPY_FUNCTIONS))


@pytest.mark.parametrize("key", KEYS)
def test_nothing_attempted_runs_clean(key, capsys):
    assert verdict(key, ..., capsys).startswith(f"○ {key} is not attempted yet.")
    assert verdict(key, dots, capsys).startswith(f"○ {key} is not attempted yet.")


@pytest.mark.parametrize("key", KEYS)
def test_the_solution_is_right(key, capsys, no_new_functions):
    assert verdict(key, run(lessons.exercise(key).code), capsys).startswith(f"✓ {key} is right.")


@pytest.mark.parametrize("key", KEYS)
def test_nonsense_is_wrong_and_explained(key, capsys):
    told = verdict(key, 42, capsys)
    assert told.startswith(f"✗ {key} is not right yet:") and "wanted" in told


WRONG = {
    "one use of u forgotten": (
        "02.1",
        "machine = (3 * np.cos(6), 2 * np.cos(6))",
        "one of u's two edges is missing",
    ),
    "degrees in place of radians": (
        "02.1",
        "machine = (3 * np.cos(np.radians(6)) + 1, 2 * np.cos(np.radians(6)))",
        "the cosine was taken of degrees",
    ),
    "gradients swapped": (
        "02.1",
        "machine = (2 * np.cos(6), 3 * np.cos(6) + 1)",
        "the two are swapped",
    ),
    "a slip of the pencil": (
        "02.1",
        "machine = (3.9, 1.9)",
        "the gradient of u differs: got 3.9.",  # and not what was wanted: that is the answer
    ),
    "the sign of y": (
        "02.2",
        """class Divide(Operator):
    def forward(self, x, y):
        return x / y
    def backward(self, gradient, x, y):
        return [gradient / y, gradient * x / y**2]""",
        "the gradient of y for x = 1.0, y = 2.0 and gradient = 1.0 has the wrong sign",
    ),
    "the factor gradient forgotten": (
        "02.2",
        """class Divide(Operator):
    def forward(self, x, y):
        return x / y
    def backward(self, gradient, x, y):
        return [1 / y, -x / y**2]""",
        "does each part contain the factor `gradient`?",
    ),
    "no return": (
        "02.2",
        """class Divide(Operator):
    def forward(self, x, y):
        return x / y
    def backward(self, gradient, x, y):
        [gradient / y, -gradient * x / y**2]""",
        "backward returned None: is the return missing?",
    ),
    "an innocent graph": (
        "02.3",
        """def tell_them_apart():
    a, b = mg.Variable(3.0), mg.Variable(2.0)
    return a * b""",
        "backward_that_overwrites gets every gradient right",
    ),
    "a graph on which both are wrong": (
        "02.3",
        """def tell_them_apart():
    a = mg.Variable(3.0, name="a")
    b = a + a
    return b + b""",
        "backward_by_recursion should be right on your graph, but the gradient of a differs",
    ),
    "no operator that is used": (
        "02.3",
        """def tell_them_apart():
    return mg.Variable([1.0, 2.0]) * 3.0""",
        "your result has shape (2,); end it with .sum() to get a scalar.",
    ),
    "nothing stretched": (
        "02.4",
        """def expose_the_missing_sum():
    return (np.ones(3) + mg.Variable([1.0, 2.0, 3.0])).sum()""",
        "backward_without_unbroadcast gets every gradient right",
    ),
    "no scalar": (
        "02.4",
        """def expose_the_missing_sum():
    return np.ones((2, 3)) + mg.Variable([1.0, 2.0, 3.0])""",
        "your result has shape (2, 3); end it with .sum() to get a scalar.",
    ),
    "no variable": (
        "02.4",
        """def expose_the_missing_sum():
    return mg.as_node(1.0) + 1.0""",
        "your graph holds no mg.Variable",
    ),
    "the factor gradient forgotten once more": (
        "02.5",
        """class ArcTan(mg.Operator):
    def forward(self, x):
        return np.arctan(x)
    def backward(self, gradient, x):
        return 1 / (1 + x**2)""",
        "does each part contain the factor `gradient`?",
    ),
    "the derivative of the tangent": (
        "02.5",
        """class ArcTan(mg.Operator):
    def forward(self, x):
        return np.arctan(x)
    def backward(self, gradient, x):
        return gradient / np.cos(x) ** 2""",
        "what backward returns for a gradient of 2, 2, 2 differs at [0]",
    ),
    "the product's factors in the wrong order": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [y.T @ gradient, gradient @ x.T]""",
        "two shapes do not meet in a product. x is (2, 3)",
    ),
    "a transpose forgotten": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [gradient @ y, x @ gradient]""",
        "which order, and which transpose, gives the shape of x",
    ),
    "the products swapped": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [x.T @ gradient, gradient @ y.T]""",
        "the two gradients are swapped",
    ),
    "the products transposed": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [y @ gradient.T, gradient.T @ x]""",
        "both gradients are transposed",
    ),
    "element by element in place of a product": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [gradient.sum() * x, gradient.sum() * y]""",
        "the gradient of x differs at [0, 0]",
    ),
    "the axis gone": (
        "02.7",
        """def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=axis)
    return g""",
        "the axis of length 1 is gone; keepdims=True keeps it",
    ),
    "a mean in place of the sum": (
        "02.7",
        """def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.mean(axis=0)
    return g""",
        "that is the mean. Every use counts in full.",
    ),
    "one part kept": (
        "02.7",
        """def unbroadcast(g, shape):
    return g if g.shape == shape else np.broadcast_to(g.flat[0], shape)""",
        "one of the parts was kept",
    ),
    "axes summed from the end": (
        "02.7",
        """def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    return g""",
        "for a missing axis in front, (4, 3) → (3,), the gradient has shape (4,), wanted (3,)",
    ),
    "another function": (
        "02.5",
        """class ArcTan(mg.Operator):
    def forward(self, x):
        return np.tan(x)
    def backward(self, gradient, x):
        return gradient / (1 + x**2)""",
        "the value differs at [0]",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_typical_mistake_is_named(mistake, capsys):
    key, source, told = WRONG[mistake]
    said = verdict(key, run(source), capsys)
    assert said.startswith(f"✗ {key}") and told in said


def test_every_exercise_tells_three_mistakes_apart():
    """The tests of all lectures together: three or more mistakes, each told in words of its own."""
    told = {key: set(cases) for key, cases in told_in_the_tests().items()}
    assert {key: words for key, words in told.items() if len(words) < 3} == {}
    assert sorted(told) == KEYS


def told_in_the_tests():
    import test_lesson_derivatives_four_ways as four_ways
    import test_lesson_derivatives_of_chance as chance
    import test_lesson_experiments as experiments
    import test_lesson_going_further as going_further
    import test_lesson_keras_reference as keras_reference
    import test_lesson_optimized_version as optimized_version
    import test_lesson_proof_of_concept as proof_of_concept

    lectures = proof_of_concept, optimized_version, keras_reference, experiments, going_further
    tables = [WRONG, chance.MISTAKES, *(lecture.MISTAKES for lecture in lectures)]
    found = {key: [] for key in KEYS}
    for key, _, words in (case for table in tables for case in table.values()):
        found[key].append(words)
    for key, cases in four_ways.WRONG.items():
        found[key] += [words for _, words in cases.values()]
    found["01.3"] += [words for *_, words in four_ways.DUALS.values()]
    return found


def test_lessons_need_no_picture():
    program = "import sys, minigrad_course.lessons; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
