"""The exercises of lecture 05: what a reader is told for a typical mistake."""

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import lessons

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
        "the number at row 3, column 1 of map 2, from 1 channel(s), differs",
    ),
    "bias forgotten": (
        "05.1",
        NUMBER.format("max(0.0, np.sum(window * kernel[..., f]))"),
        "the number at row",
    ),
    "all filters at once": (
        "05.1",
        NUMBER.format("np.maximum(0, np.sum(window[..., None] * kernel, axis=(0, 1, 2)) + bias)"),
        "has shape (8,), wanted ().",
    ),
    "not all partners": (
        "05.2",
        f"answer = { {**PARTNERS, 'MatMul': 'MatMulGrad'} }",
        "'MatMulGrad' is not what gives the gradient of MatMul.",
    ),
    "one left out": ("05.2", "answer = {'Conv2D': 'Conv2DBackpropInput'}", "BiasAdd is missing"),
    "a list": ("05.2", "answer = ['ReluGrad']", "a dictionary was wanted, got ['ReluGrad']"),
    "nothing remembered": (
        "05.3",
        RULE.format(
            "velocity = 0.9 * velocity - self.learning_rate * gradient\n"
            "        variable.value = variable.value + velocity"
        ),
        "the weight after step 2 differs",
    ),
    "uphill": (
        "05.3",
        RULE.format(
            "velocity[...] = 0.9 * velocity + self.learning_rate * gradient\n"
            "        variable.value = variable.value + velocity"
        ),
        "the weight after step 1 differs",
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
    lessons.exercise("05.2").check({**PARTNERS, "Elu": ...})
    assert "not attempted" in capsys.readouterr().out


def test_either_gradient_of_a_convolution_will_do(capsys):
    for kind in ("Conv2DBackpropInput", "Conv2DBackpropFilter"):
        lessons.exercise("05.2").check({**PARTNERS, "Conv2D": kind})
        assert capsys.readouterr().out.startswith("✓ 05.2 is right.")
