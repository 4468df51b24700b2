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

MISTAKES = {
    "biases forgotten": (
        "03.3",
        "answer = (32, 746496, 1280)",
        "the number for the convolution leaves out its 8 biases.",
    ),
    "padding imagined": (
        "03.3",
        "answer = (40, 28 * 28 * 8 * 128 + 128, 1290)",
        "the number for the first dense layer differs: got 802944.0, wanted 746624.0.",
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
        "the map of a picture (4, 5) and a kernel (2, 2) at stride 1 differs at [0, 0]",
    ),
    "the slope of relu": (
        "03.2",
        """class Elu(mg.Operator):
    def forward(self, x):
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
    def backward(self, gradient, x):
        return gradient * (x > 0)""",
        "what backward returns for a gradient of 2 everywhere differs at [0]: got 0.0",
    ),
    "minus one forgotten": (
        "03.2",
        """class Elu(mg.Operator):
    def forward(self, x):
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)))
    def backward(self, gradient, x):
        return gradient""",
        "the value at −2, −0.5, 0.5 and 3 differs at [0]",
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
