"""Where the gradient of a weight goes, and when the weight changes: two fates."""

import math
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from minigrad.engine import sizes
from minigrad.engine.calls import Array, Call
from minigrad.engine.updates import Ask, Updates
from minigrad.graph import Variable


class Fate:
    """What becomes of a weight's gradient, once a kernel has written it.

    Attributes:
        rate: The learning rate, where the kernel may write the gradient times the rate.
    """

    rate: Array | None = None

    def whole(self) -> tuple[Array, list[Call]]:
        """Where to write the gradient, and what follows when it is there."""
        raise NotImplementedError

    def pieces(self) -> Iterator[tuple[slice, Array, list[Call]]]:
        """The same for some rows at a time, as many as a cache holds.

        Where there is a rate, what is written has been multiplied with it.
        """
        place, after = self.whole()
        yield slice(0, len(place)), place, after


class Kept(Fate):
    """The gradient is kept: the weight changes after the step, or somebody else's way.

    Args:
        place: Where it is kept, of the weight's shape or of some rows of it.
        after: What follows, where it is one of several that are added up.
    """

    def __init__(self, place: Array, after: Iterable[Call] = ()) -> None:
        self.place, self.after = place, list(after)

    def whole(self) -> tuple[Array, list[Call]]:
        return self.place, self.after


class UsedAtOnce(Fate):
    """The weight changes as soon as its gradient is there, while that is in the cache.

    Args:
        variable: The weight.
        arrays: Where it is and what the optimizer remembers of it, or some rows of these.
        updates: How it changes.
        ask: Gives memory for the gradient.
    """

    def __init__(self, variable: Variable, arrays: list[Array], updates: Updates, ask: Ask) -> None:
        self.variable, self.arrays, self.updates, self.ask = variable, arrays, updates, ask
        # A learning rate that may be taken into a factor of the gradient, which is smaller
        self.rate = updates.rates.get(variable)

    def whole(self) -> tuple[Array, list[Call]]:
        weight = self.arrays[0]
        g = self.ask("gradient, to be used up", weight.shape, weight.dtype)
        return g, self.updates.calls(self.variable, self.arrays, g, self.ask)

    def pieces(self) -> Iterator[tuple[slice, Array, list[Call]]]:
        weight, length = self.arrays[0], len(self.arrays[0])
        row = math.prod(weight.shape[1:]) * weight.itemsize
        step = min(max(sizes.PIECE // row, 1), length) if self.updates.by_rows else length
        g = self.ask("gradient, to be used up", (step, *weight.shape[1:]), weight.dtype)
        for start in range(0, length, step):
            rows = slice(start, min(start + step, length))
            yield rows, g[: rows.stop - start], self.changes(rows, g[: rows.stop - start])

    def changes(self, rows: slice, g: Array) -> list[Call]:
        weight, *states = (array[rows] for array in self.arrays)
        if self.rate is not None:
            return [partial(np.subtract, weight, g, out=weight)]
        return self.updates.calls(self.variable, [weight, *states], g, self.ask)
