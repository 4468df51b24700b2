"""The exercises of lecture 03: what a reader is told for a typical mistake."""

import itertools
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import explorers, lessons
from minigrad_course.explorers.backward_convolution_explorer import windows_over
from minigrad_course.lessons import broken, one_step
from minigrad_course.lessons.charts import activations, beside_the_paper
from minigrad_course.studies import paper

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


# -- what the lecture draws and measures -----------------------------------------------------
def gradients_by_loops(g, image, kernel):
    by_image, by_kernel = np.zeros(image.shape), np.zeros(kernel.shape)
    for (y, x), (i, j) in itertools.product(np.ndindex(g.shape), np.ndindex(kernel.shape)):
        by_kernel[i, j] += g[y, x] * image[y + i, x + j]
        by_image[y + i, x + j] += g[y, x] * kernel[i, j]
    return by_image, by_kernel


@pytest.mark.parametrize(("row", "column", "windows"), [(3, 4, 4), (0, 4, 2), (7, 0, 1), (7, 8, 1)])
def test_the_backward_view_tells_the_true_gradients(row, column, windows):
    random = np.random.default_rng(4)
    image, kernel, g = (random.normal(size=size) for size in ((8, 9), (2, 2), (7, 8)))
    by_image, by_kernel = gradients_by_loops(g, image, kernel)
    view = explorers.backward_convolution(image, kernel, g, weight=2, row=row, column=column)
    assert len(windows_over((row, column), g.shape)) == windows
    of_weight, of_pixel = (
        float(text.replace("−", "-")) for text in re.findall(r"gradient is (−?[\d.]+\d)", view.text)
    )
    assert of_weight == pytest.approx(by_kernel[1, 0], abs=1e-3)
    assert of_pixel == pytest.approx(by_image[row, column], abs=1e-3)


def test_the_backward_view_follows_its_sliders_and_refuses_what_does_not_fit():
    view = explorers.backward_convolution(np.ones((28, 28)), np.eye(2), np.ones((27, 27)))
    for name, value in (("weight", 3), ("row", 0), ("column", 27)):
        before = view.png
        view.controls[name].value = value
        assert view.png != before
    assert view.text.startswith("weight k[1, 1] meets 729 pixels")
    with pytest.raises(ValueError, match=r"a kernel \(2, 2\)"):
        explorers.backward_convolution(np.ones((28, 28)), np.eye(3), np.ones((27, 27)))


@pytest.fixture(scope="module")
def took():
    model = one_step.tiny_model()
    before = model.get_weights()
    measured = one_step.measure(model, np.ones((1, 3, 3, 1)), np.eye(2)[:1])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    return measured


def test_a_step_has_all_its_operators_and_its_parts_add_up(took):
    assert len(took.operators) == 11 and took.slowest in ("convolution", "hidden", "output")
    known = sum(map(sum, took.operators.values())) + took.update + took.walk
    assert known + took.rest == pytest.approx(max(known, took.step))
    assert took.longer > 0 and "16 epochs over 60,000 pictures" in str(took)


def test_the_chart_of_a_step_has_a_bar_for_each_part(took, capsys):
    picture = took.show()
    parts, products = picture.figure.axes
    assert len(parts.get_yticklabels()) == len(took.operators) + 3
    assert len(products.patches) == 6
    assert capsys.readouterr().out == f"{took}\n"


def test_a_step_s_operations_are_two_for_each_product():
    forward = [27 * 27 * 8 * 4, 5832 * 128, 128 * 10]
    # the pictures' gradient is not asked for
    backward = [forward[0], 2 * forward[1], 2 * forward[2]]
    assert 2 * sum(forward + backward) == one_step.OPERATIONS


def test_the_paper_s_points_are_those_of_its_figure():
    ax = beside_the_paper([2.0, 1.0]).figure.axes[0]
    (points,) = (line for line in ax.lines if line.get_marker() == "s")
    read = paper.figure(3)
    middle = [(low + high) / 2 for low, high in zip(read["low"], read["high"], strict=True)]
    assert points.get_xdata().tolist() == read["epoch"]
    assert points.get_ydata().tolist() == pytest.approx(middle)


def test_the_chart_of_an_activation_has_its_derivative():
    ax = activations(np.tanh).figure.axes[0]
    z, slope = ax.lines[1].get_data()
    np.testing.assert_allclose(slope, 1 - np.tanh(z) ** 2, atol=1e-12)


# -- the two slips of a tutorial -----------------------------------------------------------------
def test_a_mask_that_is_always_on_is_right_where_all_is_positive():
    positive, mixed = np.array([0.5, 2.0, 1.0]), np.array([0.5, -2.0, 1.0])
    assert mg.check_gradient(broken.ReluThatLetsAllPass, positive).ok
    assert not mg.check_gradient(broken.ReluThatLetsAllPass, mixed).ok
    assert mg.check_gradient(mg.operators.Relu, mixed).ok


def test_a_scale_forgotten_backward_is_right_where_nothing_is_dropped():
    def dropout(kind, rate):
        random = np.random.default_rng(0)
        return mg.check_gradient(lambda x: kind(x, rate, random), np.ones(20)).ok

    assert dropout(broken.DropoutScaledForwardOnly, 0.0)
    assert not dropout(broken.DropoutScaledForwardOnly, 0.5)
    assert dropout(mg.operators.Dropout, 0.5)
