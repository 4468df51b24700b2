"""Derivatives by finite differences, and the gradient check that rests on them.

``differences.py`` has the quotients, ``check.py`` sets the backward sweep of a graph against them,
and ``findings.py`` says in words what came out.
"""

from minigrad.gradcheck.check import check_gradient
from minigrad.gradcheck.differences import STEPS, finite_difference
from minigrad.gradcheck.findings import Disagreement, GradientCheck

__all__ = ["STEPS", "Disagreement", "GradientCheck", "check_gradient", "finite_difference"]


def __dir__() -> list[str]:
    return sorted(__all__)
