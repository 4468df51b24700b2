"""Exercises that check themselves, and say what differs.

A check has one of three answers: *not attempted* (the placeholder is still there), *not yet*
(with what came, what was wanted, and where they part), and *right*. An error in the
reader's code is part of a "not yet": it is caught, and told with the line that raised it.
The answers are printed, so that they read alike in every notebook program, and are
the same on every machine.
"""

from __future__ import annotations

import dis
import importlib
import linecache
import traceback
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.shared.showing import Table
from minigrad_course.lessons import exam
from minigrad_course.lessons.pages import show

__all__ = [
    "Exercise",
    "NotAttempted",
    "Wrong",
    "attempted",
    "call",
    "exercise",
    "expect",
    "hint",
    "report",
    "same",
    "solution",
    "todo",
]

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
PACKAGE = str(Path(__file__).resolve().parents[1])  # where minigrad's own code is


class Wrong(Exception):  # noqa: N818 (it is an answer, not an error)
    """Raised by a check; its text tells the reader what came and what was wanted."""


class NotAttempted(Exception):  # noqa: N818
    """Raised by a check that meets a placeholder."""


class Placeholder:
    def __repr__(self) -> str:
        return "todo"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self


todo = Placeholder()  # stands where an answer belongs; ... and None do as well


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
        >>> from minigrad_course.lessons.checks import EXERCISES, register, same
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


# -- what checks are written with ---------------------------------------------------------
def attempted(answer: Any) -> None:
    """Pass if the answer is more than a placeholder.

    Placeholders are ``...``, ``None``, ``todo``, functions that do nothing but return one
    of them, and classes all of whose methods are such functions.

    Args:
        answer: The reader's answer, or several in a tuple or list.

    Raises:
        NotAttempted: When it is a placeholder, or one of several is.

    Example:
        >>> from minigrad_course.lessons import attempted
        >>> attempted(0.0)
        >>> def double(x):
        ...     ...
        >>> attempted(double)
        Traceback (most recent call last):
        minigrad_course.lessons.checks.NotAttempted
    """
    if isinstance(answer, type):
        methods = [m for m in vars(answer).values() if callable(m) and hasattr(m, "__code__")]
        if any(does_nothing(method) for method in methods):
            raise NotAttempted
    elif isinstance(answer, (tuple, list)):
        for part in answer:
            attempted(part)
    elif answer is None or answer is ... or answer is todo or does_nothing(answer):
        raise NotAttempted


def does_nothing(function: Any) -> bool:
    # From the compiled code, so that it works wherever the source went: nothing happens in
    # it but that a placeholder is loaded and returned.
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    harmless = {"RESUME", "NOP", "CACHE", "POP_TOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    steps = list(dis.get_instructions(code))
    returned = {step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")}
    loads_todo = [step for step in steps if step.opname == "LOAD_GLOBAL" and step.argval == "todo"]
    return all(step.opname in harmless or step in loads_todo for step in steps) and returned <= {
        None,
        ...,
    }


def call(function: Callable[..., Any], *args: Any) -> Any:
    """Call the reader's code; an error in it becomes an explanation.

    Args:
        function: What to call.
        args: What to call it with.

    Returns:
        What it returns.

    Raises:
        Wrong: When it raises, with the error and the line of the reader's code.
        NotAttempted: When it raises ``NotImplementedError``, or returns a placeholder
            other than ``None``.

    Example:
        >>> from minigrad_course.lessons import call
        >>> call(lambda x: 1 / x, 0)  # doctest: +SKIP
        Traceback (most recent call last):
        minigrad_course.lessons.checks.Wrong: your code raised ZeroDivisionError: division by zero
            in line 1: call(lambda x: 1 / x, 0)
    """
    try:
        result = function(*args)
    except (Wrong, NotAttempted):
        raise
    except NotImplementedError as error:
        raise NotAttempted from error
    except Exception as error:
        raise Wrong(explain(error)) from error
    if result is ... or result is todo:
        raise NotAttempted
    return result


def explain(error: Exception) -> str:
    text = f"your code raised {type(error).__name__}: {error}"
    # The innermost frame that is the reader's: neither installed nor minigrad's own.
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = frame.filename
        if "site-packages" in file or file.startswith((PACKAGE, "<frozen", "<__array_function__")):
            continue
        line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
        return f"{text}\n  in line {frame.lineno} of {frame.name}: {line}" if line else text
    return text


def same(got: Any, wanted: Any, what: str, tolerance: float = 1e-6, tell: bool = True) -> None:
    """Pass if two numbers or arrays agree; say how they differ if not.

    Args:
        got: What came.
        wanted: What was wanted: a number or an array.
        what: What it is, to begin the sentence with.
        tolerance: Largest difference, relative to the largest number wanted (or to 1).
        tell: Whether to say what was wanted; not where the number itself is the answer, and in
            no exam.

    Raises:
        Wrong: When the type, the shape or a number differs. The text names the first
            element that does, and says so if the sign or a factor is all that is wrong.
        NotAttempted: When what came is a placeholder other than ``None``.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import same
        >>> same(np.array([1.0, 2.0]), np.array([1.0, 3.0]), "the gradient of a")
        Traceback (most recent call last):
        minigrad_course.lessons.checks.Wrong: the gradient of a differs at [1]: got 2.0, wanted 3.0.
    """
    if got is ... or got is todo:
        raise NotAttempted
    if got is None:
        raise Wrong(f"{what} is None: is something returned, or stored?")
    if hasattr(got, "inputs"):
        raise Wrong(f"{what} is a node: its value was wanted, a number or an array.")
    try:
        numbers = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"{what} is a {type(got).__name__}, wanted a number or an array.") from None
    wanted = np.asarray(wanted, dtype=float)
    if numbers.shape != wanted.shape:
        raise Wrong(f"{what} has shape {numbers.shape}, wanted {wanted.shape}.")
    close = tolerance * max(1.0, float(np.max(np.abs(wanted), initial=0.0)))

    def agree(a: np.ndarray) -> Any:
        return np.abs(a - wanted) <= close  # False where a is not a number

    good = agree(numbers)
    if np.all(good):
        return
    index = tuple(int(i) for i in np.argwhere(~good)[0])
    first = f"got {brief(numbers[index])}" + (
        f", wanted {brief(wanted[index])}." if tell and not exam.on() else "."
    )
    where = f" at [{', '.join(map(str, index))}]" if index else ""
    if np.all(agree(-numbers)):
        raise Wrong(f"{what} has the wrong sign{where}: {first}")
    for factor, word in ((2, "twice"), (0.5, "half")):
        if np.all(agree(numbers / factor)):
            raise Wrong(f"{what} is {word} what it should be{where}: {first}")
    raise Wrong(f"{what} differs{where}: {first}")


def brief(number: Any) -> str:
    return str(float(f"{float(number):.6g}"))
