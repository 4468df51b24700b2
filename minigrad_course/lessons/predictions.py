"""Predict, run, compare: a guess that is made before the cell that answers."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from minigrad_course.lessons.pages import show

__all__ = ["Prediction", "predict", "score"]

MADE: dict[str, Prediction] = {}  # by question: a cell that is run again asks the same one


class Prediction:
    """A question and the reader's guess; made by :func:`predict`.

    Attributes:
        right: Whether the guess came true; ``None`` before the answer, and without a guess.
        factor: How many times too large or too small a number was; ``None`` for other guesses.
    """

    def __init__(self, question: str, guess: Any = None) -> None:
        self.question, self.guess = question, guess
        self.right: bool | None = None
        self.factor: float | None = None
        self.noted: list[str] = []

    @property
    def made(self) -> bool:
        """Whether the reader answered."""
        return self.guess is not None and self.guess is not ...

    def note(self, line: str) -> None:
        """Print what gives the answer away; without a guess it is folded with the answer.

        Args:
            line: What leads to the answer.

        Example:
            >>> from minigrad_course import lessons
            >>> guess = lessons.predict("Which is larger?", "a")
            >>> guess.note("a = 1, b = 2")
            a = 1, b = 2
            >>> guess = lessons.predict("Which is larger?")
            >>> guess.note("a = 1, b = 2")
            >>> guess.reveal("b")
            a = 1, b = 2
            It is b.
        """
        if self.made:
            print(line)
        else:
            self.noted.append(line)

    def reveal(self, truth: Any, tolerance: float = 0.0, factor: float = 1.0) -> None:
        """Show the truth beside the guess; without a guess it is folded in a notebook.

        Args:
            truth: The answer, usually computed: a number, a word, a sequence.
            tolerance: How far a number may be off, relative to the truth.
            factor: How many times too large or too small a number may be, where the order of
                magnitude is what was asked.

        Example:
            >>> from minigrad_course import lessons
            >>> lessons.predict("Nodes?", 4).reveal(3)
            You said 4. It is 3.
            >>> lessons.predict("Nodes?", 3).reveal(3)
            You said 3, and so it is.
            >>> lessons.predict("Nodes?").reveal(3)
            It is 3.
            >>> lessons.predict("How far apart?", 1e-6).reveal(3e-6, factor=10)
            You said 1e-06, and so it is (exactly 3e-06).
            >>> lessons.predict("Is it right?", "yes").reveal(True)
            You said yes, and so it is.
        """
        answer = f"It is {written(truth)}."
        if not self.made:
            show("\n".join([*self.noted, answer]), folded(answer, self.noted))
            return
        self.factor = ratio(self.guess, truth)
        near = self.factor is not None and self.factor <= factor
        self.right = agrees(self.guess, truth, tolerance) or near
        if self.right:
            rough = (tolerance or factor > 1) and self.guess != truth
            exactly = f" (exactly {written(truth)})" if rough else ""
            print(f"You said {written(self.guess)}, and so it is{exactly}.")
        else:
            print(f"You said {written(self.guess)}. {answer}")


def predict(question: str, guess: Any = None) -> Prediction:
    """Commit to a guess. Nothing is printed, and no answer is an answer too.

    Args:
        question: What is asked.
        guess: The reader's answer, in place of ``None``.

    Returns:
        The prediction; its ``reveal(truth)`` shows both together.

    Example:
        >>> from minigrad_course import lessons
        >>> guess = lessons.predict("What is the derivative of x·x at 5?", 10)
        >>> guess.reveal(2 * 5.0)
        You said 10, and so it is.
    """
    MADE[question] = Prediction(question, guess)
    return MADE[question]


def score() -> None:
    """Say how the guesses of this session went.

    Example:
        >>> from minigrad_course.lessons import predict, score
        >>> from minigrad_course.lessons.predictions import MADE
        >>> MADE.clear()
        >>> predict("Nodes?", 3).reveal(3)
        You said 3, and so it is.
        >>> predict("How many bytes?", 100).reveal(400)
        You said 100. It is 400.
        >>> score()
        You made 2 of 2 guesses, and 1 came true. The numbers were off by a factor of 4 at most.
    """
    made = [guess for guess in MADE.values() if guess.made]
    if not made:
        print(
            f"You made none of {len(MADE)} guesses. Put one in place of None, and see what you "
            "learn from being wrong."
        )
        return
    right = sum(guess.right is True for guess in made)
    factors = [guess.factor for guess in made if guess.factor is not None]
    off = f" The numbers were off by a factor of {max(factors):.3g} at most." if factors else ""
    print(f"You made {len(made)} of {len(MADE)} guesses, and {right} came true.{off}")


def folded(answer: str, noted: list[str]) -> str:
    # closed until somebody opens it: who has not guessed yet may still want to
    lines = "\n".join(noted)
    return (
        "<details><summary>No guess yet: put one in place of <code>None</code> and run the cell "
        "again, or open the answer.</summary>"
        + (f"<pre>{escape(lines)}</pre>" if noted else "")
        + f"{escape(answer)}</details>"
    )


YES_OR_NO = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


def agrees(guess: Any, truth: Any, tolerance: float) -> bool:
    guess, truth = yes_or_no(guess), yes_or_no(truth)
    if isinstance(guess, str) and isinstance(truth, str):
        return guess.strip().lower() == truth.strip().lower()
    if isinstance(guess, bool) is not isinstance(truth, bool):
        return False  # a number is no answer to a question of yes or no
    try:
        said, is_ = np.asarray(guess, dtype=float), np.asarray(truth, dtype=float)
    except (TypeError, ValueError):  # words, or no answer to this question
        return False
    return said.shape == is_.shape and np.allclose(said, is_, rtol=tolerance + 1e-9, atol=0)


def yes_or_no(value: Any) -> Any:
    if isinstance(value, np.bool_):
        return bool(value)
    return YES_OR_NO.get(value.strip().lower(), value) if isinstance(value, str) else value


def ratio(guess: Any, truth: Any) -> float | None:
    # how many times too large or too small, for two numbers of the same sign
    if any(isinstance(value, bool | str) for value in (guess, truth)):
        return None
    try:
        quotient = float(guess) / float(truth)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return max(quotient, 1 / quotient) if quotient > 0 else None


def written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if np.ndim(value) == 0 and np.asarray(value).dtype.kind == "f":
        return f"{float(value):.6g}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=6, separator=", ")
    return str(value)
