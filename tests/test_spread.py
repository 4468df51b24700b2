"""The interval that a run reports holds the median of the next one as often as it promises."""

import itertools
import math

import numpy as np
import pytest

from minigrad_course.studies.spread import DRIFT, expected, pooled, spread, student


# W. S. Gosset's table: 95 % between −t and t, by degrees of freedom.
@pytest.mark.parametrize(
    ("degrees", "t"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (6, 2.447), (10, 2.228)],
)
def test_students_t_is_that_of_the_tables(degrees, t):
    assert student(degrees) == pytest.approx(t, abs=5e-4)


def test_students_t_becomes_the_normal_distribution():
    assert student(2000) == pytest.approx(1.96, abs=2e-3)
    assert student(2001, share=0.6827) == pytest.approx(1, abs=2e-3)


def test_without_a_degree_of_freedom_there_is_no_t():
    with pytest.raises(ValueError, match="degree of freedom"):
        student(0)


def coverage(
    here: int, there: int, scatter: float, drift: float, runs: int = 1000, sizes: int = 1
) -> float:
    """How often the next run's median is inside: log-normal times, each run with its own pace."""
    generator = np.random.default_rng(0)

    def run(repeats: int) -> np.ndarray:
        pace = generator.normal(0, drift)
        seconds = 3.0 * 10.0 ** np.arange(sizes)[:, np.newaxis]
        return seconds * np.exp(pace + generator.normal(0, scatter, (sizes, repeats)))

    inside = 0
    for _ in range(runs):
        repeated, again = run(here), run(there)
        low, high = expected(repeated[0], there, pooled(repeated))
        inside += low <= np.median(again[0]) <= high
    return inside / runs


@pytest.mark.parametrize(("here", "there"), [(3, 1), (3, 3), (3, 5), (5, 3), (5, 5), (7, 7)])
@pytest.mark.parametrize("scatter", [0.01, 0.1, 0.3])
def test_the_next_median_is_inside_in_about_95_of_100_runs(here, there, scatter):
    assert 0.94 < coverage(here, there, scatter, DRIFT) < 0.995


@pytest.mark.parametrize(("here", "there"), [(2, 2), (2, 3), (3, 3), (5, 3)])
@pytest.mark.parametrize("scatter", [0.01, 0.1, 0.3])
def test_sizes_that_share_their_scatter_promise_no_more_than_they_hold(here, there, scatter):
    assert 0.94 < coverage(here, there, scatter, DRIFT, runs=4000, sizes=5) < 0.995


def test_a_shared_scatter_is_that_about_each_sizes_own_mean():
    apart = [[1.0, 2.0, 4.0], [10.0, 20.0], [7.0]]
    deviation, degrees = pooled(apart)
    logarithms = [np.log(values) for values in apart]
    squares = sum(((values - values.mean()) ** 2).sum() for values in logarithms)
    assert degrees == 3 and deviation == pytest.approx(np.sqrt(squares / 3))
    assert pooled([[1.0, 2.0, 4.0]]).deviation == pytest.approx(np.std(logarithms[0], ddof=1))


def test_a_shared_scatter_makes_a_narrow_interval_of_few_repeats():
    uneven, alike = [1.0, 1.3, 0.8], [[2.0, 2.1, 1.9], [5.0, 5.1, 5.0], [9.0, 9.2, 9.1]]
    low, high = expected(uneven, 3)
    shared = expected(uneven, 3, pooled([uneven, *alike]))
    assert high / low > 1.5 * shared[1] / shared[0]
    assert shared[1] / shared[0] > math.exp(2 * math.sqrt(2) * 1.96 * DRIFT)


def test_lowest_to_highest_would_miss_two_of_five():
    """All orders of three old times and three new ones are equally likely."""
    missed = []
    for new in itertools.combinations(range(6), 3):
        old = set(range(6)) - set(new)
        missed.append(not min(old) < sorted(new)[1] < max(old))
    assert np.mean(missed) == pytest.approx(2 / 5)


@pytest.mark.parametrize("repeats", [3, 5])
def test_repeats_alone_are_not_enough_where_runs_differ(repeats):
    """Why the pace of a whole run is in the interval: it is in none of the repeats."""
    times = np.exp(np.random.default_rng(1).normal(0, 0.003, repeats))
    low, high = expected(times, repeats)
    least = math.sqrt(2) * 1.96 * DRIFT
    assert math.log(high / low) > 2 * least
    assert coverage(repeats, repeats, 0.003, 2 * DRIFT) < 0.9  # a pace that DRIFT does not cover


def test_few_repeats_promise_less():
    times = [1.00, 1.05, 0.95]
    widths = [math.log(high / low) for low, high in (expected(times * k, 3 * k) for k in (1, 2, 4))]
    assert widths[0] > 1.5 * widths[1] > widths[2]


def test_the_unit_is_no_matter():
    """Milliseconds give the same interval as seconds; the logarithm makes factors of it."""
    seconds = expected([0.8, 1.0, 1.3], 3)
    assert [s * 1e3 for s in seconds] == pytest.approx(expected([800, 1000, 1300], 3))
    low, high = seconds
    assert low * high == pytest.approx(1.0**2)  # as many times smaller as larger


def test_one_or_two_numbers_tell_too_little():
    assert expected([2.0], 3) is None and expected([2.0, 2.1], 3) is None
    assert pooled([]) == pooled([[2.0], [3.0]]) == (0.0, 0)
    assert expected([2.0], 3, pooled([[2.0], [3.0, 3.1], [4.0, 4.2]])) is not None
    assert spread([2.0]) == {"median": 2.0, "low": 2.0, "high": 2.0, "count": 1, "expected": None}


def test_a_spread_tells_all():
    found = spread([2.0, 4.0, 3.0])
    assert (found["median"], found["low"], found["high"], found["count"]) == (3.0, 2.0, 4.0, 3)
    assert found["expected"] == list(expected([2.0, 4.0, 3.0], 3))
