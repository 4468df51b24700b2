"""The exercises of lecture 08, "What if the program throws dice?".

No answer is judged by throwing dice: every mean and every scatter here is summed up over all
outcomes, or over a fine grid of random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb
from typing import Any

import numpy as np

from minigrad_course.lessons import exam
from minigrad_course.lessons.answers import NotAttempted, Wrong, call, same, todo
from minigrad_course.lessons.checks import register

__all__ = [
    "baseline_of_the_others",
    "binomial_rule",
    "geometric_rule",
    "keep_one",
    "score_of_a_coin",
    "where_the_score_wins",
]


@register(
    "08.1",
    praise="Heads speak for a larger p, tails against it, each the louder the rarer it is.",
    hints=[
        "Heads has the probability p. What is the derivative of log p?",
        "Tails has the probability 1 − p. Mind the inner derivative of log(1 − p).",
        "np.where(x == 1, …, …); or find one fraction that is right for both.",
    ],
    solution="""\
def score(x, p):
    return (x - p) / (p * (1 - p))""",
)
def score_of_a_coin(answer: Any) -> None:
    """The derivative, by p, of the logarithm of a coin's probability."""
    wanted_function(answer)
    x = np.array([1.0, 0.0, 0.0, 1.0])
    for p in (0.3, 0.8):
        got, wanted = call(answer, x.copy(), p), (x - p) / (p * (1 - p))
        told_apart(
            got,
            wanted,
            {
                "this is the derivative of the probability itself; its logarithm's is that, "
                "divided by the probability.": 2 * x - 1,
                "the sign for tails is wrong: 1 − p falls as p grows.": x / p + (1 - x) / (1 - p),
                "the right sign, the wrong size: log p grows at the rate 1/p, not as x − p.": x - p,
                "this is the logarithm itself: its derivative by p is wanted.": np.log(
                    np.where(x == 1, p, 1 - p)
                ),
                "tails tell something too: their probability 1 − p depends on p.": x / p,
                "the whole has the wrong sign: heads speak for a larger p.": -wanted,
            },
        )
        same(got, wanted, f"the score of x = {x.astype(int)} at p = {p}")


@register(
    "08.2",
    praise="The others know nothing of this run, so on average nothing is taken away but noise.",
    hints=[
        "For N results, the mean of the others is (sum of all − own) / (N − 1).",
        "All N of them at once: (np.sum(f) - f) / (len(f) - 1).",
        "Subtract it from f, and only then multiply by the score.",
    ],
    solution="""\
def with_baseline(f, s):
    others = (np.sum(f) - f) / (len(f) - 1)
    return (f - others) * s""",
)
def baseline_of_the_others(answer: Any) -> None:
    """Score estimates from each of which the mean result of the other runs is subtracted."""
    wanted_function(answer)
    for f, s in (
        (np.array([1.0, 4.0, 0.0, 7.0]), np.array([2.0, -1.0, 0.5, 3.0])),
        (np.array([3.0, 5.0]), np.array([1.0, -2.0])),
    ):
        n = len(f)
        wanted = n / (n - 1) * (f - f.mean()) * s  # f − mean of the others, said differently
        got = call(answer, f.copy(), s.copy())
        if np.ndim(got) == 0 and is_number(got):
            raise Wrong(f"one estimate for each of the {n} runs was wanted, got one number.")
        told_apart(
            got,
            wanted,
            {
                "its own result is in each run's baseline: that makes the mean of the estimates "
                f"too small, here by a factor of {n - 1}/{n}. Leave it out.": (f - f.mean()) * s,
                "no baseline was subtracted.": f * s,
                "the baseline is added: f *minus* what was to be expected.": (2 * f - wanted / s)
                * s,
                "the score is missing.": wanted / s,
                "subtract before you multiply by the score: so the estimates add up to 0, "
                "whatever the derivative.": f * s - np.mean(f * s),
                "the sum of the others is subtracted: divide by N − 1.": (f - (f.sum() - f)) * s,
            },
        )
        same(got, wanted, f"for f = {f} and s = {s}, the estimates")


@register(
    "08.3",
    praise="One line for n coins: the noise is that of n − x, the number of tails, and no more.",
    hints=[
        "As p grows, which coins can change? Not those that show heads already.",
        "Each of the n − x tails becomes heads at the rate of a single coin.",
        "One of them falls the other way, not all: the alternative is x + 1.",
    ],
    solution="""\
def binomial_rule(x, n, p):
    return x + 1, (n - x) / (1 - p)""",
)
def binomial_rule(answer: Any) -> None:
    """Alternative and weight for the number of heads among n coins."""
    wanted_function(answer)
    for n, p in ((4, 0.3), (6, 0.8), (1, 0.3)):
        x = np.arange(n + 1.0)
        y, weight = pair(call(answer, x.copy(), n, p), x)
        jumped(x, y, weight)
        if n > 1:
            told_apart(
                weight,
                (n - x) / (1 - p),
                {
                    "heads cannot become heads once more: only tails move, n − x of them.": n
                    / (1 - p)
                    + 0 * x,
                    "all n − x tails may move, not one: whoever has more of them jumps sooner.": 1
                    / (1 - p)
                    + 0 * x,
                    "this is the number of tails; at which rate does each of them become heads?": n
                    - x,
                    "room for a move is above p: a random number that gave tails lies between p "
                    "and 1.": (n - x) / p,
                },
            )
            if np.array_equal(y, np.full(n + 1, float(n))):
                raise Wrong(
                    "your alternative turns all tails at once; as p grows a little, one coin moves."
                )
        chances = np.array([comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)])
        slopes = chances * (x - n * p) / (p * (1 - p))
        estimates_the_mean(x, y, weight, chances, slopes, f"{n} coins at p = {p}")


@register(
    "08.4",
    praise="A rule needs no coins, only the distribution: whoever waits long may wait less.",
    hints=[
        "Heads that come more easily come sooner. Into which direction does x jump?",
        "x = 0 cannot jump. Each of the x tails before it may become heads at the rate "
        "1/(1 − p)… but then x falls by more than one. A jump by one is wanted, with its own weight.",
        "The mean is (1 − p)/p, its derivative −1/p². Try a weight c · x with the alternative "
        "x − 1: which c makes the mean of weight · (−1) equal to −1/p²?",
    ],
    solution="""\
def geometric_rule(x, p):
    return x - 1, x / (p * (1 - p))""",
)
def geometric_rule(answer: Any) -> None:
    """Alternative and weight for the number of tails before the first heads."""
    wanted_function(answer)
    for p in (0.6, 0.3):
        x = np.arange(200.0)
        y, weight = pair(call(answer, x.copy(), p), x)
        jumped(x, y, weight)
        if np.all((y > x)[weight > 0]) and np.any(weight > 0):
            raise Wrong(
                "the jump goes up: when heads come more easily, the wait for them gets shorter."
            )
        if weight[0] != 0 and y[0] < 0:
            raise Wrong(
                "for x = 0 the weight is not 0: whoever threw heads at once cannot be faster."
            )
        told_apart(
            weight,
            x / (p * (1 - p)),
            {
                "the weight is right but for 1/(1 − p): hold the mean of weight · (y − x) against "
                "−1/p².": x / p,
                "the weight is right but for 1/p: hold the mean of weight · (y − x) against "
                "−1/p².": x / (1 - p),
                "the weight must be larger for those who wait longer.": np.where(
                    x > 0, 1 / (p * (1 - p)), 0.0
                ),
            },
        )
        chances = p * (1 - p) ** x
        slopes = chances * (1 / p - x / (1 - p))
        estimates_the_mean(x, y, weight, chances, slopes, f"a wait at p = {p}")


@register(
    "08.5",
    praise="Two jumps for the price of one: what is given up is paid for by those that are kept.",
    hints=[
        "The first must be kept with the probability first / (first + second).",
        "u is uniform: u < q is true with probability q.",
        "Whichever is kept stands for both. So its weight is first + second, every time.",
    ],
    solution="""\
def keep_one(first, second, u):
    total = first + second
    return u * total < first, total""",
)
def keep_one(answer: Any) -> None:
    """Which of two jumps is kept, and its weight; on average, each has to count as before."""
    wanted_function(answer)
    u = (np.arange(12_000) + 0.5) / 12_000
    for one, two in ((1.0, 3.0), (2.0, 0.5), (0.0, 1.5)):
        first, second = np.full(u.shape, one), np.full(u.shape, two)
        kept, weight = two_of(call(answer, first, second, u), "which one is kept, and the weight")
        kept = np.broadcast_to(np.asarray(kept, bool), u.shape)
        weight = np.broadcast_to(np.asarray(weight, float), u.shape)
        share, fair = kept.mean(), one / (one + two)
        counts = (np.mean(weight * kept), np.mean(weight * ~kept))
        if np.allclose(counts, (one, two), atol=1e-3):
            continue
        pruned_wrongly(one, two, share, fair, kept, weight)
        same(counts[0], one, f"what the first counts on average, of {one} and {two},", 1e-3)
        same(counts[1], two, f"what the second counts on average, of {one} and {two},", 1e-3)


def pruned_wrongly(
    one: float, two: float, share: float, fair: float, kept: np.ndarray, weight: np.ndarray
) -> None:
    # the usual ways in which a choice between two weights is not fair
    of = f"of the weights {one} and {two}"
    if share in (0.0, 1.0) and min(one, two) > 0:
        raise Wrong(
            f"{of} always the same one is kept, so the other never counts: let u decide, with "
            "chances as the weights are."
        )
    if np.isclose(share, 1 - fair, atol=1e-3) and not np.isclose(fair, 0.5):
        raise Wrong(
            f"{of} the first is kept with probability {share:.2f}: that is the other's share."
        )
    if np.isclose(share, 0.5, atol=1e-3) and np.allclose(weight, one + two):
        raise Wrong(
            f"{of} each is kept as often as the other: with the sum as weight the larger has to "
            "be kept more often."
        )
    if np.isclose(share, fair, atol=1e-3) and np.allclose(weight, np.where(kept, one, two)):
        raise Wrong(
            f"{of} the right one is kept, with its own weight: it has to stand for the one that "
            "was given up as well."
        )


@register(
    "08.6",
    praise="A triple sees only the jump, a score only the result. A baseline would have saved it.",
    hints=[
        "Write out the second moments. The score has f(1)²/p + f(0)²/(1 − p).",
        "The triple has (f(1) − f(0))²/(1 − p). What makes a difference large while both numbers "
        "are small?",
        "Let f(0) have the opposite sign of f(1).",
    ],
    solution="game = (-1.0, 1.0)",
    given=lambda: f"p = {heads_with()}.",
)
def where_the_score_wins(answer: Any) -> None:
    """Numbers f(0) and f(1) for which the score scatters less than the triple."""
    zero, one = two_of(answer, "f(0) and f(1)")
    if not (is_number(zero) and is_number(one)):
        raise Wrong(f"two numbers were wanted, f(0) and f(1); got {answer!r:.60}.")
    zero, one, p = float(zero), float(one), heads_with()
    if zero == one:
        raise Wrong("then the coin makes no difference: the derivative is 0, and nobody wins.")
    squared = (one - zero) ** 2
    score = np.sqrt(max(one**2 / p + zero**2 / (1 - p) - squared, 0.0))
    triple = np.sqrt(squared / (1 - p) - squared)
    if np.isclose(score, triple, rtol=1e-6):
        raise Wrong(
            f"the two scatter alike, by {score:.3g}: does tails' result help the score or harm it?"
        )
    if score < triple:
        return
    why = (
        "both results have the same sign, and the score has to average away what they share"
        if zero * one > 0
        else "with f(0) = 0 the score wastes all tails"
        if zero == 0
        else "the signs are good; now make f(0) count for more"
    )
    raise Wrong(f"the score scatters by {score:.3g}, the triple by {triple:.3g}: {why}.")


def heads_with() -> float:
    # p of 08.6; so small in an exam that the lecture's own answer does not do
    return round(float(exam.generator("08.6").uniform(0.1, 0.24)), 2) if exam.on() else 0.3


# -- what these checks share ---------------------------------------------------------------
def wanted_function(answer: Any) -> None:
    if not callable(answer):
        raise Wrong(f"a function was wanted, got {answer!r:.60}.")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def two_of(answer: Any, what: str) -> tuple[Any, Any]:
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Wrong(f"two things were wanted, {what}; got {answer!r:.60}.")
    first, second = answer
    if any(part is ... or part is todo for part in (first, second)):
        raise NotAttempted
    return first, second


def told_apart(got: Any, right: np.ndarray, mistakes: Mapping[str, np.ndarray]) -> None:
    """Name the mistake, where what came is what a typical one gives, and that is not right."""
    if agree(got, right):
        return
    for what, wrong in mistakes.items():
        if agree(got, wrong):
            raise Wrong(what)


def agree(got: Any, numbers: np.ndarray) -> bool:
    try:
        mine = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        return False
    return mine.shape == np.shape(numbers) and np.allclose(mine, numbers, atol=1e-9)


def pair(answer: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # the alternative and the weight, one number each for every x
    y, weight = two_of(answer, "the alternative and its weight")
    found = []
    for part, what in ((y, "the alternative"), (weight, "the weight")):
        try:
            found.append(np.broadcast_to(np.asarray(part, dtype=float), x.shape))
        except (TypeError, ValueError):
            raise Wrong(f"{what} is {part!r:.40}: a number for each x was wanted.") from None
    return found[0], found[1]


def jumped(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> None:
    if np.array_equal(y, x):
        raise Wrong("your alternative is x itself: nothing has jumped.")
    if any(np.array_equal(weight, x + step) and not np.any(y == x + step) for step in (1, -1)):
        raise Wrong("the two are swapped: the alternative comes first, then its weight.")


TRIED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "x": lambda x: x,
    "x²": lambda x: x * x,
    "[x = 0]": lambda x: (x == 0) * 1.0,
}


def estimates_the_mean(
    x: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    chances: np.ndarray,
    slopes: np.ndarray,
    what: str,
) -> None:
    """Hold the mean of weight · (f(y) − f(x)) against the derivative of the mean of f(x)."""
    for name, f in TRIED.items():
        got = np.sum(chances * weight * (f(y) - f(x)))
        same(got, np.sum(slopes * f(x)), f"for {what}, the derivative of the mean of {name}")
