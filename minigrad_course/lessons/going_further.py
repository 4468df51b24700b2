"""Lecture 07, "How far does this take me?": its exercises, and what a cell of it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from minigrad.activations import sigmoid, softmax
from minigrad.gradcheck import finite_difference
from minigrad.graph import Variable, backward, forward, topological_sort
from minigrad.initializers import GlorotUniform
from minigrad.layers import Activation, Dense, Input, Layer
from minigrad.model import Sequential
from minigrad.operators.convolution import MaxPool
from minigrad.optimizers import SGD, Adam, Optimizer
from minigrad_course.lessons import exam
from minigrad_course.lessons.answers import Wrong, call, same
from minigrad_course.lessons.checks import register

__all__ = [
    "adam",
    "count_the_weights",
    "losses_both_ways",
    "pool_gradient",
    "steer",
    "suspicious",
    "swish",
]


def losses_both_ways(layer: Callable[[], Layer]) -> tuple[np.ndarray, np.ndarray]:
    """Train a small model with a layer in it, node by node and by its plan, from the same weights.

    Args:
        layer: Makes the layer, which takes samples of shape (batch, 4).

    Returns:
        The losses of five steps, both ways: two arrays of shape (5,).

    Example:
        >>> from minigrad.layers import Activation
        >>> node_by_node, by_plan = losses_both_ways(lambda: Activation("relu"))
        >>> bool(np.allclose(node_by_node, by_plan))
        True
    """
    random = np.random.default_rng(3)
    x, y = random.normal(size=(8, 3)), random.normal(size=(8, 1))
    losses = []
    for eagerly in (True, False):
        first, last = (Dense(n, kernel_initializer=GlorotUniform(seed=n)) for n in (4, 1))
        model = Sequential([Input((3,)), first, layer(), last])
        model.compile(SGD(0.05), "mse", run_eagerly=eagerly)
        history = model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)
        losses.append(np.array(history.history["loss"]))
    return losses[0], losses[1]


def told_apart(got: Any, wanted: Any, what: str, mistakes: Mapping[str, Any]) -> None:
    """Pass if two arrays agree; if not, name the mistake whose result came, or what differs."""
    try:
        same(got, wanted, what)
    except Wrong:
        for mistake, result in mistakes.items():
            if np.shape(got) == np.shape(result) and np.allclose(got, result, atol=1e-7):
                raise Wrong(f"{what} is not what was wanted: {mistake}.") from None
        raise


# -- 07.1 ------------------------------------------------------------------------------------
@register(
    "07.1",
    praise="A pooling has no weights, and hands each gradient on to one pixel out of four.",
    hints=[
        "Two loops over the windows, row by row: window (i, j) is picture[2*i : 2*i+2, 2*j : 2*j+2].",
        "np.argmax(window) counts the window's pixels row by row, and finds the first of equal ones.",
        "divmod(np.argmax(window), 2) is the row and the column of the winner inside its window.",
    ],
    solution="""\
def pool_gradient(picture, gradient):
    result = np.zeros(picture.shape)
    for i in range(gradient.shape[0]):
        for j in range(gradient.shape[1]):
            window = picture[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            row, column = divmod(np.argmax(window), 2)
            result[2 * i + row, 2 * j + column] = gradient[i, j]
    return result""",
)
def pool_gradient(answer: Any) -> None:
    """The gradient of a 2×2 max pooling, of one channel."""
    wants_function(answer)
    random = exam.random("07.1", seed=0)
    distinct = random.permutation(24.0 * np.arange(24)).reshape(4, 6)
    flat = np.repeat(np.repeat(random.integers(1, 9, (2, 3)), 2, axis=0), 2, axis=1).astype(float)
    for name, picture in {"four different pixels": distinct, "four equal pixels": flat}.items():
        gradient = random.normal(size=(2, 3))
        got = call(answer, picture.copy(), gradient.copy())
        what = f"the gradient of a picture with {name} in each window"
        wanted = pooled_gradient(picture, gradient)
        told_apart(got, wanted, what, dict(pooling_mistakes(picture, gradient)))


def pooled_gradient(picture: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    x = Variable(picture[np.newaxis, ..., np.newaxis])
    order = topological_sort(MaxPool(x))
    forward(order)
    backward(order, gradient[np.newaxis, ..., np.newaxis])
    return x.gradient[0, ..., 0]


def pooling_mistakes(picture: np.ndarray, gradient: np.ndarray) -> Iterator[tuple[str, Any]]:
    def spread(small: np.ndarray) -> np.ndarray:
        return np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)

    windows = picture.reshape(2, 2, 3, 2).swapaxes(1, 2).reshape(2, 3, 4)
    largest = picture == spread(windows.max(axis=-1))
    corner = np.zeros(picture.shape)
    corner[::2, ::2] = gradient
    yield (
        "equal largest pixels all received it, and only the first should",
        largest * spread(gradient),
    )
    yield "all four pixels of a window received it, the losers too", spread(gradient)
    yield "each pixel received a quarter, which is the gradient of a mean", spread(gradient) / 4
    yield "it always went to the window's upper left pixel", corner


# -- 07.2 ------------------------------------------------------------------------------------


def network_sizes() -> tuple[int, int, int, int, int]:
    # pixels of a side, filters of `edges`, filters of `parts`, units of the two dense layers
    if not exam.on():
        return 28, 8, 64, 128, 10
    draw = exam.generator("07.2").integers
    most = ((5, 10), (3, 8), (16, 60), (20, 99), (3, 9))
    quarter, edges, parts, units, classes = (int(draw(*between)) for between in most)
    return 4 * quarter, edges, parts, units, classes


def layer_names() -> tuple[str, ...]:
    *_, units, classes = network_sizes()
    return "edges", "parts", f"the dense layer of {units}", f"the dense layer of {classes}"


def said_sizes() -> str:
    side, edges, parts, units, classes = network_sizes()
    return (
        f"pictures of {side}×{side}, {edges} filters in edges, {parts} in parts, dense layers of "
        f"{units} and of {classes}."
    )


def miscounted() -> dict[tuple[int, int], str]:
    # of a layer a number that is not its own, and what was forgotten
    side, edges, parts, units, _ = network_sizes()
    half, quarter = side // 2, side // 4
    return {
        (1, parts * 9 + parts): f"a filter looks at all {edges} maps below",
        (1, parts * 9 * edges + edges): f"there is one bias for each of its {parts} filters",
        (2, parts * half**2 * units + units): (
            f"the strides of 2 halve the maps once more, to {quarter}×{quarter}"
        ),
        (2, parts * side**2 * units + units): (
            f"pooling and strides halve the maps, to {half}×{half} and to {quarter}×{quarter}"
        ),
        (2, quarter**2 * units + units): (
            f"there are {parts} maps of {quarter}×{quarter} below it, and it looks at all of them"
        ),
    }


@register(
    "07.2",
    praise="407,578 together: little more than half of what the paper's reference network has.",
    hints=[
        "A filter has one weight for each place of its window and each channel that it looks at.",
        "The first convolution looks at one channel, the second at the 8 maps of the first.",
        'With padding="same", 28 becomes 14 by pooling, and 14 becomes 7 by the strides.',
    ],
    solution="weights = (8 * (3 * 3 * 1 + 1), 64 * (3 * 3 * 8 + 1), 7 * 7 * 64 * 128 + 128, 128 * 10 + 10)",
    given=said_sizes,
)
def count_the_weights(answer: Any) -> None:
    """Weights and biases of the four layers of the lecture's network."""
    if not isinstance(answer, (tuple, list, np.ndarray)) or len(answer) != 4:
        raise Wrong("four numbers were wanted: for two convolutions and two dense layers.")
    side, edges, parts, *dense = network_sizes()
    inputs = 9, 9 * edges, (side // 4) ** 2 * parts, dense[0]
    for i, (units, each) in enumerate(zip((edges, parts, *dense), inputs, strict=True)):
        layer, given = layer_names()[i], answer[i]
        number: Any = None if isinstance(given, str) or np.ndim(given) else given
        if number == units * each:
            raise Wrong(f"the number for {layer} leaves out its {units} biases.")
        if (i, number) in miscounted():
            raise Wrong(f"the number for {layer} is not right: {miscounted()[i, number]}.")
        same(given, units * (each + 1), f"the number for {layer}", tolerance=0.0, tell=False)


# -- 07.3 ------------------------------------------------------------------------------------
@register(
    "07.3",
    praise="Keras's rule, to the last digits.",
    hints=[
        "m += (1 - 0.9) * (gradient - m) writes into the array that is remembered; m = … would not.",
        "v is the same with 0.999 and with the square of the gradient, element by element.",
        "Both begin at 0 and are too small at first: divide m by 1 - 0.9**t, and v by 1 - 0.999**t.",
    ],
    solution="""\
class Adam(mg.optimizers.Optimizer):
    slots = 2

    def update(self, variable, gradient):
        m, v = self.state(variable)
        t = self.iterations + 1
        m += (1 - 0.9) * (gradient - m)
        v += (1 - 0.999) * (gradient**2 - v)
        mean, size = m / (1 - 0.9**t), np.sqrt(v / (1 - 0.999**t))
        variable.value = variable.value - self.learning_rate * mean / (size + 1e-7)""",
)
def adam(answer: Any) -> None:
    """Adam, with its moments corrected for having begun at 0."""
    if not (isinstance(answer, type) and issubclass(answer, Optimizer)):
        raise Wrong(f"a class derived from mg.optimizers.Optimizer was wanted, got {answer!r:.60}.")
    gradients = [np.array(g) for g in ([4.0, -1.0], [1.0, 2.0], [-3.0, 0.5])]
    rules = {name: rule(gradients) for name, rule in ADAM_MISTAKES.items()}
    right = steps_of(Adam(0.1), gradients)
    for t, step in enumerate(steps_of(call(answer, 0.1), gradients)):
        mistakes = {name: steps[t] for name, steps in rules.items()}
        told_apart(step, right[t], f"step {t + 1}", mistakes)


def steps_of(optimizer: Any, gradients: list[np.ndarray]) -> list[np.ndarray]:
    """By how much each gradient changes a weight."""
    variable, steps = Variable(np.zeros(2)), []
    for gradient in gradients:
        before = np.array(variable.value)
        call(optimizer.apply, [gradient.copy()], [variable])
        steps.append(np.array(variable.value) - before)
    return steps


def moments(gradients: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    m, v = np.zeros(2), np.zeros(2)
    for t, gradient in enumerate(gradients, start=1):
        m, v = m + 0.1 * (gradient - m), v + 0.001 * (gradient**2 - v)
        yield t, m, v


def as_adam(rule: Callable[..., Any]) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    return lambda gradients: [rule(*moment) for moment in moments(gradients)]


def no_memory(gradients: list[np.ndarray]) -> list[np.ndarray]:
    # each step begins with moments of 0, and corrects as if it did not
    return [corrected(t, 0.1 * g, 0.001 * g**2) for t, g in enumerate(gradients, start=1)]


def corrected(t: int, m: Any, v: Any, sign: float = -1) -> Any:
    return sign * 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)


ADAM_MISTAKES: dict[str, Any] = {
    "the moments are not corrected for having begun at 0": as_adam(
        lambda t, m, v: -0.1 * m / (np.sqrt(v) + 1e-7)
    ),
    "the square root is missing": as_adam(
        lambda t, m, v: -0.1 * (m / (1 - 0.9**t)) / (v / (1 - 0.999**t) + 1e-7)
    ),
    "only the mean is corrected, and not the mean square": as_adam(
        lambda t, m, v: -0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v) + 1e-7)
    ),
    "it goes up where it should go down": as_adam(lambda t, m, v: corrected(t, m, v, sign=1)),
    "the moments are forgotten from step to step (m += …, or m[...] = …)": no_memory,
    "it is plain descent": lambda gradients: [-0.1 * g for g in gradients],
}


# -- 07.4 ------------------------------------------------------------------------------------
@register(
    "07.4",
    praise="One step, along the signs: of all changes of that size none does more, to first order.",
    hints=[
        "The gradient says how the loss for the target grows. You want it to shrink.",
        "Each pixel may move by `size`, whatever the size of its gradient: np.sign.",
        "np.clip(…, 0, 1) keeps pixels what they are: between paper and ink.",
    ],
    solution="""\
def steer(picture, target, gradient_of, size):
    step = -size * np.sign(gradient_of(picture, target))
    return np.clip(picture + step, 0, 1)""",
)
def steer(answer: Any) -> None:
    """A picture that is changed a little, so that a network calls it something else."""
    wants_function(answer)
    random = exam.random("07.4", seed=2)
    weights = random.normal(size=(36, 3))
    for picture, size in ((random.random((6, 6)), 0.05), (random.random((6, 6)).round(), 0.1)):
        target = int(np.argmin(picture.ravel() @ weights))
        gradient = descent_of(weights)(picture, target)
        got = call(answer, picture.copy(), target, descent_of(weights), size)
        check_steered(got, picture, gradient, size)


def descent_of(weights: np.ndarray) -> Callable[[Any, int], np.ndarray]:
    """The gradient of −log(probability of a class) of a linear network, pixel by pixel."""

    def gradient_of(picture: Any, target: int) -> np.ndarray:
        probabilities = softmax(np.ravel(picture) @ weights)
        return (weights @ (probabilities - np.eye(3)[target])).reshape(np.shape(picture))

    return gradient_of


def check_steered(got: Any, picture: np.ndarray, gradient: np.ndarray, size: float) -> None:
    best = np.clip(picture - size * np.sign(gradient), 0, 1)
    if not isinstance(got, np.ndarray) or got.shape != picture.shape:
        raise Wrong(f"a picture of shape {picture.shape} was wanted, got {got!r:.60}.")
    if np.array_equal(got, picture):
        raise Wrong("your picture is the one that came in: nothing has moved.")
    moved = np.abs(got - picture).max()
    if moved > size + 1e-9:
        raise Wrong(f"a pixel moves by {moved:.3g}, and {size} is allowed.")
    if got.min() < 0 or got.max() > 1:
        raise Wrong("a pixel is below 0 or above 1: that is no picture any more.")
    gain = float(np.sum(gradient * (picture - got)) / np.sum(gradient * (picture - best)))
    if gain < 0:
        raise Wrong("the target becomes less probable: you climb its loss, and should descend.")
    if gain < 0.95:
        raise Wrong(
            f"the target gains {gain:.0%} of what it could: pixels with a small gradient hardly "
            f"move, and each may move by {size}."
        )


# -- 07.5 ------------------------------------------------------------------------------------
def report_of(**changes: Any) -> dict[str, Any]:
    """A report with nothing wrong in it, but for the changes."""
    honest = {
        "trained_on": range(100, 1000),
        "tested_on": range(1000, 1100),
        "epoch_chosen_on": "validation",
        "scaled_by": "training",
        "tested_per_class": [10] * 10,
        "accuracy": 0.88,
    }
    return honest | changes


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("fine", report_of(), "with nothing wrong"),
    ("leak", report_of(tested_on=range(990, 1090)), "tested on 10 pictures that it learned from"),
    ("peeked", report_of(epoch_chosen_on="test"), "that chose its epoch by the test pictures"),
    ("statistics", report_of(scaled_by="test"), "that scaled the test pictures by their own mean"),
    (
        "unbalanced",
        report_of(tested_per_class=[95, 5], accuracy=0.94),
        "with 95 of 100 pictures in one class, and an accuracy of 0.94",
    ),
    (
        "fine",
        report_of(tested_per_class=[60, 40], accuracy=0.88),
        "with 60 of 100 pictures in one class, and an accuracy of 0.88",
    ),
]


@register(
    "07.5",
    praise="No test set can tell this about itself: you have to ask how the number came about.",
    hints=[
        "set(report['trained_on']) & set(report['tested_on']) are the pictures that are in both.",
        "Who always names the commonest class is right max(counts) / sum(counts) of the time.",
        "Five cases, five returns: leak, peeked, statistics, unbalanced, and at last fine.",
    ],
    solution="""\
def suspicious(report):
    counts = report["tested_per_class"]
    if set(report["trained_on"]) & set(report["tested_on"]):
        return "leak"
    if report["epoch_chosen_on"] == "test":
        return "peeked"
    if report["scaled_by"] == "test":
        return "statistics"
    if report["accuracy"] <= max(counts) / sum(counts):
        return "unbalanced"
    return "fine\"""",
)
def suspicious(answer: Any) -> None:
    """What is wrong with a report, in a word."""
    wants_function(answer)
    words = {word for word, _, _ in CASES}
    for wanted, report, description in CASES:
        verdict = call(answer, dict(report))
        if not isinstance(verdict, str) or verdict not in words:
            raise Wrong(f"your function returned {verdict!r:.60}, wanted is one of the five words.")
        if verdict != wanted:
            raise Wrong(f"a report {description} is {wanted!r}, and you say {verdict!r}.")


# -- 07.6 ------------------------------------------------------------------------------------
@register(
    "07.6",
    praise="It agrees with differences, and a model trains with it, node by node and by its plan.",
    hints=[
        "The product rule: the derivative of x·s is s + x·s′, with s = mg.activations.sigmoid(x).",
        "The sigmoid's own derivative is s·(1 − s).",
        "backward returns what arrived, the gradient, times that derivative.",
    ],
    solution="""\
class Swish(mg.Operator):
    def forward(self, x):
        return x * mg.activations.sigmoid(x)

    def backward(self, gradient, x):
        s = mg.activations.sigmoid(x)
        return gradient * (s + x * s * (1 - s))""",
)
def swish(answer: Any) -> None:
    """An operator for x·sigmoid(x), checked and trained with."""
    if not (isinstance(answer, type) and hasattr(answer, "backward")):
        raise Wrong(f"a class derived from mg.Operator was wanted, got {answer!r:.60}.")
    x = np.array([-3.0, -0.5, 0.25, 2.0])
    s = sigmoid(x)
    node = call(answer, Variable(x, name="x"))
    same(call(forward, topological_sort(node)), x * s, "the value at −3, −½, ¼ and 2")
    part = call(node.backward, np.full(4, 2.0), x)
    part = part[0] if isinstance(part, (tuple, list)) else part
    slopes = np.diag(finite_difference(lambda x: x * sigmoid(x), x))
    mistakes = {
        "the gradient that arrived is not in it": slopes,
        "it leaves out that s depends on x as well (the product rule)": 2 * s,
        "it leaves out the first half of the product rule": 2 * x * s * (1 - s),
        "of s′ = s·(1 − s) only s is there": 2 * (s + x * s),
    }
    told_apart(part, 2 * slopes, "what backward returns for a gradient of 2 everywhere", mistakes)
    node_by_node, by_plan = call(losses_both_ways, lambda: Activation(answer))
    same(by_plan, node_by_node, "the loss of five steps by the plan", tolerance=1e-4)


def wants_function(answer: Any) -> None:
    if not callable(answer):
        raise Wrong(f"a function was wanted, got {answer!r:.60}.")
