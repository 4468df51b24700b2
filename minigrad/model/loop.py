"""Going through sets: what training, testing and predicting have in common.

A step is: give the runner a batch, let it compute, read what came out. What a step does with
the batch is the runner's; what happens beside the steps is the callbacks'.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minigrad.callbacks import CallbackList
from minigrad.engine.calls import LossNotFiniteError
from minigrad.model.counting import Logs
from minigrad.model.data import Batch, Data
from minigrad.model.last_good import LastGood
from minigrad.model.progress import ProgressLine
from minigrad.model.steps import Reader, Runner, terminates, told, whence


@dataclass
class Loop:
    """One call of ``fit``, ``evaluate`` or ``predict``, once its arguments are checked.

    Args:
        model: The model.
        hooks: The callbacks.
        reader: Counters, or the predictions; takes note of what comes out of each step.
        verbose: How much ``fit`` prints.
        good: The weights to go back to where a step has left none.
    """

    model: Any
    hooks: CallbackList
    reader: Reader
    verbose: int | str = 0
    good: LastGood | None = None

    def train(self, data: Data, tested: Callable[[int], Data | None], epochs: int) -> None:
        """Train epoch by epoch; ``tested`` gives what to validate with after which of them."""
        self.hooks.on_train_begin()
        data.begin()
        self.hooks.on_train_end(self.epochs(data, tested, epochs))

    # A loop that ends with a condition stands in a function of its own, not inside a ``with`` or
    # ``try``: Ctrl-C at its way back passes by their handlers in Python 3.13.
    def epochs(self, data: Data, tested: Callable[[int], Data | None], epochs: int) -> Logs:
        logs: Logs = {}
        good = self.good = LastGood(self.model)
        for epoch in range(self.model._first_epoch, epochs):
            self.hooks.on_epoch_begin(epoch)
            if self.verbose and epochs > 1:
                print(f"Epoch {epoch + 1}/{epochs}", flush=True)
            with self.model._turn.own, self.model._turn.own:
                good.keep()
            logs = self.epoch(epoch, data, tested(epoch + 1)) or logs
            if self.model.stop_training:
                break
        return logs

    def epoch(self, epoch: int, data: Data, tested: Data | None) -> Logs:
        """Train for an epoch, and validate if there is something to validate with."""
        line = ProgressLine(data.steps, self.verbose)
        self.through("train", data, line)
        if not data.came:
            warnings.warn(f"fit: x has no batch for epoch {epoch + 1}: training ends", stacklevel=3)
            self.model.stop_training = True
            return {}
        logs = self.reader.logs()
        if tested is not None:
            logs |= {f"val_{name}": value for name, value in self.test(tested).items()}
        line.finish(logs)
        self.hooks.on_epoch_end(epoch, logs)
        return logs

    def test(self, data: Data, line: ProgressLine | None = None) -> Logs:
        """Loss and metrics over a set."""
        self.hooks.on_test_begin()
        data.begin()
        self.through("test", data, line)
        if not data.came:
            raise ValueError(
                "fit: validation_data yields no batch any more. A generator can be gone through "
                "once: arrays or a data set can be used again, or validation_steps= of one "
                "that never ends"
            )
        logs = self.reader.logs()
        self.hooks.on_test_end(logs)
        return logs

    def through(self, use: str, data: Data, line: ProgressLine | None = None) -> None:
        """Go through a set once, to ``"train"``, ``"test"`` or ``"predict"``."""
        self.reader.reset()
        try:
            self.steps(use, data, line)
            if use == "train":
                self.ended(data.came)
        finally:
            self.model._release()

    def steps(self, use: str, data: Data, line: ProgressLine | None) -> None:
        runners = self.model._runners_for(use == "train", use != "predict")
        before, after = f"on_{use}_batch_begin", f"on_{use}_batch_end"
        begins, ends = self.hooks._watched(before), self.hooks._watched(after)
        for step, batch in enumerate(data.epoch(anew=use != "train")):
            if begins:
                getattr(self.hooks, before)(step)
            with self.model._turn.own, self.model._turn.own:
                runner = runners(batch.size, batch.x.dtype, batch.weighted)
                self.step(use, runner, batch, step)
            if ends:
                getattr(self.hooks, after)(step, self.reader.logs())
            if use == "train" and self.model.stop_training:
                break
            if line is not None:
                line.step(step + 1, self.reader.shown)

    def step(self, use: str, runner: Runner, batch: Batch, step: int) -> None:
        """Load, compute and read one batch; a loss that is no finite number changes nothing."""
        others = () if batch.weights is None else (batch.weights,)
        runner.load(batch.x, batch.y, batch.rows, others)
        try:
            runner.train_step() if use == "train" else runner.test_step()
        except LossNotFiniteError:
            place = whence(runner, batch)
            back = self.good and self.good.bring_back()
            if not terminates(self.hooks):  # which sees the loss in the logs
                what = f"the loss is {runner.loss} in step {step} of this epoch.{place}"
                raise FloatingPointError(told(what, "epoch" if back else "step")) from None
        self.reader.count(runner)

    def ended(self, steps: int) -> None:
        """Bring lost weights back when an epoch of training has ended, and stop then."""
        with self.model._turn.own, self.model._turn.own:
            lost = self.good and self.good.bring_back()
        if lost:
            what = f"{lost} is not finite after step {steps - 1} of this epoch, though its loss is."
            if not terminates(self.hooks):
                raise FloatingPointError(told(what, "epoch"))
            warnings.warn(told(what, "epoch"), stacklevel=2)
            self.model.stop_training = True
