"""Keras's methods to train, test and use a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.callbacks import CallbackList, History
from minigrad.model import samples, state_file
from minigrad.model.compiled import Compiled
from minigrad.model.counting import Counters, Logs
from minigrad.model.progress import ProgressLine, check_verbose
from minigrad.model.steps import Runner, Sweep
from minigrad.shared import lookup, randomness
from minigrad.shared.arguments import whole

__all__ = ["Model"]

KERAS_ONLY = {
    "save": "save_weights and load_weights keep the weights",
    "export": "save_weights and load_weights keep the weights",
    "to_json": "a model is the script that builds it",
    "get_config": "a model is the script that builds it",
    "from_config": "a model is the script that builds it",
    "quantize": "weights are float32",
}


class Model(Compiled):
    """A graph of layers, and Keras's methods to train and use it.

    Args:
        inputs: What ``Input(shape)`` has given, or a list of such.
        outputs: The tensor, or a list of tensors, that is to be predicted.
        name: What to call it.
        trainable: Whether ``fit`` changes the weights.

    A model of one's own is derived from it: layers as attributes, and a ``call`` that calls them.

    Raises:
        TypeError: When inputs or outputs are no symbolic tensors.
        ValueError: When an input is missing, or two layers have one name.

    Example:
        A branch that is added to what it began from:

        >>> import minigrad as mg
        >>> x = mg.Input((8,))
        >>> y = mg.layers.Dense(8, "relu")(x)
        >>> model = mg.Model(x, mg.layers.Dense(2)(x + y))
        >>> model.output_shape, model.count_params()
        ((None, 2), 90)
    """

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self.history: History | None = None
        self.stop_training = False
        super().__init__(name=name, trainable=trainable)
        self._layers = []
        self._forget()
        if inputs is not None or outputs is not None:
            self._join(inputs, outputs)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: None = None,
        sample_weight: None = None,
        initial_epoch: int = 0,
        steps_per_epoch: None = None,
        validation_steps: None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Train.

        Ctrl-C ends training where it is: the weights are good, and ``model.history`` holds
        the epochs that were finished.

        Args:
            x: Samples, an array of shape (samples, …).
            y: Targets, an array of shape (samples, …).
            batch_size: Samples in a step; 32 by default. The last batch may be smaller.
            epochs: The number at which to stop; how often to go through the set.
            verbose: 0 for silence, 1 or ``"auto"`` for a progress line, 2 for a line an epoch.
            callbacks: Instances of ``mg.callbacks.Callback``.
            validation_split: Part of the set, its last, that is kept for validation.
            validation_data: A pair (x, y) for validation instead.
            shuffle: Whether each epoch goes through the set in another order.
            class_weight: Not covered.
            sample_weight: Not covered.
            initial_epoch: The number of the first epoch.
            steps_per_epoch: Not covered.
            validation_steps: Not covered.
            validation_batch_size: Samples in a step of validation; ``batch_size`` by default.
            validation_freq: After how many epochs to validate.

        Returns:
            A history, whose ``history`` has a list of numbers for each metric.

        Raises:
            ValueError: When an argument makes no sense or is not covered. Nothing has
                changed then.
        """
        self._check_compiled("fit")
        lookup.refuse(
            "fit",
            class_weight=(class_weight, None),
            sample_weight=(sample_weight, None),
            steps_per_epoch=(steps_per_epoch, None),
            validation_steps=(validation_steps, None),
        )
        size = whole("fit", "batch_size", 32 if batch_size is None else batch_size)
        epochs = whole("fit", "epochs", epochs, least=0)
        initial_epoch = whole("fit", "initial_epoch", initial_epoch, least=0)
        validation_freq = whole("fit", "validation_freq", validation_freq)
        validation_size = size if validation_batch_size is None else validation_batch_size
        whole("fit", "validation_batch_size", validation_size)
        check_verbose(verbose)
        shuffle = check_shuffle(shuffle)
        params = {"verbose": verbose, "epochs": epochs, "steps": 0}
        hooks, history = with_history(callbacks)
        with self._all_or_nothing():
            x, y = self._admit(x, y, "fit")
            validation = None
            if validation_data is not None:
                pair = samples.unpack(validation_data)
                validation = self._admit(*pair, "fit: validation_data")
            elif validation_split:
                assert y is not None
                (x, y), validation = samples.split(x, y, validation_split)
            self.network(min(size, len(x)), True, input_dtype=x.dtype)
            self._prepare_counters()
        batches = samples.batches(len(x), size)
        hooks.set_model(self)
        hooks.set_params({**params, "steps": len(batches)})

        self.history, self.stop_training = history, False
        with self._counting() as counters, self._being_trained():
            self._first_epoch = initial_epoch
            hooks.on_train_begin()
            logs: Logs = {}
            for epoch in range(self._first_epoch, epochs):
                hooks.on_epoch_begin(epoch)
                if verbose and epochs > 1:
                    print(f"Epoch {epoch + 1}/{epochs}", flush=True)
                line = ProgressLine(len(batches), verbose)
                order = np.arange(len(x)) if shuffle else None
                if order is not None:
                    randomness.source().shuffle(order)
                self._count_through("train", x, y, batches, counters, hooks, line, order)
                logs = counters.logs()
                if validation is not None and (epoch + 1) % validation_freq == 0:
                    tested = self._test(*validation, validation_size, counters, hooks, None)
                    logs |= {f"val_{name}": value for name, value in tested.items()}
                line.finish(logs)
                hooks.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            hooks.on_train_end(logs)
        return history

    def _note_state(self, path: Path, epoch: int) -> None:
        """Write down where training is, before an epoch."""
        state_file.write(path, self, epoch)

    def _go_on_from(self, path: Path) -> None:
        """Have ``fit``, which is just beginning, go on from where a file says."""
        self._first_epoch = state_file.read(path, self)

    @contextmanager
    def _being_trained(self) -> Iterator[None]:
        self._training = True
        try:
            yield
        finally:
            self._training = False

    def _count_through(
        self,
        use: str,
        x: np.ndarray,
        y: np.ndarray | None,
        batches: list[tuple[int, int]],
        counters: Counters,
        hooks: CallbackList,
        line: ProgressLine | None,
        order: np.ndarray | None = None,
    ) -> None:
        """Go through a set once, to train or to test, and count."""
        counters.reset()
        sweep = Sweep(
            use,
            x,
            y,
            batches,
            runner=self._runners_for(use == "train", True, x.dtype),
            read=lambda runner, rows: counters.count(runner),
            logs=lambda rows: counters.logs(),
            hooks=hooks,
            lock=self._lock,
            order=order,
        )
        try:
            for done in sweep.steps():
                if use == "train" and self.stop_training:
                    break
                if line is not None:
                    line.step(done, counters.logs)
        finally:
            self._release()

    def _test(
        self,
        x: np.ndarray,
        y: np.ndarray | None,
        batch_size: int,
        counters: Counters,
        hooks: CallbackList,
        line: ProgressLine | None,
    ) -> Logs:
        """Loss and metrics over a set."""
        batches = samples.batches(len(x), batch_size)
        hooks.on_test_begin()
        self._count_through("test", x, y, batches, counters, hooks, line)
        logs = counters.logs()
        hooks.on_test_end(logs)
        return logs

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: None = None,
        steps: None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics over a set.

        Args:
            x: Samples, an array of shape (samples, …).
            y: Targets, an array of shape (samples, …).
            batch_size: Samples in a step; 32 by default.
            verbose: See :meth:`fit`.
            sample_weight: Not covered.
            steps: Not covered.
            callbacks: Instances of ``mg.callbacks.Callback``.
            return_dict: Whether to return a dictionary.

        Returns:
            The loss; with metrics a list that begins with it, or a dictionary.

        Raises:
            ValueError: When an argument makes no sense or is not covered.
        """
        self._check_compiled("evaluate")
        lookup.refuse("evaluate", sample_weight=(sample_weight, None), steps=(steps, None))
        size = whole("evaluate", "batch_size", 32 if batch_size is None else batch_size)
        check_verbose(verbose)
        hooks = CallbackList(callbacks)
        with self._all_or_nothing():
            x, y = self._admit(x, y, "evaluate")
            self.network(min(size, len(x)), input_dtype=x.dtype)
            self._prepare_counters()
        line = ProgressLine(len(samples.batches(len(x), size)), verbose)
        hooks.set_model(self)
        hooks.set_params({"verbose": verbose, "epochs": 1, "steps": line.steps})
        with self._counting() as counters:
            logs = self._test(x, y, size, counters, hooks, line)
        line.finish(logs)
        return counters.results(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: None = None,
        callbacks: Any = None,
    ) -> Any:
        """Predictions for samples.

        Args:
            x: Samples, an array of shape (samples, …).
            batch_size: Samples in a step; 32 by default.
            verbose: See :meth:`fit`.
            steps: Not covered.
            callbacks: Instances of ``mg.callbacks.Callback``.

        Returns:
            An array of shape (samples, …), or a list of them if the model has several outputs.

        Raises:
            ValueError: When an argument makes no sense or is not covered.
        """
        lookup.refuse("predict", steps=(steps, None))
        size = whole("predict", "batch_size", 32 if batch_size is None else batch_size)
        check_verbose(verbose)
        hooks = CallbackList(callbacks)
        with self._all_or_nothing():
            x, _ = self._admit(x, None, "predict", targets=False)
            self.network(min(size, len(x)), with_loss=False, input_dtype=x.dtype)
        batches = samples.batches(len(x), size)
        line = ProgressLine(len(batches), verbose)
        hooks.set_model(self)
        hooks.set_params({"verbose": verbose, "epochs": 1, "steps": line.steps})
        predictions = np.empty((len(x), *self._packed_shape()[1:]), self.dtype)

        def read(runner: Runner, rows: slice) -> None:
            predictions[rows] = runner.outputs

        sweep = Sweep(
            "predict",
            x,
            None,
            batches,
            runner=self._runners_for(False, False, x.dtype),
            read=read,
            logs=lambda rows: {"outputs": predictions[rows]},
            hooks=hooks,
            lock=self._lock,
        )
        hooks.on_predict_begin()
        try:
            for done in sweep.steps():
                line.step(done, dict)
        finally:
            self._release()
        hooks.on_predict_end()
        line.finish({})
        return self._unpack(predictions) if self._several[1] else predictions

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: None = None,
        class_weight: None = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one training step.

        Args:
            x: The batch's samples, an array of shape (batch, …).
            y: Its targets.
            sample_weight: Not covered.
            class_weight: Not covered.
            return_dict: Whether to return a dictionary.

        Returns:
            Loss and metrics before the step, as :meth:`evaluate` returns them.

        Raises:
            ValueError: When an argument makes no sense or is not covered.
        """
        lookup.refuse(
            "train_on_batch",
            sample_weight=(sample_weight, None),
            class_weight=(class_weight, None),
        )
        return self._step_on_batch("train_on_batch", x, y, True, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: None = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch; arguments as in :meth:`train_on_batch`."""
        lookup.refuse("test_on_batch", sample_weight=(sample_weight, None))
        return self._step_on_batch("test_on_batch", x, y, False, return_dict)

    def _step_on_batch(self, method: str, x: Any, y: Any, training: bool, return_dict: bool) -> Any:
        """One step on a batch: what the two methods above have in common."""
        self._check_compiled(method)
        with self._all_or_nothing():
            x, y = self._admit(x, y, method)
            self.network(len(x), training, input_dtype=x.dtype)
            self._prepare_counters()
        use, hooks = "train" if training else "test", CallbackList()
        with self._counting() as counters:
            self._count_through(use, x, y, [(0, len(x))], counters, hooks, None)
            return counters.results(counters.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Predictions for one batch.

        Args:
            x: The batch's samples, an array of shape (batch, …).

        Returns:
            An array of shape (batch, …).
        """
        size = len(x) if hasattr(x, "__len__") else 1
        return self.predict(x, batch_size=max(size, 1), verbose=0)

    def __getattr__(self, name: str) -> Any:
        if name in KERAS_ONLY:
            raise AttributeError(
                f"{type(self).__name__}.{name} is not covered: {KERAS_ONLY[name]}. "
                f"mg.interop.to_keras(model) hands the model to Keras, which has {name}."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def with_history(callbacks: Any) -> tuple[CallbackList, History]:
    """The callbacks and, last of them, a history: one of the user's own, or a new one."""
    hooks = CallbackList(callbacks)
    for callback in hooks.callbacks:
        if isinstance(callback, History):
            return hooks, callback
    history = History()
    hooks.append(history)
    return hooks, history


def check_shuffle(shuffle: Any) -> bool:
    """The value of ``shuffle``, if it is one."""
    if not isinstance(shuffle, (bool, np.bool_, int)):
        raise ValueError(f"fit: shuffle is True or False, got {shuffle!r:.60}")
    return bool(shuffle)
