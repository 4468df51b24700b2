"""Derivatives of programs that throw dice, by stochastic triples.

Let a program throw a coin that shows heads with probability p. What its result does when p moves a
little is of two kinds. Where numbers change smoothly, a dual number follows. Where a coin falls
the other way, the result *jumps*; that is rare, but what is rare and large counts as much as what
is common and small. So a triple holds

- a value, with its derivative beside it: a :class:`minigrad.Dual`;
- an alternative: the value in a run in which one coin fell the other way, all else being equal;
- a weight, shared by all triples of a run: how fast, as p grows, such a jump comes about.

The derivative of the mean is then the mean of *derivative + weight · (alternative − value)*. No
step size, no density of the whole program, and no run in vain::

    def twice(p):
        return (chance.coin(p) + chance.coin(p)) ** 2

    chance.derivative(twice, 0.3, count=10_000).mean()      # d/dp of (2p + 2p²), about 3.2

Each number of a triple is an array: thousands of runs side by side. A run keeps *one* jump. When
another coin offers its own, one of the two is drawn by weight and stands for both, with the sum of
their weights (pruning, by reservoir sampling: the choice is as good as one made at the end).

Source: Arya, Schauer, Schäfer, Rackauckas, "Automatic differentiation of programs with discrete
randomness", arXiv 2210.08572. The rules of ``coin``, ``binomial`` and ``geometric`` are
derived in lecture 08.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigrad import Dual

__all__ = ["Runs", "Triple", "binomial", "coin", "derivative", "geometric"]


class Runs:
    """Many runs of a program side by side, each of which keeps one jump.

    Args:
        count: How many.
        random: Where chance comes from.

    Attributes:
        weight: For each run, the sum of the weights of all jumps that it was offered.
        kept: For each run, the number of the draw whose jump it keeps; 0 before the first.
    """

    def __init__(self, count: int, random: np.random.Generator) -> None:
        self.count, self.random = count, random
        self.draws = 0
        self.weight = np.zeros(count)
        self.kept = np.zeros(count, dtype=int)

    def parameter(self, value: float) -> Triple:
        """The number by which everything is differentiated, the same in all runs."""
        everywhere = np.full(self.count, float(value))
        return Triple(self, Dual(everywhere, 1.0), everywhere)

    def uniform(self, *shape: int) -> np.ndarray:
        """Random numbers from 0 to 1: of the given shape for each run, runs last."""
        return self.random.random((*shape, self.count))

    def offer(self, weight: np.ndarray) -> np.ndarray:
        """Offer each run another jump, and say which runs take it in place of their own.

        Args:
            weight: How fast the jump comes about, an array of one number a run.

        Returns:
            A boolean for each run, true with probability weight / (sum of weights so far).
        """
        self.draws += 1
        self.weight = self.weight + weight
        taken = self.random.random(self.count) * self.weight < weight
        self.kept = np.where(taken, self.draws, self.kept)
        return taken


class Triple(np.lib.mixins.NDArrayOperatorsMixin):
    """A value, its derivative, and what the value is where the run's jump has happened.

    Python's operators, ``np.where`` and the functions of ``minigrad.dual`` compute with triples.

    Args:
        runs: The runs that it belongs to.
        dual: Values and derivatives, a ``Dual`` of two arrays; or an array, of derivative 0.
        other: The values where the jump has happened that each run keeps now.

    Example:
        >>> import numpy as np
        >>> from minigrad_course import chance
        >>> runs = chance.Runs(4, np.random.default_rng(3))
        >>> head = chance.coin(runs.parameter(0.5))
        >>> (10 * head).value, (10 * head).alternative
        (array([10., 10.,  0.,  0.]), array([10., 10., 10., 10.]))
        >>> runs.weight
        array([0., 0., 2., 2.])
    """

    def __init__(self, runs: Runs, dual: Any, other: Any) -> None:
        self.runs, self.dual, self.other = runs, dual, other
        self.kept = runs.kept  # an older jump that a run has given up since is no jump anymore

    @property
    def value(self) -> Any:
        """The values, one a run."""
        return self.dual.value if isinstance(self.dual, Dual) else self.dual

    @property
    def derivative(self) -> Any:
        """The derivatives of the values, as long as no coin falls the other way."""
        return self.dual.derivative if isinstance(self.dual, Dual) else np.zeros(self.runs.count)

    @property
    def alternative(self) -> np.ndarray:
        """The values after the jump, in runs that still keep it; the values, in the others."""
        return np.where(self.kept == self.runs.kept, self.other, self.value)

    def __repr__(self) -> str:
        return f"<Triple of {self.runs.count} runs: mean {np.mean(self.value):.6g}>"

    def __bool__(self) -> bool:
        raise TypeError(
            "an `if` on a triple would take one branch for all runs, and the same before and after "
            "the jump: use np.where(condition, a, b)"
        )

    def __float__(self) -> float:
        raise TypeError("float() of a Triple would lose its jump: use np.exp rather than math.exp")

    # -- NumPy's protocols: every function is computed in both worlds ------------------------
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            asked = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            raise TypeError(f"np.{asked} with options or over several runs has no rule for triples")
        return both_worlds(self.runs, ufunc, inputs)

    def __array_function__(
        self, function: Callable[..., Any], types: Iterable[type], args: Any, kwargs: Any
    ) -> Any:
        if function is not np.where or kwargs:
            raise TypeError(f"np.{function.__name__} has no rule for triples")
        return both_worlds(self.runs, function, args)


def both_worlds(runs: Runs, function: Callable[..., Any], inputs: Iterable[Any]) -> Triple:
    """A function of triples: once with the values and derivatives, once after the jump."""
    inputs = list(inputs)
    for one in inputs:
        if isinstance(one, Triple) and one.runs is not runs:
            raise ValueError("triples of different runs do not mix: each has dice of its own")
    before = [one.dual if isinstance(one, Triple) else one for one in inputs]
    after = [one.alternative if isinstance(one, Triple) else one for one in inputs]
    return Triple(runs, function(*before), function(*after))


def coin(p: Triple) -> Triple:
    """A coin in each run: 1 with probability p, else 0.

    Where p grows, tails become heads, at the rate 1 / (1 − p); where it falls, heads become tails.
    The same random number decides before the jump and after it.

    Args:
        p: The probability; it may depend on earlier coins.

    Raises:
        TypeError: When p is not a triple.
        ValueError: When p leaves the range from 0 to 1.

    Example:
        >>> import numpy as np
        >>> from minigrad_course import chance
        >>> estimates = chance.derivative(lambda p: chance.coin(p), 0.3, count=10_000)
        >>> bool(abs(estimates.mean() - 1.0) < 0.05)
        True
    """
    return tossed(1, p, "coin")


def binomial(n: int, p: Triple) -> Triple:
    """How many of n coins show heads, each with probability p, in each run.

    Where p grows, one of the n − x tails becomes heads, each at the rate 1 / (1 − p).

    Args:
        n: How many coins.
        p: The probability of heads.

    Raises:
        TypeError: When p is not a triple.
        ValueError: When p leaves the range from 0 to 1.

    Source:
        Arya et al., arXiv 2210.08572.

    Example:
        >>> import numpy as np
        >>> from minigrad_course import chance
        >>> estimates = chance.derivative(lambda p: chance.binomial(10, p), 0.3, count=10_000)
        >>> bool(abs(estimates.mean() - 10.0) < 0.1)
        True
    """
    return tossed(n, p, "binomial")


def tossed(n: int, p: Triple, who: str) -> Triple:
    runs, q, slope = checked(p, who)
    dice = runs.uniform(n)
    heads = np.sum(dice < q, axis=0, dtype=float)
    same_dice = np.sum(dice < p.alternative, axis=0, dtype=float)
    movable, room = np.where(slope > 0, n - heads, heads), np.where(slope > 0, 1 - q, q)
    taken = runs.offer(np.abs(slope) * divided(movable, room))
    return Triple(runs, heads, np.where(taken, heads + np.sign(slope), same_dice))


def geometric(p: Triple) -> Triple:
    """How often a coin shows tails before its first heads, in each run.

    Where p grows, x falls by one at the rate x / (p (1 − p)); where p falls, x grows by one at the
    rate (x + 1) / p.

    Args:
        p: The probability of heads.

    Raises:
        TypeError: When p is not a triple.
        ValueError: When p leaves the range from 0 to 1, or is 0.

    Source:
        Arya et al., arXiv 2210.08572.

    Example:
        >>> import numpy as np
        >>> from minigrad_course import chance
        >>> estimates = chance.derivative(lambda p: chance.geometric(p), 0.5, count=10_000)
        >>> bool(abs(estimates.mean() + 4.0) < 0.3)                 # the mean is 1/p − 1
        True
    """
    runs, q, slope = checked(p, "geometric")
    if np.any(q <= 0) or np.any(p.alternative <= 0):
        raise ValueError("geometric: with probability 0 the first heads never comes")
    dice = runs.uniform()
    x, same_dice = failures(dice, q), failures(dice, p.alternative)
    rate = np.where(slope > 0, divided(x, q * (1 - q)), (x + 1) / q)
    taken = runs.offer(np.abs(slope) * rate)
    return Triple(runs, x, np.where(taken, x - np.sign(slope), same_dice))


def failures(dice: np.ndarray, p: np.ndarray) -> np.ndarray:
    # The first heads comes after more than x tails with probability (1 − p)ˣ⁺¹.
    with np.errstate(divide="ignore"):  # p = 1: heads at once
        return np.floor(np.log1p(-dice) / np.log1p(-p)) + 0.0  # no −0


def divided(part: np.ndarray, room: np.ndarray) -> np.ndarray:
    # part / room; where nothing is there to move there may be no room either
    return np.divide(part, room, out=np.zeros(part.shape), where=part > 0)


def checked(p: Any, who: str) -> tuple[Runs, np.ndarray, np.ndarray]:
    if not isinstance(p, Triple):
        raise TypeError(f"{who} wants a triple, got {p!r:.60}: see Runs.parameter")
    for q in (p.value, p.alternative):
        if np.any((q < 0) | (q > 1)):
            raise ValueError(f"{who}: a probability from 0 to 1 was wanted, got {q.min():.6g}")
    return p.runs, p.value, p.derivative


def derivative(
    program: Callable[[Triple], Any],
    at: float,
    count: int = 1000,
    random: np.random.Generator | int = 0,
) -> np.ndarray:
    """Estimates of the derivative of a program's mean result: unbiased, one a run.

    Args:
        program: A function of one triple, written in NumPy functions and in the draws of this
            module.
        at: The value of its parameter.
        count: How many runs.
        random: A generator, or the seed of one.

    Returns:
        One estimate a run, an array of shape (count,). Their mean estimates the derivative, and
        their standard deviation over √count is the error of that mean.

    Raises:
        TypeError: When a probability is not a triple, or a function has no rule.
        ValueError: When a probability leaves the range from 0 to 1.

    Source:
        Arya et al., arXiv 2210.08572.

    Example:
        >>> from minigrad_course import chance
        >>> estimates = chance.derivative(lambda p: chance.coin(p) * p, 0.3, count=10_000)
        >>> bool(abs(estimates.mean() - 0.6) < 0.02)                # d/dp of p · p
        True
    """
    runs = Runs(count, np.random.default_rng(random))
    result = program(runs.parameter(at))
    if not isinstance(result, Triple):  # it does not depend on the parameter
        return np.zeros(count)
    return result.derivative + runs.weight * (result.alternative - result.value)
