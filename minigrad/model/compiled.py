"""What a graph of layers becomes: graphs, and runners that compute them.

For each batch size there is one network, a graph of its own; all of them share the weights.
A runner computes a network: ``Eager`` node by node, ``Plan`` by lists of calls made once.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import activations, engine, losses, optimizers
from minigrad import metrics as metrics_module
from minigrad.engine.eager import Eager
from minigrad.engine.network import Network
from minigrad.engine.threads import get_threads
from minigrad.graph import Constant, Node, Variable, topological_sort
from minigrad.layers import Rescaling
from minigrad.layers.building import tree
from minigrad.layers.tensors import KerasTensor
from minigrad.model.counting import Counters
from minigrad.model.functional import Functional
from minigrad.model.lock import Lock
from minigrad.model.noticed import settings_of
from minigrad.model.several import SeveralCounters, Together, for_each
from minigrad.model.steps import Runner
from minigrad.shared import lookup
from minigrad.shared.arguments import title, whole

if TYPE_CHECKING:
    from minigrad.display.plan_table import PlanTable

KEPT = 8  # networks of different batch sizes that are kept for the next time


class Compiled(Functional):
    """A graph of layers, with an optimizer, a loss, metrics, and what computes them.

    Attributes:
        run_eagerly: Whether the graph is walked node by node.
    """

    run_eagerly = False
    _optimizer: optimizers.Optimizer | None = None
    _loss: losses.Loss | None = None
    _metric_names: Sequence[Any] = ()  # as compile() was given them
    _counters: Counters | None = None  # once the shapes are known
    _remarked = False  # whether a warning was given since compile()
    _missed: list[str]  # weights that no gradient reaches, as far as they were spoken of
    _training = False  # whether fit is under way

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._lock, self._counting_lock = Lock(), Lock()
        super().__init__(*arguments, **options)

    def __repr__(self) -> str:
        how = f", compiled with {self.optimizer!r}" if self.optimizer is not None else ""
        return f"{super().__repr__()[:-1]}{how}>"

    @property
    def optimizer(self) -> optimizers.Optimizer | None:
        """How a gradient changes the weights; ``None`` before :meth:`compile`."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self._optimizer = None if value is None else optimizers.get(value)
        self._forget()  # plans are made for an optimizer

    @property
    def loss(self) -> losses.Loss | None:
        """What is made small; ``None`` before :meth:`compile`."""
        return self._loss

    @loss.setter
    def loss(self, value: Any) -> None:
        self._loss = None if value is None else losses.get(value)
        self._forget()  # networks end in a loss

    @property
    def metrics(self) -> list[metrics_module.Metric]:
        """What is counted, once the shapes are known: the loss, and the metrics named."""
        return [] if self._counters is None else self._counters.metrics

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers are called that ``evaluate`` returns, once the shapes are known."""
        known = self.loss is not None and len(self._outputs) > 0
        return list(self._prepare_counters().keys) if known else []

    def get_metrics_result(self) -> dict[str, float]:
        """What the metrics have counted, by their names."""
        return {} if self._counters is None else self._counters.logs()

    def reset_metrics(self) -> None:
        """Forget what the metrics have counted."""
        if self._counters is not None:
            self._counters.reset()

    def _forget(self) -> None:
        """Throw networks and runners away that no longer fit the layers or the optimizer."""
        self._moving: set[tuple[int, str]] = set()  # what building a graph changes: no settings
        self._missed = []
        self._networks: OrderedDict[Any, Network] = OrderedDict()
        self._runners: OrderedDict[Any, Runner] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        # A copy makes its own networks and runners: copied arrays would share no memory.
        own: dict[str, Any] = {"_networks": OrderedDict(), "_runners": OrderedDict()}
        own |= {"_moving": set(), "_training": False}
        return {**vars(self), **own}

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        Args:
            optimizer: Name or instance; see ``mg.optimizers``.
            loss: Name, instance or function; see ``mg.losses``. For several outputs a list, or
                a dictionary by their names; the sum is made small.
            loss_weights: How much the loss of each output counts in the sum, likewise.
            metrics: List of names, instances or functions; see ``mg.metrics``. For several
                outputs a list of lists, or a dictionary.
            weighted_metrics: Not covered.
            run_eagerly: Whether to walk the graph node by node.
            steps_per_execution: Not covered.
            jit_compile: Has no meaning here.
            auto_scale_loss: Has no meaning here.

        Raises:
            ValueError: For names and arguments that are not covered.
        """
        if self._training:
            raise RuntimeError(f"{title(self)} is being trained: compile it before fit or after")
        lookup.refuse(
            "compile",
            weighted_metrics=(weighted_metrics, None, []),
            steps_per_execution=(steps_per_execution, 1),
        )
        new_optimizer = optimizers.get(optimizer)
        new_loss, found = self._losses(loss, loss_weights), self._metrics(metrics)
        if new_loss is not None and new_loss.reduction == "none":
            raise ValueError(f"compile: {new_loss.name} with reduction='none' is no single number")
        self.optimizer, self.loss = new_optimizer, new_loss
        self._metric_names = found
        self._counters, self._remarked = None, False
        self.run_eagerly = bool(run_eagerly)
        self._forget()

    def _losses(self, loss: Any, weights: Any) -> losses.Loss | None:
        """The loss, or those of several outputs."""
        if len(self._outputs) > 1 and loss is not None:
            return Together(loss, weights, self._outputs)
        lookup.refuse("compile: of one output", loss_weights=(alone(weights), None, 1, 1.0))
        loss = alone(loss)
        return None if loss is None else losses.get(loss)

    def _metrics(self, metrics: Any) -> list[Any]:
        """The metrics, or a list of them for each of several outputs, checked."""
        if (several := len(self._outputs) > 1) and metrics:
            names = [tensor.name for tensor in self._outputs]
            found = for_each(names, metrics, "compile: metrics")
            if not isinstance(metrics, (list, tuple, dict)):
                raise ValueError(f"compile: metrics is a list for each output, got {metrics!r}")
        else:
            if isinstance(alone(metrics), (list, tuple)):
                metrics = alone(metrics)  # a list for each output, of which there is one
            if not isinstance(metrics, (list, tuple)) and metrics is not None:
                raise ValueError(
                    f"compile: metrics is a list such as ['accuracy'], got {metrics!r}"
                )
            found = list(metrics or ())
        for each in found:
            for metric in each if isinstance(each, (list, tuple)) else [each]:
                if metric is not None or not several:
                    metrics_module.check(metric)
        return found

    def _check_compiled(self, method: str) -> None:
        """Refuse what needs an optimizer and a loss if there is none."""
        if self.optimizer is None:
            raise ValueError(f"{title(self)}: call model.compile(optimizer, loss) before {method}")
        if self.loss is None:
            raise ValueError(f"{title(self)}: {method} needs a loss: model.compile(…, loss=…)")

    # -- graphs and runners ---------------------------------------------------------------
    def network(
        self,
        batch_size: int,
        training: bool = False,
        with_loss: bool = True,
        input_dtype: Any = None,
        weighted: tuple[int, ...] | None = None,
    ) -> Network:
        """The graph for batches of one size; the weights are shared by all graphs.

        Args:
            batch_size: How many samples.
            training: Whether the graph is for training: whether dropout drops.
            with_loss: Whether it ends in the loss, if the model is compiled.
            input_dtype: Dtype of the samples; the model's by default.
            weighted: Shape of what a sample counts in the loss, ``()`` for a number; by default
                all count alike.

        Returns:
            The network.

        Raises:
            ValueError: When the model does not know the shape of its input yet, or no gradient
                would reach a weight.

        Example:
            >>> import minigrad as mg
            >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, name="d")])
            >>> model.network(32).outputs
            <Add "d" shape=(32, 2) dtype=float32 value=None gradient=None>
        """
        batch_size = whole("network", "batch_size", batch_size)
        if not self.built or not self._inputs:
            raise ValueError(
                f"{title(self)} is not built yet: put mg.Input(shape) first, or call "
                "model.build((None, …)) with the shape of a batch"
            )
        dtype = np.dtype(input_dtype or self._entry_dtype())
        with_loss = with_loss and self.loss is not None
        use = batch_size, training, with_loss, dtype, weighted
        before = self._settings()
        if (*use, before) not in self._networks:
            shape = (batch_size, *self._entry_shape())
            inputs = Constant(np.zeros(shape, dtype), name="inputs")
            apart = self._computed(inputs, training)
            outputs = joined(apart) if self._several[1] else apart
            if not outputs.inputs and outputs is not inputs:
                outputs = outputs + 0  # numbers that are always the same: what is asked is computed
            targets = loss = None
            ends: list[Node] = [outputs]
            others: tuple[Constant, ...] = ()
            if with_loss and self.loss is not None:
                self._remark()
                targets = self.loss._targets(outputs)
                if weighted is not None:
                    ones = np.ones((batch_size, *weighted), outputs.dtype)
                    others = (Constant(ones, name="sample_weight"),)
                loss = self.loss(targets, apart, *others)
                if costs := self.losses:
                    loss = loss + reduce(add, costs)
                ends.append(loss)
            order = topological_sort(*ends)
            if training and loss is not None:
                self._check_gradients(order)
            self._moving |= {(part, name) for part, name, _ in {*self._settings()} - {*before}}
            before = self._settings()
            self._networks[*use, before] = Network(inputs, targets, outputs, loss, order, others)
        return recent(self._networks, (*use, before))

    def _settings(self) -> tuple[Any, ...]:
        """What has been set at the layers and the loss: rates, activations, strides, …"""
        parts: list[Any] = [part for part in tree(self) if not isinstance(part, Functional)]
        return settings_of([*parts, *([] if self.loss is None else [self.loss])], self._moving)

    def _check_gradients(self, order: Sequence[Node]) -> None:
        """Whether gradients of the loss, the last node, reach the weights that are trained."""
        reached = with_gradient(order)
        missed = [w.name or w.title for w in self.trainable_weights if w not in reached]
        if missed and reached.isdisjoint(self.trainable_weights):
            raise ValueError(
                f"{title(self)}: no gradient of the loss reaches a weight, so nothing would be "
                "learned; truth values, whole numbers and constants have none"
            )
        if missed and missed != self._missed:
            self._missed = missed  # said once, not for each batch size
            warnings.warn(
                f"{title(self)}: no gradient of the loss reaches {', '.join(missed)}", stacklevel=4
            )

    def _remark(self) -> None:
        """Warn where the last layer's activation and the loss are probably not meant together."""
        last = self._outputs[0]._layer if self._outputs else None
        name = getattr(getattr(last, "activation", None), "__name__", "")
        remark = self.loss._remark(name) if self.loss and name in activations.NAMES else ""
        if remark and not self._remarked:
            self._remarked = True
            warnings.warn(remark.format(layer=title(last)), stacklevel=4)

    def _runner(
        self,
        batch_size: int,
        training: bool = False,
        with_loss: bool = True,
        input_dtype: Any = None,
    ) -> Runner:
        """What computes the network of these arguments; see :meth:`network`."""
        return self._runners_for(training, with_loss)(batch_size, input_dtype)

    def _runners_for(self, training: bool, with_loss: bool) -> Callable[..., Runner]:
        """What gives the runner for a batch; asked in every step of a loop."""
        costing = self.trainable_weights if training or with_loss else []
        use = training, with_loss, self.run_eagerly, tuple(map(id, costing)), self._settings()

        def runner(
            size: int, input_dtype: Any = None, weighted: tuple[int, ...] | None = None
        ) -> Runner:
            key = size, input_dtype, weighted, get_threads(), use
            if key not in self._runners:
                given = training, with_loss, input_dtype, weighted
                if self.run_eagerly:
                    network = self.network(size, *given)
                    trained = self._trained(network) if training else []
                    self._runners[key] = Eager(network, trained, self.optimizer)
                else:
                    self._runners[key] = self._planned(size, *given)
            return recent(self._runners, key)

        return runner

    def _release(self) -> None:
        """Let all runners forget the data set."""
        with self._lock:
            for runner in self._runners.values():
                runner.release()

    def _planned(self, batch_size: int, training: bool, *given: Any) -> engine.Plan:
        """A runner that goes by a plan; arguments as of :meth:`network`."""

        def build(size: int) -> Network:
            return self.network(size, training, *given)

        trained = self._trained(build(batch_size)) if training else []
        return engine.Plan(build, batch_size, trained, self.optimizer, training)

    def _trained(self, network: Network) -> list[Variable]:
        """The weights that a step changes: as in Keras, none that no gradient reaches."""
        reached = with_gradient(network.order)
        return [weight for weight in self.trainable_weights if weight in reached]

    def plan(self, batch_size: int = 32, training: bool = True) -> PlanTable:
        """The plan by which batches of this size are computed, to be read as a table.

        Args:
            batch_size: How many samples.
            training: Whether of a step of training, if the model is compiled, or of
                prediction.

        Returns:
            A plan: kernels, nodes, shapes, memory and operations, and what they add up to. The
            kernel ``recorded`` is an operator's own two methods, as the NumPy calls that they
            make; ``reference`` calls the two methods themselves.
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
               1  dense   matmul + add + relu (d)  8×2    value of relu and 1 more              128    128
            Memory: 320 bytes; 384 if no two buffers shared a place (17% less)
            Products: 128 floating-point operations
            One kernel together: matmul + add + relu
            >>> mg.set_threads(None)
        """
        from minigrad.display.plan_table import PlanTable  # only who asks for it needs it

        batch_size = whole("plan", "batch_size", batch_size)
        training = training and self.optimizer is not None and self.loss is not None
        if self.run_eagerly:  # the model walks the graph; this is what it would do otherwise
            return PlanTable(self._planned(batch_size, training, training))
        with self._lock:
            runner: Any = self._runner(batch_size, training, training)
        return PlanTable(runner)

    def _entry_dtype(self, x: np.ndarray | None = None) -> np.dtype:
        """The dtype in which samples enter the graph."""
        given = [tensor._layer._given_dtype for tensor in self._inputs]
        if len(given) == 1 and given[0] is not None:
            return given[0]
        first = [type(t._layer) for t in self._between if not {*t._inputs}.isdisjoint(self._inputs)]
        if x is not None and x.dtype == np.uint8 and set(first) == {Rescaling}:
            return x.dtype  # pictures, which become numbers of the network there
        return np.result_type(self.dtype, *(each for each in given if each and each.kind == "f"))

    # -- several inputs and outputs ---------------------------------------------------------
    # Several inputs come in as one array, each sample's numbers in a row; so do several outputs go
    # out. The graph takes them apart and puts them together, and everything else knows one of each.
    def _entry_shape(self) -> tuple[int, ...]:
        """Shape of one sample as it enters the graph."""
        if not self._several[0]:
            return self._inputs[0].shape[1:]
        return (sum(size(tensor) for tensor in self._inputs),)

    def _packed_shape(self) -> tuple[Any, ...]:
        """Shape of a batch of predictions as it leaves the graph."""
        if not self._several[1]:
            return self.output_shape
        return (None, sum(size(tensor) for tensor in self._outputs))

    def _computed(self, inputs: Node, training: bool) -> Any:
        """The graph from the batch to the predictions, a list of those of several outputs."""
        batch, given = inputs.shape[0], inputs
        if self._several[0]:
            ends = np.cumsum([0, *(size(tensor) for tensor in self._inputs)])
            given = [
                np.reshape(inputs[:, a:b], (batch, *tensor.shape[1:]))
                for tensor, (a, b) in zip(self._inputs, pairwise(ends.tolist()), strict=True)
            ]  # type: ignore[assignment]
        taken = inspect.signature(self.call).parameters
        return self.call(given, **({"training": training} if "training" in taken else {}))

    # -- metrics --------------------------------------------------------------------------
    def _prepare_counters(self) -> Counters:
        """Choose the metrics, now that the shapes of targets and predictions are known."""
        if self._counters is None:
            assert self.loss is not None
            shape = self._packed_shape()
            if isinstance(self.loss, Together):
                named = self._metric_names or [None] * len(self._outputs)
                self._counters = SeveralCounters(self.loss, named)
            else:
                targets = shape[:-1] if self.loss._whole_numbers else shape
                self._counters = Counters(self._metric_names, targets, shape)
        return self._counters

    @contextmanager
    def _counting(self) -> Iterator[Counters]:
        """The model's counters, or others like them while another thread counts with these."""
        counters = self._prepare_counters()
        if self._counting_lock.take_if_free():
            try:
                yield counters
            finally:
                self._counting_lock.release()
        else:
            yield counters.another()


def joined(parts: Sequence[Any]) -> Any:
    """The predictions of several outputs in one node, each sample's numbers in a row."""
    flat: Any = [np.reshape(part, (part.shape[0], -1)) for part in parts]
    return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)


def alone(value: Any) -> Any:
    """The only item of a list, as scripts write it for a model's only output."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def size(tensor: KerasTensor) -> int:
    """How many numbers a sample has there."""
    return math.prod(tensor.shape[1:])


def recent(kept: OrderedDict[Any, Any], key: Any) -> Any:
    # the one asked for, which becomes the last to be thrown away
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
    return kept[key]


def with_gradient(order: Sequence[Node]) -> set[Node]:
    """The nodes that a gradient of the last one reaches."""
    reached = {order[-1]}
    for node in reversed(order):
        if node in reached and node.needs_gradient:
            reached.update(node.inputs)
    return reached
