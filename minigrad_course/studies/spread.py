"""How far repeated times lie apart, and where the median of another run is to be expected.

Lowest to highest would promise too much: the median of three new times lies outside of three old
ones in two of five cases, even where nothing changed.

Repeats of one measurement are few, and times scatter by factors: a step that is disturbed takes
half as long again, not a second longer. So the interval is formed on the logarithm of the seconds.
With n repeats here and m in the other run, and s the standard deviation of the logarithms, the
medians of two runs on a machine that stayed the same differ by a standard deviation of

    s · √(v(n) + v(m)),    v(k) = π / 2k (the variance of a median of k; of a mean it is 1 / k),

and because s itself comes from few numbers, the factor for 95 % is Student's t with as many degrees
of freedom as s has, and not 1.96. This is the prediction interval for a future mean (G. J. Hahn,
W. Q. Meeker, *Statistical Intervals*, 1991, chapter 4), with the median's variance in place of the
mean's. Why few measurements of programs need Student's t: A. Georges, D. Buytaert, L. Eeckhout,
*Statistically Rigorous Java Performance Evaluation*, 2007.

Three repeats have two degrees of freedom, and t is 4.3: they know their own scatter so badly that
the interval may go from a tenth to ten times the median. But a program that does the same steps on
sets of several sizes is disturbed alike in each. So the scatter is *pooled*: the squares about each
size's own mean are added up and divided by the degrees of freedom of all sizes together,

    s² = Σ (log x − mean of its size)² / Σ (n − 1).

Five sizes of three repeats have ten degrees, and t is 2.2.

A run sees the quarter of an hour in which it ran, and nothing else. Its repeats are spread over all
of it, so whatever changes in minutes is in s. What changes between today and tomorrow (the
processor's clock, the neighbors on a shared machine) is not, however many repeats there are, and
a calm quarter of an hour would promise too much. So each run is taken to have a pace of its own,
:data:`DRIFT`, which no repeat can average away, and which is added as independent errors are:

    half² = (t · s)² (v(n) + v(m)) + 2 (1.96 · DRIFT)²,    median · exp(± half).
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from minigrad_course.studies.measure import summary

__all__ = ["DRIFT", "Scatter", "expected", "pooled", "spread", "student"]

# Standard deviation of the logarithm of a whole run's pace. Two runs on one quiet machine, 20
# minutes apart, differed by 2 to 7 % where repeats hardly scatter, and by 7 % at the median; that
# is 0.05 · √2. ``reproduce --compare`` tells what it was between any two runs.
DRIFT = 0.05
NORMAL = 1.959964  # the normal distribution has 95 % within so many standard deviations


@functools.cache
def student(degrees: int, share: float = 0.95) -> float:
    """How many standard errors from the middle Student's t has this share of its probability.

    For whole degrees of freedom the share within ±t is a finite sum of cosines (M. Abramowitz,
    I. A. Stegun, *Handbook of Mathematical Functions*, 26.7.3 and 26.7.4); t is found by bisection.

    Args:
        degrees: Degrees of freedom, 1 or more.
        share: The share of the probability between −t and t.

    Returns:
        t.

    Raises:
        ValueError: There is not one degree of freedom: a single number has no spread.

    Example:
        >>> round(student(2), 3), round(student(4), 3)
        (4.303, 2.776)
    """
    if degrees < 1:
        raise ValueError(f"student wants one degree of freedom at least, got {degrees}")
    low, high = 0.0, math.pi / 2  # the angle whose tangent is t / √degrees
    for _ in range(60):
        angle = (low + high) / 2
        if within(angle, degrees) < share:
            low = angle
        else:
            high = angle
    return math.sqrt(degrees) * math.tan(angle)


def within(angle: float, degrees: int) -> float:
    """The share of Student's t between ±√degrees · tan(angle)."""
    cosine = math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = 0.0
    for k in range(2 + odd, degrees + 1, 2):
        total += term
        term *= cosine**2 * (k - 1) / k
    total *= math.sin(angle)
    return (angle + total) * 2 / math.pi if odd else total


class Scatter(NamedTuple):
    """How far repeats lie apart.

    Attributes:
        deviation: Standard deviation of the logarithm of the seconds.
        degrees: Its degrees of freedom.
    """

    deviation: float
    degrees: int


def pooled(measurements: Iterable[Sequence[float]]) -> Scatter:
    """The scatter that measurements of one kind have in common.

    Args:
        measurements: For each its repeats, in seconds, all above 0.

    Returns:
        The scatter; with 0 degrees of freedom where nothing was repeated.

    Example:
        >>> pooled([[1.00, 1.02, 0.97], [5.1, 5.3]]).degrees
        3
    """
    squares, degrees = 0.0, 0
    for values in measurements:
        logarithms = [math.log(value) for value in values]
        middle = statistics.fmean(logarithms)
        squares += sum((logarithm - middle) ** 2 for logarithm in logarithms)
        degrees += len(values) - 1
    return Scatter(math.sqrt(squares / max(degrees, 1)), degrees)


def expected(
    values: Sequence[float], repeats: int, scatter: Scatter | None = None
) -> tuple[float, float] | None:
    """Where the median of another run lies, in 95 of 100 runs.

    Args:
        values: Seconds, repeated within a run that was spread over some time; all above 0.
        repeats: How many repeats the other run takes its median of.
        scatter: How far they lie apart, if more than these values tell it.

    Returns:
        The two ends in seconds, or ``None`` where the scatter has fewer than two degrees of
        freedom: with one, t is 12.7, and the interval goes from next to nothing to minutes.

    Example:
        >>> low, high = expected([1.00, 1.02, 0.97], repeats=3)
        >>> f"{low:.2f} to {high:.2f}"
        '0.84 to 1.19'
    """
    scatter = scatter or pooled([values])
    if scatter.degrees < 2:
        return None
    repeated = student(scatter.degrees) * scatter.deviation
    variance = math.pi / 2 / len(values) + math.pi / 2 / repeats
    half = math.sqrt(repeated**2 * variance + 2 * (NORMAL * DRIFT) ** 2)
    middle = statistics.median(values)
    return middle * math.exp(-half), middle * math.exp(half)


def spread(values: Sequence[float], scatter: Scatter | None = None) -> dict[str, Any]:
    """Median, smallest, largest, and where the median of another such run is to be expected.

    Args:
        values: Seconds, at least one.
        scatter: As for :func:`expected`.

    Returns:
        ``median``, ``low``, ``high``, ``count``, and ``expected``, the interval as a list of two,
        or ``None`` where too little is known.

    Example:
        >>> spread([2.0])
        {'median': 2.0, 'low': 2.0, 'high': 2.0, 'count': 1, 'expected': None}
    """
    interval = expected(values, len(values), scatter)
    return summary(values) | {"expected": None if interval is None else list(interval)}
