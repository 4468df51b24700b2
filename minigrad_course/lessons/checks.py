"""Exercises that check themselves, and say what differs.

A check has one of three answers: *not attempted* (the placeholder is still there), *not yet*
(with what came, what was wanted, and where they part), and *right*. An error in the
reader's code is part of a "not yet": it is caught, and told with the line that raised it.
The answers are printed, so that they read alike in every notebook program, and are
the same on every machine.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from html import escape
from typing import Any

from minigrad.shared.showing import Table
from minigrad_course.lessons import exam
from minigrad_course.lessons.answers import NotAttempted, Wrong, attempted
from minigrad_course.lessons.pages import show

__all__ = ["Exercise", "exercise", "expect", "hint", "register", "report", "solution"]

# the module that holds the exercises of a lecture
LECTURES = {
    "01": "derivatives_four_ways",
    "02": "graph_nodes",
    "03": "proof_of_concept",
    "04": "optimized_version",
    "05": "keras_reference",
    "06": "experiments",
    "07": "going_further",
    "08": "derivatives_of_chance",
}
EXERCISES: dict[str, Exercise] = {}
YES = ("no", "yes")


class Exercise:
    """A question with a check, hints and a solution.

    Args:
        key: What the lecture calls it, such as ``"02.1"``.
        check: Called with the reader's answer; returns when it is right, and raises
            :class:`Wrong` or :class:`NotAttempted` otherwise.
        praise: What to add when it is right: the point of the exercise, in a sentence.
        hints: Told one after the other.
        solution: Code that solves it.
        given: Says which numbers a student has in an exam, where they are others than the lecture's.

    Example:
        >>> from minigrad_course.lessons import Exercise, same
        >>> def is_six(answer):
        ...     same(answer, 6.0, "the derivative")
        >>> exercise = Exercise("0.0", is_six, "2x at 3.", hints=["x·x"], solution="6.0")
        >>> exercise.check(...)
        ○ 0.0 is not attempted yet. Put your answer in place of the dots; lessons.hint("0.0") helps.
        >>> exercise.check(-6.0)
        ✗ 0.0 is not right yet: the derivative has the wrong sign: got -6.0, wanted 6.0.
        >>> exercise.check(6.0)
        ✓ 0.0 is right. 2x at 3.
    """

    def __init__(
        self,
        key: str,
        check: Callable[[Any], None],
        praise: str,
        hints: list[str],
        solution: str,
        given: Callable[[], str] | None = None,
    ) -> None:
        self.key, self.checker, self.praise = key, check, praise
        self.hints, self.code, self.given = hints, solution, given
        self.state = "not attempted"
        self.tries = self.told = 0  # answers that were checked, hints that were given
        self.solution_seen = False

    def __repr__(self) -> str:
        return f"<exercise {self.key}: {self.state}>"

    def check(self, answer: Any) -> None:
        """Print whether the answer is right, and what differs if it is not.

        Args:
            answer: What the lecture asks for: a value, a function or a class.
        """
        if self.given is not None and exam.on():
            print(f"{self.key} in this exam: {self.given()}")
        try:
            attempted(answer)
            self.checker(answer)
        except NotAttempted:
            self.state = "not attempted"
            print(
                f"○ {self.key} is not attempted yet. Put your answer in place of the dots; "
                f"{self.help}."
            )
        except Wrong as difference:
            self.state = "wrong"
            self.tries += 1
            again = f" ({self.help}.)" if self.tries > 1 else ""
            print(f"✗ {self.key} is not right yet: {difference}{again}")
        else:
            self.state = "right"
            self.tries += 1
            print(f"✓ {self.key} is right. {self.praise}")

    @property
    def help(self) -> str:
        # by its key: after "Run All" the name `exercise` is the last one's
        return f'lessons.hint("{self.key}") helps'

    def hint(self) -> None:
        """Print the next hint; after the last one, the first again."""
        number = self.told % len(self.hints)
        self.told += 1
        whose = ", with the lecture's numbers" if self.given is not None and exam.on() else ""
        print(f"{self.key}, hint {number + 1} of {len(self.hints)}{whose}: {self.hints[number]}")

    def solution(self) -> None:
        """Print code that solves the exercise. Try first: the checks say more than it does."""
        if exam.on():
            print(f"{self.key}: in an exam there are no solutions.")
            return
        self.solution_seen = True
        print(self.code)


def load() -> None:
    for module in LECTURES.values():
        importlib.import_module(f"minigrad_course.lessons.{module}")  # it registers its exercises


def exercise(key: str) -> Exercise:
    """The exercise of that key.

    Args:
        key: Number of the lecture and of the exercise, such as ``"02.1"``.

    Returns:
        The exercise.

    Raises:
        KeyError: When there is none.

    Example:
        >>> from minigrad_course import lessons
        >>> lessons.exercise("02.1").check(lessons.todo)
        ○ 02.1 is not attempted yet. Put your answer in place of the dots; lessons.hint("02.1") helps.
    """
    load()
    if key not in EXERCISES:
        raise KeyError(f"there is no exercise {key!r}; there are {', '.join(sorted(EXERCISES))}")
    return EXERCISES[key]


def hint(key: str) -> None:
    """Print the next hint of the exercise of that key.

    Args:
        key: Number of the lecture and of the exercise, such as ``"02.1"``.

    Raises:
        KeyError: When there is none.

    Example:
        >>> from minigrad_course import lessons
        >>> lessons.hint("02.1")                                    # doctest: +ELLIPSIS
        02.1, hint 1 of ...
    """
    exercise(key).hint()


def solution(key: str) -> None:
    """Print code that solves the exercise of that key.

    Args:
        key: Number of the lecture and of the exercise, such as ``"02.1"``.

    Raises:
        KeyError: When there is none.

    Example:
        >>> from minigrad_course import lessons
        >>> lessons.solution("02.1")                                # doctest: +ELLIPSIS
        machine = ...
    """
    exercise(key).solution()


class Report(dict[str, dict[str, Any]]):
    """How exercises stand: a dictionary that shows itself as a table.

    Example:
        >>> from minigrad_course.lessons.checks import Report
        >>> Report({"02.1": {"state": "right", "tries": 2, "hints": 0, "solution_seen": False}})
        1 of 1 exercises right
        exercise  state  tries  hints  solution seen
        ────────  ─────  ─────  ─────  ─────────────
        02.1      right      2      0  no
    """

    def _table(self) -> Table:
        heads = ("exercise", "state", "tries", "hints", "solution seen")
        rows = [
            (key, row["state"], f"{row['tries']}", f"{row['hints']}", YES[row["solution_seen"]])
            for key, row in self.items()
        ]
        right = sum(row["state"] == "right" for row in self.values())
        title = f"{right} of {len(self)} exercises right"
        return Table(title, heads, rows, ("tries", "hints"))

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def report(lecture: str = "") -> Report:
    """How far the exercises have come: what a grade is made of.

    Args:
        lecture: Its number, such as ``"02"``; all lectures by default.

    Returns:
        For each key ``state`` ("not attempted", "wrong" or "right"), ``tries``, ``hints`` (how
        many were given) and ``solution_seen``; JSON can hold it.

    Example:
        >>> from minigrad_course import lessons
        >>> sorted(lessons.report("02")["02.2"])
        ['hints', 'solution_seen', 'state', 'tries']
    """
    load()
    return Report(
        {
            key: {
                "state": one.state,
                "tries": one.tries,
                "hints": one.told,
                "solution_seen": one.solution_seen,
            }
            for key, one in sorted(EXERCISES.items())
            if key.startswith(lecture)
        }
    )


def register(
    key: str,
    praise: str,
    hints: list[str],
    solution: str,
    given: Callable[[], str] | None = None,
) -> Callable[[Callable[[Any], None]], Exercise]:
    """Make an exercise of the check that follows.

    The exercises of one lecture are one module, named in ``LECTURES``.

    Args:
        key: Number of the lecture and of the exercise.
        praise: What to add when it is right.
        hints: Told one after the other.
        solution: Code that solves it.
        given: Says which numbers a student has in an exam.

    Returns:
        A decorator that registers the exercise and returns it.

    Example:
        >>> from minigrad_course.lessons.answers import same
        >>> from minigrad_course.lessons.checks import EXERCISES, register
        >>> @register("0.1", "Well done.", hints=["Add."], solution="2")
        ... def two(answer):
        ...     same(answer, 2, "the sum")
        >>> EXERCISES.pop("0.1")
        <exercise 0.1: not attempted>
    """

    def decorate(check: Callable[[Any], None]) -> Exercise:
        EXERCISES[key] = Exercise(key, check, praise, hints, solution, given)
        return EXERCISES[key]

    return decorate


def expect(holds: Any, otherwise: str) -> None:
    """Say what is different now, where something that a lecture relies on does not hold.

    Nothing is printed where it does. A lecture uses it in place of ``assert``: whoever changes a
    cell, as the lecture asks, reads a sentence and no traceback.

    Args:
        holds: A truth value.
        otherwise: The sentence: what was expected, and why it may not be so.

    Example:
        >>> from minigrad_course import lessons
        >>> lessons.expect(1 + 1 == 2, "One and one should be two.")
        >>> lessons.expect(0.1 > 0.7, "With a rate of 5 nothing is learned.")
        Not as expected: With a rate of 5 nothing is learned.
    """
    if not holds:
        text = f"Not as expected: {otherwise}"
        show(text, f"<b>Not as expected:</b> {escape(otherwise)}")
