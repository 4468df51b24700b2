"""A network: the graph of a model for one batch size, with its two ends named."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad.graph import Constant, Node

__all__ = ["Network"]


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
