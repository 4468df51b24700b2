"""To the accuracy that the docstrings state, beside fifty digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweeping import gradient, value

from minigrad import activations
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy

EPS = np.finfo(float).eps
wide = st.floats(-40, 40) | st.floats(-1e-6, 1e-6) | st.sampled_from([-750.0, 750.0, -1e-300, 0.0])


def many_digits(f, *at):
    with mpmath.workdps(50):
        return float(f(*map(mpmath.mpf, at)))


@given(x=wide)
def test_elu_and_sigmoid_are_exact_to_a_few_roundings(x):
    wanted = many_digits(lambda x: x if x > 0 else mpmath.expm1(x), x)
    assert float(activations.elu(x)) == pytest.approx(wanted, rel=4 * EPS, abs=0)
    wanted = many_digits(lambda x: 1 / (1 + mpmath.exp(-x)), x)
    assert float(activations.sigmoid(x)) == pytest.approx(wanted, rel=4 * EPS, abs=1e-320)


@given(x=wide)
def test_softplus_is_exact_to_a_few_roundings(x):
    wanted = many_digits(lambda x: mpmath.log1p(mpmath.exp(x)), x)
    assert float(activations.softplus(x)) == pytest.approx(wanted, rel=4 * EPS, abs=1e-320)
    if x != 0:  # where the two ways of writing it meet
        wanted = many_digits(lambda x: 1 / (1 + mpmath.exp(-x)), x)
        assert gradient(activations.softplus, x) == pytest.approx(wanted, rel=4 * EPS, abs=1e-320)


@given(x=wide)
def test_their_derivatives_are_exact_to_the_rounding_of_one(x):
    wanted = many_digits(lambda x: mpmath.exp(-abs(x)) / (1 + mpmath.exp(-abs(x))) ** 2, x)
    assert gradient(activations.sigmoid, x) == pytest.approx(wanted, abs=2 * EPS)
    wanted = many_digits(lambda x: 1 / mpmath.cosh(x) ** 2, x)
    assert gradient(np.tanh, x) == pytest.approx(wanted, abs=4 * EPS)
    wanted = many_digits(lambda x: mpmath.exp(min(x, 0)), x)
    if x != 0:
        assert gradient(activations.elu, x) == pytest.approx(wanted, abs=2 * EPS)


@given(z=st.lists(st.floats(-700, 700), min_size=1, max_size=6), label=st.integers(0, 5))
def test_log_softmax_and_the_cross_entropies_to_roundings_of_the_largest(z, label):
    label %= len(z)
    wanted = many_digits(lambda *z: z[label] - mpmath.log(sum(map(mpmath.exp, z))), *z)
    close = pytest.approx(wanted, abs=8 * EPS * max(1.0, *np.abs(z)) * 2)
    logits = np.array([z])
    assert activations.log_softmax(logits)[0, label] == close
    assert -value(SparseSoftmaxCrossEntropy(logits, np.array([label])))[0] == close
    assert -value(SoftmaxCrossEntropy(logits, np.eye(len(z))[[label]]))[0] == close
    chance = many_digits(lambda *z: mpmath.exp(z[label]) / sum(map(mpmath.exp, z)), *z)
    width = max(z) - min(z)
    assert activations.softmax(logits)[0, label] == pytest.approx(
        chance, rel=(4 + len(z) + width) * EPS, abs=1e-300
    )
