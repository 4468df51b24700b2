"""Stochastic triples: unbiased, against derivatives of means that are known exactly."""

import itertools
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import chance

COUNT = 40_000


def agrees(program, at, truth, errors=4.5, seed=1):
    """Whether the mean of the estimates lies within some standard errors of the truth."""
    estimates = chance.derivative(program, at, COUNT, seed)
    error = max(estimates.std() / np.sqrt(COUNT), 1e-12)
    assert abs(estimates.mean() - truth) < errors * error, (estimates.mean(), truth, error)
    return True


def enumerated(program, coins, p):
    """d/dp of the mean of program(list of coins), over all outcomes, by dual numbers."""

    def mean(p):
        total = 0.0
        for outcome in itertools.product((0, 1), repeat=coins):
            probability = 1.0
            for x in outcome:
                probability = probability * (p if x else 1 - p)
            total = total + probability * program(p, outcome)
        return total

    return mg.dual.derivative(mean, p)


FUNCTIONS = {
    "sum": lambda p, x: x[0] + x[1] + x[2],
    "square of the sum": lambda p, x: (x[0] + x[1] + x[2]) ** 2,
    "the same coin twice": lambda p, x: x[0] * x[0] - x[0],
    "one coin given up for another, then used": lambda p, x: x[0] * x[1] + x[0] * x[2] - x[0],
    "p inside": lambda p, x: np.exp(p * x[0]) / (1 + x[1] + p),
    "a branch": lambda p, x: np.where(x[0] + x[1] > 0, 3 * x[2], 1.0 - p),
    "the larger": lambda p, x: np.maximum(x[0] + x[1], 2 * x[2]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_the_mean_of_the_estimates_is_the_derivative_of_the_mean(name, p):
    f = FUNCTIONS[name]
    assert agrees(lambda p: f(p, [chance.coin(p) for _ in range(3)]), p, enumerated(f, 3, p))


def test_coins_whose_probability_depends_on_coins():
    def program(p, coin):
        first = coin(p)
        second = coin(np.where(first > 0, p * p, 1 - p))
        return (first + 2 * second - 1) ** 2 + first * second

    def mean(p):
        return sum(
            (p if a else 1 - p)
            * ((p * p if a else 1 - p) if b else (1 - p * p if a else p))
            * ((a + 2 * b - 1) ** 2 + a * b)
            for a in (0, 1)
            for b in (0, 1)
        )

    truth = mg.dual.derivative(mean, 0.4)
    assert agrees(lambda p: program(p, chance.coin), 0.4, truth)


@pytest.mark.parametrize("p", [0.1, 0.6])
@pytest.mark.parametrize("direction", [1, -1])
def test_draws_that_count(p, direction):
    """d/dp of the mean of x², where the probability grows with p or falls with it."""

    def towards(p):
        return p if direction > 0 else 1 - p

    # binomial: n q + n (n − 1) q²; geometric: (1 − q)(2 − q)/q²
    binomial = mg.dual.derivative(lambda p: 5 * towards(p) + 20 * towards(p) ** 2, p)
    assert agrees(lambda p: chance.binomial(5, towards(p)) ** 2, p, binomial)
    geometric = mg.dual.derivative(
        lambda p: (1 - towards(p)) * (2 - towards(p)) / towards(p) ** 2, p
    )
    assert agrees(lambda p: chance.geometric(towards(p)) ** 2, p, geometric, errors=6)


def test_a_probability_that_chance_moved():
    """A geometric draw whose probability depends on a coin: both worlds use the same dice."""

    def program(p):
        return chance.geometric(0.3 + 0.4 * chance.coin(p))

    # mean 1/q − 1 with q = 0.7 (heads) and 0.3 (tails)
    assert agrees(program, 0.5, (1 / 0.7 - 1) - (1 / 0.3 - 1))


def test_without_jumps_it_is_a_dual_number():
    estimates = chance.derivative(lambda p: np.sin(p * p), 0.5, count=3)
    assert np.allclose(estimates, 2 * 0.5 * np.cos(0.25))
    assert np.array_equal(chance.derivative(lambda p: 7.0, 0.5, count=3), np.zeros(3))


def test_the_edges_are_no_division_by_zero():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for p, program in ((1.0, chance.coin), (0.0, chance.coin), (1.0, chance.geometric)):
            assert np.all(np.isfinite(chance.derivative(program, p, count=50)))
        assert np.allclose(chance.derivative(chance.coin, 0.0, count=50), 1.0)


def test_each_jump_is_kept_as_often_as_its_weight_says():
    runs = chance.Runs(COUNT, np.random.default_rng(0))
    for weight in (1.0, 3.0, 0.0, 4.0):
        runs.offer(np.full(COUNT, weight))
    assert np.all(runs.weight == 8)
    shares = np.bincount(runs.kept, minlength=5) / COUNT
    assert np.allclose(shares, [0, 1 / 8, 3 / 8, 0, 4 / 8], atol=0.01)


@pytest.mark.parametrize(
    ("misuse", "error", "told"),
    [
        (lambda p: 1 if chance.coin(p) else 0, TypeError, "np.where"),
        (lambda p: chance.coin(0.3), TypeError, "coin wants a triple"),
        (lambda p: chance.coin(p + 1), ValueError, "from 0 to 1"),
        (lambda p: chance.geometric(0 * p), ValueError, "never comes"),
        (lambda p: np.sum(chance.coin(p)), TypeError, "no rule"),
        (lambda p: np.add.reduce(chance.coin(p)), TypeError, "no rule"),
        (lambda p: float(p), TypeError, "np.exp"),
        (
            lambda p: p + chance.Runs(10, np.random.default_rng()).parameter(1.0),
            ValueError,
            "different runs",
        ),
    ],
)
def test_misuse_is_told(misuse, error, told):
    with pytest.raises(error, match=told):
        chance.derivative(misuse, 0.3, count=10)


def test_a_coin_that_no_jump_concerns_falls_alike_in_both_worlds():
    runs = chance.Runs(1000, np.random.default_rng(0))
    p = runs.parameter(0.3)
    first = chance.coin(p)
    second = chance.coin(0.5 + 0 * p)
    assert np.any(first.alternative != first.value)
    assert np.array_equal(second.alternative, second.value)
