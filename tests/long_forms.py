"""Tests with two forms: a short one for every day, and a long one for ``make test-long``.

``MINIGRAD_LONG=1`` makes the long form of whatever asks here; the marker ``long`` names the tests
that have one. What a test counted it notes with the fixture ``figures``, and it is printed at the
end of the run; ``tests/README.md`` keeps what was measured.
"""

import os

import pytest

__all__ = ["LONG", "has_a_long_form", "times"]

LONG = os.environ.get("MINIGRAD_LONG", "") not in ("", "0")
has_a_long_form = pytest.mark.long


def times(short: int, long: int) -> int:
    """How many cases this run tries."""
    return long if LONG else short
