"""A step after another: what training, testing and predicting have in common.

A step is: give the runner a batch, let it compute, read what came out. What a step does with
the batch is the runner's; what happens beside the steps is the callbacks'.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from minigrad.callbacks import CallbackList, TerminateOnNaN
from minigrad.engine.calls import LossNotFiniteError
from minigrad.graph import forward
from minigrad.model.data import Batch
from minigrad.model.last_good import LastGood
from minigrad.operators.moving_average import Averages


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

    def count(self, runner: Runner) -> None:
        """Take note of a step."""

    def logs(self) -> dict[str, Any]:
        """What the hooks at the end of a batch are told."""

    def shown(self) -> dict[str, Any]:
        """What the progress line shows."""


@dataclass
class Sweep:
    """One way through a set, batch by batch.

    Args:
        use: ``"train"``, ``"test"`` or ``"predict"``.
        runner: Gives what computes a batch of a size, a dtype, and a shape of weights.
        reader: Takes note of what came out.
        hooks: The callbacks.
        lock: Held while a batch is loaded, computed and read.
        good: The weights to go back to where a step has left none.
    """

    use: str
    runner: Callable[..., Runner]
    reader: Reader
    hooks: CallbackList
    lock: AbstractContextManager[Any]
    good: LastGood | None = None

    def steps(self, batches: Iterable[Batch]) -> Iterator[int]:
        """Take the steps, one after another.

        Yields:
            How many have been taken.
        """
        before, after = f"on_{self.use}_batch_begin", f"on_{self.use}_batch_end"
        begins, ends = self.hooks._watched(before), self.hooks._watched(after)
        for step, batch in enumerate(batches):
            if begins:
                getattr(self.hooks, before)(step)
            self.step(batch, step)
            if ends:
                getattr(self.hooks, after)(step, self.reader.logs())
            yield step + 1

    def step(self, batch: Batch, step: int) -> None:
        """Load, compute and read one batch."""
        with self.lock:
            runner = self.runner(batch.size, batch.x.dtype, batch.weighted)
            others = () if batch.weights is None else (batch.weights,)
            runner.load(batch.x, batch.y, batch.rows, others)
            if self.use == "train":
                self.train(runner, batch, step)
            else:
                runner.test_step()
            self.reader.count(runner)

    def train(self, runner: Runner, batch: Batch, step: int) -> None:
        """Take a training step; one whose loss is no finite number changes nothing."""
        try:
            runner.train_step()
        except LossNotFiniteError:
            place = whence(runner, batch)
            back = self.good and self.good.bring_back()
            if not terminates(self.hooks):  # which sees the loss in the logs
                what = f"the loss is {runner.loss} in step {step} of this epoch.{place}"
                raise FloatingPointError(told(what, "epoch" if back else "step")) from None

    def ended(self, steps: int) -> bool:
        """Bring lost weights back when an epoch of training has ended, and say whether to stop."""
        with self.lock:
            lost = self.good and self.good.bring_back()
        if not lost:
            return False
        what = f"{lost} is not finite after step {steps - 1} of this epoch, though its loss is."
        if not terminates(self.hooks):
            raise FloatingPointError(told(what, "epoch"))
        warnings.warn(told(what, "epoch"), stacklevel=2)
        return True


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
