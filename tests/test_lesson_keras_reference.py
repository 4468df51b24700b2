"""The exercises of lecture 05: what a reader is told for a typical mistake."""

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import lessons
from minigrad_course.lessons import planted
from minigrad_course.lessons.planted import guilty, planted_mistakes

NUMBER = """def one_number(picture, kernel, bias, y, x, f):
    height, width = kernel.shape[:2]
    window = picture[y : y + height, x : x + width]
    return {}"""
RULE = """class Momentum(mg.optimizers.Optimizer):
    slots = 1

    def update(self, variable, gradient):
        (velocity,) = self.state(variable)
        {}"""
PARTNERS = {
    "Conv2D": "Conv2DBackpropInput",
    "BiasAdd": "BiasAddGrad",
    "Relu": "ReluGrad",
    "Elu": "EluGrad",
    "MatMul": "MatMul",
}

MISTAKES = {
    "ReLU forgotten": (
        "05.1",
        NUMBER.format("np.sum(window * kernel[..., f]) + bias[f]"),
        "a number below 0 came out: what does ReLU do with it?",
    ),
    "bias forgotten": (
        "05.1",
        NUMBER.format("max(0.0, np.sum(window * kernel[..., f]))"),
        "the bias is missing",
    ),
    "always the first bias": (
        "05.1",
        NUMBER.format("max(0.0, np.sum(window * kernel[..., f]) + bias[0])"),
        "you took that of the first",
    ),
    "ReLU before the bias": (
        "05.1",
        NUMBER.format("max(0.0, np.sum(window * kernel[..., f])) + bias[f]"),
        "the bias comes before ReLU",
    ),
    "a mathematician's convolution": (
        "05.1",
        NUMBER.format("max(0.0, np.sum(window * kernel[::-1, ::-1, :, f]) + bias[f])"),
        "the kernel is turned by 180°",
    ),
    "row and column": (
        "05.1",
        NUMBER.replace("[y : y + height, x : x + width]", "[x : x + height, y : y + width]").format(
            "max(0.0, np.sum(window * kernel[: len(window), : window.shape[1], :, f]) + bias[f])"
        ),
        "row and column are swapped",
    ),
    "the wrong filter": (
        "05.1",
        NUMBER.format("max(0.0, np.sum(window * kernel[..., f - 1]) + bias[f])"),
        "of map 0, from 1 channel(s), differs",
    ),
    "all filters at once": (
        "05.1",
        NUMBER.format("np.maximum(0, np.sum(window[..., None] * kernel, axis=(0, 1, 2)) + bias)"),
        "has shape (8,), wanted ().",
    ),
    "not all partners": (
        "05.4",
        f"answer = { {**PARTNERS, 'MatMul': 'MatMulGrad'} }",
        "'MatMulGrad' is not what gives the gradient of MatMul; take a name from the list",
    ),
    "the forward sweep's own": (
        "05.4",
        f"answer = { {**PARTNERS, 'Relu': 'Relu'} }",
        "Relu is the operation of the forward sweep",
    ),
    "another's partner": (
        "05.4",
        f"answer = { {**PARTNERS, 'Elu': 'ReluGrad'} }",
        "ReluGrad is a partner, but not that of Elu",
    ),
    "one left out": ("05.4", "answer = {'Conv2D': 'Conv2DBackpropInput'}", "BiasAdd is missing"),
    "a list": ("05.4", "answer = ['ReluGrad']", "a dictionary was wanted, got ['ReluGrad']"),
    "rate and momentum confused": (
        "05.2",
        f"answer = { {**guilty(), 'B': 'momentum', 'D': 'rate'} }",
        "B is not momentum: its loss is wrong at the second step already.",
    ),
    "smoothing and float16 confused": (
        "05.2",
        f"answer = { {**guilty(), 'A': 'smoothing', 'E': 'float16'} }",
        "A is not smoothing: its first loss is off by less than 0.000001.",
    ),
    "what is wrong at once taken for an optimizer's": (
        "05.2",
        f"answer = { {**guilty(), 'C': 'rate', 'B': 'labels'} }",
        "B is not labels: its loss is wrong not before step 2.",
    ),
    "another mistake": (
        "05.2",
        f"answer = { {**guilty(), 'C': 'shuffle'} }",
        "C is 'shuffle'; wanted is one of momentum, smoothing",
    ),
    "nothing remembered": (
        "05.3",
        RULE.format(
            "velocity = 0.9 * velocity - self.learning_rate * gradient\n"
            "        variable.value = variable.value + velocity"
        ),
        "after step 2: the velocity is forgotten from step to step",
    ),
    "uphill": (
        "05.3",
        RULE.format(
            "velocity[...] = 0.9 * velocity + self.learning_rate * gradient\n"
            "        variable.value = variable.value + velocity"
        ),
        "and w takes plus v",
    ),
    "w minus v": (
        "05.3",
        RULE.format(
            "velocity[...] = 0.9 * velocity - self.learning_rate * gradient\n"
            "        variable.value = variable.value - velocity"
        ),
        "it goes up the slope: v takes *minus*",
    ),
    "no rate": (
        "05.3",
        RULE.format(
            "velocity[...] = 0.9 * velocity - gradient\n"
            "        variable.value = variable.value + velocity"
        ),
        "the rate is missing",
    ),
    "all of the velocity": (
        "05.3",
        RULE.format(
            "velocity[...] = velocity - self.learning_rate * gradient\n"
            "        variable.value = variable.value + velocity"
        ),
        "all of the old velocity is kept",
    ),
    "a weight that stays": (
        "05.3",
        RULE.format("velocity[...] = 0.9 * velocity - self.learning_rate * gradient"),
        "the weight does not move",
    ),
    "another share of the velocity": (
        "05.3",
        RULE.format(
            "velocity[...] = 0.5 * velocity - self.learning_rate * gradient\n"
            "        variable.value = variable.value + velocity"
        ),
        "the weight after step 2 differs",
    ),
    "no optimizer": ("05.3", "answer = len", "a class derived from mg.optimizers.Optimizer"),
}


@pytest.mark.parametrize("key, code, told", MISTAKES.values(), ids=MISTAKES)
def test_a_typical_mistake_is_named(key, code, told, capsys):
    names = {"mg": mg, "np": np}
    exec(code, names)
    answer = names.get("answer") or names.get("one_number") or names.get("Momentum")
    lessons.exercise(key).check(answer)
    printed = capsys.readouterr().out
    assert printed.startswith(f"✗ {key} is not right yet: ") and told in printed


def test_a_dictionary_that_is_half_filled_is_no_attempt(capsys):
    lessons.exercise("05.4").check({**PARTNERS, "Elu": ...})
    assert "not attempted" in capsys.readouterr().out


def test_either_gradient_of_a_convolution_will_do(capsys):
    for kind in ("Conv2DBackpropInput", "Conv2DBackpropFilter"):
        lessons.exercise("05.4").check({**PARTNERS, "Conv2D": kind})
        assert capsys.readouterr().out.startswith("✓ 05.4 is right.")


def test_how_the_losses_differ_tells_the_planted_mistakes_apart():
    """From which step on, by how much, and that no precision makes it go away."""
    right, suspects = planted_mistakes()
    assert set(guilty().values()) == set(planted.MISTAKES)
    apart = {guilty()[k]: np.abs(run("float64") - right("float64")) for k, run in suspects.items()}
    begins = {name: int(np.flatnonzero(d)[0]) for name, d in apart.items()}
    assert begins == {"float16": 0, "labels": 0, "smoothing": 0, "rate": 1, "momentum": 2}
    assert apart["float16"][0] < 1e-6 < 1e-5 < apart["smoothing"][0] < 1e-3 < apart["labels"][0]
    for letter, run in suspects.items():
        single = np.abs(run("float32") - right("float32"))
        assert single.max() > 0.5 * apart[guilty()[letter]].max()
