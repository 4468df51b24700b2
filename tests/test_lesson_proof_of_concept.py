"""The exercises of lecture 03: what a reader is told for a typical mistake."""

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import lessons

LOOPS = """def strided(image, kernel, stride):
    height = (image.shape[0] - kernel.shape[0]) // {0} + 1
    width = (image.shape[1] - kernel.shape[1]) // {0} + 1
    result = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            window = image[y * {1} :, x * {1} :][: kernel.shape[0], : kernel.shape[1]]
            result[y, x] = np.sum(window * kernel{2})
    return result"""

LOSS = """class Loss(mg.Operator):
    def forward(self, scores, targets):
        z = scores - np.max(scores, axis={axis}, keepdims=True)
        log_p = z - np.log(np.sum(np.exp(z), axis={axis}, keepdims=True))
        self.p = np.exp(log_p)
        return {value}
    def backward(self, gradient, scores, targets):
        p, N = self.p, len(scores)
        return [{gradient}, None]"""


def loss(value="-np.mean(np.sum(targets * log_p, axis=-1))", gradient="p - targets", axis=-1):
    return LOSS.format(value=value, gradient=gradient, axis=axis)


PLAIN = """class Plain(mg.Operator):
    def forward(self, scores, targets):
        p = np.exp(scores) / np.sum(np.exp(scores), axis=-1, keepdims=True)
        self.p = p
        return -np.mean(np.log(np.sum(targets * p, axis=-1)))
    def backward(self, gradient, scores, targets):
        return gradient * (self.p - targets) / len(scores)"""

TAPS = """def kernel_gradient(g, image):
    h, w = g.shape
    result = np.zeros((image.shape[0] - h + 1, image.shape[1] - w + 1))
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = {0}
    return {1}"""

MISTAKES = {
    "a row's losses not averaged": (
        "03.6",
        loss(value="-np.sum(targets * log_p, axis=-1)"),
        "the value has one number for each row: their mean was wanted.",
    ),
    "a sum over the batch": (
        "03.6",
        loss(value="-np.sum(targets * log_p)"),
        "the value is the sum over the rows",
    ),
    "a mean over everything": (
        "03.6",
        loss(value="-np.mean(targets * log_p)"),
        "a mean over rows *and* classes",
    ),
    "a minus missing": (
        "03.6",
        loss(value="np.mean(np.sum(targets * log_p, axis=-1))"),
        "the value has the wrong sign",
    ),
    "softmax down the columns": ("03.6", loss(axis=0), "over the wrong axis"),
    "1/N forgotten": (
        "03.6",
        loss(gradient="gradient * (p - targets)"),
        "the gradient is 4 times too large, for a batch of 4",
    ),
    "targets minus probabilities": (
        "03.6",
        loss(gradient="gradient * (targets - p) / N"),
        "the sign is wrong: the score of the true class",
    ),
    "the arriving gradient forgotten": (
        "03.6",
        loss(gradient="(p - targets) / N"),
        "contain the factor `gradient`?",
    ),
    "probabilities alone": ("03.6", loss(gradient="gradient * p / N"), "the targets are missing."),
    "another axis in the gradient only": (
        "03.6",
        loss(
            gradient="gradient * (np.exp(scores) / np.exp(scores).sum(axis=0) - targets) / N",
        ),
        "over the wrong axis: each *row* is a picture.",
    ),
    "a shape lost": (
        "03.6",
        loss(gradient="gradient * np.sum(p - targets, axis=-1)"),
        "the gradient of the scores for 0.5 has shape (4,), wanted (4, 3).",
    ),
    "the largest score not subtracted": (
        "03.6",
        PLAIN,
        "for scores 0 and 1000 the loss is nan, wanted 1000",
    ),
    "loops over all places": (
        "03.7",
        """def kernel_gradient(g, image):
    result = np.zeros(np.array(image.shape) - g.shape + 1)
    for y, x in np.ndindex(*g.shape):
        result += g[y, x] * image[y : y + result.shape[0], x : x + result.shape[1]]
    return result""",
        "the numbers are right, but a loop over places is left",
    ),
    "the mean over the places": (
        "03.7",
        TAPS.format("np.mean(g * image[i : i + h, j : j + w])", "result"),
        "that is the mean over the places",
    ),
    "the kernel turned": (
        "03.7",
        TAPS.format("np.sum(g * image[i : i + h, j : j + w])", "result[::-1, ::-1]"),
        "the kernel is turned by 180°",
    ),
    "rows and columns swapped": (
        "03.7",
        TAPS.format("np.sum(g * image[i : i + h, j : j + w])", "result.T"),
        "rows and columns are swapped.",
    ),
    "overwritten": (
        "03.7",
        TAPS.format("g[-1, -1] * image[h - 1 + i, w - 1 + j]", "result"),
        "only the last place counts",
    ),
    "the window left standing": (
        "03.7",
        TAPS.format("np.sum(g * image[:h, :w])", "result"),
        "every weight got the gradient of k[0, 0]",
    ),
    "g not used": (
        "03.7",
        TAPS.format("np.sum(image[i : i + h, j : j + w])", "result"),
        "the gradient g is missing",
    ),
    "the gradient of the picture": (
        "03.7",
        "def kernel_gradient(g, image): return np.zeros_like(image)",
        "you return an array of the picture's shape",
    ),
    "slices that do not fit": (
        "03.7",
        TAPS.format("np.sum(g * image[i:, j:])", "result"),
        "your code raised ValueError: operands could not be broadcast",
    ),
    "biases forgotten": (
        "03.3",
        "answer = (32, 746496, 1280)",
        "the number for the convolution leaves out its 8 biases.",
    ),
    "padding imagined": (
        "03.3",
        "answer = (40, 28 * 28 * 8 * 128 + 128, 1290)",
        "for the first dense layer: the map has 27×27 places, and not the picture's 28×28.",
    ),
    "two numbers": ("03.3", "answer = (40, 1290)", "three numbers were wanted"),
    "stride ignored": (
        "03.1",
        LOOPS.format(1, 1, ""),
        "at stride 2 has shape (5, 5), wanted (3, 3).",
    ),
    "stride in the size only": (
        "03.1",
        LOOPS.format("stride", 1, ""),
        "the map of a picture (6, 7) and a kernel (2, 3) at stride 2 differs at [0, 1]",
    ),
    "the kernel flipped": (
        "03.1",
        LOOPS.format("stride", "stride", "[::-1, ::-1]"),
        "at stride 1: the kernel is turned by 180°",
    ),
    "the taps moved apart": (
        "03.1",
        """def strided(image, kernel, stride):
    height = (image.shape[0] - kernel.shape[0]) // stride + 1
    width = (image.shape[1] - kernel.shape[1]) // stride + 1
    result = np.zeros((height, width))
    for y, x, i, j in np.ndindex(height, width, *kernel.shape):
        result[y, x] += image[y + i * stride, x + j * stride] * kernel[i, j]
    return result""",
        "at stride 2: you moved the taps apart, not the window",
    ),
    "the slope of relu": (
        "03.2",
        """class Elu(mg.Operator):
    def forward(self, x):
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
    def backward(self, gradient, x):
        return gradient * (x > 0)""",
        "that is the slope of ReLU",
    ),
    "the factor gradient forgotten": (
        "03.2",
        """class Elu(mg.Operator):
    def forward(self, x):
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
    def backward(self, gradient, x):
        return np.where(x > 0, 1, np.exp(np.minimum(x, 0)))""",
        "contain the factor `gradient`?",
    ),
    "the value in place of the slope": (
        "03.2",
        """class Elu(mg.Operator):
    def forward(self, x):
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
    def backward(self, gradient, x):
        return gradient * np.where(x > 0, 1, np.exp(np.minimum(x, 0)) - 1)""",
        "for x ≤ 0 that is the value. The derivative of eˣ − 1 is eˣ.",
    ),
    "minus one forgotten": (
        "03.2",
        """class Elu(mg.Operator):
    def forward(self, x):
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)))
    def backward(self, gradient, x):
        return gradient""",
        "for x ≤ 0 it is eˣ − 1, and the 1 is missing.",
    ),
    "nothing on the picture": ("03.4", "answer = np.zeros((5, 5))", "all pixels are 0."),
    "another corner": (
        "03.4",
        "answer = np.eye(5)[:1].T @ np.eye(5)[:1]",
        "the mistake shows: the overwriting convolution's gradient of the kernel differs at [0, 0]",
    ),
    "a small picture": ("03.4", "answer = np.ones((2, 2))", "shape (2, 2), wanted (5, 5)."),
    "the sign of the loss": (
        "03.5",
        """def positive(loss):
    scores = mg.Variable(np.zeros((1, 2)))
    return float(mg.forward(mg.topological_sort(loss(np.eye(2)[:1], scores)))) > 0""",
        "for the cross-entropy minus 5 it returned False, wanted True.",
    ),
    "always content": ("03.5", "def yes(loss): return True", "flipped it returned True"),
    "no verdict": ("03.5", "def none(loss): loss", "returned None, wanted True or False."),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_typical_mistake_is_named(mistake, capsys):
    key, source, told = MISTAKES[mistake]
    space = {"np": np, "mg": mg}
    exec(source, space)
    lessons.exercise(key).check([v for k, v in space.items() if k[0] != "_"][-1])
    said = capsys.readouterr().out
    assert said.startswith(f"✗ {key} is not right yet:") and told in said


def test_the_numbers_of_weights_are_the_network_s():
    from minigrad_course.studies.train import reference_network

    layers = [layer.count_params() for layer in reference_network().layers]
    lessons.exercise("03.3").checker([n for n in layers if n])
