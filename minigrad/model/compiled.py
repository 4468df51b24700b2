"""What a row of layers becomes: graphs, and runners that compute them.

For each batch size there is one network, a graph of its own; all of them share the weights.
A runner computes a network: ``Eager`` node by node, ``Planned`` by a plan made once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import engine, losses, optimizers
from minigrad import metrics as metrics_module
from minigrad.engine.eager import Eager
from minigrad.engine.network import Network
from minigrad.engine.plan_table import Plan
from minigrad.engine.threads import get_threads
from minigrad.graph import Constant, topological_sort
from minigrad.layers import Rescaling
from minigrad.model import samples
from minigrad.model.stack import Stack
from minigrad.shared import lookup
from minigrad.shared.arguments import whole

__all__ = ["Compiled", "Logs"]

KEPT = 8  # networks of different batch sizes that are kept for the next time
Logs = dict[str, float]


class Compiled(Stack):
    """Layers in a row, with an optimizer, a loss, metrics, and what computes them.

    Attributes:
        optimizer: How a gradient changes the weights; ``None`` before :meth:`compile`.
        loss: What is made small.
        metrics: What is counted, once the shapes are known: the loss and those named.
        metric_names: The metrics as :meth:`compile` was given them.
        run_eagerly: Whether the graph is walked node by node.
        networks: The graphs made of late, by batch size and use.
        runners: What computes them.
    """

    optimizer: optimizers.Optimizer | None = None
    loss: losses.Loss | None = None
    metrics: Sequence[metrics_module.Metric] = ()
    metric_names: Sequence[Any] = ()
    run_eagerly = False

    def forget(self) -> None:
        """Throw networks and runners away that no longer fit the layers or the optimizer."""
        self.networks: OrderedDict[Any, Network] = OrderedDict()
        self.runners: OrderedDict[Any, Any] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        # A copy makes its own networks and runners: copied arrays would share no memory.
        for weight in self.weights:
            weight.recall()
        return {**vars(self), "networks": OrderedDict(), "runners": OrderedDict()}

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
        lookup.refuse(
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
        key = batch_size, training, with_loss, input_dtype, get_threads()
        if key not in self.runners:
            if self.run_eagerly:
                network = self.network(batch_size, training, with_loss, input_dtype)
                self.runners[key] = Eager(network, self.trainable_weights, self.optimizer)
            else:
                self.runners[key] = self.planned(batch_size, training, with_loss, input_dtype)
        return recent(self.runners, key)

    def release(self) -> None:
        """Let all runners forget the data set."""
        for runner in self.runners.values():
            runner.release()

    def planned(
        self, batch_size: int, training: bool, with_loss: bool, input_dtype: Any = None
    ) -> engine.Planned:
        """A runner that goes by a plan; see :meth:`network`."""

        def build(size: int) -> Network:
            return self.network(size, training, with_loss, input_dtype)

        weights = self.trainable_weights
        return engine.Planned(build, batch_size, weights, self.optimizer, training)

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
        if self.run_eagerly:  # the model walks the graph; this is what it would do otherwise
            return Plan(self.planned(batch_size, training, training))
        return Plan(self.runner(batch_size, training, training))

    # -- data in --------------------------------------------------------------------------
    def check_data(
        self, x: Any, y: Any, method: str, targets: bool = True
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples and targets in the shapes and dtypes that the graph takes."""
        x, y = samples.as_samples(x, y, method)
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
        samples.check_finite(x, f"{method}: x")
        if y is not None and self.loss is not None:
            y = self.loss.check_targets(y, self.output_shape)
            samples.check_finite(y, f"{method}: y")
            y = np.asarray(y, np.intp if self.loss.whole_numbers else self.dtype, order="C")
        # in one piece, so that no runner has to copy it (and see an old copy in the next fit)
        return np.asarray(x, self.dtype_for(x), order="C"), y

    def dtype_for(self, x: np.ndarray) -> np.dtype:
        """The dtype in which these samples enter the graph."""
        given = self.input_layer.given_dtype if self.input_layer else None
        if given is not None:
            return given
        pictures = x.dtype == np.uint8 and isinstance(self.layers[0], Rescaling)
        return x.dtype if pictures else np.dtype(self.dtype)

    # -- metrics --------------------------------------------------------------------------
    def prepare_metrics(self, network: Network) -> None:
        """Choose the metrics, now that the shapes of targets and predictions are known."""
        if network.targets is not None and len(self.metrics) != 1 + len(self.metric_names):
            shapes = network.targets.shape, network.outputs.shape
            named = [metrics_module.get(name, *shapes) for name in self.metric_names]
            self.metrics = [metrics_module.Mean("loss"), *named]

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


def recent(kept: OrderedDict[Any, Any], key: Any) -> Any:
    # the one asked for, which becomes the last to be thrown away
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
    return kept[key]
