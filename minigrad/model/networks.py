"""What a graph of layers becomes for a batch size: a network, a graph of nodes of its own.

All of a model's networks share its weights.
"""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from minigrad import activations
from minigrad.engine.network import Network
from minigrad.graph import Constant, Node, topological_sort
from minigrad.layers import Rescaling
from minigrad.layers.base import only
from minigrad.layers.building import tree
from minigrad.model.compiled import Compiled
from minigrad.model.functional import Functional
from minigrad.model.noticed import settings_of
from minigrad.model.several import Together
from minigrad.shared.arguments import title, whole
from minigrad.shared.results import building

KEPT = 8  # networks of different batch sizes that are kept for the next time


class Networks(Compiled):
    """A graph of layers, and the graphs of nodes for its batches."""

    _missed: list[str]  # weights that no gradient reaches, as far as they were spoken of

    def _forget(self) -> None:
        """Throw away the networks, which are made anew when they are next wanted."""
        super()._forget()
        self._moving: set[tuple[int, str]] = set()  # what building a graph changes: no settings
        self._missed = []
        self._networks: OrderedDict[Any, Network] = OrderedDict()

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
            shape = (batch_size, *self._entry.shape)
            inputs = Constant(np.zeros(shape, dtype), name="inputs")
            apart = self._computed(inputs, training)
            outputs = self._exit.pack(apart) if self._several[1] else only(self, apart)
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
        losses = [self.loss, *(self.loss.parts if isinstance(self.loss, Together) else [])]
        return settings_of([*parts, *(loss for loss in losses if loss is not None)], self._moving)

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

    def _computed(self, inputs: Node, training: bool) -> Any:
        """The graph from the batch to the predictions, a list of those of several outputs."""
        given = self._one_of(self._entry.split(inputs), self._several[0])
        taken = inspect.signature(self.call).parameters
        token = building.set(True)
        try:
            return self.call(given, **({"training": training} if "training" in taken else {}))
        finally:
            building.reset(token)

    def _entry_dtype(self, x: np.ndarray | None = None) -> np.dtype:
        """The dtype in which samples enter the graph."""
        given = [tensor._layer._given_dtype for tensor in self._inputs]
        if len(given) == 1 and given[0] is not None:
            return given[0]
        first = [type(t._layer) for t in self._between if not {*t._inputs}.isdisjoint(self._inputs)]
        if x is not None and x.dtype == np.uint8 and set(first) == {Rescaling}:
            return x.dtype  # pictures, which become numbers of the network there
        return np.result_type(self.dtype, *(each for each in given if each and each.kind == "f"))


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
