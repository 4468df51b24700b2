"""A network: the graph of a model for one batch size, with its two ends named; and how data come in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.graph import Constant, Node

__all__ = ["Network", "gather"]


class Network(NamedTuple):
    """The graph of a model for one batch size.

    Attributes:
        inputs: Where a batch of samples is put.
        targets: Where its targets are put; ``None`` without a loss.
        outputs: The predictions, of shape (batch, …).
        loss: The mean loss of the batch; ``None`` without a loss.
        order: All nodes in topological order; the loss, if any, is the last.
    """

    inputs: Constant
    targets: Constant | None
    outputs: Any  # a node
    loss: Any  # a node, if any
    order: list[Node]


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
