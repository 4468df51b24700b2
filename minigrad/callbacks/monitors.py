"""Callbacks that watch a metric: to end training in time, to save the best weights."""

import math
import string
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.callbacks.hooks import Callback, Logs
from minigrad.shared.arguments import flag, is_whole, number, one_of, whole
from minigrad.shared.settings import argument, such

__all__ = ["EarlyStopping", "ModelCheckpoint"]


MODES = ("auto", "min", "max")
name_of_metric = such(lambda name: isinstance(name, str), "is the name of a metric")


class Monitor(Callback):
    """A callback that watches whether a metric gets better.

    Args:
        monitor: Key of the metric in ``History.history``.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to choose by the metric.
        min_delta: A change of less than this is no improvement.
        best: The value to beat at first.

    Raises:
        ValueError: For another mode.
    """

    monitor: str = argument(name_of_metric, "val_loss")
    mode: str = argument(one_of, "auto", among=MODES)
    min_delta: float = argument(number, 0)
    best: float | None = None

    def _upward(self) -> bool:
        """Whether more is better."""
        if self.mode != "auto":
            return self.mode == "max"
        metric = self.monitor.removeprefix("val_")
        direction = {m.name: m.direction for m in self.model.metrics}.get(metric)
        if direction is None:
            raise ValueError(
                f"{type(self).__name__}: whether more of {self.monitor!r} is better is not "
                'known; pass mode="max" or mode="min"'
            )
        return direction == "up"

    def _check_direction(self) -> None:
        """Ask for the direction of a metric of one's own before an epoch is lost."""
        if self.monitor.removeprefix("val_") in [m.name for m in self.model.metrics]:
            self._upward()

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether a value is better than another by more than ``min_delta``."""
        if reference is None:
            return True
        least = abs(self.min_delta)
        return value - least > reference if self._upward() else value + least < reference

    def _current(self, logs: Logs | None) -> float | None:
        """The value watched, or ``None`` with a warning where there is no such metric."""
        logs = logs or {}
        if self.monitor not in logs:
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which is not there; "
                f"there are {', '.join(logs)}",
                stacklevel=2,
            )
        return logs.get(self.monitor)


class EarlyStopping(Monitor):
    """Ends training when a metric has not got better for some epochs.

    Args:
        monitor: Key of the metric in ``History.history``.
        min_delta: A change of less than this is no improvement.
        patience: For how many epochs to wait for an improvement.
        verbose: 1 to print what it does.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to choose by the metric.
        baseline: A value that has to be beaten for the waiting to begin anew.
        restore_best_weights: Whether to end with the weights of the best epoch.
        start_from_epoch: Epochs before this one are not looked at.

    Example:
        >>> import minigrad as mg
        >>> mg.callbacks.EarlyStopping(patience=3, restore_best_weights=True).monitor
        'val_loss'
    """

    monitor: str = argument(name_of_metric, "val_loss")
    min_delta: float = argument(number, 0)
    patience: int = argument(whole, 0, least=0)
    verbose: int = argument(default=0)
    mode: str = argument(one_of, "auto", among=MODES)
    baseline: float | None = argument(number, None)
    restore_best_weights: bool = argument(default=False)
    start_from_epoch: int = argument(whole, 0, least=0)
    wait = stopped_epoch = best_epoch = 0
    best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None
        self._check_direction()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._current(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._is_improvement(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_improvement(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.verbose and self.stopped_epoch:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


def pattern(owner: str, argument: str, value: Any) -> str:
    """The name of a file, if it can be filled in, which is tried before an epoch is spent.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        value: The name, perhaps with ``{epoch:02d}`` or metrics such as ``{val_loss:.2f}``.

    Raises:
        ValueError: When a field is no name, or its format none of numbers.
    """
    try:
        for _, field, form, _ in string.Formatter().parse(str(value)):
            if field is not None and not field.isidentifier():
                raise ValueError(f"{field!r} is no name of a metric")
            if field is not None:
                format(1 if field in ("epoch", "batch") else 1.0, form or "")
    except ValueError as error:
        raise ValueError(
            f"{owner}: {argument} {str(value)!r} cannot be filled in: {error}"
        ) from None
    return str(value)


class ModelCheckpoint(Monitor, min_delta=0):
    """Saves the weights, or the whole model, after epochs or batches.

    Args:
        filepath: Where to, ending in ``.weights.npz`` or ``.weights.h5`` for weights and in
            ``.keras`` or ``.h5`` for a model; what is not ``.npz`` needs Keras. It may hold
            ``{epoch:02d}`` and metrics such as ``{val_loss:.2f}``.
        monitor: Key of the metric in ``History.history``.
        verbose: 1 to print what it does.
        save_best_only: Whether to save only when the metric has got better.
        save_weights_only: Whether to save the weights only.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to choose by the metric.
        save_freq: ``"epoch"``, or after how many batches to save.
        initial_value_threshold: The value to beat at first.

    Raises:
        ValueError: When the file's ending or another argument is not covered.

    Example:
        >>> import minigrad as mg
        >>> mg.callbacks.ModelCheckpoint("{epoch:02d}.weights.npz", save_weights_only=True).mode
        'auto'
    """

    filepath: Any = argument(pattern)
    monitor: str = argument(name_of_metric, "val_loss")
    verbose: int = argument(default=0)
    save_best_only: bool = argument(default=False)
    save_weights_only: bool = argument(flag, False)
    mode: str = argument(one_of, "auto", among=MODES)
    save_freq: str | int = argument(
        such(lambda n: n == "epoch" or is_whole(n), 'is "epoch" or a number of batches'), "epoch"
    )
    initial_value_threshold: float | None = argument(number, None, kept="best")
    _epoch = _batches = 0

    def _agree(self) -> None:
        endings = (".npz", ".weights.h5") if self.save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: with save_weights_only={self.save_weights_only} the name ends in "
                f"{' or '.join(endings)}; got {self.filepath!r}. Without Keras there are weights "
                "only, in .weights.npz"
            )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.save_best_only:
            self._check_direction()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save({"batch": batch + 1}, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save({}, logs or {})

    def _save(self, places: dict[str, int], logs: dict[str, float]) -> None:
        """Save the weights, if they are wanted, under a name with the numbers filled in."""
        if self.save_best_only:
            value = self._current(logs)
            # as in Keras: what cannot be judged is saved
            if value is not None and not self._is_improvement(value, self.best):
                if self.verbose:
                    print(f"Epoch {self._epoch + 1}: {self.monitor} did not improve")
                return
            self.best = value if value is not None and not math.isnan(value) else self.best
        try:
            path = Path(self.filepath.format(epoch=self._epoch + 1, **places, **logs))
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: the name {self.filepath!r} wants {error}, there are epoch, "
                f"{', '.join([*places, *logs])}"
            ) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            what = "weights" if self.save_weights_only else "model"
            print(f"Epoch {self._epoch + 1}: saved the {what} to {path}")
