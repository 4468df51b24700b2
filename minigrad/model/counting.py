"""What is counted while a model trains or is tested: the loss, and the metrics named."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from minigrad import metrics
from minigrad.graph import Node
from minigrad.metrics.base import Loss, Metric
from minigrad.model.steps import Runner

Logs = dict[str, float]


class Counters:
    """The loss and the metrics of a model, for targets and predictions of known shapes.

    Args:
        named: The metrics as ``compile`` was given them.
        target_shape: Shape of the targets of a batch.
        output_shape: Shape of the predictions of a batch.

    Raises:
        ValueError: When a metric does not fit the shapes.

    Attributes:
        metrics: The metrics; the loss is the first.
        keys: What each is called in the history: its name, and a number where two are alike.

    Example:
        >>> from minigrad.model.counting import Counters
        >>> Counters(["accuracy", "accuracy"], (8, 3), (8, 3)).keys
        ['loss', 'accuracy', 'accuracy_1']
    """

    def __init__(
        self, named: Sequence[Any], target_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> None:
        found = [metrics.get(name, target_shape, output_shape) for name in named]
        self.metrics: list[Metric] = [Loss("loss"), *found]
        self.keys: list[str] = []
        for metric in self.metrics:
            same = sum(key == metric.name for key in self.keys)
            alike = sum(other.name == metric.name for other in self.metrics[: len(self.keys)])
            self.keys.append(f"{metric.name}_{alike}" if same else metric.name)

    def reset(self) -> None:
        """Forget what was counted."""
        for metric in self.metrics:
            metric.reset_state()

    def count(self, runner: Runner) -> None:
        """Count a step."""
        self.take(runner.loss, runner.targets, runner.outputs)

    def take(self, loss: Any, targets: Any, outputs: np.ndarray) -> None:
        """Count a batch; its loss, a mean over the samples, weighs as much as they are."""
        mean, *others = self.metrics
        if loss is not None:
            mean.update_state(float(loss), len(outputs))
        for metric in others:
            metric.update_state(*handed(metric, targets, outputs))

    def logs(self) -> Logs:
        """The metrics counted so far, in Keras's order: by name."""
        counted = zip(self.keys, self.metrics, strict=True)
        return {
            key: number(metric.result())
            for key, metric in sorted(counted, key=lambda pair: pair[0])
        }

    shown = logs  # by the progress line

    def results(self, logs: Logs, return_dict: bool) -> Any:
        """The metrics as Keras returns them: a dictionary, a list or the loss alone."""
        if return_dict:
            return logs
        numbers = [logs[key] for key in self.keys]  # the loss is the first
        return numbers if len(numbers) > 1 else numbers[0]

    def another(self) -> Self:
        """Counters of the same metrics that have counted nothing."""
        new = copy.deepcopy(self)
        new.reset()
        return new


def handed(metric: Metric, *arrays: Any) -> Any:
    """What a metric counts: a reader's own may keep it, and write into it."""
    ours = type(metric).__module__.startswith("minigrad.")
    return arrays if ours else map(np.array, arrays)


def number(value: Any) -> float:
    """What a metric has counted, as a number: one of one's own may tell a variable."""
    return float(value.numpy() if isinstance(value, Node) else value)


class Predictions:
    """What comes out of ``predict``, step by step.

    Args:
        unpacked: Takes the predictions of several outputs apart.
    """

    def __init__(self, unpacked: Callable[[np.ndarray], Any]) -> None:
        self.unpacked = unpacked
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.parts: list[np.ndarray] = []

    def shown(self) -> Logs:
        """What the progress line shows."""
        return {}

    def count(self, runner: Runner) -> None:
        """Keep the predictions of a step."""
        self.parts.append(np.array(runner.outputs))

    def logs(self) -> dict[str, Any]:
        """The predictions of the last step, as the hooks are told them."""
        return {"outputs": self.unpacked(np.array(self.parts[-1]))}

    def result(self) -> Any:
        """All of them, of shape (samples, …)."""
        return self.unpacked(np.concatenate(self.parts))
