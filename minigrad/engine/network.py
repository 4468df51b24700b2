"""A network: the graph of a model for one batch size, with its two ends named; and how data come in."""

from typing import Any, NamedTuple

import numpy as np

from minigrad.graph import Constant, Node


class Network(NamedTuple):
    """The graph of a model for one batch size.

    Attributes:
        inputs: Where a batch of samples is put.
        targets: Where its targets are put; ``None`` without a loss.
        outputs: The predictions, of shape (batch, …).
        loss: The mean loss of the batch; ``None`` without a loss.
        order: All nodes in topological order; the loss, if any, is the last.
        others: Where the rest of a batch is put: the weights of its samples, say.
    """

    inputs: Constant
    targets: Constant | None
    outputs: Any  # a node
    loss: Any  # a node, if any
    order: list[Node]
    others: tuple[Constant, ...] = ()

    @property
    def entries(self) -> list[Constant]:
        """Where a batch comes in: samples, targets and the rest."""
        return [node for node in (self.inputs, self.targets, *self.others) if node is not None]


def gather(data: np.ndarray, rows: Any, place: np.ndarray) -> None:
    """Copy some samples of a set into an array that is there already.

    Args:
        data: The set.
        rows: Which of it: an array of indices or a slice.
        place: Where to put them; of another dtype, perhaps.
    """
    if isinstance(rows, slice) or data.dtype != place.dtype:
        place[...] = data[rows]
    else:
        np.take(data, rows, axis=0, out=place, mode="clip")


class Gathered:
    """Samples, targets or weights of samples: gathered once in a step, for all who look at them.

    Args:
        shape: Shape of a batch.
        dtype: Its dtype.

    Attributes:
        batch: Those of the batch.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.batch = np.zeros(shape, dtype)
        self.data: Any = None
        self.whole: Any = None

    def bring(self, data: np.ndarray, rows: Any) -> None:
        """Gather a batch of a set."""
        if data is not self.data:
            # It is noted as known when it is here, lest Ctrl-C come in between.
            self.data, self.whole = None, np.ascontiguousarray(data)
            self.data = data
        gather(self.whole, rows, self.batch)

    def release(self) -> None:
        """Hold on to the set no longer."""
        self.data = self.whole = None
