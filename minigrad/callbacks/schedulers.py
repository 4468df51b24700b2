"""Callbacks that change the learning rate, and small helpers of training scripts."""

import csv
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.callbacks.hooks import Callback, Logs
from minigrad.callbacks.monitors import MODES, Monitor, name_of_metric
from minigrad.shared.arguments import brief, flag, number, one_of, path_of, whole
from minigrad.shared.settings import argument, such

__all__ = ["CSVLogger", "LambdaCallback", "LearningRateScheduler", "ReduceLROnPlateau"]


class SetsTheRate(Callback):
    """What callbacks have that set the learning rate: it has to be a number."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        optimizer.learning_rate = optimizer.learning_rate  # refused where it follows a schedule

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class LearningRateScheduler(SetsTheRate):
    """Sets the learning rate of each epoch.

    Args:
        schedule: A function of the epoch's number, or of it and the rate, that returns a rate.
        verbose: 1 to print the rates.

    Raises:
        ValueError: When the schedule is no function, or returns no number.

    Example:
        >>> import minigrad as mg
        >>> halving = mg.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> model = mg.Sequential([mg.Input((1,)), mg.layers.Dense(1)])
        >>> model.compile(mg.optimizers.SGD(0.1), "mse")
        >>> history = model.fit([[1.0]], [[1.0]], epochs=3, verbose=0, callbacks=[halving])
        >>> history.history["learning_rate"]
        [0.05, 0.025, 0.0125]
    """

    schedule: Callable[..., float] = argument(such(callable, "is a function of the epoch"))
    verbose: int = argument(default=0)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        try:
            rate = self.schedule(epoch, self.model.optimizer.learning_rate)
        except TypeError:  # a function of the epoch alone
            rate = self.schedule(epoch)
        self.model.optimizer.learning_rate = number(
            "LearningRateScheduler", "what schedule returns", rate, least=0
        )
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler sets the learning rate to {rate}.")


def part(owner: str, argument: str, value: Any) -> float:
    if not number(owner, argument, value, least=0) < 1:
        raise ValueError(f"{owner}: {argument} is a number below 1, got {value!r}")
    return float(value)


class ReduceLROnPlateau(SetsTheRate, Monitor):
    """Lowers the learning rate when a metric has not got better for some epochs.

    Args:
        monitor: Key of the metric in ``History.history``.
        factor: What the rate is multiplied with, below 1.
        patience: For how many epochs to wait for an improvement.
        verbose: 1 to print what it does.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to choose by the metric.
        min_delta: A change of less than this is no improvement.
        cooldown: For how many epochs after that nothing is looked at.
        min_lr: The smallest rate.

    Raises:
        ValueError: For arguments that make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2).patience
        2
    """

    monitor: str = argument(name_of_metric, "val_loss")
    factor: float = argument(part, 0.1)
    patience: int = argument(whole, 10, least=0)
    verbose: int = argument(default=0)
    mode: str = argument(one_of, "auto", among=MODES)
    min_delta: float = argument(number, 1e-4)
    cooldown: int = argument(whole, 0, least=0)
    min_lr: float = argument(number, 0.0, least=0)
    wait = cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.wait = self.cooldown_counter = 0
        self.best = None
        self._check_direction()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        value = self._current(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        if optimizer.learning_rate > self.min_lr:
            optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
            self.cooldown_counter, self.wait = self.cooldown, 0
            if self.verbose:
                print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau: {optimizer.learning_rate}")


class LambdaCallback(Callback):
    """Hooks given as functions.

    Args:
        hooks: ``on_epoch_end=function`` and the like; each is given what the hook is given.

    Raises:
        TypeError: When there is no such hook, or a hook is no function.

    Example:
        >>> import minigrad as mg
        >>> tell = mg.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))
        >>> tell.on_epoch_end(3, {})
        3
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        for name, hook in hooks.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise TypeError(f"LambdaCallback has no hook {name!r}")
            if hook is not None and not callable(hook):
                raise TypeError(f"LambdaCallback: {name} is a function, got {brief(hook)}")
            if hook is not None:
                setattr(self, name, hook)


def is_character(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1


class CSVLogger(Callback):
    """Writes a line for each epoch into a file: its number and its metrics.

    Args:
        filename: The file.
        separator: What stands between the columns.
        append: Whether lines are added to a file that is there.

    Example:
        >>> import os, tempfile, minigrad as mg
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = os.path.join(folder, "log.csv")
        ...     log = mg.callbacks.CSVLogger(file)
        ...     log.on_train_begin()
        ...     log.on_epoch_end(0, {"loss": 0.5})
        ...     log.on_train_end()
        ...     open(file).read().split()
        ['epoch,loss,val_loss', '0,0.5,NA']
    """

    filename: Any = argument(path_of, what="a file")
    separator: str = argument(such(is_character, "is one character"), ",", kept="sep")
    sep: str
    append: bool = argument(flag, False)
    _keys: Sequence[str] = ()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._keys = ()
        if not self.append:
            self.filename.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        old = self.filename.exists() and self.filename.stat().st_size > 0
        with open(self.filename, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self.sep)
            if not self._keys:
                self._keys = sorted(logs)
                if not any(key.startswith("val_") for key in logs):  # as Keras: it may come later
                    self._keys += [f"val_{key}" for key in self._keys]
                if not old:
                    writer.writerow(["epoch", *self._keys])
            writer.writerow([epoch, *(logs.get(key, "NA") for key in self._keys)])
