"""The exercises of lecture 08: what a reader is told for a typical mistake; its two explorers."""

import itertools

import numpy as np
import pytest

from minigrad_course import chance, explorers, lessons
from minigrad_course.explorers import temperature_explorer

KEYS = ["08.1", "08.2", "08.3", "08.4", "08.5", "08.6"]

MISTAKES = {
    "the derivative of the probability": (
        "08.1",
        lambda x, p: np.where(x == 1, 1.0, -1.0),
        "the derivative of the probability itself",
    ),
    "the logarithm itself": (
        "08.1",
        lambda x, p: np.log(np.where(x == 1, p, 1 - p)),
        "this is the logarithm itself",
    ),
    "the inner derivative forgotten": (
        "08.1",
        lambda x, p: np.where(x == 1, 1 / p, 1 / (1 - p)),
        "the sign for tails is wrong",
    ),
    "not divided": ("08.1", lambda x, p: x - p, "the right sign, the wrong size"),
    "tails left out": ("08.1", lambda x, p: x / p, "tails tell something too"),
    "descending": ("08.1", lambda x, p: (p - x) / (p * (1 - p)), "the whole has the wrong sign"),
    "one number": ("08.1", lambda x, p: 1.0, "has shape ()"),
    "an error": ("08.1", lambda x, p: x + y, "NameError"),  # noqa: F821
    "the mean of all": (
        "08.2",
        lambda f, s: (f - f.mean()) * s,
        "its own result is in each run's baseline",
    ),
    "no baseline": ("08.2", lambda f, s: f * s, "no baseline was subtracted"),
    "added": (
        "08.2",
        lambda f, s: (f + (f.sum() - f) / (len(f) - 1)) * s,
        "the baseline is added",
    ),
    "the score left out": (
        "08.2",
        lambda f, s: f - (f.sum() - f) / (len(f) - 1),
        "the score is missing",
    ),
    "subtracted too late": (
        "08.2",
        lambda f, s: f * s - np.mean(f * s),
        "subtract before you multiply",
    ),
    "a sum": ("08.2", lambda f, s: (f - (f.sum() - f)) * s, "divide by N − 1"),
    "the mean of the estimates": (
        "08.2",
        lambda f, s: np.mean((f - f.mean()) * s),
        "one estimate for each of the 4 runs was wanted, got one number",
    ),
    "heads move too": ("08.3", lambda x, n, p: (x + 1, n / (1 - p)), "heads cannot become heads"),
    "one coin's rate": ("08.3", lambda x, n, p: (x + 1, 1 / (1 - p)), "all n − x tails may move"),
    "no rate": ("08.3", lambda x, n, p: (x + 1, n - x), "this is the number of tails"),
    "room below": ("08.3", lambda x, n, p: (x + 1, (n - x) / p), "room for a move is above p"),
    "nothing jumps": ("08.3", lambda x, n, p: (x, (n - x) / (1 - p)), "nothing has jumped"),
    "all of them": (
        "08.3",
        lambda x, n, p: (n + 0 * x, (n - x) / (1 - p)),
        "turns all tails at once",
    ),
    "swapped": ("08.3", lambda x, n, p: ((n - x) / (1 - p), x + 1), "the two are swapped"),
    "the wrong way": (
        "08.3",
        lambda x, n, p: (x - 1, (n - x) / (1 - p)),
        "the derivative of the mean of x has the wrong sign",
    ),
    "only the alternative": ("08.3", lambda x, n, p: x + 1, "two things were wanted"),
    "a longer wait": ("08.4", lambda x, p: (x + 1, (x + 1) / p), "the jump goes up"),
    "0 jumps": ("08.4", lambda x, p: (x - 1, (x + 1) / p), "for x = 0 the weight is not 0"),
    "without 1 − p": ("08.4", lambda x, p: (x - 1, x / p), "right but for 1/(1 − p)"),
    "without p": ("08.4", lambda x, p: (x - 1, x / (1 - p)), "right but for 1/p"),
    "the same for all": (
        "08.4",
        lambda x, p: (np.maximum(x - 1, 0), (x > 0) / (p * (1 - p))),
        "larger for those who wait longer",
    ),
    "no wait at all": (
        "08.4",
        lambda x, p: (0 * x, x / (p * (1 - p))),
        "the derivative of the mean of x differs",
    ),
    "the larger": ("08.5", lambda a, b, u: (a >= b, a + b), "always the same one is kept"),
    "a fair coin": ("08.5", lambda a, b, u: (u < 0.5, a + b), "as often as the other"),
    "its own weight": (
        "08.5",
        lambda a, b, u: (u < a / (a + b), np.where(u < a / (a + b), a, b)),
        "with its own weight",
    ),
    "the other's share": ("08.5", lambda a, b, u: (u < b / (a + b), a + b), "the other's share"),
    "half the sum": (
        "08.5",
        lambda a, b, u: (u < a / (a + b), (a + b) / 2),
        "what the first counts on average, of 1.0 and 3.0, is half",
    ),
    "no difference": ("08.6", (5.0, 5.0), "the derivative is 0"),
    "the number of heads": ("08.6", (0.0, 1.0), "with f(0) = 0 the score wastes all tails"),
    "a large constant": ("08.6", (100.0, 101.0), "has to average away what they share"),
    "too little": ("08.6", (-0.5, 1.0), "now make f(0) count for more"),
    "a tie": ("08.6", (1.0, 0.0), "the two scatter alike"),
    "one thing": ("08.6", 3.0, "two things were wanted"),
    "words": ("08.6", ("a", "b"), "two numbers were wanted"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(mistake, capsys):
    key, answer, told = MISTAKES[mistake]
    lessons.exercise(key).check(answer)
    printed = capsys.readouterr().out
    assert printed.startswith(f"✗ {key} is not right yet: ")
    assert told in printed


@pytest.mark.parametrize("key", KEYS)
def test_at_least_three_mistakes_are_told_apart(key):
    assert len({told for of, _, told in MISTAKES.values() if of == key}) >= 3


PLACEHOLDERS = [..., None, lambda *arguments: ..., lambda *arguments: (..., ...)]


@pytest.mark.parametrize(
    ("key", "placeholder"),
    [*itertools.product(KEYS[:-1], PLACEHOLDERS), ("08.6", (..., ...)), ("08.6", None)],
)
def test_a_placeholder_is_not_an_attempt(key, placeholder, capsys):
    if key in ("08.1", "08.2") and placeholder is PLACEHOLDERS[-1]:
        return  # one thing is asked for, so a pair is an answer
    lessons.exercise(key).check(placeholder)
    assert capsys.readouterr().out.startswith(f"○ {key} is not attempted yet.")


@pytest.mark.parametrize("key", KEYS)
def test_the_solution_is_right(key, capsys):
    names = {"np": np}
    exec(lessons.exercise(key).code, names)
    lessons.exercise(key).check(list(names.values())[-1])
    assert capsys.readouterr().out.startswith(f"✓ {key} is right.")


RIGHT = {
    "two cases": ("08.1", lambda x, p: np.where(x == 1, 1 / p, -1 / (1 - p))),
    "the mean of all, mended": (
        "08.2",
        lambda f, s: (f - f.mean()) * s * len(f) / (len(f) - 1),
    ),
    "heads that fall, counted negative": ("08.3", lambda x, n, p: (x - 1, -x / p)),
    "a longer wait, counted negative": ("08.4", lambda x, p: (x + 1, -(x + 1) / p)),
    "a fair coin with twice its own weight": (
        "08.5",
        lambda a, b, u: (u < 0.5, 2 * np.where(u < 0.5, a, b)),
    ),
    "kept at the upper end": ("08.5", lambda a, b, u: (u >= b / (a + b), a + b)),
    "the other sign": ("08.6", [3, -3]),
}


@pytest.mark.parametrize("answer", RIGHT)
def test_what_is_right_in_another_way_is_right(answer, capsys):
    key, answer = RIGHT[answer]
    lessons.exercise(key).check(answer)
    assert capsys.readouterr().out.startswith(f"✓ {key} is right.")


def test_the_rules_of_the_exercises_are_those_of_the_course():
    """The weight that a draw of `chance` offers is the one that the exercise asks for."""
    runs = chance.Runs(1000, np.random.default_rng(0))
    x = chance.binomial(5, runs.parameter(0.3))
    assert np.allclose(runs.weight, (5 - x.value) / 0.7)
    assert np.array_equal(x.alternative, np.where(runs.weight > 0, x.value + 1, x.value))
    runs = chance.Runs(1000, np.random.default_rng(0))
    x = chance.geometric(runs.parameter(0.3))
    assert np.allclose(runs.weight, x.value / (0.3 * 0.7))


# -- explorers -----------------------------------------------------------------------------
def test_the_staircases_say_what_the_dice_give():
    explorer = explorers.staircases(p=0.3, h=0.1)
    before = explorer.png
    from minigrad_course.explorers.staircases_explorer import DICE

    for p, h in ((0.3, 0.25), (0.6, 0.01)):
        explorer.controls["p"].value, explorer.controls["h"].value = p, h
        flips = sum(p <= u < p + h for u in DICE[0])
        leap = sum(u < p + h for u in DICE[1]) - sum(u < p for u in DICE[0])
        assert f"{flips} coin" in explorer.text
        assert f"slope {flips / h:.3g}. Independent dice: slope {leap / h:.3g}." in explorer.text
    assert explorer.png != before


@pytest.mark.parametrize("tau", [2.0, 0.5, 0.1])
def test_the_softened_slope_is_the_derivative_of_the_softened_mean(tau):
    """Against a difference of means over p, each an integral over the logistic distribution."""
    noise = np.linspace(-60, 60, 40_001)
    chances = 0.25 / np.cosh(noise / 2) ** 2 * (noise[1] - noise[0])

    def mean(p):
        soft = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + noise) / tau))
        return np.sum(chances * (soft - temperature_explorer.TARGET) ** 2)

    p = temperature_explorer.P
    wanted = (mean(p + 1e-5) - mean(p - 1e-5)) / 2e-5
    assert temperature_explorer.slope_and_scatter(tau)[0] == pytest.approx(wanted, abs=1e-5)


def test_the_temperature_trades_bias_for_scatter():
    slopes, scatters = np.transpose(
        [temperature_explorer.slope_and_scatter(tau) for tau in temperature_explorer.TAUS]
    )
    assert np.all(np.diff(scatters) < 0)  # from cold to hot
    assert slopes[0] > 0 and np.all(slopes[1:] < 0)  # the truth is +0.02
    explorer = explorers.temperature(tau=0.5)
    before = explorer.png
    explorer.controls["tau"].value = 0.05
    assert explorer.png != before
    assert explorer.text.startswith("temperature 0.05: slope -0.010")
    with pytest.raises(ValueError, match="one of"):
        explorers.temperature(tau=0.3)
