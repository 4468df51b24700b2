"""The exercises of lecture 03, "What is a convolutional network, as a graph?"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.activations import log_softmax
from minigrad.graph import Node, Variable, backward, forward, topological_sort
from minigrad.operators.convolution import Convolve
from minigrad_course.lessons import exam
from minigrad_course.lessons.answers import Wrong, call, same
from minigrad_course.lessons.broken import (
    ConvolutionThatOverwrites,
    cross_entropy_with_flipped_sign,
)
from minigrad_course.lessons.checks import register
from minigrad_course.lessons.sizes import sizes

__all__ = [
    "count_the_weights",
    "elu",
    "from_scores_to_loss",
    "gradient_of_a_kernel",
    "innocent_picture",
    "stride",
    "teaches_the_right_way",
]


@register(
    "03.1",
    praise="The library's operator does the same, and needs no loop over positions for it.",
    hints=[
        "With stride 1 it is the function of the lecture. Begin with a copy of that.",
        "The window for row y now starts at y·stride, and for column x at x·stride.",
        "There are (height − kernel height) // stride + 1 rows in the map.",
    ],
    solution="""\
def strided(image, kernel, stride):
    height = (image.shape[0] - kernel.shape[0]) // stride + 1
    width = (image.shape[1] - kernel.shape[1]) // stride + 1
    map_ = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for i in range(kernel.shape[0]):
                for j in range(kernel.shape[1]):
                    map_[y, x] += image[y * stride + i, x * stride + j] * kernel[i, j]
    return map_""",
)
def stride(answer: Any) -> None:
    """A convolution of one channel whose window moves by several elements at a time."""
    wanted_function(answer)
    random = exam.random("03.1", seed=0)
    for size, kernel_size, step in (((4, 5), (2, 2), 1), ((6, 7), (2, 3), 2), ((8, 8), (2, 2), 3)):
        image, kernel = random.normal(size=size), random.normal(size=kernel_size)
        operator = Convolve(image[None, ..., None], kernel[..., None, None], strides=step)
        got = call(answer, image.copy(), kernel.copy(), step)
        what = f"the map of a picture {size} and a kernel {kernel_size} at stride {step}"
        wanted = forward([operator])[0, ..., 0]
        known = {
            "the kernel is turned by 180°: k[0, 0] meets the window's *upper left* pixel.": (
                correlate(image, kernel[::-1, ::-1], step)
            ),
            "you moved the taps apart, not the window: the stride goes with y and x, "
            "and not with i and j.": correlate(image, kernel, step, taps=step, every=1),
        }
        recognize(got, wanted, known, what)
        same(got, wanted, what)


def correlate(
    image: np.ndarray, kernel: np.ndarray, step: int, taps: int = 1, every: int = 0
) -> np.ndarray:
    # by the definition; `taps` apart, the window moving by `every`, as those do who mix them up;
    # places outside the picture are left out
    rows, columns = ((np.array(image.shape) - kernel.shape) // step + 1).tolist()
    found = np.zeros((rows, columns))
    for y, x, i, j in np.ndindex(rows, columns, *kernel.shape):
        at = y * (every or step) + i * taps, x * (every or step) + j * taps
        if at[0] < image.shape[0] and at[1] < image.shape[1]:
            found[y, x] += image[at] * kernel[i, j]
    return found


def recognize(got: Any, wanted: np.ndarray, mistakes: dict[str, Any], what: str = "") -> None:
    # say which known mistake an array is, if it is one; where one gives the truth, it is none
    if got is None or np.shape(got) != np.shape(wanted) or np.asarray(got).dtype.kind not in "fiu":
        return
    numbers = np.asarray(got, dtype=float)
    for mistake, result in mistakes.items():
        if np.allclose(numbers, result, atol=1e-6) and not np.allclose(wanted, result, atol=1e-6):
            raise Wrong(f"{what}: {mistake}" if what else mistake)


@register(
    "03.2",
    praise="With its own value at hand, the derivative for x ≤ 0 is value + 1: no exponential.",
    hints=[
        "np.where(condition, a, b) takes from a where the condition holds, and from b elsewhere.",
        "The derivative of x is 1, and that of eˣ − 1 is eˣ.",
        "backward returns what arrived, the gradient, times that derivative.",
    ],
    solution="""\
class Elu(mg.Operator):
    def forward(self, x):
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)

    def backward(self, gradient, x):
        return gradient * np.where(x > 0, 1, np.exp(np.minimum(x, 0)))""",
)
def elu(answer: Any) -> None:
    """An operator for ELU: x where x > 0, and eˣ − 1 elsewhere."""
    if not (isinstance(answer, type) and hasattr(answer, "backward")):
        raise Wrong(f"a class derived from mg.Operator was wanted, got {answer!r:.60}.")
    values = np.array([-2.0, -0.5, 0.5, 3.0])
    node = call(answer, Variable(values, name="x"))
    wanted = np.where(values > 0, values, np.expm1(values))
    got = call(forward, topological_sort(node))
    forgotten = {"the value: for x ≤ 0 it is eˣ − 1, and the 1 is missing.": np.exp(values)}
    if np.shape(got) == values.shape:
        recognize(np.where(values > 0, np.exp(values), got), np.exp(values) - 1, forgotten)
    same(got, wanted, "the value at −2, −0.5, 0.5 and 3")
    part = call(node.backward, np.full(4, 2.0), values)
    part = part[0] if isinstance(part, (tuple, list)) else part
    slopes = np.where(values > 0, 1, np.exp(values))
    mistakes = {
        "does what backward returns contain the factor `gradient`?": slopes,
        "that is the slope of ReLU: for x ≤ 0 the derivative of ELU is eˣ, and not 0.": 2
        * (values > 0),
        "for x ≤ 0 that is the value. The derivative of eˣ − 1 is eˣ.": 2
        * np.where(values > 0, 1, np.expm1(values)),
        "for x > 0 the derivative of x is 1, and not x.": 2
        * np.where(values > 0, values, np.exp(values)),
    }
    recognize(part, 2 * slopes, mistakes)
    same(part, 2 * slopes, "what backward returns for a gradient of 2 everywhere")


@register(
    "03.3",
    praise="Of 747,954 weights, 99.8 % lie in one matrix. Keep it in mind when it comes to time.",
    hints=[
        "A filter has 2·2·1 weights and one bias; there are 8 filters.",
        "A dense layer has one weight for each pair of input and output, and a bias per output.",
        "After the convolution there are 27·27·8 = 5,832 numbers for each picture.",
    ],
    solution="weights = (8 * (2 * 2 * 1 + 1), 5832 * 128 + 128, 128 * 10 + 10)",
    given=lambda: str(sizes("03.3")),
)
def count_the_weights(answer: Any) -> None:
    """Weights and biases of the three layers of the reference network."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        raise Wrong("three numbers were wanted: for the convolution, and for each dense layer.")
    layers = "the convolution", "the first dense layer", "the second dense layer"
    network = sizes("03.3")
    rows = network.pixels - network.window + 1
    whole = network.pixels**2 * network.filters * network.units  # as if a map had all places
    for i, (layer, given) in enumerate(zip(layers, answer, strict=True)):
        number = None if isinstance(given, str) or np.ndim(given) else given
        bias, wanted = network.biases[i], network.weights[i]
        if number == wanted - bias:
            raise Wrong(f"the number for {layer} leaves out its {bias} biases.")
        if i == 1 and number in (whole, whole + bias):
            raise Wrong(
                f"for {layer}: the map has {rows}×{rows} places, and not the picture's "
                f"{network.pixels}×{network.pixels}."
            )
        same(given, wanted, f"the number for {layer}", tolerance=0.0)


@register(
    "03.4",
    praise="A check tells what is wrong with an answer, and only for the question that you put.",
    hints=[
        "The true gradient of kernel[i, j] is the sum of picture[y+i, x+j] over all positions.",
        "Overwriting keeps the summand of the last position: the lower right corner.",
        "So all other summands must be 0. Which single pixel lies under no other window?",
    ],
    solution="""\
innocent = np.zeros((5, 5))
innocent[4, 4] = 1.0""",
    given=lambda: f"a picture of shape {innocent_shape()}.",
)
def innocent_picture(answer: Any) -> None:
    """A picture of 5×5, not all zero, on which the overwriting convolution is right."""
    try:
        picture = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"an array of numbers was wanted, got {answer!r:.60}.") from None
    if picture.shape != innocent_shape():
        raise Wrong(f"your picture has shape {picture.shape}, wanted {innocent_shape()}.")
    if not picture.any():
        raise Wrong("all pixels are 0. Right, but wanted is a picture with something on it.")
    true, broken = (
        gradient_of_kernel(convolution, picture)
        for convolution in (Convolve, ConvolutionThatOverwrites)
    )
    try:
        same(broken, true, "the overwriting convolution's gradient of the kernel")
    except Wrong as difference:
        raise Wrong(f"on your picture the mistake shows: {difference}") from None


def innocent_shape() -> tuple[int, ...]:
    return tuple(exam.generator("03.4").integers(6, 10, 2).tolist()) if exam.on() else (5, 5)


def gradient_of_kernel(convolution: Any, picture: np.ndarray) -> Any:
    kernel = Variable(np.ones((2, 2, 1, 1)), name="kernel")
    order = topological_sort(convolution(picture[None, ..., None], kernel).sum())
    forward(order)
    backward(order)
    return kernel.gradient[..., 0, 0]


@register(
    "03.5",
    praise="What a loss is worth shows in where its gradient points, not in its own sign.",
    hints=[
        "Take a descent step in thought: which way should the true class's score move?",
        "A step moves each score against its gradient. To rise, a score needs a gradient below 0.",
        "Build the loss on mg.Variable scores and one-hot targets, run both sweeps, and look.",
    ],
    solution="""\
def teaches_the_right_way(loss):
    targets, scores = np.array([[0.0, 1.0, 0.0]]), mg.Variable(np.zeros((1, 3)))
    order = mg.topological_sort(loss(targets, scores))
    mg.forward(order)
    mg.backward(order)
    return scores.gradient[0, 1] < 0""",
)
def teaches_the_right_way(answer: Any) -> None:
    """A function that tells a loss worth descending from one that is not."""
    wanted_function(answer)
    for name, (loss, wanted) in LOSSES.items():
        verdict = call(answer, loss)
        if not isinstance(verdict, (bool, np.bool_)):
            raise Wrong(f"your function returned {verdict!r:.60}, wanted True or False.")
        if verdict != wanted:
            raise Wrong(f"for {name} it returned {bool(verdict)}, wanted {wanted}.")


def cross_entropy(targets: Any, scores: Any) -> Node:
    return -(targets * log_softmax(scores)).sum(axis=-1).mean()


# A number added to a loss changes its sign and nothing else: descent sees the gradient.
LOSSES: dict[str, tuple[Callable[[Any, Any], Any], bool]] = {
    "the cross-entropy": (cross_entropy, True),
    "the cross-entropy with its sign flipped": (cross_entropy_with_flipped_sign, False),
    "the cross-entropy minus 5": (lambda t, z: cross_entropy(t, z) - 5.0, True),
    "the flipped one plus 5": (lambda t, z: cross_entropy_with_flipped_sign(t, z) + 5.0, False),
}


@register(
    "03.6",
    praise="Ten nodes became one, and no small probability is ever handed to a logarithm.",
    hints=[
        "With m the largest score of a row, log p = z − m − log Σ exp(z − m), row by row: axis=-1.",
        "The value is one number: minus the sum of t·log p over the classes, averaged over the N "
        "rows. np.mean(np.sum(…, axis=-1)) does both.",
        "For one row the derivative is p − t. The mean over N rows makes it (p − t) / N, and what "
        "arrived, the gradient, is a factor as always.",
    ],
    solution="""\
class SoftmaxCrossEntropy(mg.Operator):
    def forward(self, scores, targets):
        z = scores - np.max(scores, axis=-1, keepdims=True)
        log_p = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
        self.p = np.exp(log_p)
        return -np.mean(np.sum(targets * log_p, axis=-1))

    def backward(self, gradient, scores, targets):
        return [gradient * (self.p - targets) / len(scores), None]""",
)
def from_scores_to_loss(answer: Any) -> None:
    """Softmax and cross-entropy in one operator of scores and targets."""
    if not (isinstance(answer, type) and hasattr(answer, "backward")):
        raise Wrong(f"a class derived from mg.Operator was wanted, got {answer!r:.60}.")
    scores = exam.random("03.6", seed=0).normal(size=(4, 3)) * 2
    targets = np.eye(3)[[0, 2, 1, 2]]
    node = call(answer, Variable(scores, name="scores"), targets)
    value_of_the_loss(call(node.forward, scores, targets), scores, targets)
    parts = call(node.backward, 0.5, scores, targets)
    part = parts[0] if isinstance(parts, (tuple, list)) and len(parts) else parts
    if isinstance(part, np.ndarray) and part.shape == scores.shape:
        gradient_of_the_scores(part, scores, targets)
    same(part, gradient_by_graph(scores, targets) / 2, "the gradient of the scores for 0.5")
    with np.errstate(all="ignore"):  # what is warned of here is said in words
        large = call(node.forward, np.array([[0.0, 1000.0]]), np.array([[1.0, 0.0]]))
    if not np.isfinite(large):
        raise Wrong(
            f"for scores 0 and 1000 the loss is {large}, wanted 1000: subtract the largest score "
            "first, and take the logarithm of the sum, not of the probability."
        )


def value_of_the_loss(got: Any, scores: np.ndarray, targets: np.ndarray) -> None:
    losses = -np.sum(targets * log_softmax(scores), axis=-1)
    if got is not None and np.shape(got) == losses.shape:
        raise Wrong("the value has one number for each row: their mean was wanted.")
    columns = -np.mean(np.sum(targets * log_softmax(scores.T).T, axis=-1))
    mistakes = {
        "the value is the sum over the rows: their mean was wanted.": losses.sum(),
        "the value is a mean over rows *and* classes: over the classes it is a sum.": (
            losses.sum() / scores.size
        ),
        "the value has the wrong sign: a cross-entropy is never negative.": -losses.mean(),
        "the softmax was taken over the wrong axis: each *row* is a picture.": columns,
    }
    recognize(got, losses.mean(), mistakes)
    same(got, losses.mean(), "the value")


def gradient_of_the_scores(part: np.ndarray, scores: np.ndarray, targets: np.ndarray) -> None:
    p, down = np.exp(log_softmax(scores)), np.exp(log_softmax(scores.T).T)
    mistakes = {
        "the gradient is 4 times too large, for a batch of 4: the mean has a factor 1/N.": p
        - targets,
        "the sign is wrong: the score of the true class should *rise* against the gradient.": (
            (targets - p) / 4
        ),
        "the sign is wrong, and the factor 1/N of the mean is missing.": targets - p,
        "the softmax was taken over the wrong axis: each *row* is a picture.": (down - targets) / 4,
        "these are the probabilities alone: the targets are missing.": p / 4,
        "the gradient is too small by the number of classes: the mean is over the rows.": (
            (p - targets) / scores.size
        ),
    }
    recognize(part, (p - targets) / 8, {what: wrong / 2 for what, wrong in mistakes.items()})
    alone = {"does what backward returns contain the factor `gradient`?": (p - targets) / 4}
    recognize(part, (p - targets) / 8, alone)


def gradient_by_graph(scores: np.ndarray, targets: np.ndarray) -> Any:
    # what the sweep says of the several operators
    variable = Variable(scores, name="scores")
    order = topological_sort(cross_entropy(targets, variable))
    forward(order)
    backward(order)
    return variable.gradient


@register(
    "03.7",
    praise="It is a convolution itself, of the picture with the gradient that arrives: the loop "
    "is over the few weights, and NumPy goes over the many places.",
    hints=[
        "g.shape tells how many places the window has. The kernel has image.shape − g.shape + 1.",
        "Fix one weight, k[i, j]. The pixels it meets are a part of the picture as large as g: "
        "which rows, and which columns?",
        "by_kernel[i, j] = np.sum(g * image[i : i + g.shape[0], j : j + g.shape[1]])",
    ],
    solution="""\
def kernel_gradient(g, image):
    by_kernel = np.zeros(np.array(image.shape) - g.shape + 1)
    for i in range(by_kernel.shape[0]):
        for j in range(by_kernel.shape[1]):
            by_kernel[i, j] = np.sum(g * image[i : i + g.shape[0], j : j + g.shape[1]])
    return by_kernel""",
)
def gradient_of_a_kernel(answer: Any) -> None:
    """The gradient of a kernel from that of the map and the picture, with no loop over places."""
    wanted_function(answer)
    random = exam.random("03.7", seed=0)
    for size, places in (((7, 8), (6, 7)), ((9, 7), (7, 4))):
        image, g = random.normal(size=size), random.normal(size=places)
        counted = [array.view(Counted) for array in (g.copy(), image.copy())]
        Counted.times = 0
        got = call(answer, *counted)
        looked = Counted.times
        wanted = forward([Convolve(image[None, ..., None], g[..., None, None])])[0, ..., 0]
        what = f"for a picture {size} and a gradient {places}"
        if np.shape(got) == size:
            raise Wrong(
                f"{what} you return an array of the picture's shape: the kernel's is "
                f"{wanted.shape}, the picture's less the gradient's, plus 1."
            )
        got = got.view(np.ndarray) if isinstance(got, Counted) else got
        recognize(got, wanted, wrong_gradients(wanted, image, g), what)
        same(got, wanted, f"{what} the kernel's gradient")
        if looked > 4 * wanted.size:
            raise Wrong(
                f"the numbers are right, but a loop over places is left: {what} you looked into "
                f"the arrays {looked} times, and the kernel has {wanted.size} weights."
            )


def wrong_gradients(wanted: np.ndarray, image: np.ndarray, g: np.ndarray) -> dict[str, Any]:
    height, width = wanted.shape
    last = image[-height:, -width:] * g[-1, -1]
    mistakes = {
        "that is the mean over the places: each use counts in full.": wanted / g.size,
        "the kernel is turned by 180°: weight k[0, 0] meets the *first* rows and columns.": (
            wanted[::-1, ::-1]
        ),
        "only the last place counts: the parts of all places add up.": last,
        "every weight got the gradient of k[0, 0]: where do i and j come in?": np.full(
            wanted.shape, wanted[0, 0]
        ),
        "the gradient g is missing: that is the sum of the pixels.": wanted_of_ones(image, g),
    }
    if height == width:
        mistakes["rows and columns are swapped."] = wanted.T
    return mistakes


def wanted_of_ones(image: np.ndarray, g: np.ndarray) -> Any:
    ones = np.ones((*g.shape, 1, 1))
    return forward([Convolve(image[None, ..., None], ones)])[0, ..., 0]


class Counted(np.ndarray):
    """An array that counts how often somebody looks into it."""

    times = 0

    def __getitem__(self, key: Any) -> Any:
        Counted.times += 1
        return super().__getitem__(key)


def wanted_function(answer: Any) -> None:
    if not callable(answer):
        raise Wrong(f"a function was wanted, got {answer!r:.60}.")
