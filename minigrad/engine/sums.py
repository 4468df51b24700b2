"""Sums: the gradients that several threads compute side by side, and what becomes of them.

Each thread has a row in one array, and in it the gradients of all weights one after the other. So
one call adds up the rows of all threads, or some columns of them, where several threads share
that work too.
"""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise, starmap
from typing import Any

import numpy as np

from minigrad.engine.kernels.kernel import Array, Call
from minigrad.engine.updates import Updates
from minigrad.graph import Variable
from minigrad.shared import aligned


class Group:
    """The gradients of weights of one dtype.

    Args:
        variables: The weights.
        rows: How many threads.

    Attributes:
        places: Where in a row the gradient of each weight lies.
        rows: A row for each thread.
        total: Their sum; where there is one row only, that row.
    """

    def __init__(self, variables: Sequence[Variable], rows: int) -> None:
        ends = accumulate((math.prod(v.shape) for v in variables), initial=0)
        self.places = dict(zip(variables, starmap(slice, pairwise(ends)), strict=True))
        size = self.places[variables[-1]].stop
        self.rows = aligned.zeros((rows, size), variables[0].dtype)
        self.total = self.rows[0] if rows == 1 else aligned.zeros((size,), variables[0].dtype)

    def view(self, row: Array, variable: Variable) -> Array:
        """The gradient of a weight in a row."""
        return row[self.places[variable]].reshape(variable.shape)

    def share(self, part: slice, updates: Updates, asked: Container[Variable]) -> Iterator[Call]:
        """The calls that add up some columns, and change the weights that these belong to."""
        if len(self.rows) > 1 and part.start < part.stop:
            yield partial(np.add.reduce, self.rows[:, part], axis=0, out=self.total[part])
        for variable, place in self.places.items():
            first, last = max(part.start, place.start), min(part.stop, place.stop)
            if first < last and variable in asked:
                arrays, g = updates.arrays(variable), self.view(self.total, variable)
                if last - first < g.size:  # where a part is asked for, each element changes alone
                    part_of = slice(first - place.start, last - place.start)
                    g, *arrays = (array.reshape(-1)[part_of] for array in (g, *arrays))
                yield from updates.calls(variable, arrays, g, zeros)


class Sums:
    """The gradients of some weights, for each thread and added up.

    Args:
        variables: The weights.
        threads: How many threads.

    Attributes:
        asked: For each weight that has a gradient, where the sum is.
    """

    def __init__(self, variables: Iterable[Variable], threads: int) -> None:
        by_dtype: dict[Any, list[Variable]] = {}
        for variable in dict.fromkeys(variables):
            by_dtype.setdefault(variable.dtype, []).append(variable)
        self.groups = {dtype: Group(those, threads) for dtype, those in by_dtype.items()}
        self.asked: dict[Variable, Array] = {}

    def of(self, thread: int) -> Callable[[Variable], Array]:
        """Where a thread puts the gradient of a weight."""

        def place(variable: Variable) -> Array:
            group = self.groups[variable.dtype]
            self.asked[variable] = group.view(group.total, variable)
            return group.view(group.rows[thread], variable)

        return place

    def piece_by_piece(
        self, thread: int, pieces: int
    ) -> tuple[Callable[[Variable], Array], list[list[Call]]]:
        """Where a thread that has several pieces puts the gradient of a weight.

        Returns:
            The place, and for each piece the calls that follow it.
        """
        part = Sums([v for group in self.groups.values() for v in group.places], 1)
        note, give = self.of(thread), part.of(0)

        def place(variable: Variable) -> Array:
            note(variable)
            return give(variable)

        pairs = [(g.rows[thread], part.groups[dtype].total) for dtype, g in self.groups.items()]
        first: list[Call] = [partial(np.copyto, row, new) for row, new in pairs]
        others: list[Call] = [partial(np.add, row, new, out=row) for row, new in pairs]
        return place, [first, *[others] * (pieces - 1)]

    def changes(self, updates: Updates, threads: int) -> list[list[Call]]:
        """For each of some threads the calls that add up the gradients and change the weights.

        Args:
            updates: How weights change.
            threads: How many share that work.
        """
        lists: list[list[Call]] = [[] for _ in range(threads)]
        for group in self.groups.values():
            cuts = [len(group.total) * t // threads for t in range(threads + 1)]
            for calls, ends in zip(lists, pairwise(cuts), strict=True):
                calls += group.share(slice(*ends), updates, self.asked)
        return lists


def zeros(label: str, shape: Sequence[int], dtype: Any) -> Array:
    return np.zeros(shape, dtype)
