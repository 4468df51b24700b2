"""Predict, run, compare: a guess that is made before the cell that answers."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Prediction", "predict"]


class Prediction:
    """A question and the reader's guess; made by :func:`predict`."""

    def __init__(self, question: str, guess: Any = None) -> None:
        self.question, self.guess = question, guess

    @property
    def made(self) -> bool:
        """Whether the reader answered."""
        return self.guess is not None and self.guess is not ...

    def reveal(self, truth: Any, tolerance: float = 0.0, factor: float = 1.0) -> None:
        """Print the truth, and beside it the guess if there is one.

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
        """
        if not self.made:
            print(f"It is {written(truth)}.")
        elif agrees(self.guess, truth, tolerance) or near(self.guess, truth, factor):
            rough = (tolerance or factor > 1) and self.guess != truth
            exactly = f" (exactly {written(truth)})" if rough else ""
            print(f"You said {written(self.guess)}, and so it is{exactly}.")
        else:
            print(f"You said {written(self.guess)}. It is {written(truth)}.")


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
    return Prediction(question, guess)


def agrees(guess: Any, truth: Any, tolerance: float) -> bool:
    if isinstance(guess, str) and isinstance(truth, str):
        return guess.strip().lower() == truth.strip().lower()
    try:
        said, is_ = np.asarray(guess, dtype=float), np.asarray(truth, dtype=float)
    except (TypeError, ValueError):  # words, or no answer to this question
        return False
    return said.shape == is_.shape and np.allclose(said, is_, rtol=tolerance + 1e-9, atol=0)


def near(guess: Any, truth: Any, factor: float) -> bool:
    if factor == 1:
        return False
    try:
        ratio = float(guess) / float(truth)
    except (TypeError, ValueError, ZeroDivisionError):
        return False
    return 1 / factor <= ratio <= factor


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
