"""Models with several outputs: a loss for each of them, of which the weighted sum is made small.

Targets come in as one array, each sample's numbers in a row, as predictions go out; class numbers
become one-hot rows there, and the sparse cross-entropy the one of such rows, which is the same.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from minigrad import losses
from minigrad.graph import Constant, Node
from minigrad.losses import CategoricalCrossentropy, Loss, SparseCategoricalCrossentropy
from minigrad.metrics.base import Loss as Mean
from minigrad.metrics.base import Metric
from minigrad.model.counting import Counters
from minigrad.model.packing import Packing
from minigrad.model.samples import as_samples, as_weights
from minigrad.model.steps import Runner
from minigrad.shared import lookup
from minigrad.shared.arguments import number


def for_each(names: Sequence[str], given: Any, what: str) -> list[Any]:
    """What ``compile`` was given, for each output: by name, in a row, or the same for all.

    Args:
        names: The names of the outputs.
        given: A dictionary by name, a list or a tuple, or one thing for all.
        what: What it is, for the error.

    Returns:
        As many as there are outputs; ``None`` where nothing was given.

    Raises:
        ValueError: For a name that no output has, or a list of another length.

    Example:
        >>> from minigrad.model.several import for_each
        >>> for_each(["a", "b"], {"b": "mse"}, "loss"), for_each(["a", "b"], "mse", "loss")
        ([None, 'mse'], ['mse', 'mse'])
    """
    if isinstance(given, dict) and not lookup.is_told(given):
        if unknown := [name for name in given if name not in names]:
            raise ValueError(f"{what}: no output is called {unknown[0]!r}; there are {names}")
        return [given.get(name) for name in names]
    if not isinstance(given, (list, tuple)):
        return [given] * len(names)
    if len(given) != len(names):
        raise ValueError(f"{what}: {len(given)} were given, for the outputs {', '.join(names)}")
    return list(given)


class Together(Loss):
    """A loss for each output; the weighted sum is made small.

    Args:
        given: Losses as ``compile`` was given them.
        weights: How much each counts; 1 by default.
        outputs: The tensors of a model.

    Raises:
        ValueError: For what is no loss, or no weight.

    Attributes:
        parts: The losses; ``None`` for an output that has none.
        weights: How much each counts.
    """

    def __init__(self, given: Any, weights: Any, outputs: Sequence[Any]) -> None:
        super().__init__("loss")
        self.names = [tensor.name for tensor in outputs]
        self.shapes = [tensor.shape[1:] for tensor in outputs]
        self.packing = Packing(self.shapes)
        self.parts: list[Any] = [
            None if each is None else losses.get(each)
            for each in for_each(self.names, given, "loss")
        ]
        self.weights = [
            1.0 if each is None else number("compile", "loss_weights", each)
            for each in for_each(self.names, weights, "loss_weights")
        ]
        for part in self.parts:
            if is_sparse(part):
                of_rows(part)  # refused before the first step, if at all
            if part is not None and part.reduction == "none":
                raise ValueError(f"compile: {part.name} with reduction='none' is no single number")

    @property
    def rows(self) -> list[Any]:
        """The losses as they meet one-hot rows, with what is set at them by now."""
        return [of_rows(part) if is_sparse(part) else part for part in self.parts]

    def pack(self, y: Any, what: str) -> np.ndarray:
        """The targets of all outputs in one array, checked."""
        rows: list[Any] = []
        given = zip(self.names, self.shapes, self.parts, strict=True)
        for each, (name, shape, part) in zip(
            for_each(self.names, y, f"{what}: y"), given, strict=True
        ):
            if each is None or part is None:
                rows.append(None)
                continue
            array, _ = as_samples(each, None, f"{what}: y of {name!r}")
            array = part._check_targets(array, (None, *shape))
            if is_sparse(part):
                array = array[..., np.newaxis] == np.arange(shape[-1])
            rows.append(array)
        lengths = {len(row) for row in rows if row is not None}
        if len(lengths) != 1 or any(r is None for r, p in zip(rows, self.parts, strict=True) if p):
            raise ValueError(f"{what}: y is a list of targets, as many of each, for {self.names}")
        pairs = zip(rows, self.shapes, strict=True)
        return self.packing.pack(np.zeros((*lengths, *s)) if r is None else r for r, s in pairs)

    def pack_weights(self, given: Any, samples: int, dtype: Any, what: str) -> np.ndarray:
        """How much each sample counts in the loss of each output, in columns; all alike for None."""
        columns = [
            as_weights(np.ones(samples) if each is None else each, (samples,), dtype, what)
            for each in for_each(self.names, given, f"{what}: sample_weight")
        ]
        return np.stack(columns, axis=1)

    def each(self, y_true: Any, y_pred: Sequence[Any], weights: Any = None) -> list[Any]:
        """The losses, of targets in one and predictions apart."""
        given = zip(self.rows, self.packing.split(y_true), y_pred, strict=True)
        return [
            None if part is None else part(t, p, None if weights is None else weights[:, i])
            for i, (part, t, p) in enumerate(given)
        ]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The sum, of targets in one and a list of predictions."""
        weighed = zip(self.weights, self.each(y_true, y_pred, sample_weight), strict=True)
        return reduce(add, [weight * each for weight, each in weighed if each is not None])

    def _targets(self, predictions: Node) -> Constant:
        return Constant(np.zeros(predictions.shape, predictions.dtype), name="targets")


def is_sparse(part: Loss | None) -> bool:
    return part is not None and part._whole_numbers


def of_rows(part: Any) -> CategoricalCrossentropy:
    """The loss that does with one-hot rows what this one does with class numbers."""
    if type(part) is not SparseCategoricalCrossentropy:
        raise ValueError(
            f"compile: {part.name} takes class numbers; of several outputs only "
            "SparseCategoricalCrossentropy itself may. One of your own takes one-hot rows there"
        )
    return CategoricalCrossentropy(part.from_logits, reduction=part.reduction)


class SeveralCounters(Counters):
    """The loss, and what is counted of each output, that of its own loss included.

    Args:
        loss: The losses.
        named: The metrics, for each output.
    """

    def __init__(self, loss: Together, named: Any) -> None:
        self.loss, self.of = loss, list[Counters]()
        found: dict[str, Metric] = {"loss": Mean("loss")}
        others: dict[str, Metric] = {}
        for given, name, part, shape in zip(
            named, loss.names, loss.parts, loss.shapes, strict=True
        ):
            wanted = given if isinstance(given, (list, tuple)) else [given]
            targets = shape[:-1] if is_sparse(part) else shape
            batches = (1, *targets), (1, *shape)
            counters = Counters([each for each in wanted if each is not None], *batches)
            self.of.append(counters)
            if part is not None:
                counters.metrics[0].name = f"{name}_loss"
                found[f"{name}_loss"] = counters.metrics[0]
            pairs = zip(counters.keys[1:], counters.metrics[1:], strict=True)
            others |= {f"{name}_{key}": metric for key, metric in pairs}
        found |= {key: others[key] for key in sorted(others)}  # as Keras tells them
        self.keys, self.metrics = list(found), list(found.values())

    def count(self, runner: Runner) -> None:
        assert runner.targets is not None
        self.metrics[0].update_state(runner.loss, len(runner.outputs))
        targets, outputs = map(self.loss.packing.split, (runner.targets, runner.outputs))
        losses = self.loss.each(runner.targets, outputs, runner.weights)
        for counters, part, *batch in zip(
            self.of, self.loss.parts, losses, targets, outputs, strict=True
        ):
            if is_sparse(part):
                batch[1] = batch[1].argmax(axis=-1)
            counters.take(*batch)
