"""Where batches come from: arrays that are there as a whole, or whatever yields batches.

Either is gone through in epochs: once from the beginning to the end, or so many steps at a time.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import chain, count, islice
from typing import Any, NamedTuple

import numpy as np

from minigrad.shared import randomness
from minigrad.shared.arguments import brief

Parts = tuple[np.ndarray, Any, Any]  # samples, targets and weights


class Batch(NamedTuple):
    """Some samples of a set.

    Attributes:
        x: The set's samples, of shape (samples, …).
        y: Their targets, or ``None``.
        weights: How much each counts in the loss, or ``None``.
        rows: Which of them are meant.
        size: How many these are.
    """

    x: np.ndarray
    y: np.ndarray | None
    weights: np.ndarray | None
    rows: Any
    size: int

    @property
    def weighted(self) -> tuple[int, ...] | None:
        """Shape of a sample's weight, if there are weights."""
        return None if self.weights is None else self.weights.shape[1:]


class Data:
    """A set, gone through in epochs.

    Args:
        limit: How many steps make an epoch; ``None`` for the whole set.
        total: How many batches the set has; ``None`` where nobody knows.
        source: Whom to tell where epochs begin and end, if it wants to know.

    Attributes:
        parts: Samples, targets and weights, where they are there as a whole.
        came: How many batches the last epoch had.
    """

    parts: Any = None

    def __init__(self, limit: int | None, total: int | None, source: Any = None) -> None:
        self.limit, self.total, self.source = limit, total, source
        self.running: Iterator[Batch] | None = None
        self.taken = self.came = 0

    @property
    def steps(self) -> int | None:
        """How many steps an epoch has, if that is known."""
        return self.limit or self.total

    def first(self) -> Batch:
        """A batch to prepare for; it will come again."""
        raise NotImplementedError

    def through(self) -> Iterator[Batch]:
        """All batches of the set."""
        raise NotImplementedError

    def begin(self) -> None:
        """Say that an epoch has ended before there is one, as Keras does; sets shuffle then."""
        tell(self.source, "on_epoch_end")

    def epoch(self, anew: bool) -> Iterator[Batch]:
        """The batches of one epoch.

        Args:
            anew: Whether to begin with the set's first batch, and not where an epoch of a limited
                number of steps has ended.
        """
        if anew or self.running is None:
            self.running, self.taken = self.through(), 0
        self.came = 0
        tell(self.source, "on_epoch_begin")
        for batch in islice(self.running, self.limit):
            self.came += 1
            yield batch
        self.taken += self.came
        ended = self.came < (self.limit or 0)
        if ended:
            warnings.warn(
                f"The data ended after {self.came} of the {self.limit} steps of an epoch. Arrays "
                "and data sets begin again with the next epoch, a generator does not.",
                stacklevel=2,
            )
        if ended or self.limit is None or self.taken == self.total:
            self.running = None
        tell(self.source, "on_epoch_end")


def tell(source: Any, hook: str) -> None:
    getattr(source, hook, lambda: None)()


class Arrays(Data):
    """A set that is there as arrays.

    Args:
        parts: Samples, targets and weights, the latter two perhaps ``None``.
        size: How many samples make a batch; by default as many as the steps want, or 32.
        limit: How many steps make an epoch.
        shuffle: Whether each way through the set is in another order.

    Example:
        >>> import numpy as np
        >>> from minigrad.model.data import Arrays
        >>> data = Arrays((np.arange(5), None, None), size=2)
        >>> [batch.x[batch.rows].tolist() for batch in data.epoch(anew=False)]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        parts: Sequence[Any],
        size: int | None = None,
        limit: int | None = None,
        shuffle: bool = False,
    ) -> None:
        self.parts, self.shuffle, length = parts, shuffle, len(parts[0])
        self.size = size or (-(-length // limit) if limit else 32)
        super().__init__(limit, -(-length // self.size))

    def first(self) -> Batch:
        return next(self.in_order(None))

    def through(self) -> Iterator[Batch]:
        order = np.arange(len(self.parts[0])) if self.shuffle else None
        if order is not None:
            randomness.source().shuffle(order)
        return self.in_order(order)

    def in_order(self, order: Any) -> Iterator[Batch]:
        x, y, weights = self.parts
        for start in range(0, len(x), self.size):
            stop = min(start + self.size, len(x))
            rows = slice(start, stop) if order is None else order[start:stop]
            yield Batch(x, y, weights, rows, stop - start)


class Stream(Data):
    """A set that comes batch by batch.

    Args:
        source: Yields batches: a generator, a data set or loader of some library, or an object
            whose ``source[i]`` is batch number i.
        admit: Checks a batch, and brings it into the shapes and dtypes of the graph.
        what: Whose it is, for errors.
        limit: How many steps make an epoch.
        shuffle: Whether numbered batches come in another order each time.

    Raises:
        ValueError: When there is no batch.
    """

    def __init__(
        self,
        source: Any,
        admit: Callable[[Any, str], Parts],
        what: str,
        limit: int | None = None,
        shuffle: bool = False,
    ) -> None:
        super().__init__(limit, length(source), source)
        self.admit, self.what, self.shuffle = admit, what, shuffle
        self.numbered = hasattr(source, "__getitem__")
        self.peeked = iter(source) if not self.numbered else None

    def first(self) -> Batch:
        if self.numbered:
            return self.batch(0, self.source[0])
        assert self.peeked is not None
        item = next(self.peeked, self)
        if item is self:
            raise ValueError(f"{self.what}: x yields no batch: {brief(self.source)}")
        self.peeked = chain([item], self.peeked)
        return self.batch(0, item)

    def through(self) -> Iterator[Batch]:
        items, self.peeked = self.peeked or self.items(), None
        return (self.batch(i, item) for i, item in enumerate(items))

    def items(self) -> Iterator[Any]:
        if not self.numbered:
            return iter(self.source)
        numbers: Any = count() if self.total is None else np.arange(self.total)
        if self.shuffle and self.total is not None:
            randomness.source().shuffle(numbers)
        return (self.source[int(i)] for i in numbers)

    def batch(self, number: int, item: Any) -> Batch:
        x, y, weights = self.admit(item, f"{self.what}: batch {number}")
        return Batch(x, y, weights, slice(0, len(x)), len(x))


def length(source: Any) -> int | None:
    """How many batches there are; ``None`` for a generator, and where nobody knows."""
    try:
        return len(source)
    except TypeError:
        pass
    try:  # as an instance of PyDataset may say
        return source.num_batches  # type: ignore[no-any-return]
    except (AttributeError, NotImplementedError):
        return None


def is_stream(x: Any) -> bool:
    """Whether something yields batches, and is no array of samples.

    Example:
        >>> from minigrad.model.data import is_stream
        >>> is_stream([1, 2]), is_stream(i for i in range(2))
        (False, True)
    """
    if isinstance(x, (Sequence, Mapping, Set)) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__getitem__")
