"""The sequential model: Keras's methods to train, test and use layers in a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.callbacks.hooks import CallbackList, History, as_list
from minigrad.layers import Layer
from minigrad.model import loops, samples
from minigrad.model.compiled import Compiled, Logs
from minigrad.model.progress import ProgressLine
from minigrad.shared import lookup, randomness
from minigrad.shared.arguments import whole

__all__ = ["Sequential"]

KERAS_ONLY = {
    "save": "save_weights and load_weights keep the weights",
    "export": "save_weights and load_weights keep the weights",
    "to_json": "a model is the script that builds it",
    "get_config": "a model is the script that builds it",
    "from_config": "a model is the script that builds it",
    "quantize": "weights are float32",
}


class Sequential(Compiled):
    """Layers in a row.

    Args:
        layers: An :func:`~minigrad.layers.Input` and layers, in order. Without an input,
            the shape of the first samples decides.
        trainable: Whether ``fit`` changes the weights.
        name: What to call it.

    Raises:
        ValueError: When a layer does not fit the one before it.

    Example:
        >>> import minigrad as mg
        >>> model = mg.Sequential([
        ...     mg.Input((28, 28, 1)),
        ...     mg.layers.Conv2D(8, 2, activation="relu"),
        ...     mg.layers.Flatten(),
        ...     mg.layers.Dense(128, activation="elu"),
        ...     mg.layers.Dense(10, activation="softmax"),
        ... ])
        >>> model.count_params()
        747954
    """

    def __init__(
        self, layers: Iterable[Layer] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        self.history: History | None = None
        self.stop_training = False
        super().__init__(layers, trainable, name)

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
        self.check_compiled("fit")
        lookup.refuse(
            "fit",
            class_weight=(class_weight, None),
            sample_weight=(sample_weight, None),
            steps_per_epoch=(steps_per_epoch, None),
            validation_steps=(validation_steps, None),
        )
        batch_size = whole("fit", "batch_size", 32 if batch_size is None else batch_size)
        validation_freq = whole("fit", "validation_freq", validation_freq)
        whole("fit", "epochs", epochs, least=0)
        whole("fit", "initial_epoch", initial_epoch, least=0)
        ProgressLine(0, verbose)
        x, y = self.check_data(x, y, "fit")
        assert y is not None
        validation = None
        if validation_data is not None:
            validation = self.check_data(*samples.unpack(validation_data), "fit: validation_data")
        elif validation_split:
            (x, y), validation = samples.split(x, y, validation_split)
        validation_size = validation_batch_size or batch_size
        whole("fit", "validation_batch_size", validation_size)
        batches = samples.batches(len(x), batch_size)
        history = History()
        hooks = CallbackList(
            [history, *as_list(callbacks)],
            self,
            {"verbose": verbose, "epochs": epochs, "steps": len(batches)},
        )
        self.prepare_metrics(self.network(min(batch_size, len(x)), True, input_dtype=x.dtype))

        self.history = history
        self.stop_training = False
        hooks.start()
        hooks.call("on_train_begin", None)
        order = np.arange(len(x))
        logs: Logs = {}
        for epoch in range(initial_epoch, epochs):
            hooks.call("on_epoch_begin", epoch, None)
            if verbose and epochs > 1:
                print(f"Epoch {epoch + 1}/{epochs}", flush=True)
            line = ProgressLine(len(batches), verbose)
            if shuffle:
                randomness.source().shuffle(order)
            loops.train_epoch(self, x, y, order if shuffle else None, batches, hooks, line)
            logs = self.logs()
            if validation is not None and (epoch + 1) % validation_freq == 0:
                tested = loops.test(self, *validation, validation_size, hooks, None)
                logs |= {f"val_{name}": value for name, value in tested.items()}
            line.finish(logs)
            hooks.call("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        hooks.call("on_train_end", logs)
        return history

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
        self.check_compiled("evaluate")
        lookup.refuse("evaluate", sample_weight=(sample_weight, None), steps=(steps, None))
        size = whole("evaluate", "batch_size", 32 if batch_size is None else batch_size)
        x, y = self.check_data(x, y, "evaluate")
        line = ProgressLine(len(samples.batches(len(x), size)), verbose)
        hooks = CallbackList(
            callbacks, self, {"verbose": verbose, "epochs": 1, "steps": line.steps}
        )
        self.prepare_metrics(self.network(min(size, len(x)), input_dtype=x.dtype))
        hooks.start()
        logs = loops.test(self, x, y, size, hooks, line)
        line.finish(logs)
        return self.results(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: None = None,
        callbacks: Any = None,
    ) -> np.ndarray:
        """Predictions for samples.

        Args:
            x: Samples, an array of shape (samples, …).
            batch_size: Samples in a step; 32 by default.
            verbose: See :meth:`fit`.
            steps: Not covered.
            callbacks: Instances of ``mg.callbacks.Callback``.

        Returns:
            An array of shape (samples, …).

        Raises:
            ValueError: When an argument makes no sense or is not covered.
        """
        lookup.refuse("predict", steps=(steps, None))
        size = whole("predict", "batch_size", 32 if batch_size is None else batch_size)
        x, _ = self.check_data(x, None, "predict", targets=False)
        batches = samples.batches(len(x), size)
        line = ProgressLine(len(batches), verbose)
        hooks = CallbackList(
            callbacks, self, {"verbose": verbose, "epochs": 1, "steps": line.steps}
        )
        hooks.start()
        predictions = loops.predict(self, x, batches, hooks, line)
        line.finish({})
        return predictions

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
        return self.step_on_batch("train_on_batch", x, y, True, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: None = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch; arguments as in :meth:`train_on_batch`."""
        lookup.refuse("test_on_batch", sample_weight=(sample_weight, None))
        return self.step_on_batch("test_on_batch", x, y, False, return_dict)

    def step_on_batch(self, method: str, x: Any, y: Any, training: bool, return_dict: bool) -> Any:
        """One step on a batch: what the two methods above have in common."""
        self.check_compiled(method)
        x, y = self.check_data(x, y, method)
        runner = self.runner(len(x), training, True, x.dtype)
        self.prepare_metrics(runner.network)
        self.reset_metrics()
        runner.load(x, y, slice(0, len(x)))
        if training:
            runner.train_step()
        else:
            runner.test_step()
        self.count(runner)
        return self.results(self.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Predictions for one batch.

        Args:
            x: The batch's samples, an array of shape (batch, …).

        Returns:
            An array of shape (batch, …).
        """
        return self.predict(x, batch_size=max(len(x), 1), verbose=0)

    def __getattr__(self, name: str) -> Any:
        if name in KERAS_ONLY:
            raise AttributeError(
                f"Sequential.{name} is not covered: {KERAS_ONLY[name]}. "
                f"mg.interop.to_keras(model) hands the model to Keras, which has {name}."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
