"""Metrics: numbers that people look at, counted up batch by batch.

A metric is not differentiated, so it may count where a loss has to be smooth. After the
first batch of a shape no array is made any more.

Example:
    >>> import numpy as np, minigrad as mg
    >>> accuracy = mg.metrics.CategoricalAccuracy()
    >>> accuracy.update_state(np.eye(2), np.array([[0.9, 0.1], [0.6, 0.4]]))
    >>> accuracy.result()
    0.5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.shared import lookup
from minigrad.shared.arguments import default_name

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "Mean",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "get",
]


class Metric:
    """A mean over all samples seen since the last reset; the base class of all metrics.

    A metric of one's own defines ``total_of(y_true, y_pred)``.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Raises:
        ValueError: For a dtype.

    Attributes:
        direction: ``"up"`` where more is better, ``"down"`` where less is.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Positive(mg.metrics.Metric):
        ...     def total_of(self, y_true, y_pred):
        ...         return np.count_nonzero(y_pred > 0)
        >>> metric = Positive("positive")
        >>> metric.update_state(np.zeros(4), np.array([1.0, -1.0, 2.0, 3.0]))
        >>> metric.result()
        0.75
    """

    direction = "up"

    def __init__(self, name: str | None = None, dtype: None = None) -> None:
        lookup.refuse(type(self).__name__, dtype=(dtype, None))
        self.name = name or default_name(type(self))
        self.scratch: dict[Any, np.ndarray] = {}
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all samples."""
        self.total, self.count = 0.0, 0

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Count a batch.

        Args:
            y_true: Targets, an array of shape (batch, …).
            y_pred: Predictions, an array of shape (batch, …).
        """
        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        self.total += float(self.total_of(y_true, y_pred))
        self.count += len(y_pred)

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        """The sum of the metric over the samples of a batch."""
        raise NotImplementedError(f"{type(self).__name__} has no total_of method yet")

    def result(self) -> float:
        """The mean over all samples counted; 0 before the first."""
        return self.total / self.count if self.count else 0.0

    def keep(self, what: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """An array that is made once for each shape and written again in every batch."""
        if (what, shape) not in self.scratch:
            self.scratch[what, shape] = np.empty(shape, dtype)
        return self.scratch[what, shape]

    def fits(self, target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bool:
        """Whether the metric can compare targets and predictions of these shapes."""
        return target_shape == output_shape


def part(hit: np.ndarray) -> float:
    # how many samples were hit; one with several numbers counts in part
    return int(np.count_nonzero(hit)) * len(hit) / hit.size


class Mean(Metric):
    """The mean of numbers, each with a weight.

    Example:
        >>> import minigrad as mg
        >>> mean = mg.metrics.Mean()
        >>> mean.add(1.0, 128)
        >>> mean.add(2.0, 384)
        >>> mean.result()
        1.75
    """

    direction = "down"

    def add(self, value: float, count: int) -> None:
        """Count a batch whose mean is known: its loss, say.

        Args:
            value: The mean over the batch.
            count: How many samples it has.
        """
        self.total += value * count
        self.count += count


class CategoricalAccuracy(Metric):
    """Part of the samples whose most probable class is the target's, for one-hot targets.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> accuracy = mg.metrics.CategoricalAccuracy()
        >>> accuracy.update_state(np.eye(2), np.array([[0.9, 0.1], [0.6, 0.4]]))
        >>> accuracy.result()
        0.5
    """

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        right = self.keep("right", y_pred.shape[:-1], np.intp)
        np.argmax(y_true, axis=-1, out=right)
        return self.hits(right, y_pred)

    def hits(self, right: np.ndarray, y_pred: np.ndarray) -> float:
        """How many samples are predicted to be of the class ``right``."""
        guess = self.keep("guess", y_pred.shape[:-1], np.intp)
        hit = self.keep("hit", y_pred.shape[:-1], np.bool_)
        rows = self.keep("predictions", y_pred.shape, y_pred.dtype)
        np.copyto(rows, y_pred)  # NumPy would make the rows anew if they lie otherwise
        np.argmax(rows, axis=-1, out=guess)
        np.equal(right, guess, out=hit)
        return part(hit)


class SparseCategoricalAccuracy(CategoricalAccuracy):
    """Part of the samples whose most probable class is the label, for whole-number labels.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> accuracy = mg.metrics.SparseCategoricalAccuracy()
        >>> accuracy.update_state(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]]))
        >>> accuracy.result()
        0.5
    """

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return self.hits(y_true.reshape(y_pred.shape[:-1]), y_pred)

    def fits(self, target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bool:
        return target_shape == output_shape[:-1]


class BinaryAccuracy(Metric):
    """Part of the numbers that lie on the right side of a threshold, for targets 0 and 1.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.
        threshold: What counts as 1 lies above it.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> accuracy = mg.metrics.BinaryAccuracy()
        >>> accuracy.update_state(np.array([[0], [1]]), np.array([[0.2], [0.4]]))
        >>> accuracy.result()
        0.5
    """

    def __init__(self, name: str | None = None, dtype: None = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        hit = self.keep("hit", y_pred.shape, np.bool_)
        wanted = self.keep("wanted", y_pred.shape, np.bool_)
        limit, zero = self.keep("limit", (), y_pred.dtype), self.keep("zero", (), y_true.dtype)
        limit.fill(self.threshold)
        zero.fill(0)
        np.greater(y_pred, limit, out=hit)
        np.not_equal(y_true, zero, out=wanted)
        np.equal(hit, wanted, out=hit)
        return part(hit)


class MeanSquaredError(Metric):
    """The mean of (t − p)² over all numbers.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> error = mg.metrics.MeanSquaredError()
        >>> error.update_state(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]))
        >>> error.result()
        5.0
    """

    direction = "down"

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        difference = self.keep("difference", y_pred.shape, y_pred.dtype)
        np.subtract(y_true, y_pred, out=difference)
        np.square(difference, out=difference)
        total = self.keep("total", (), y_pred.dtype)
        np.add.reduce(difference, axis=None, out=total)
        return float(total) * len(difference) / difference.size


class FromFunction(Metric):
    """A student's function of arrays (y_true, y_pred), with a number for each sample."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(getattr(function, "__name__", "metric"))
        self.function = function

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return float(np.mean(self.function(y_true, y_pred))) * len(y_pred)

    def fits(self, target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bool:
        return True


NAMES: dict[str, type[Metric]] = lookup.with_class_names(
    {
        "categorical_accuracy": CategoricalAccuracy,
        "sparse_categorical_accuracy": SparseCategoricalAccuracy,
        "binary_accuracy": BinaryAccuracy,
        "mean_squared_error": MeanSquaredError,
        "mse": MeanSquaredError,
        "MSE": MeanSquaredError,
    }
)
SHORT = ("accuracy", "acc")  # which accuracy it is, the shapes tell


def check(identifier: Any) -> None:
    """Refuse what is no metric, before there are shapes.

    Raises:
        ValueError: When there is no metric of that name.
    """
    if isinstance(identifier, str):
        known = {**NAMES, **dict.fromkeys(SHORT, Metric)}
        lookup.find("metric", identifier, known, shown=["accuracy", *NAMES])
    elif not isinstance(identifier, Metric) and not callable(identifier):
        raise ValueError(f"a metric is a name, a Metric or a function, got {identifier!r}")


def get(
    identifier: Any, target_shape: tuple[int, ...] = (1, 1), output_shape: tuple[int, ...] = (1, 1)
) -> Metric:
    """The metric of that name for targets and predictions of these shapes.

    Args:
        identifier: A name such as ``"accuracy"`` (which one, the shapes tell), a metric, or
            a function of arrays (y_true, y_pred) with a number for each sample.
        target_shape: Shape of the targets of a batch.
        output_shape: Shape of the predictions of a batch.

    Returns:
        A metric, under the name that was given.

    Raises:
        ValueError: When there is no metric of that name, or it does not fit the shapes.

    Example:
        >>> import minigrad as mg
        >>> type(mg.metrics.get("accuracy", (32,), (32, 10))).__name__
        'SparseCategoricalAccuracy'
        >>> type(mg.metrics.get("accuracy", (32, 10), (32, 10))).__name__
        'CategoricalAccuracy'
    """
    check(identifier)
    if identifier in SHORT:
        if output_shape[-1] == 1:
            metric: Metric = BinaryAccuracy(identifier)
        elif len(target_shape) < len(output_shape):
            metric = SparseCategoricalAccuracy(identifier)
        else:
            metric = CategoricalAccuracy(identifier)
    elif isinstance(identifier, str):
        metric = NAMES[identifier](name=identifier)
    elif isinstance(identifier, type) and issubclass(identifier, Metric):
        metric = identifier()
    elif isinstance(identifier, Metric):
        metric = identifier
    else:
        metric = FromFunction(identifier)
    if not metric.fits(target_shape, output_shape):
        raise ValueError(
            f"metric {metric.name!r} does not fit targets of shape {target_shape} and "
            f'predictions of shape {output_shape}; "accuracy" chooses the right one'
        )
    return metric


def __getattr__(name: str) -> Any:
    raise AttributeError(lookup.missing("metrics", name, __all__))
