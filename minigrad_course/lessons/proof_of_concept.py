"""The exercises of lecture 03, "What is a convolutional network, as a graph?"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.activations import log_softmax
from minigrad.graph import Node, Variable, backward, forward, topological_sort
from minigrad.operators.convolution import Convolve
from minigrad_course.lessons.broken import (
    ConvolutionThatOverwrites,
    cross_entropy_with_flipped_sign,
)
from minigrad_course.lessons.checks import Wrong, call, register, same

__all__ = ["count_the_weights", "elu", "innocent_picture", "stride", "teaches_the_right_way"]


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
    random = np.random.default_rng(0)
    for size, kernel_size, step in (((4, 5), (2, 2), 1), ((6, 7), (2, 3), 2), ((8, 8), (2, 2), 3)):
        image, kernel = random.normal(size=size), random.normal(size=kernel_size)
        operator = Convolve(image[None, ..., None], kernel[..., None, None], strides=step)
        got = call(answer, image.copy(), kernel.copy(), step)
        what = f"the map of a picture {size} and a kernel {kernel_size} at stride {step}"
        same(got, forward([operator])[0, ..., 0], what)


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
    same(call(forward, topological_sort(node)), wanted, "the value at −2, −0.5, 0.5 and 3")
    part = call(node.backward, np.full(4, 2.0), values)
    part = part[0] if isinstance(part, (tuple, list)) else part
    slopes = np.where(values > 0, 1, np.exp(values))
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
)
def count_the_weights(answer: Any) -> None:
    """Weights and biases of the three layers of the reference network."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        raise Wrong("three numbers were wanted: for the convolution, and for each dense layer.")
    layers = "the convolution", "the first dense layer", "the second dense layer"
    biases = 8, 128, 10
    for layer, given, wanted, bias in zip(layers, answer, (40, 746_624, 1290), biases, strict=True):
        if not isinstance(given, str) and np.ndim(given) == 0 and given == wanted - bias:
            raise Wrong(f"the number for {layer} leaves out its {bias} biases.")
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
)
def innocent_picture(answer: Any) -> None:
    """A picture of 5×5, not all zero, on which the overwriting convolution is right."""
    try:
        picture = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"an array of numbers was wanted, got {answer!r:.60}.") from None
    if picture.shape != (5, 5):
        raise Wrong(f"your picture has shape {picture.shape}, wanted (5, 5).")
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


def wanted_function(answer: Any) -> None:
    if not callable(answer):
        raise Wrong(f"a function was wanted, got {answer!r:.60}.")
