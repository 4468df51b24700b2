"""The exercises of lecture 02, "How does reverse mode work on a graph?"."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Node, Variable, forward, topological_sort, unbroadcast
from minigrad_course.lessons import exam
from minigrad_course.lessons.answers import NotAttempted, Wrong, call, same
from minigrad_course.lessons.broken import (
    backward_by_recursion,
    backward_that_overwrites,
    backward_without_unbroadcast,
    disagreement,
)
from minigrad_course.lessons.checks import register

__all__ = [
    "arctangent",
    "be_the_machine",
    "divide",
    "expose_the_missing_sum",
    "matrix_product",
    "tell_them_apart",
    "undo_broadcasting",
]


@register(
    "02.1",
    praise="That is all a backward sweep does; a computer is only less easily bored.",
    hints=[
        "Start at the end: dL/dL = 1. Addition hands its gradient to both inputs unchanged.",
        "sin hands on gradient · cos(u·v), and multiply hands gradient · v to u, gradient · u to v.",
        "u is used twice, so two gradients arrive there: one through multiply, 1 from the addition.",
    ],
    solution="machine = (3 * np.cos(6) + 1, 2 * np.cos(6))",
    given=lambda: "u = {}, v = {}.".format(*machine_at()),
)
def be_the_machine(answer: Any) -> None:
    """dL/du and dL/dv of L = sin(u·v) + u at u = 2, v = 3; at other points in an exam."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Wrong("two numbers were wanted, as in (1.0, 2.0): the gradients of u and v.")
    u, v = machine_at()
    slope = np.cos(u * v)
    truth = (v * slope + 1, u * slope)
    try:
        mine = np.array(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(
            "two numbers were wanted, as in (1.0, 2.0): the gradients of u and v."
        ) from None
    degrees = np.cos(np.radians(u * v))
    mistakes = {
        "one of u's two edges is missing: which operators use u?": (v * slope, u * slope),
        "the two are swapped: the gradient of u comes first.": truth[::-1],
        "the cosine was taken of degrees: set the calculator to radians.": (
            v * degrees + 1,
            u * degrees,
        ),
        "multiply hands each input the value of the *other*, times its gradient.": (
            u * slope + 1,
            v * slope,
        ),
        "sin hands on the cosine of u·v, times its gradient.": (
            v * np.sin(u * v) + 1,
            u * np.sin(u * v),
        ),
    }
    for what, wrong in mistakes.items():
        if np.allclose(mine, wrong, atol=1e-3):
            raise Wrong(what)
    same(mine[0], truth[0], "the gradient of u", tolerance=1e-3, tell=False)
    same(mine[1], truth[1], "the gradient of v", tolerance=1e-3, tell=False)


def machine_at() -> tuple[float, float]:
    # where the two sweeps are to be run; each student's own point in an exam
    if not exam.on():
        return 2.0, 3.0
    u, v = exam.generator("02.1").uniform(0.5, 2.5, 2).round(1)
    return float(u), float(v)


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
        contains_the_gradient(parts, (1 / y, -x / y**2), gradient)
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
    contains_the_gradient((part,), (1 / (1 + values**2),), 2.0)
    same(part, 2 / (1 + values**2), "what backward returns for a gradient of 2, 2, 2")


def contains_the_gradient(parts: Any, without: Any, gradient: float) -> None:
    # the mistake that is made most often: the local derivative alone is returned
    for part, slope in zip(parts, without, strict=True):
        if gradient != 1 and np.shape(part) == np.shape(slope) and is_number(part):
            if np.allclose(np.asarray(part, dtype=float), slope):
                raise Wrong("does each part contain the factor `gradient`? One does not.")


def is_number(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "fiu"


@register(
    "02.6",
    praise="Two products backward for one forward: a training step costs three times a prediction.",
    hints=[
        "A gradient has the shape of its value. Write the three shapes down: x is (2, 3), y is "
        "(3, 4), and so the gradient is (2, 4).",
        "Which product of `gradient` (2, 4) and y, transposed or not, has the shape of x, (2, 3)?",
        "Element by element: z[i,k] = Σⱼ x[i,j]·y[j,k], so ∂L/∂x[i,j] = Σₖ gradient[i,k]·y[j,k].",
    ],
    solution="""\
class MatMul(Operator):
    def forward(self, x, y):
        return x @ y

    def backward(self, gradient, x, y):
        return [gradient @ y.T, x.T @ gradient]""",
)
def matrix_product(answer: Any) -> None:
    """A class for x @ y of two matrices, derived from the lecture's Operator."""
    if not isinstance(answer, type):
        raise Wrong(f"a class was wanted, got {answer!r:.60}.")
    rng = exam.random("02.6", seed=1)
    x, y, gradient = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    node = call(answer, Variable(x), Variable(y))
    same(call(node.forward, x, y), x @ y, "the value")
    try:
        parts = node.backward(gradient, x, y)
    except ValueError as error:
        if "matmul" not in str(error) and "shapes" not in str(error):
            raise Wrong(f"your code raised ValueError: {error}") from error
        raise Wrong(
            "two shapes do not meet in a product. x is (2, 3), y is (3, 4), the gradient is (2, 4): "
            "which order, and which transpose, gives the shape of x, and which that of y?"
        ) from error
    except NotImplementedError as error:
        raise NotAttempted from error
    if not isinstance(parts, (tuple, list)) or len(parts) != 2:
        raise Wrong(f"backward gave {parts!r:.60}, wanted a list of two gradients.")
    shapes = [np.shape(part) for part in parts]
    if shapes == [y.shape, x.shape]:
        raise Wrong("the two gradients are swapped: that of x comes first.")
    if shapes == [x.shape[::-1], y.shape[::-1]]:
        raise Wrong("both gradients are transposed: (A @ B).T is B.T @ A.T.")
    for part, value, name in zip(parts, (x, y), "xy", strict=True):
        if np.shape(part) != value.shape:
            raise Wrong(
                f"the gradient of {name} has shape {np.shape(part)}, and {name} {value.shape}: a "
                "gradient has the shape of its value."
            )
    same(parts[0], gradient @ y.T, "the gradient of x")
    same(parts[1], x.T @ gradient, "the gradient of y")


@register(
    "02.7",
    praise="One number that was used many times receives the sum over all its uses.",
    hints=[
        "Stretching copies a number; a number that is used twice receives two gradients.",
        "NumPy lines shapes up at their ends, so missing axes are missing in front: sum them away.",
        "Then sum over each axis of length 1, and keep it: g.sum(axis=i, keepdims=True).",
    ],
    solution="""\
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g""",
)
def undo_broadcasting(answer: Any) -> None:
    """A function of a gradient and a shape that sums over what broadcasting has stretched."""
    if not callable(answer):
        raise Wrong(f"a function of g and shape was wanted, got {answer!r:.60}.")
    rng = exam.random("02.7", seed=2)
    for full, small, what in (
        ((2, 3), (2, 3), "a shape that was not stretched"),
        ((4, 3), (3,), "a missing axis in front"),
        ((2, 4, 3), (3,), "two missing axes in front"),
        ((4, 3), (4, 1), "an axis of length 1"),
        ((4, 3), (), "a single number"),
        ((2, 4, 3), (1, 3), "both at once"),
    ):
        g = rng.normal(size=full)
        wanted = unbroadcast(g, small)
        got = call(answer, g.copy(), small)
        case = f"{what}, {full} → {small}"
        if got is not None and np.shape(got) == np.shape(wanted) and is_number(got):
            if full != small and np.allclose(got, wanted * np.prod(small) / np.prod(full)):
                raise Wrong(f"for {case}: that is the mean. Every use counts in full.")
            if full != small and np.allclose(got, np.broadcast_to(g.flat[0], small)):
                raise Wrong(f"for {case}: one of the parts was kept, and the others are lost.")
        elif got is not None and np.shape(got) == tuple(n for n in np.shape(wanted) if n != 1):
            raise Wrong(f"for {case}: the axis of length 1 is gone; keepdims=True keeps it.")
        same(got, wanted, f"for {case}, the gradient")


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
