"""The hooks that training calls, who calls them, and what ``fit`` notes down by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigrad.model import Sequential

__all__ = ["Callback", "CallbackList", "History", "as_list"]

BATCH_HOOKS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)


class Callback:
    """Methods that ``fit``, ``evaluate`` and ``predict`` call; define those wanted.

    Setting ``self.model.stop_training = True`` ends training after the present batch.

    Attributes:
        model: The model that is trained.
        params: ``verbose``, ``epochs`` and ``steps`` of the call.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Once(mg.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.model.stop_training = True
        >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((4, 2)), np.ones((4, 1))
        >>> model.fit(x, y, epochs=9, verbose=0, callbacks=[Once()]).epoch
        [0]
    """

    model: Sequential
    params: dict[str, Any]

    def set_model(self, model: Sequential) -> None:
        """Told before the first hook."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Told before the first hook."""
        self.params = params

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Called when ``fit`` begins."""

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Called when ``fit`` ends, with the metrics of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Called when an epoch begins; the first is 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Called when an epoch ends, with its metrics and those of validation."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called before a training step; the first of an epoch is 0."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called after a training step, with the metrics since the epoch began."""

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Called when ``evaluate`` begins, also that of validation."""

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Called when ``evaluate`` ends, with its metrics."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called before a batch of ``evaluate``."""

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called after a batch of ``evaluate``, with the metrics so far."""

    def on_predict_begin(self, logs: dict[str, float] | None = None) -> None:
        """Called when ``predict`` begins."""

    def on_predict_end(self, logs: dict[str, float] | None = None) -> None:
        """Called when ``predict`` ends."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called before a batch of ``predict``."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called after a batch of ``predict``, with its ``outputs``."""


def as_list(callbacks: Any) -> list[Any]:
    """None, one or several callbacks as a list."""
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]


class CallbackList:
    """Calls each hook of several callbacks in turn.

    Args:
        callbacks: A callback, several, or ``None``.
        model: The model that is trained.
        params: ``verbose``, ``epochs`` and ``steps`` of the call.

    Raises:
        TypeError: When one of them is no callback.

    Example:
        >>> import minigrad as mg
        >>> history = mg.callbacks.History()
        >>> hooks = mg.callbacks.CallbackList([history], mg.Sequential(), {"epochs": 1})
        >>> hooks.call("on_epoch_end", 0, {"loss": 2.0})
        >>> history.history
        {'loss': [2.0]}
    """

    def __init__(self, callbacks: Any, model: Sequential, params: dict[str, Any]) -> None:
        self.callbacks = as_list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks are instances of mg.callbacks.Callback, got {callback!r}"
                )
        self.model, self.params = model, params
        # a step at batch size 1 has no time for hooks that nobody has defined
        self.watched = {
            hook
            for hook in BATCH_HOOKS
            for callback in self.callbacks
            if getattr(type(callback), hook) is not getattr(Callback, hook)
        }

    def start(self) -> None:
        """Tell all callbacks their model."""
        for callback in self.callbacks:
            callback.set_model(self.model)
            callback.set_params(self.params)

    def call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of all callbacks."""
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)


class History(Callback):
    """What ``fit`` returns: the metrics of each epoch.

    Attributes:
        epoch: The numbers of the epochs.
        history: For each metric a list with a number for each epoch.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(mg.optimizers.SGD(0.5), "mse")
        >>> history = model.fit(np.zeros((4, 2)), np.ones((4, 1)), epochs=3, verbose=0)
        >>> history.epoch, history.history
        ([0, 1, 2], {'loss': [1.0, 0.0, 0.0]})
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
