"""A reader's answer to an exercise, run as in the lecture, and what is said to it."""

from dataclasses import replace

import numpy as np
from lecture_code import code_of

import minigrad as mg
from minigrad_course import lessons
from minigrad_course.lessons import ladder
from minigrad_course.lessons.checks import EXERCISES
from minigrad_course.studies.published_network import PUBLISHED

lessons.exercise("02.1")  # registers the exercises of the lecture
KEYS = sorted(EXERCISES)


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
