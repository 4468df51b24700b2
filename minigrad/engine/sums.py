"""Sums: the gradients that several threads compute side by side, and what becomes of them.

Each thread has a row in one array, and in it the gradients of all weights one after the other. So
one call adds up the rows of all threads, or some columns of them, where several threads share
that work too.
"""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from minigrad.engine.kernels.kernel import Array, Call
from minigrad.engine.updates import Updates
from minigrad.graph import Variable
from minigrad.shared import aligned


class Place(NamedTuple):
    """Where the gradient of a weight lies in a row."""

    start: int
    length: int  # of the weight: elements along its first axis
    each: int  # elements of one of these

    @property
    def stop(self) -> int:
        return self.start + self.length * self.each


class Group:
    """The gradients of weights of one dtype.

    Args:
        variables: The weights.
        rows: How many threads.

    Attributes:
        rows: A row for each thread.
        total: Their sum; where there is one row only, that row.
    """

    def __init__(self, variables: Sequence[Variable], rows: int) -> None:
        self.places: dict[Variable, Place] = {}
        shapes = [v.shape or (1,) for v in variables]
        *starts, size = accumulate(map(math.prod, shapes), initial=0)
        for variable, shape, start in zip(variables, shapes, starts, strict=True):
            self.places[variable] = Place(start, shape[0], math.prod(shape[1:]))
        self.rows = aligned.zeros((rows, size), variables[0].dtype)
        self.total = self.rows[0] if rows == 1 else aligned.zeros((size,), variables[0].dtype)

    def view(self, row: Array, variable: Variable) -> Array:
        """The gradient of a weight in a row."""
        place = self.places[variable]
        return row[place.start : place.stop].reshape(variable.shape)

    def cuts(self, threads: int) -> list[int]:
        """Where the shares of some threads begin and end: between two rows of a weight."""
        size, cuts = len(self.total), [0]
        for t in range(1, threads):
            goal = size * t // threads
            inside = next(p for p in self.places.values() if goal < p.stop)
            cuts.append(inside.start + round((goal - inside.start) / inside.each) * inside.each)
        return [*cuts, size]

    def share(self, part: slice, updates: Updates, asked: Container[Variable]) -> Iterator[Call]:
        """The calls that add up some columns, and change the weights that these belong to."""
        if len(self.rows) > 1 and part.start < part.stop:
            yield partial(np.add.reduce, self.rows[:, part], axis=0, out=self.total[part])
        for variable, place in self.places.items():
            first, last = max(part.start, place.start), min(part.stop, place.stop)
            if first < last and variable in asked:
                ends = ((end - place.start) // place.each for end in (first, last))
                rows: Any = slice(*ends) if variable.shape else ...
                arrays = [array[rows] for array in updates.arrays(variable)]
                g = self.view(self.total, variable)[rows]
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
            for calls, ends in zip(lists, pairwise(group.cuts(threads)), strict=True):
                calls += group.share(slice(*ends), updates, self.asked)
        return lists


def zeros(label: str, shape: Sequence[int], dtype: Any) -> Array:
    return np.zeros(shape, dtype)
