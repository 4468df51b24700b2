"""Exam mode: checks that do not say what was wanted, and numbers of each student's own.

A lecturer sets ``MINIGRAD_EXAM`` in the environment of the notebooks, to a student's number or to
any word. Then no check tells the number that it wanted, no solution is printed, and exercises
whose answer is a number ask for another one in each exam.
"""

from __future__ import annotations

import os
import zlib

import numpy as np

__all__ = ["generator", "on", "random"]


def on() -> bool:
    """Whether this is an exam.

    Example:
        >>> from minigrad_course.lessons import exam
        >>> exam.on()
        False
    """
    return bool(os.environ.get("MINIGRAD_EXAM"))


def generator(key: str) -> np.random.Generator:
    """Where the numbers of an exercise come from: the same for the same exercise and student.

    Args:
        key: Number of the lecture and of the exercise.

    Example:
        >>> from minigrad_course.lessons import exam
        >>> int(exam.generator("02.1").integers(10)) == int(exam.generator("02.1").integers(10))
        True
    """
    return np.random.default_rng(zlib.crc32(f"{os.environ.get('MINIGRAD_EXAM')} {key}".encode()))


def random(key: str, seed: int) -> np.random.Generator:
    """Where a check takes its data from: from a seed, and in an exam from the student's number.

    Args:
        key: Number of the lecture and of the exercise.
        seed: Of the generator where there is no exam.

    Example:
        >>> from minigrad_course.lessons import exam
        >>> int(exam.random("02.6", seed=1).integers(10))
        4
    """
    return generator(key) if on() else np.random.default_rng(seed)
