"""Accuracies: which part of the samples is predicted right."""

from __future__ import annotations

import numpy as np

from minigrad.metrics.base import Metric, OfNumbers
from minigrad.shared.arguments import number, title

__all__ = ["BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy"]


def part(hit: np.ndarray) -> float:
    # how many samples were hit; one with several numbers counts in part
    return int(np.count_nonzero(hit)) * len(hit) / max(hit.size, 1)


class OfClasses(Metric):
    """A comparison of classes: the most probable one, and the right one."""

    direction = "up"

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        hit = self._keep("hit", y_pred.shape[:-1], np.bool_)
        np.equal(self._classes("right", y_true), self._classes("guess", y_pred), out=hit)
        return part(hit)

    def _classes(self, what: str, rows: np.ndarray) -> np.ndarray:
        """The place of the largest number in each row."""
        classes = self._keep(what, rows.shape[:-1], np.intp)
        if not rows.flags.c_contiguous:  # NumPy would make the rows anew if they lie otherwise
            straight = self._keep(f"rows of {what}", rows.shape, rows.dtype)
            np.copyto(straight, rows)
            rows = straight
        return np.argmax(rows, axis=-1, out=classes)


class CategoricalAccuracy(OfClasses, OfNumbers):
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


class SparseCategoricalAccuracy(OfClasses):
    """Part of the samples whose most probable class is the label, for whole-number labels.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> accuracy = mg.metrics.SparseCategoricalAccuracy()
        >>> accuracy.update_state(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]]))
        >>> accuracy.result()
        0.5
    """

    def _classes(self, what: str, rows: np.ndarray) -> np.ndarray:
        return rows if what == "right" else super()._classes(what, rows)

    def _pair(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wanted = y_pred.shape[:-1]
        if y_pred.ndim == 0 or y_true.shape not in (wanted, (*wanted, 1)):
            raise ValueError(
                f"{title(self)}: labels have shape {y_true.shape}, predictions {y_pred.shape}; "
                "wanted is one label for each row of predictions"
            )
        return y_true.reshape(wanted), y_pred

    def _fits(self, target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bool:
        return target_shape == output_shape[:-1]


class BinaryAccuracy(OfNumbers):
    """Part of the numbers that lie on the right side of a threshold, for targets 0 and 1.

    As in Keras, a target that is neither 0 nor 1 is never hit.

    Args:
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.
        threshold: What counts as 1 lies above it.

    Raises:
        ValueError: When the threshold is no finite number.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> accuracy = mg.metrics.BinaryAccuracy()
        >>> accuracy.update_state(np.array([[0], [1]]), np.array([[0.2], [0.4]]))
        >>> accuracy.result()
        0.5
    """

    direction = "up"

    def __init__(self, name: str | None = None, dtype: None = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = number("BinaryAccuracy", "threshold", threshold)

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        hit = self._keep("hit", y_pred.shape, np.bool_)
        limit = self._keep("limit", (), y_pred.dtype)
        limit.fill(self.threshold)
        np.greater(y_pred, limit, out=hit)
        guess = self._keep("guess", y_pred.shape, y_true.dtype)  # of one dtype: no array is made
        np.copyto(guess, hit)
        return part(np.equal(y_true, guess, out=hit))
