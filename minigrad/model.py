"""The sequential model: layers in a row, and Keras's methods to train and use them.

A model is a recipe for graphs. For each batch size it builds one :class:`Network`; all of
them share the weights. A runner computes a network: ``Eager`` node by node, ``Planned`` by a
plan made once.

Example:
    >>> import numpy as np, minigrad as mg
    >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=mg.optimizers.SGD(0.1), loss="mse")
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> history = model.fit(x, x.sum(axis=1), batch_size=4, epochs=200, verbose=0)
    >>> model.predict(x, verbose=0).round(1)
    array([[0.],
           [1.],
           [1.],
           [2.]], dtype=float32)
"""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from minigrad import callbacks as callbacks_module
from minigrad import (
    coverage,
    data,
    engine,
    losses,
    metrics,
    optimizers,
    randomness,
    summary,
)
from minigrad.arguments import whole
from minigrad.eager import Eager, Network
from minigrad.graph import Constant, Node, topological_sort
from minigrad.layers import InputLayer, Layer, Rescaling
from minigrad.layers.base import Shape, assign
from minigrad.plan_table import Plan
from minigrad.progress import ProgressLine

__all__ = ["Sequential"]

KEPT = 8  # networks of different batch sizes that are kept for the next time
Logs = dict[str, float]


class Sequential(Layer):
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
        self,
        layers: Iterable[Layer] | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.input_layer: InputLayer | None = None
        self.layers: list[Layer] = []
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: losses.Loss | None = None
        self.history: callbacks_module.History | None = None
        self.metrics: list[metrics.Metric] = []
        self.metric_names: list[Any] = []
        self.run_eagerly = False
        self.stop_training = False
        self.forget()
        for layer in layers or ():
            self.add(layer)

    def forget(self) -> None:
        """Throw networks and runners away that no longer fit the layers or the optimizer."""
        self.networks: OrderedDict[Any, Network] = OrderedDict()
        self.runners: OrderedDict[Any, Any] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        # A copy makes its own networks and runners: copied arrays would share no memory.
        for weight in self.weights:
            weight.recall()
        return {**vars(self), "networks": OrderedDict(), "runners": OrderedDict()}

    # -- the layers -----------------------------------------------------------------------
    def add(self, layer: Layer) -> None:
        """Put a layer at the end.

        Args:
            layer: The layer, or an input if there is none yet.

        Raises:
            ValueError: When it does not fit, or its name is taken.
            TypeError: When it is no layer.
        """
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.title}: wants layers, got {layer!r}")
        if isinstance(layer, InputLayer):
            if self.input_layer or self.layers:
                raise ValueError(f"{self.title}: an Input comes first and once")
            self.input_layer = layer
            return
        if any(layer.name == other.name for other in self.layers):
            raise ValueError(
                f"{self.title}: there is a layer {layer.name!r} already; name= differs"
            )
        if not self.layers and self.input_layer is None:
            if isinstance(layer, Sequential) and layer.built:
                self.input_layer = InputLayer(layer.input_shape[1:])
            elif layer.sample_shape is not None:
                self.input_layer = InputLayer(layer.sample_shape)
        if self.input_layer:  # the layer learns its input's shape, and makes its weights
            self.prepare(layer, self.output_shape)
        self.layers.append(layer)
        self.built = self.input_layer is not None
        self.forget()

    def pop(self) -> Layer:
        """Take the last layer away and return it.

        Raises:
            IndexError: When there is none.
        """
        layer = self.layers.pop()
        self.built = self.built and bool(self.layers)
        self.forget()
        return layer

    def prepare(self, layer: Layer, input_shape: Shape) -> None:
        """Make a layer's weights for an input of this shape."""
        layer.compute_output_shape(input_shape)  # refuses an input that does not fit
        if not layer.built:
            layer.build(input_shape)
            layer.built = True

    def build(self, input_shape: Shape) -> None:
        """Make the weights of all layers.

        Args:
            input_shape: Shape of a batch of samples, with ``None`` for the batch.

        Raises:
            ValueError: When a layer does not fit, or there is none.
        """
        if not self.layers:
            raise ValueError(f"{self.title} has no layers: model.add(layer) adds one")
        inputs = self.input_layer or InputLayer(tuple(input_shape[1:]))
        if inputs.shape != (None, *input_shape[1:]):
            raise ValueError(f"{self.title} takes an input of shape {inputs.shape}")
        self.compute_output_shape(inputs.shape)  # all layers fit before any makes weights
        self.input_layer, shape = inputs, inputs.shape
        for layer in self.layers:
            self.prepare(layer, shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def parts(self) -> list[Layer]:
        return self.layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or number.

        Args:
            name: Its name.
            index: Its number, from 0; an input does not count.

        Raises:
            ValueError: When there is none.
        """
        if index is not None and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"{self.title} has no such layer; there are {[x.name for x in self.layers]}"
        )

    @property
    def input_shape(self) -> Shape:
        """Shape of a batch of samples, with ``None`` for the batch."""
        if self.input_layer is None:
            raise AttributeError(f"{self.title} does not know its input yet: see mg.Input")
        return self.input_layer.shape

    @property
    def output_shape(self) -> Shape:
        """Shape of the predictions of a batch, with ``None`` for the batch."""
        return self.compute_output_shape(self.input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def call(self, inputs: Node, training: bool = False) -> Node:
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print a table of the layers, their shapes and numbers of weights.

        Args:
            print_fn: Takes the text in place of ``print``.
        """
        (print_fn or print)(summary.table(self))

    # -- graphs and runners ---------------------------------------------------------------
    def network(
        self,
        batch_size: int,
        training: bool = False,
        with_loss: bool = True,
        input_dtype: Any = None,
    ) -> Network:
        """The graph for batches of one size; the weights are shared by all graphs.

        Args:
            batch_size: How many samples.
            training: Whether the graph is for training: whether dropout drops.
            with_loss: Whether it ends in the loss, if the model is compiled.
            input_dtype: Dtype of the samples; the model's by default.

        Returns:
            The network.

        Raises:
            ValueError: When the model does not know the shape of its input yet.

        Example:
            >>> import minigrad as mg
            >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, name="d")])
            >>> model.network(32).outputs
            <Add "d" shape=(32, 2) dtype=float32 value=None gradient=None>
        """
        if not self.built or self.input_layer is None:
            raise ValueError(
                f"{self.title} is not built yet: put mg.Input(shape) first, or call "
                "model.build((None, …)) with the shape of a batch"
            )
        dtype = np.dtype(input_dtype or self.input_layer.given_dtype or self.dtype)
        with_loss = with_loss and self.loss is not None
        key = batch_size, bool(training), with_loss, dtype
        if key not in self.networks:
            shape = (batch_size, *self.input_shape[1:])
            inputs = Constant(np.zeros(shape, dtype), name="inputs")
            outputs = self.call(inputs, training=training)
            targets = loss = None
            ends = [outputs]
            if with_loss and self.loss is not None:
                targets = self.loss.targets(outputs)
                loss = self.loss(targets, outputs)
                ends.append(loss)
            order = topological_sort(*ends)
            self.networks[key] = Network(inputs, targets, outputs, loss, order)
        return recent(self.networks, key)

    def runner(
        self,
        batch_size: int,
        training: bool = False,
        with_loss: bool = True,
        input_dtype: Any = None,
    ) -> Any:
        """What computes the network of these arguments; see :meth:`network`."""

        def build(size: int) -> Network:
            return self.network(size, training, with_loss, input_dtype)

        key = batch_size, training, with_loss, input_dtype, engine.get_threads()
        if key not in self.runners:
            variables, optimizer = self.trainable_weights, self.optimizer
            if self.run_eagerly:
                self.runners[key] = Eager(build(batch_size), variables, optimizer)
            else:
                self.runners[key] = engine.Planned(
                    build, batch_size, variables, optimizer, training
                )
        return recent(self.runners, key)

    def plan(self, batch_size: int = 32, training: bool = True) -> Plan:
        """The plan by which batches of this size are computed, to be read as a table.

        Args:
            batch_size: How many samples.
            training: Whether of a step of training, if the model is compiled, or of
                prediction.

        Returns:
            A plan: kernels, nodes, shapes, memory and operations, and what they add up to.
            ``mg.display.draw_plan`` draws its memory.

        Raises:
            ValueError: When the model does not know the shape of its input yet, or the batch
                size is not a whole number of at least 1.

        Example:
            >>> import minigrad as mg
            >>> mg.set_threads(1)
            >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, "relu", name="d")])
            >>> print(model.plan(8))
            Plan of a step of prediction on 8 samples: one thread
            step  kernel  nodes that it serves     shape  buffers                             bytes  FLOPs
            ────  ──────  ───────────────────────  ─────  ──────────────────────────────────  ─────  ─────
               0  gather  constant (inputs)        8×4    a batch as it is stored and 1 more    256      –
               1  dense   matmul + add + relu (d)  8×2    zeros and 1 more                      128    128
            Memory: 384 bytes; 512 if no two buffers shared a place (25% less)
            Products: 128 floating-point operations
            One kernel together: matmul + add + relu
            >>> mg.set_threads(None)
        """
        batch_size = whole("plan", "batch_size", batch_size)
        training = training and self.optimizer is not None and self.loss is not None
        runner = None if self.run_eagerly else self.runner(batch_size, training, training)
        if runner is None:  # the model walks the graph; this is what it would do otherwise

            def build(size: int) -> Network:
                return self.network(size, training, training)

            optimizer, weights = self.optimizer, self.trainable_weights
            runner = engine.Planned(build, batch_size, weights, optimizer, training)
        return Plan(runner)

    # -- compile --------------------------------------------------------------------------
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: None = None,
        metrics: Any = None,
        weighted_metrics: None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        Args:
            optimizer: Name or instance; see ``mg.optimizers``. (Keras's default is not
                covered: name one.)
            loss: Name, instance or function; see ``mg.losses``.
            loss_weights: Not covered.
            metrics: List of names, instances or functions; see ``mg.metrics``.
            weighted_metrics: Not covered.
            run_eagerly: Whether to walk the graph node by node.
            steps_per_execution: Not covered.
            jit_compile: Has no meaning here.
            auto_scale_loss: Has no meaning here.

        Raises:
            ValueError: For names and arguments that are not covered.
        """
        from minigrad import metrics as metrics_module

        coverage.refuse(
            "compile",
            loss_weights=(loss_weights, None),
            weighted_metrics=(weighted_metrics, None, []),
            steps_per_execution=(steps_per_execution, 1),
        )
        new_optimizer = optimizers.get(optimizer)
        new_loss = None if loss is None else losses.get(loss)
        if new_loss is not None and new_loss.reduction == "none":
            raise ValueError(f"compile: {new_loss.name} with reduction='none' is no single number")
        if not isinstance(metrics, (list, tuple)) and metrics is not None:
            raise ValueError(f"compile: metrics is a list such as ['accuracy'], got {metrics!r}")
        for metric in metrics or ():
            metrics_module.check(metric)
        self.optimizer, self.loss = new_optimizer, new_loss
        self.metric_names = list(metrics or ())
        self.metrics = []
        self.run_eagerly = bool(run_eagerly)
        self.forget()

    def check_compiled(self, method: str) -> None:
        """Refuse what needs an optimizer and a loss if there is none."""
        if self.optimizer is None:
            raise ValueError(f"{self.title}: call model.compile(optimizer, loss) before {method}")
        if self.loss is None:
            raise ValueError(f"{self.title}: {method} needs a loss: model.compile(…, loss=…)")

    # -- data in --------------------------------------------------------------------------
    def check_data(
        self, x: Any, y: Any, method: str, targets: bool = True
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples and targets in the shapes and dtypes that the graph takes."""
        x, y = data.as_samples(x, y, method)
        if targets and y is None:
            raise ValueError(f"{method}: y is missing")
        if not self.built:
            self.build((None, *x.shape[1:]))
        shape = self.input_shape[1:]
        if x.shape[1:] != shape and (*x.shape[1:], 1) == shape:
            x = x[..., np.newaxis]  # as Keras does: (28, 28) pictures have one channel
        elif x.shape[1:] == (*shape, 1):
            x = x[..., 0]
        if x.shape[1:] != shape:
            raise ValueError(
                f"{method}: {self.title} takes samples of shape {shape}, got {x.shape[1:]} "
                f"(x has shape {x.shape})"
            )
        data.check_finite(x, f"{method}: x")
        if y is not None and self.loss is not None:
            y = self.loss.check_targets(y, self.output_shape)
            data.check_finite(y, f"{method}: y")
            y = np.asarray(y, np.intp if self.loss.whole_numbers else self.dtype, order="C")
        # in one piece, so that no runner has to copy it (and see an old copy in the next fit)
        return np.asarray(x, self.dtype_for(x), order="C"), y

    def dtype_for(self, x: np.ndarray) -> np.dtype:
        """The dtype in which these samples enter the graph."""
        given = self.input_layer.given_dtype if self.input_layer else None
        if given is not None:
            return given
        whole = x.dtype == np.uint8 and isinstance(self.layers[0], Rescaling)
        return x.dtype if whole else np.dtype(self.dtype)

    def prepare_metrics(self, network: Network) -> None:
        """Choose the metrics, now that the shapes of targets and predictions are known."""
        if network.targets is not None and len(self.metrics) != 1 + len(self.metric_names):
            shapes = network.targets.shape, network.outputs.shape
            named = [metrics.get(name, *shapes) for name in self.metric_names]
            self.metrics = [metrics.Mean("loss"), *named]

    def reset_metrics(self) -> None:
        """Forget what the metrics have counted."""
        for metric in self.metrics:
            metric.reset_state()

    def count(self, runner: Any) -> None:
        """Count a step: its loss, a mean over the batch, weighs as much as its samples."""
        loss, *others = self.metrics
        loss.add(runner.loss, len(runner.outputs))  # type: ignore[attr-defined]
        for metric in others:
            metric.update_state(runner.targets, runner.outputs)

    def logs(self) -> Logs:
        """The metrics counted so far, in Keras's order: by name."""
        return {m.name: m.result() for m in sorted(self.metrics, key=lambda m: m.name)}

    def results(self, logs: Logs, return_dict: bool) -> Any:
        """The metrics as Keras returns them: a dictionary, a list or the loss alone."""
        if return_dict:
            return logs
        numbers = [logs[metric.name] for metric in self.metrics]  # the loss is the first
        return numbers if len(numbers) > 1 else numbers[0]

    # -- training -------------------------------------------------------------------------
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
    ) -> callbacks_module.History:
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
        coverage.refuse(
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
            validation = self.check_data(*data.unpack(validation_data), "fit: validation_data")
        elif validation_split:
            (x, y), validation = data.split(x, y, validation_split)
        validation_size = validation_batch_size or batch_size
        whole("fit", "validation_batch_size", validation_size)
        batches = data.batches(len(x), batch_size)
        history = callbacks_module.History()
        several = [] if callbacks is None else callbacks
        several = list(several) if isinstance(several, Iterable) else [several]
        hooks = callbacks_module.CallbackList(
            [history, *several],
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
            self.train_epoch(x, y, order if shuffle else None, batches, hooks, line)
            logs = self.logs()
            if validation is not None and (epoch + 1) % validation_freq == 0:
                tested = self.test(*validation, validation_size, hooks, None)
                logs |= {f"val_{name}": value for name, value in tested.items()}
            line.finish(logs)
            hooks.call("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        hooks.call("on_train_end", logs)
        return history

    def train_epoch(
        self,
        x: np.ndarray,
        y: np.ndarray,
        order: np.ndarray | None,
        batches: list[tuple[int, int]],
        hooks: callbacks_module.CallbackList,
        line: ProgressLine,
    ) -> None:
        """Go through the set once, in the order given or as it is."""
        self.reset_metrics()
        for step, (start, stop) in enumerate(batches):
            if "on_train_batch_begin" in hooks.watched:
                hooks.call("on_train_batch_begin", step, None)
            runner = self.runner(stop - start, True, True, x.dtype)
            runner.load(x, y, slice(start, stop) if order is None else order[start:stop])
            runner.train_step()
            self.count(runner)
            if "on_train_batch_end" in hooks.watched:
                hooks.call("on_train_batch_end", step, self.logs())
            if self.stop_training:
                break
            line.step(step + 1, self.logs)

    def test(
        self,
        x: np.ndarray,
        y: np.ndarray | None,
        batch_size: int,
        hooks: callbacks_module.CallbackList,
        line: ProgressLine | None,
    ) -> Logs:
        """Loss and metrics over a set."""
        hooks.call("on_test_begin", None)
        self.reset_metrics()
        for step, (start, stop) in enumerate(data.batches(len(x), batch_size)):
            if "on_test_batch_begin" in hooks.watched:
                hooks.call("on_test_batch_begin", step, None)
            runner = self.runner(stop - start, False, True, x.dtype)
            runner.load(x, y, slice(start, stop))
            runner.test_step()
            self.count(runner)
            if "on_test_batch_end" in hooks.watched:
                hooks.call("on_test_batch_end", step, self.logs())
            if line:
                line.step(step + 1, self.logs)
        logs = self.logs()
        hooks.call("on_test_end", logs)
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
        self.check_compiled("evaluate")
        coverage.refuse("evaluate", sample_weight=(sample_weight, None), steps=(steps, None))
        size = whole("evaluate", "batch_size", 32 if batch_size is None else batch_size)
        x, y = self.check_data(x, y, "evaluate")
        line = ProgressLine(len(data.batches(len(x), size)), verbose)
        hooks = callbacks_module.CallbackList(
            callbacks, self, {"verbose": verbose, "epochs": 1, "steps": line.steps}
        )
        self.prepare_metrics(self.network(min(size, len(x)), input_dtype=x.dtype))
        hooks.start()
        logs = self.test(x, y, size, hooks, line)
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
        coverage.refuse("predict", steps=(steps, None))
        size = whole("predict", "batch_size", 32 if batch_size is None else batch_size)
        x, _ = self.check_data(x, None, "predict", targets=False)
        batches = data.batches(len(x), size)
        line = ProgressLine(len(batches), verbose)
        hooks = callbacks_module.CallbackList(
            callbacks, self, {"verbose": verbose, "epochs": 1, "steps": line.steps}
        )
        predictions = np.empty((len(x), *self.output_shape[1:]), self.dtype)  # type: ignore
        hooks.start()
        hooks.call("on_predict_begin", None)
        for step, (start, stop) in enumerate(batches):
            if "on_predict_batch_begin" in hooks.watched:
                hooks.call("on_predict_batch_begin", step, None)
            runner = self.runner(stop - start, False, False, x.dtype)
            runner.load(x, None, slice(start, stop))
            runner.test_step()
            predictions[start:stop] = runner.outputs
            if "on_predict_batch_end" in hooks.watched:
                hooks.call("on_predict_batch_end", step, {"outputs": predictions[start:stop]})
            line.step(step + 1, dict)
        hooks.call("on_predict_end", None)
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
        coverage.refuse(
            "train_on_batch",
            sample_weight=(sample_weight, None),
            class_weight=(class_weight, None),
        )
        return self.step_on_batch("train_on_batch", x, y, True, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: None = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch; arguments as in :meth:`train_on_batch`."""
        coverage.refuse("test_on_batch", sample_weight=(sample_weight, None))
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

    # -- weights in and out ---------------------------------------------------------------
    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write all weights into a file of NumPy's.

        The file appears under its name only when it is complete.

        Args:
            filepath: Where to; ends in ``.weights.npz`` or ``.npz``.
            overwrite: Whether an existing file may be replaced.

        Raises:
            ValueError: For another ending, or a model that is not built.
            FileExistsError: When there is a file and ``overwrite`` is false.

        Example:
            >>> import tempfile, os, minigrad as mg
            >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2)])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     model.save_weights(os.path.join(folder, "dense.weights.npz"))
            ...     model.load_weights(os.path.join(folder, "dense.weights.npz"))
        """
        path = weights_path(filepath)
        if not self.built:
            raise ValueError(f"{self.title} is not built yet and has no weights to save")
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists; overwrite=True replaces it")
        arrays = {f"{i:03d}/{w.name}": w.value for i, w in enumerate(self.weights)}
        handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".unfinished")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **arrays)
            os.replace(unfinished, path)
        except BaseException:
            os.unlink(unfinished)
            raise

    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Read all weights from a file that :meth:`save_weights` wrote.

        Args:
            filepath: The file.
            skip_mismatch: Not covered.

        Raises:
            ValueError: When the file is none of ours, or its weights do not fit. Nothing has
                changed then.
        """
        coverage.refuse("load_weights", skip_mismatch=(skip_mismatch, False))
        path = weights_path(filepath)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = [file[name] for name in sorted(file.files)]
        except (BadZipFile, ValueError, EOFError, KeyError) as error:
            raise ValueError(f"{path} is no file of weights: {error}") from None
        assign(f"{self.title} from {path.name}", self.weights, arrays)

    def __getattr__(self, name: str) -> Any:
        if name in KERAS_ONLY:
            raise AttributeError(
                f"Sequential.{name} is not covered: {KERAS_ONLY[name]}. "
                f"mg.interop.to_keras(model) hands the model to Keras, which has {name}."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


KERAS_ONLY = {
    "save": "save_weights and load_weights keep the weights",
    "export": "save_weights and load_weights keep the weights",
    "to_json": "a model is the script that builds it",
    "get_config": "a model is the script that builds it",
    "from_config": "a model is the script that builds it",
    "quantize": "weights are float32",
}


def recent(kept: OrderedDict[Any, Any], key: Any) -> Any:
    # the one asked for, which becomes the last to be thrown away
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
    return kept[key]


def weights_path(filepath: Any) -> Path:
    path = Path(filepath)
    if path.suffix != ".npz":
        raise ValueError(
            f"weights are kept in NumPy's own format: the name ends in .weights.npz or .npz, "
            f"got {path.name!r}"
        )
    return path
