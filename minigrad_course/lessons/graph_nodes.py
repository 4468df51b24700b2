"""The exercises of lecture 02, "How does reverse mode work on a graph?"."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Node, Variable, forward, topological_sort
from minigrad_course.lessons.broken import (
    backward_by_recursion,
    backward_that_overwrites,
    backward_without_unbroadcast,
    disagreement,
)
from minigrad_course.lessons.checks import Wrong, call, register, same

__all__ = ["arctangent", "be_the_machine", "divide", "expose_the_missing_sum", "tell_them_apart"]


@register(
    "02.1",
    praise="That is all a backward sweep does; a computer is only less easily bored.",
    hints=[
        "Start at the end: dL/dL = 1. Addition hands its gradient to both inputs unchanged.",
        "sin hands on gradient · cos(u·v), and multiply hands gradient · v to u, gradient · u to v.",
        "u is used twice, so two gradients arrive there: one through multiply, 1 from the addition.",
    ],
    solution="machine = (3 * np.cos(6) + 1, 2 * np.cos(6))",
)
def be_the_machine(answer: Any) -> None:
    """dL/du and dL/dv of L = sin(u·v) + u at u = 2, v = 3."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Wrong("two numbers were wanted, as in (1.0, 2.0): the gradients of u and v.")
    same(answer[0], 3 * np.cos(6) + 1, "the gradient of u", tolerance=1e-3)
    same(answer[1], 2 * np.cos(6), "the gradient of v", tolerance=1e-3)


@register(
    "02.2",
    praise="Value and derivative side by side: that is an operator.",
    hints=[
        "The derivative of x/y with respect to x is 1/y.",
        "With respect to y it is −x/y². Mind the sign, and multiply each by the gradient.",
        "backward returns a list with one gradient for each input, in the order of the inputs.",
    ],
    solution="""\
class Divide(Operator):
    def forward(self, x, y):
        return x / y

    def backward(self, gradient, x, y):
        return [gradient / y, -gradient * x / y**2]""",
)
def divide(answer: Any) -> None:
    """A class for x / y, derived from the lecture's Operator."""
    if not isinstance(answer, type):
        raise Wrong(f"a class was wanted, got {answer!r:.60}.")
    for x, y, gradient in ((1.0, 2.0, 1.0), (1.5, -2.0, 0.7)):
        at = f"for x = {x}, y = {y}"
        node = call(answer, Variable(x), Variable(y))
        node.value = call(node.forward, x, y)
        same(node.value, x / y, f"the value {at}")
        parts = call(node.backward, gradient, x, y)
        if parts is None:
            raise Wrong("backward returned None: is the return missing?")
        if not isinstance(parts, (tuple, list)) or len(parts) != 2:
            raise Wrong(f"backward gave {parts!r:.60}, wanted a list of two gradients.")
        given = f"{at} and gradient = {gradient}"
        same(parts[0], gradient / y, f"the gradient of x {given}")
        same(parts[1], -gradient * x / y**2, f"the gradient of y {given}")


@register(
    "02.3",
    praise=(
        "A variable has no inputs: what arrives there is not handed on, so its second gradient "
        "cannot come too late. Overwriting loses the first all the same."
    ),
    hints=[
        "Overwriting goes wrong where any node is used twice.",
        "Recursion goes wrong where an operator is used twice: it hands things on too early.",
        "So let a variable be used twice, and every operator once.",
    ],
    solution="""\
def tell_them_apart():
    x = mg.Variable(3.0, name="x")
    return x * x""",
)
def tell_them_apart(answer: Any) -> None:
    """A graph on which overwriting is wrong, and recursion is right."""
    lost = disagreement(backward_that_overwrites, built(answer))
    if not lost:
        raise Wrong("backward_that_overwrites gets every gradient right on your graph.")
    early = disagreement(backward_by_recursion, built(answer))
    if early:
        raise Wrong(f"backward_by_recursion should be right on your graph, but {early}")


@register(
    "02.4",
    praise="A bias that is added to a whole batch is the everyday case.",
    hints=[
        "The gradient must have the shape of the variable. When would it come with another?",
        "Let a small variable meet a larger array, so that NumPy stretches it.",
        "Try a variable of shape (3,) and a constant of shape (2, 3); end with .sum().",
    ],
    solution="""\
def expose_the_missing_sum():
    bias = mg.Variable([0.0, 0.0, 0.0], name="bias")
    return (np.ones((2, 3)) + bias).sum()""",
)
def expose_the_missing_sum(answer: Any) -> None:
    """A graph on which the sweep without the sum over broadcast axes is wrong."""
    if not disagreement(backward_without_unbroadcast, built(answer)):
        raise Wrong("backward_without_unbroadcast gets every gradient right on your graph.")


@register(
    "02.5",
    praise="Your operator now works in any expression of NumPy's.",
    hints=[
        "The derivative of arctan(x) is 1 / (1 + x²).",
        "backward returns what arrived, the gradient, times that derivative.",
    ],
    solution="""\
@mg.implements(np.arctan)
class ArcTan(mg.Operator):
    def forward(self, x):
        return np.arctan(x)

    def backward(self, gradient, x):
        return gradient / (1 + x**2)""",
)
def arctangent(answer: Any) -> None:
    """An operator of minigrad's for np.arctan."""
    if not (isinstance(answer, type) and hasattr(answer, "backward")):
        raise Wrong(f"a class derived from mg.Operator was wanted, got {answer!r:.60}.")
    values = np.array([-2.0, 0.0, 0.5])
    x = Variable(values, name="x")
    node = call(answer, x)
    same(call(forward, topological_sort(node)), np.arctan(values), "the value")
    part = call(node.backward, np.full(3, 2.0), values)
    part = part[0] if isinstance(part, (tuple, list)) else part
    same(part, 2 / (1 + values**2), "what backward returns for a gradient of 2, 2, 2")


def built(answer: Any) -> Node:
    # Each judgment gets a graph of its own, so that none sees what another left behind.
    if not callable(answer):
        raise Wrong(f"a function that returns a node was wanted, got {answer!r:.60}.")
    result = call(answer)
    if not isinstance(result, Node):
        raise Wrong(f"your function returned {result!r:.60}, wanted a node of minigrad.")
    variables = [node for node in topological_sort(result) if isinstance(node, Variable)]
    if result.size != 1:
        raise Wrong(f"your result has shape {result.shape}; end it with .sum() to get a scalar.")
    if not variables:
        raise Wrong("your graph holds no mg.Variable, so there is no gradient to get wrong.")
    return result
