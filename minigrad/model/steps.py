"""A step after another: what training, testing and predicting have in common.

A step is: give the runner a batch, let it compute, read what came out. What a step does with
the batch is the runner's; what happens beside the steps is the callbacks'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from minigrad.callbacks import CallbackList, TerminateOnNaN
from minigrad.engine.calls import LossNotFiniteError
from minigrad.graph import forward
from minigrad.operators.moving_average import Averages

__all__ = ["Runner", "Sweep"]


class Runner(Protocol):
    """What computes a network for batches of one size: node by node, or by a plan.

    Attributes:
        network: The graph.
        loss: The loss of the last step, or ``nan``.
        outputs: The predictions of the last step, of shape (batch, …).
        targets: Its targets, of shape (batch, …), or ``None``.
    """

    network: Any

    @property
    def loss(self) -> float: ...

    @property
    def outputs(self) -> np.ndarray: ...

    @property
    def targets(self) -> np.ndarray | None: ...

    def load(self, x: np.ndarray, y: np.ndarray | None, rows: Any) -> None:
        """Say which samples of a set make the next batch."""

    def train_step(self) -> None:
        """Compute predictions, loss and gradients, and change the weights once."""

    def test_step(self) -> None:
        """Compute predictions and loss."""

    def release(self) -> None:
        """Hold on to the data no longer."""


@dataclass
class Sweep:
    """One way through a set, batch by batch.

    Args:
        use: ``"train"``, ``"test"`` or ``"predict"``.
        x: Samples, an array of shape (samples, …).
        y: Targets, an array of shape (samples, …), or ``None``.
        batches: Where each batch begins and ends.
        runner: Gives what computes batches of a size.
        read: Takes what came out, for the samples of one step.
        logs: Gives what the hooks at the end of a batch are told, for its samples.
        hooks: The callbacks.
        lock: Held while a batch is loaded, computed and read.
        order: The samples' numbers in the order in which to take them; ``None`` for as it is.
    """

    use: str
    x: np.ndarray
    y: np.ndarray | None
    batches: list[tuple[int, int]]
    runner: Callable[[int], Runner]
    read: Callable[[Runner, slice], None]
    logs: Callable[[slice], dict[str, Any]]
    hooks: CallbackList
    lock: AbstractContextManager[Any]
    order: np.ndarray | None = None

    def steps(self) -> Iterator[int]:
        """Take the steps, one after another.

        Yields:
            How many have been taken.
        """
        before, after = f"on_{self.use}_batch_begin", f"on_{self.use}_batch_end"
        begins, ends = self.hooks._watched(before), self.hooks._watched(after)
        for step, (start, stop) in enumerate(self.batches):
            if begins:
                getattr(self.hooks, before)(step)
            self.step(slice(start, stop))
            if ends:
                getattr(self.hooks, after)(step, self.logs(slice(start, stop)))
            yield step + 1

    def step(self, batch: slice) -> None:
        """Load, compute and read one batch."""
        with self.lock:
            runner = self.runner(batch.stop - batch.start)
            runner.load(self.x, self.y, batch if self.order is None else self.order[batch])
            if self.use == "train":
                self.train(runner, batch)
            else:
                runner.test_step()
            self.read(runner, batch)

    def train(self, runner: Runner, batch: slice) -> None:
        """Take a training step; one whose loss is no finite number changes nothing."""
        try:
            runner.train_step()
        except LossNotFiniteError:
            stops = any(isinstance(c, TerminateOnNaN) for c in self.hooks.callbacks)
            if not stops:  # which sees the loss in the logs
                raise FloatingPointError(self.whence(runner, batch)) from None

    def whence(self, runner: Runner, batch: slice) -> str:
        """Where the first number comes from that is not finite, as far as it can be told."""
        network = runner.network
        rows = batch if self.order is None else self.order[batch]
        network.inputs.value = self.x[rows]
        if network.targets is not None and self.y is not None:
            network.targets.value = self.y[rows]
        with np.errstate(all="ignore"), Averages(network.order).kept_if(None):
            forward(network.order)
        step = batch.start // max(batch.stop - batch.start, 1)
        bad = [node for node in network.order if not np.all(np.isfinite(node.value))]
        place = f" The first number that is not finite is in {bad[0].title}." if bad else ""
        return (
            f"fit: the loss is {runner.loss} in step {step} of this epoch.{place} The weights are "
            "those before this step. A smaller learning rate often helps; so does looking at the "
            "data. callbacks.TerminateOnNaN() ends training without an error."
        )
