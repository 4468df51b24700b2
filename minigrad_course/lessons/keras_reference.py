"""The exercises of lecture 05, "Does the framework do anything else?"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.activations import relu
from minigrad.graph import Variable, forward, topological_sort
from minigrad.operators.convolution import Convolve
from minigrad.optimizers import SGD, Optimizer
from minigrad_course.lessons import exam
from minigrad_course.lessons.answers import NotAttempted, Wrong, call, same, todo
from minigrad_course.lessons.checks import register
from minigrad_course.lessons.planted import MISTAKES, guilty

__all__ = ["momentum", "one_number", "partners", "planted"]


@register(
    "05.1",
    praise="A convolution with ReLU, in Keras's layout: there is nothing else in that layer.",
    hints=[
        "The window at (y, x) is picture[y : y + height, x : x + width], with all its channels.",
        "kernel[..., f] is the kernel of filter f: (height, width, channel), as the window is.",
        "Multiply the two, sum everything, add bias[f]; then nothing below 0 passes.",
    ],
    solution="""\
def one_number(picture, kernel, bias, y, x, f):
    height, width = kernel.shape[:2]
    window = picture[y : y + height, x : x + width]
    return max(0.0, np.sum(window * kernel[..., f]) + bias[f])""",
)
def one_number(answer: Any) -> None:
    """One element of the feature map of Conv2D(…, activation="relu")."""
    if not callable(answer):
        raise Wrong(f"a function was wanted, got {answer!r:.60}.")
    random = exam.random("05.1", seed=1)
    for channels, filters in ((1, 8), (2, 3)):
        picture = random.normal(size=(5, 6, channels))
        kernel, bias = random.normal(size=(2, 3, channels, filters)), random.normal(size=filters)
        node = relu(np.add(Convolve(picture[None], kernel), bias))
        maps = forward(topological_sort(node))[0]
        for y, x, f in np.ndindex(4, 4, 3):
            got = call(answer, picture.copy(), kernel.copy(), bias.copy(), y, x, f)
            what = f"the number at row {y}, column {x} of map {f}, from {channels} channel(s),"
            if np.ndim(got) == 0 and isinstance(got, float | np.floating):
                recognize(float(got), float(maps[y, x, f]), slips(picture, kernel, bias, y, x, f))
            same(got, maps[y, x, f], what)


def slips(
    picture: np.ndarray, kernel: np.ndarray, bias: np.ndarray, y: int, x: int, f: int
) -> dict[str, float]:
    # what usual mistakes make of the number at row y, column x of map f
    def total(window: np.ndarray, kernel: np.ndarray) -> float:
        rows, columns = window.shape[:2]  # at the border less is left of it than of the kernel
        return float(np.sum(window * kernel[:rows, :columns, :, f]))

    window = picture[y : y + 2, x : x + 3]
    score = total(window, kernel)
    return {
        "a number below 0 came out: what does ReLU do with it?": score + bias[f],
        "the bias is missing: each filter has one, bias[f].": max(0.0, score),
        "every filter has a bias of its own: you took that of the first.": max(
            0.0, score + bias[0]
        ),
        "the bias comes before ReLU, not after it.": max(0.0, score) + bias[f],
        "the kernel is turned by 180°: kernel[0, 0] meets the upper left pixel.": max(
            0.0, total(window, kernel[::-1, ::-1]) + bias[f]
        ),
        "row and column are swapped: y counts rows, and comes first.": max(
            0.0, total(picture[x : x + 2, y : y + 3], kernel) + bias[f]
        ),
    }


def recognize(got: float, wanted: float, mistakes: dict[str, float]) -> None:
    if np.isclose(got, wanted):
        return
    for what, wrong in mistakes.items():
        if np.isclose(got, wrong):
            raise Wrong(what)


PARTNERS = {
    "Conv2D": ("Conv2DBackpropFilter", "Conv2DBackpropInput"),
    "BiasAdd": ("BiasAddGrad",),
    "Relu": ("ReluGrad",),
    "Elu": ("EluGrad",),
    "MatMul": ("MatMul",),
}


@register(
    "05.4",
    praise="For a matrix product it is two more matrix products: g·Wᵀ and xᵀ·g, as in minigrad.",
    hints=[
        "Compare the two lists layer by layer: partners stand in the same layer.",
        "Most partners have Grad or Backprop in the name of their kind. One does not need to.",
        "In hidden and output, what is left under BACKWARD beside BiasAddGrad and EluGrad?",
    ],
    solution="""\
partners = {
    "Conv2D": "Conv2DBackpropFilter",
    "BiasAdd": "BiasAddGrad",
    "Relu": "ReluGrad",
    "Elu": "EluGrad",
    "MatMul": "MatMul",
}""",
)
def partners(answer: Any) -> None:
    """Which kind of operation gives the gradient of which, in TensorFlow's graph."""
    if not isinstance(answer, dict):
        raise Wrong(f"a dictionary was wanted, got {answer!r:.60}.")
    if any(value is ... or value is None or value is todo for value in answer.values()):
        raise NotAttempted
    for kind, fitting in PARTNERS.items():
        if kind not in answer:
            raise Wrong(f"the partner of {kind} is missing.")
        given = answer[kind]
        if given in fitting:
            continue
        if given == kind:
            raise Wrong(f"{kind} is the operation of the forward sweep: which is its partner?")
        if any(given in others for others in PARTNERS.values()):
            raise Wrong(f"{given} is a partner, but not that of {kind}.")
        raise Wrong(
            f"{given!r} is not what gives the gradient of {kind}; take a name from the list under "
            "BACKWARD, in the same layer."
        )


# What tells a planted mistake from the one that was said to be it.
TOLD_APART = {
    ("rate", "momentum"): "at the second step its loss is still the right one. The first step has "
    "no velocity to go on with, so a momentum shows one step later than a rate.",
    ("momentum", "rate"): "its loss is wrong at the second step already. A momentum has nothing to "
    "add before the second update.",
    ("float16", "smoothing"): "its first loss is off by about 0.0001. Rounding the pictures to "
    "float16 moves it by less than a hundredth of that.",
    ("smoothing", "float16"): "its first loss is off by less than 0.000001. A smoothing of 0.001 "
    "moves it by a hundred times as much.",
}


@register(
    "05.2",
    praise="Five losses that all fall, and not one of them is right. Now you know how to tell.",
    hints=[
        "Two of the five have exactly the right first loss. Before the first update, no optimizer "
        "has done anything.",
        "Of these two, one is right at the second step as well: what does momentum add to the first "
        "update?",
        "The other three differ at once, by very different amounts: which is the gentlest?",
    ],
    solution="""\
found = {"A": "float16", "B": "rate", "C": "labels", "D": "momentum", "E": "smoothing"}""",
)
def planted(answer: Any) -> None:
    """Which of five training runs has which mistake."""
    if not isinstance(answer, dict):
        raise Wrong(f"a dictionary was wanted, got {answer!r:.60}.")
    if any(value is ... or value is None or value is todo for value in answer.values()):
        raise NotAttempted
    for letter, mistake in guilty().items():
        said = answer.get(letter)
        if said not in MISTAKES:
            raise Wrong(f"{letter} is {said!r}; wanted is one of {', '.join(MISTAKES)}.")
        if said != mistake:
            if (said, mistake) in TOLD_APART:
                raise Wrong(f"{letter} is not {said}: {TOLD_APART[said, mistake]}")
            at_once = "at the first step already" if mistake in AT_ONCE else "not before step 2"
            raise Wrong(f"{letter} is not {said}: its loss is wrong {at_once}. Look at its size.")


AT_ONCE = ("float16", "labels", "smoothing")


@register(
    "05.3",
    praise="Keras's rule, to the digit. What a framework calls momentum is two lines.",
    hints=[
        "velocity[...] = … writes into the array that is remembered; velocity = … would not.",
        "The new velocity is 0.9 times the old one, minus the learning rate times the gradient.",
        "Then the weight grows by the velocity: variable.value = variable.value + velocity.",
    ],
    solution="""\
class Momentum(mg.optimizers.Optimizer):
    slots = 1

    def update(self, variable, gradient):
        (velocity,) = self.state(variable)
        velocity[...] = 0.9 * velocity - self.learning_rate * gradient
        variable.value = variable.value + velocity""",
)
def momentum(answer: Any) -> None:
    """Stochastic gradient descent with a momentum of 0.9, as Keras writes it."""
    if not (isinstance(answer, type) and issubclass(answer, Optimizer)):
        raise Wrong(f"a class derived from mg.optimizers.Optimizer was wanted, got {answer!r:.60}.")
    start = np.array([1.0, -2.0])
    mine, right = Variable(start), Variable(start)
    rule, wanted = call(answer, 0.1), SGD(0.1, momentum=0.9)
    known = {what: start for what in RULES}
    velocity = {what: np.zeros(2) for what in RULES}
    for step, gradient in enumerate(([1.0, -1.0], [0.5, 2.0], [0.0, 0.0]), start=1):
        g = np.array(gradient)
        call(rule.apply, [g.copy()], [mine])
        wanted.apply([g], [right])
        for what, slip in RULES.items():
            change, velocity[what] = slip(g, velocity[what])
            known[what] = known[what] + change
            if np.allclose(mine.value, known[what]) and not np.allclose(mine.value, right.value):
                raise Wrong(f"after step {step}: {what}")
        same(mine.value, right.value, f"the weight after step {step}")


def slip_of(
    change: Callable[[Any, Any], Any], velocity: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], tuple[Any, Any]]:
    def step(g: Any, v: Any) -> tuple[Any, Any]:
        v = velocity(g, v)
        return change(g, v), v

    return step


# What usual mistakes do to a weight, from the gradient and the velocity: the change, the velocity.
RULES: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "it goes up the slope: v takes *minus* the rate times the gradient, and w takes plus v.": slip_of(
        lambda g, v: v, lambda g, v: 0.9 * v + 0.1 * g
    ),
    "the weight does not move: nothing is written into variable.value.": slip_of(
        lambda g, v: 0 * g, lambda g, v: v
    ),
    "the rate is missing: the gradient comes into v times self.learning_rate.": slip_of(
        lambda g, v: v, lambda g, v: 0.9 * v - g
    ),
    "the velocity is forgotten from step to step: write into the array, velocity[...] = …": (
        slip_of(lambda g, v: -0.1 * g, lambda g, v: v)
    ),
    "all of the old velocity is kept, and 0.9 of it was wanted.": slip_of(
        lambda g, v: v, lambda g, v: v - 0.1 * g
    ),
}
