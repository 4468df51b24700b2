"""What a loop asks of those who compute and of those who read, and what it says of bad numbers."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from minigrad.callbacks import CallbackList, TerminateOnNaN
from minigrad.graph import forward
from minigrad.model.data import Batch
from minigrad.operators.moving_average import Averages


class Runner(Protocol):
    """What computes a network for batches of one size: node by node, or by a plan.

    Attributes:
        network: The graph.
        loss: The loss of the last step, or ``nan``.
        outputs: The predictions of the last step, of shape (batch, …).
        targets: Its targets, of shape (batch, …), or ``None``.
        weights: How much its samples count, or ``None``.
    """

    network: Any

    @property
    def loss(self) -> float: ...

    @property
    def outputs(self) -> np.ndarray: ...

    @property
    def targets(self) -> np.ndarray | None: ...

    @property
    def weights(self) -> np.ndarray | None: ...

    def load(
        self, x: np.ndarray, y: np.ndarray | None, rows: Any, others: Sequence[np.ndarray] = ()
    ) -> None:
        """Say which samples of a set make the next batch."""

    def train_step(self) -> None:
        """Compute predictions, loss and gradients, and change the weights once."""

    def test_step(self) -> None:
        """Compute predictions and loss."""

    def release(self) -> None:
        """Hold on to the data no longer."""


class Reader(Protocol):
    """What takes note of what comes out of each step: counters, or a list of predictions."""

    def reset(self) -> None:
        """Begin anew."""

    def count(self, runner: Runner) -> None:
        """Take note of a step."""

    def logs(self) -> dict[str, Any]:
        """What the hooks at the end of a batch are told."""

    def shown(self) -> dict[str, Any]:
        """What the progress line shows."""


def terminates(hooks: CallbackList) -> bool:
    """Whether training is to end without an error."""
    return any(isinstance(callback, TerminateOnNaN) for callback in hooks.callbacks)


def whence(runner: Runner, batch: Batch) -> str:
    """Where the first number comes from that is not finite, as far as it can be told."""
    network = runner.network
    for entry, data in zip(network.entries, (batch.x, batch.y, batch.weights), strict=False):
        if data is not None:
            entry.value = data[batch.rows]
    with np.errstate(all="ignore"), Averages(network.order).kept_if(None):
        forward(network.order)
    bad = [node for node in network.order if not np.all(np.isfinite(node.value))]
    return f" The first number that is not finite is in {bad[0].title}." if bad else ""


def told(what: str, before: str) -> str:
    """What went wrong, which weights there are, and what can be done."""
    return (
        f"fit: {what} The weights are those before this {before}. A smaller learning rate often "
        "helps; so does looking at the data. callbacks.TerminateOnNaN() ends training without an "
        "error."
    )
