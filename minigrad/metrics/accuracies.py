"""Accuracies: which part of the samples is predicted right."""

from typing import Any

import numpy as np

from minigrad import config
from minigrad.metrics.base import DTYPE, NAME, Metric, OfNumbers
from minigrad.shared.arguments import number, title, whole
from minigrad.shared.settings import argument, not_covered

__all__ = ["BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy"]
__all__ += ["SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy"]
__all__ += ["binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"]
__all__ += ["sparse_top_k_categorical_accuracy", "top_k_categorical_accuracy"]


class Accuracy(Metric):
    """The part of what is predicted that is hit; the base of those below."""

    direction = "up"

    def total_of(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        hit = self._hits(y_true, y_pred)
        # how many samples were hit; one with several numbers counts in part
        return int(np.count_nonzero(hit)) * len(hit) / max(hit.size, 1)

    def _hits(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """What is predicted right, in memory that the next batch will use again."""
        raise NotImplementedError

    def _each(self, y_true: Any, y_pred: Any) -> np.ndarray:
        """1 for what is hit, 0 for the rest."""
        return self._hits(*self._arrays(y_true, y_pred)).astype(config.floatx())


class OfClasses(Accuracy):
    """A comparison of classes: the most probable one, and the right one."""

    def _hits(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        hit = self._keep("hit", y_pred.shape[:-1], np.bool_)
        return np.equal(self._right(y_true), self._largest("guess", y_pred), out=hit)

    def _pair(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if y_pred.ndim < 2:
            raise ValueError(
                f"{title(self)}: predictions have shape {y_pred.shape}, wanted is a row of classes "
                "for each sample"
            )
        return super()._pair(y_true, y_pred)

    def _right(self, y_true: np.ndarray) -> np.ndarray:
        """The right class of each sample."""
        return self._largest("right", y_true)

    def _largest(self, what: str, rows: np.ndarray) -> np.ndarray:
        """The place of the largest number in each row."""
        classes = self._keep(what, rows.shape[:-1], np.intp)
        if not rows.flags.c_contiguous:  # NumPy would make the rows anew if they lie otherwise
            straight = self._keep(f"rows of {what}", rows.shape, rows.dtype)
            np.copyto(straight, rows)
            rows = straight
        return np.argmax(rows, axis=-1, out=classes)


class OfLabels(OfClasses):
    """The same for labels that are whole numbers."""

    def _right(self, y_true: np.ndarray) -> np.ndarray:
        return y_true

    def _pair(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wanted = y_pred.shape[:-1]
        if y_pred.ndim < 2 or y_true.shape not in (wanted, (*wanted, 1)):
            raise ValueError(
                f"{title(self)}: labels have shape {y_true.shape}, predictions {y_pred.shape}; "
                "wanted is one label for each row of predictions"
            )
        return y_true.reshape(wanted), y_pred

    def _fits(self, target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bool:
        return target_shape == output_shape[:-1]


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


class SparseCategoricalAccuracy(OfLabels):
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


class OfTopClasses(OfClasses):
    """Whether the right class is among the k most probable ones, or as probable as the last."""

    k: int = argument(whole, 5)

    def _hits(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        # As many classes are before the right one as are more probable than it. Class by class no
        # array is made, whatever their number.
        shape, chosen = y_pred.shape[:-1], self._right(y_true)
        hit, before = self._keep("hit", shape, np.bool_), self._keep("before", shape, np.intp)
        right = self._keep("right's", shape, y_pred.dtype)
        right.fill(np.nan)  # and stays it where there is no such class
        for place in range(y_pred.shape[-1]):
            np.equal(chosen, place, out=hit)
            np.copyto(right, y_pred[..., place], where=hit)
        before.fill(0)
        for place in range(y_pred.shape[-1]):
            np.greater(y_pred[..., place], right, out=hit)
            np.add(before, 1, out=before, where=hit)
        np.less(before, self.k, out=hit)
        return np.logical_and(
            hit, np.isfinite(right, out=self._keep("known", shape, np.bool_)), hit
        )


class TopKCategoricalAccuracy(OfTopClasses, OfNumbers):
    """Part of the samples whose class is among the k most probable, for one-hot targets.

    Args:
        k: How many.
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.

    Raises:
        ValueError: When k is no whole number of at least 1.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> accuracy = mg.metrics.TopKCategoricalAccuracy(k=2)
        >>> accuracy.update_state(np.eye(3), np.array([[0.5, 0.3, 0.2]] * 3))
        >>> round(accuracy.result(), 4)
        0.6667
    """


class SparseTopKCategoricalAccuracy(OfTopClasses, OfLabels):
    """Part of the samples whose label is among the k most probable, for whole-number labels.

    Args:
        k: How many.
        name: Its key in ``History.history``; by default its kind, as in Keras.
        dtype: Not covered.
        from_sorted_ids: Not covered.

    Raises:
        ValueError: When k is no whole number of at least 1.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> accuracy = mg.metrics.SparseTopKCategoricalAccuracy(k=2)
        >>> accuracy.update_state(np.array([0, 1, 2]), np.array([[0.5, 0.3, 0.2]] * 3))
        >>> round(accuracy.result(), 4)
        0.6667
    """

    k: int = argument(whole, 5)
    name: str = NAME
    dtype: None = DTYPE
    from_sorted_ids: bool = not_covered(False)


class BinaryAccuracy(Accuracy, OfNumbers):
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

    name: str = NAME
    dtype: None = DTYPE
    threshold: float = argument(number, 0.5)

    def _hits(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        hit = self._keep("hit", y_pred.shape, np.bool_)
        limit = self._keep("limit", (), y_pred.dtype)
        limit.fill(self.threshold)
        np.greater(y_pred, limit, out=hit)
        guess = self._keep("guess", y_pred.shape, y_true.dtype)  # of one dtype: no array is made
        np.copyto(guess, hit)
        return np.equal(y_true, guess, out=hit)


# -- the same as functions: 1 for each sample that is hit, 0 for the others ----------------------
def categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """Which samples are hit, for one-hot targets.

    Args:
        y_true: Targets, an array of shape (batch, …, classes).
        y_pred: Predictions of the same shape.

    Returns:
        An array of zeros and ones, of shape (batch, …).

    Example:
        >>> import minigrad as mg
        >>> mg.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.6, 0.4], [0.9, 0.1]])
        array([0., 1.], dtype=float32)
    """
    return CategoricalAccuracy()._each(y_true, y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """Which samples are hit, for whole-number labels.

    Args:
        y_true: Labels, an array of shape (batch, …).
        y_pred: Predictions, an array of shape (batch, …, classes).

    Returns:
        An array of zeros and ones, of shape (batch, …).

    Example:
        >>> import minigrad as mg
        >>> mg.metrics.sparse_categorical_accuracy([1, 0], [[0.6, 0.4], [0.9, 0.1]])
        array([0., 1.], dtype=float32)
    """
    return SparseCategoricalAccuracy()._each(y_true, y_pred)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """Which samples' class is among the k most probable, for one-hot targets.

    Args:
        y_true: Targets, an array of shape (batch, …, classes).
        y_pred: Predictions of the same shape.
        k: How many.

    Returns:
        An array of zeros and ones, of shape (batch, …).

    Example:
        >>> import minigrad as mg
        >>> mg.metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.3, 0.2]], k=2)
        array([0.], dtype=float32)
    """
    return TopKCategoricalAccuracy(k)._each(y_true, y_pred)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """Which samples' label is among the k most probable, for whole-number labels.

    Args:
        y_true: Labels, an array of shape (batch, …).
        y_pred: Predictions, an array of shape (batch, …, classes).
        k: How many.

    Returns:
        An array of zeros and ones, of the labels' shape.

    Example:
        >>> import minigrad as mg
        >>> mg.metrics.sparse_top_k_categorical_accuracy([1], [[0.5, 0.3, 0.2]], k=2)
        array([1.], dtype=float32)
    """
    return SparseTopKCategoricalAccuracy(k)._each(y_true, y_pred).reshape(np.shape(y_true))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> np.ndarray:
    """Which numbers lie on the right side of a threshold, for targets 0 and 1.

    Args:
        y_true: Targets, an array of shape (batch, …).
        y_pred: Predictions of the same shape.
        threshold: What counts as 1 lies above it.

    Returns:
        An array of zeros and ones, of the predictions' shape.

    Example:
        >>> import minigrad as mg
        >>> mg.metrics.binary_accuracy([[0, 1]], [[0.2, 0.4]])
        array([[1., 0.]], dtype=float32)
    """
    return BinaryAccuracy(threshold=threshold)._each(y_true, y_pred)
