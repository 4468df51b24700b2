"""What every metric has: a name, a count of the samples, and targets that must fit."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minigrad import initializers
from minigrad.graph import Node, Variable
from minigrad.shared import lookup
from minigrad.shared.arguments import default_name, real, title
from minigrad.shared.results import Number
from minigrad.shared.settings import Configured, argument, not_covered
from minigrad.shared.showing import as_call

__all__ = ["Mean", "Metric"]


NAME = argument(default=None, usual=lambda metric: default_name(type(metric)))
DTYPE = not_covered(None, "float32")
MOST = 16  # arrays that are kept to be written again


class Metric(Configured):
    """A mean over all samples seen since the last reset; the base class of all metrics.

    A metric of one's own defines ``total_of(y_true, y_pred)``.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Raises:
        ValueError: For a dtype.

    Attributes:
        direction: ``"up"`` where more is better, ``"down"`` where less is, ``None`` where
            nobody has said so: callbacks that watch it then ask for ``mode=``.

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

    direction: str | None = None
    __repr__ = as_call

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "result" in vars(cls):  # of one's own, which may be a formula of variables
            cls.result = told(cls.result)  # type: ignore

    name: str = NAME
    dtype: None = DTYPE

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._scratch: dict[Any, np.ndarray] = {}
        self.variables: list[Variable] = []
        Metric.reset_state(self)

    def reset_state(self) -> None:
        """Forget all samples."""
        self._total, self._count = 0.0, 0.0
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Something to count with, for metrics of one's own that update and tell it themselves.

        Args:
            shape: How many numbers.
            initializer: What they are at first, see ``mg.initializers``; a reset makes them 0.
            dtype: Has no meaning here.
            name: What to call it.
        """
        start = initializers.get(initializer)(shape, np.float64)
        self.variables.append(Variable(start, name))
        return self.variables[-1]

    add_variable = add_weight  # Keras has both names

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: None = None) -> None:
        """Count a batch.

        Args:
            y_true: Targets, an array of shape (batch, …).
            y_pred: Predictions, an array of shape (batch, …).
            sample_weight: Not covered.

        Raises:
            ValueError: When the two do not fit.
        """
        lookup.refuse(title(self), sample_weight=(sample_weight, None))
        y_true, y_pred = self._arrays(y_true, y_pred)
        self._total += float(self.total_of(y_true, y_pred))
        self._count += len(y_pred)

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        """The sum of the metric over the samples of a batch.

        Args:
            y_true: Targets, an array of shape (batch, …).
            y_pred: Predictions, an array of shape (batch, …).
        """
        raise NotImplementedError(f"{type(self).__name__} has no total_of method yet")

    def result(self) -> float:
        """The mean over all samples counted; 0 before the first."""
        return Number(self._total / self._count if self._count else 0.0)

    def __call__(self, *batch: Any, **weights: Any) -> float:
        """Count a batch, as :meth:`update_state` does, and tell the mean so far."""
        self.update_state(*batch, **weights)
        return self.result()

    def _keep(self, what: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """An array that is made once for each shape and written again in every batch."""
        if (what, shape, dtype) not in self._scratch:
            if len(self._scratch) == MOST:  # batches of ever new sizes
                self._scratch.clear()
            self._scratch[what, shape, dtype] = np.empty(shape, dtype)
        return self._scratch[what, shape, dtype]

    def _arrays(self, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
        """Targets and predictions as arrays that can be compared."""
        y_true, y_pred = numbers(self, "targets", y_true), numbers(self, "predictions", y_pred)
        y_true, y_pred = np.atleast_1d(y_true, y_pred)  # a number is a batch of one
        return self._pair(y_true, y_pred if y_pred.dtype.kind == "f" else y_pred.astype(float))

    def _pair(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The two in shapes that can be compared."""
        return y_true, y_pred

    def _fits(self, target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bool:
        """Whether the metric can compare targets and predictions of these shapes."""
        return True


class OfNumbers(Metric):
    """A metric that compares each number with the target at the same place."""

    def _fits(self, target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bool:
        return target_shape == output_shape

    def _pair(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if y_true.shape == (*y_pred.shape, 1) or y_pred.shape == (*y_true.shape, 1):
            y_true = y_true.reshape(y_pred.shape)  # as in Keras: (batch,) and (batch, 1)
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"{title(self)}: targets have shape {y_true.shape}, predictions {y_pred.shape}"
            )
        return y_true, y_pred


class Mean(Metric):
    """The mean of numbers, each with a weight.

    Args:
        name: Its key in ``History.history``; ``"mean"`` by default.
        dtype: Not covered.

    Example:
        >>> import minigrad as mg
        >>> mean = mg.metrics.Mean()
        >>> mean.update_state(1.0, sample_weight=128)
        >>> mean.update_state(2.0, sample_weight=384)
        >>> mean.result()
        1.75
    """

    def update_state(  # type: ignore[override]
        self, values: Any, sample_weight: Any = None
    ) -> None:
        """Count numbers.

        Args:
            values: A number, or an array of shape (batch, …); a sample's numbers count as
                their mean.
            sample_weight: How much each weighs, a number or an array of shape (batch,) or
                (batch, …); 1 by default. A batch whose mean is known weighs as much as it has
                samples.

        Raises:
            ValueError: When these are no numbers, or their shapes do not fit.
        """
        if isinstance(values, float) and isinstance(sample_weight, int):  # each step's loss
            self._total += values * sample_weight
            self._count += sample_weight
            return
        values = numbers(self, "values", values).astype(float)
        weights = np.ones(values.shape[:1])
        if sample_weight is not None:
            weights = numbers(self, "sample_weight", sample_weight).astype(float)
            weights = weights.reshape(same_axes(weights.shape, values.shape))
            values = mean_from(values, weights.ndim)
            try:
                weights = np.broadcast_to(weights, values.shape)
            except ValueError:
                raise ValueError(
                    f"{title(self)}: sample_weight has shape {np.shape(sample_weight)}, "
                    f"the values {values.shape}"
                ) from None
            values, weights = values * weights, mean_from(weights, 1)
        self._total += float(np.sum(mean_from(values, 1)))
        self._count += float(np.sum(weights))


def mean_from(values: np.ndarray, axis: int) -> np.ndarray:
    """The mean over this axis and those behind it."""
    return np.mean(values, axis=tuple(range(axis, values.ndim)))


def same_axes(shape: tuple[int, ...], like: tuple[int, ...]) -> tuple[int, ...]:
    """A shape of weights with a last axis of one where (batch, 1) and (batch,) meet, as in Keras."""
    if len(shape) == len(like) + 1 and shape[-1] == 1:
        return shape[:-1]
    return (*shape, 1) if len(like) == len(shape) + 1 and like[-1] == 1 else shape


class Loss(Mean):
    """The mean of a loss over the samples: less is better."""

    direction = "down"


class FromFunction(Metric):
    """A student's function of arrays (y_true, y_pred), with a number for each sample."""

    def __init__(self, function: Callable[[Any, Any], Any], direction: str | None = None) -> None:
        super().__init__(getattr(function, "__name__", "metric"))
        self._function, self.direction = function, direction

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: None = None) -> None:
        pair = numbers(self, "targets", y_true), numbers(self, "predictions", y_pred)
        values = numbers(self, "its values", self._function(*map(np.array, pair)))
        # as in Keras: one number for a batch weighs as much as that of any other batch
        self._total += float(np.sum(values))
        self._count += values.size


def told(result: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same method, which gives the number where it has given a node."""

    @wraps(result)
    def number(metric: Any) -> Any:
        value = result(metric)
        return Number(value.numpy()) if isinstance(value, Node) and not value.shape else value

    return number


def numbers(metric: Metric, what: str, values: Any) -> np.ndarray:
    """The values, of a node or of anything that NumPy makes an array of, if they are real numbers."""
    return real(title(metric), what, values.numpy() if isinstance(values, Node) else values)
