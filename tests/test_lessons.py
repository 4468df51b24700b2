"""Predictions and exercises: what a reader is told, for every kind of answer."""

import subprocess
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import lessons
from minigrad_course.lessons import (
    NotAttempted,
    Wrong,
    attempted,
    call,
    predict,
    same,
    todo,
)
from minigrad_course.lessons.checks import EXERCISES, Exercise

lessons.exercise("02.1")  # registers the exercises of the lecture


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


def test_what_gives_the_answer_away_is_folded_with_it(monkeypatch, capsys):
    from minigrad_course.lessons import predictions as module

    shown = []
    monkeypatch.setattr(module, "show", lambda text, html: shown.append((text, html)))
    guess = predict("Which is larger?")
    guess.note("a < b")
    guess.reveal("b")
    ((text, html),) = shown
    assert text == "a < b\nIt is b."
    assert html.endswith("</summary><pre>a &lt; b</pre>It is b.</details>")
    assert capsys.readouterr().out == ""
    predict("Which is larger?", "a").note("a < b")
    assert capsys.readouterr().out == "a < b\n"


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


def test_lessons_need_no_picture():
    program = "import sys, minigrad_course.lessons; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
