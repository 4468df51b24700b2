"""What checks are written with: whether an answer was attempted, and how it differs from what is right."""

from __future__ import annotations

import dis
import linecache
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigrad_course.lessons import exam

__all__ = ["NotAttempted", "Wrong", "attempted", "call", "same", "todo"]

PACKAGE = str(Path(__file__).resolve().parents[1])  # where the course's own code is


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
        minigrad_course.lessons.answers.NotAttempted
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
        minigrad_course.lessons.answers.Wrong: your code raised ZeroDivisionError: division by zero
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
        minigrad_course.lessons.answers.Wrong: the gradient of a differs at [1]: got 2.0, wanted 3.0.
    """
    numbers, wanted = as_numbers(got, what), np.asarray(wanted, dtype=float)
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
    usual = {
        -1: "has the wrong sign",
        2: "is twice what it should be",
        0.5: "is half what it should be",
    }
    how = next(
        (text for factor, text in usual.items() if np.all(agree(numbers / factor))), "differs"
    )
    raise Wrong(f"{what} {how}{where}: {first}")


def as_numbers(got: Any, what: str) -> np.ndarray:
    """A reader's answer as numbers, if it is some."""
    if got is ... or got is todo:
        raise NotAttempted
    if got is None:
        raise Wrong(f"{what} is None: is something returned, or stored?")
    if hasattr(got, "inputs"):
        raise Wrong(f"{what} is a node: its value was wanted, a number or an array.")
    try:
        return np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"{what} is a {type(got).__name__}, wanted a number or an array.") from None


def brief(number: Any) -> str:
    return str(float(f"{float(number):.6g}"))
