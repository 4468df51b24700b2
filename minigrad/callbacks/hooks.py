"""The hooks that training calls, who calls them, and what ``fit`` notes down by them."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from minigrad.shared.arguments import brief
from minigrad.shared.settings import Settings
from minigrad.shared.showing import Table, as_call, figure

__all__ = ["Callback", "CallbackList", "History"]

Logs = dict[str, Any]  # metrics by name; for a batch of ``predict`` its outputs
LONGEST = 40  # rows of the table of epochs


class Callback(Settings):
    """Methods that ``fit``, ``evaluate`` and ``predict`` call; define those wanted.

    Setting ``self.model.stop_training = True`` ends training after the present batch. At the
    end of an epoch all callbacks are given one dictionary, and what they add to it stands in
    the history.

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

    model: Any
    params: dict[str, Any]

    def __repr__(self) -> str:
        return as_call(self)

    def set_model(self, model: Any) -> None:
        """Told before the first hook.

        Args:
            model: The model that is trained.
        """
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Told before the first hook.

        Args:
            params: ``verbose``, ``epochs`` and ``steps`` of the call.
        """
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called when ``fit`` begins.

        Args:
            logs: Empty.
        """

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called when ``fit`` ends.

        Args:
            logs: The metrics of the last epoch.
        """

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called when an epoch begins.

        Args:
            epoch: Its number; the first is 0.
            logs: Empty.
        """

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called when an epoch ends.

        Args:
            epoch: Its number; the first is 0.
            logs: Its metrics, and those of validation as ``val_…``. What is added to it is
                noted in the history.
        """

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of :meth:`on_train_batch_begin`.

        Args:
            batch: Number of the step; the first of an epoch is 0.
            logs: Empty.
        """

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of :meth:`on_train_batch_end`.

        Args:
            batch: Number of the step; the first of an epoch is 0.
            logs: The metrics since the epoch began.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training step.

        Args:
            batch: Number of the step; the first of an epoch is 0.
            logs: Empty.
        """
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training step.

        Args:
            batch: Number of the step; the first of an epoch is 0.
            logs: The metrics since the epoch began.
        """
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called when ``evaluate`` begins, also that of validation.

        Args:
            logs: Empty.
        """

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called when ``evaluate`` ends.

        Args:
            logs: Its metrics.
        """

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of ``evaluate``.

        Args:
            batch: Number of the step; the first is 0.
            logs: Empty.
        """

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of ``evaluate``.

        Args:
            batch: Number of the step; the first is 0.
            logs: The metrics so far.
        """

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called when ``predict`` begins.

        Args:
            logs: Empty.
        """

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called when ``predict`` ends.

        Args:
            logs: Empty.
        """

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of ``predict``.

        Args:
            batch: Number of the step; the first is 0.
            logs: Empty.
        """

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of ``predict``.

        Args:
            batch: Number of the step; the first is 0.
            logs: ``outputs``: the predictions of the batch, an array of shape (batch, …).
        """


ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


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
        >>> hooks.on_epoch_end(0, logs={"loss": 2.0})
        >>> history.history
        {'loss': [2.0]}
    """

    def __init__(
        self, callbacks: Any = None, model: Any = None, params: dict[str, Any] | None = None
    ) -> None:
        several = isinstance(callbacks, Iterable)
        self.callbacks = list(callbacks) if several else [callbacks] * (callbacks is not None)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks are instances of mg.callbacks.Callback, got {brief(callback)}"
                )
        if model is not None:
            self.set_model(model)
        if params is not None:
            self.set_params(params)

    def append(self, callback: Callback) -> None:
        """Add a callback; it is called last.

        Args:
            callback: The callback.
        """
        self.callbacks.append(callback)

    def set_model(self, model: Any) -> None:
        """Tell all callbacks their model.

        Args:
            model: The model that is trained.
        """
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all callbacks what they are part of.

        Args:
            params: ``verbose``, ``epochs`` and ``steps`` of the call.
        """
        for callback in self.callbacks:
            callback.set_params(params)

    def _watched(self, hook: str) -> bool:
        # A step at batch size 1 has no time for hooks that nobody has defined.
        names = [name for name in (hook, ALIASES.get(hook)) if name]
        return any(
            name in vars(callback) or getattr(type(callback), name) is not getattr(Callback, name)
            for callback in self.callbacks
            for name in names
        )

    def __getattr__(self, hook: str) -> Callable[..., None]:
        if not hook.startswith("on_") or not hasattr(Callback, hook):
            raise AttributeError(f"CallbackList has no attribute {hook!r}")

        def call(*arguments: Any, logs: Logs | None = None) -> None:
            if not isinstance(arguments[-1] if arguments else None, dict):
                arguments = (*arguments, {} if logs is None else logs)
            for callback in self.callbacks:  # all of them see one dictionary
                getattr(callback, hook)(*arguments)

        return call


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
        >>> history
        History of 3 epochs
        epoch        loss
        ─────  ──────────
            1      1.0000
            2  0.0000e+00
            3  0.0000e+00
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self._epochs: dict[str, list[int]] = {}  # in which each number of a metric was counted

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        lists: list[list[Any]] = [self.epoch]
        numbers: list[Any] = [epoch]
        for name, value in (logs or {}).items():
            lists += self.history.setdefault(name, []), self._epochs.setdefault(name, [])
            numbers += value, epoch
        # In one go, without Python between: Ctrl-C finds all of an epoch's numbers, or none.
        deque(map(list.append, lists, numbers), maxlen=0)

    def _table(self) -> Table:
        heads = ("epoch", *self.history)
        columns = [
            # a user may have added to the lists, and lists of one's own
            {e: figure(v) for e, v in zip(self._epochs.get(name, self.epoch), values, strict=False)}
            for name, values in self.history.items()
        ]
        rows = [(f"{e + 1}", *(column.get(e, "") for column in columns)) for e in self.epoch]
        if len(rows) > LONGEST:
            rows[LONGEST // 4 : -LONGEST // 2] = [("…",) * len(heads)]
        return Table(f"History of {len(self.epoch)} epochs", heads, rows, heads)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()
