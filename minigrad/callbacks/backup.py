"""Callbacks for training that may be cut short: by the machine, or by numbers that blow up."""

import math
from pathlib import Path
from typing import Any

from minigrad.callbacks.hooks import Callback, Logs
from minigrad.shared.arguments import flag, path_of
from minigrad.shared.settings import argument, not_covered

__all__ = ["BackupAndRestore", "TerminateOnNaN"]


class BackupAndRestore(Callback):
    """Keeps a file from which training goes on as if it had not been interrupted.

    It is written at the end of each epoch: the weights, what the optimizer remembers, and where
    the random numbers are. ``fit`` with the same arguments begins with the epoch after it, and
    the numbers are those of one uninterrupted run, to the last bit, where an epoch is the whole
    set (with ``steps_per_epoch`` the first one begins the set anew) and no other callback
    remembers anything.

    Args:
        backup_dir: The folder of the file.
        save_freq: ``"epoch"``; nothing else is covered.
        double_checkpoint: Not covered: the file is replaced when the new one is whole.
        delete_checkpoint: Whether the file is removed when training has come to its end.

    Raises:
        ValueError: For arguments that are not covered.

    Example:
        >>> import tempfile, numpy as np, minigrad as mg
        >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
        >>> model.compile("adam", "mse")
        >>> x, y = np.ones((4, 2)), np.ones((4, 1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     backup = mg.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
        ...     first = model.fit(x, y, epochs=2, verbose=0, callbacks=[backup])
        ...     then = model.fit(x, y, epochs=5, verbose=0, callbacks=[backup])
        >>> first.epoch, then.epoch
        ([0, 1], [2, 3, 4])
    """

    backup_dir: Any = argument(path_of, what="a folder")
    save_freq: str = not_covered("epoch")
    double_checkpoint: bool = not_covered(False)
    delete_checkpoint: bool = argument(flag, True)

    @property
    def _file(self) -> Path:
        return Path(self.backup_dir) / "latest.state.npz"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._file.exists():
            self.model._go_on_from(self._file)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        self.model._note_state(self._file, epoch + 1)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            self._file.unlink(missing_ok=True)


class TerminateOnNaN(Callback):
    """Ends training when the loss is no finite number, without an error.

    The weights are those before the step that gave such a loss.

    Example:
        >>> import minigrad as mg
        >>> model = mg.Sequential()
        >>> stop = mg.callbacks.TerminateOnNaN()
        >>> stop.set_model(model)
        >>> stop.on_train_batch_end(7, {"loss": float("nan")})
        Batch 7: Invalid loss, terminating training
        >>> model.stop_training
        True
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
