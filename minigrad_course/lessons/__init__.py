"""What only the lectures need: predictions, exercises that check themselves, broken engines.

::

    guess = lessons.predict("How many nodes has the graph of sin(x·x)?", None)
    guess.reveal(3)

    exercise = lessons.exercise("02.1")
    exercise.check(answer)          # not attempted, wrong (and how), or right
    lessons.hint("02.1")
    lessons.solution("02.1")

    lessons.score()                 # how the guesses went
    lessons.report()                # how the exercises stand

    lessons.broken.backward_that_overwrites(order)
"""

from minigrad_course.lessons import broken
from minigrad_course.lessons.answers import NotAttempted, Wrong, attempted, call, same, todo
from minigrad_course.lessons.checks import Exercise, exercise, expect, hint, report, solution
from minigrad_course.lessons.installing import need_keras
from minigrad_course.lessons.predictions import Prediction, predict, score

__all__ = [
    "Exercise",
    "NotAttempted",
    "Prediction",
    "Wrong",
    "attempted",
    "broken",
    "call",
    "exercise",
    "expect",
    "hint",
    "need_keras",
    "predict",
    "report",
    "same",
    "score",
    "solution",
    "todo",
]
