"""Precision and recall: how many of those found are right, and how many of those right are found.

``TP / (TP + FP)`` and ``TP / (TP + FN)``, where TP counts what is said to be positive and is, FP
what is said to be and is not, FN what is and is not said to be. They are counted over all samples:
the mean of the batches' own would be another number.
"""

from typing import Any

import numpy as np

from minigrad.metrics.base import OfNumbers
from minigrad.shared import lookup
from minigrad.shared.arguments import number, title
from minigrad.shared.settings import argument, not_covered

__all__ = ["Precision", "Recall"]


class OfPositives(OfNumbers):
    """A share of positives: of those that are said to be, or of those that are."""

    direction = "up"

    thresholds: float = argument(number, None, usual=lambda _: 0.5, least=0, most=1)
    top_k: None = not_covered(None)
    class_id: None = not_covered(None)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: None = None) -> None:
        lookup.refuse(title(self), sample_weight=(sample_weight, None))
        y_true, y_pred = self._arrays(y_true, y_pred)
        said, there = (self._keep(what, y_pred.shape, np.bool_) for what in ("said", "there"))
        limit, none = self._keep("limit", (), y_pred.dtype), self._keep("none", (), y_true.dtype)
        limit.fill(self.thresholds)
        none.fill(0)
        np.greater(y_pred, limit, out=said)
        np.not_equal(y_true, none, out=there)
        self._count += int(np.count_nonzero(self._of(said, there)))
        self._total += int(np.count_nonzero(np.logical_and(said, there, out=said)))

    def _of(self, said: np.ndarray, there: np.ndarray) -> np.ndarray:
        """Which positives are counted."""
        raise NotImplementedError


class Precision(OfPositives):
    """Which part of what is said to be positive is, for targets 0 and 1.

    Args:
        thresholds: What is said to be positive lies above it: a number from 0 to 1; 0.5 by
            default. Several are not covered.
        top_k: Not covered.
        class_id: Not covered.
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Raises:
        ValueError: When the threshold is no number from 0 to 1.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> precision = mg.metrics.Precision()
        >>> precision.update_state(np.array([0, 1, 1, 1]), np.array([0.6, 0.9, 0.3, 0.8]))
        >>> round(precision.result(), 4)
        0.6667
    """

    def _of(self, said: np.ndarray, there: np.ndarray) -> np.ndarray:
        return said


class Recall(OfPositives):
    """Which part of what is positive is said to be, for targets 0 and 1.

    Args:
        thresholds: As in :class:`Precision`.
        top_k: Not covered.
        class_id: Not covered.
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Raises:
        ValueError: When the threshold is no number from 0 to 1.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> recall = mg.metrics.Recall()
        >>> recall.update_state(np.array([0, 1, 1, 1]), np.array([0.6, 0.9, 0.3, 0.2]))
        >>> round(recall.result(), 4)
        0.3333
    """

    def _of(self, said: np.ndarray, there: np.ndarray) -> np.ndarray:
        return there
