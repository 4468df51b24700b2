"""What Keras keeps in ``keras.utils`` and scripts use: labels, chance, numbered batches."""

import random
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.layers.base import made
from minigrad.shared import lookup, randomness
from minigrad.shared.arguments import real_array, whole

__all__ = ["PyDataset", "Sequence", "clear_session", "normalize", "plot_model"]
__all__ += ["register_keras_serializable", "set_random_seed", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as one-hot rows.

    Args:
        x: Whole numbers from 0 to ``num_classes - 1``, of shape (samples,); a last axis
            of length 1 is dropped, other axes are kept.
        num_classes: Length of a row; by default the largest number plus 1.

    Returns:
        A ``float64`` array of shape (samples, num_classes), as Keras returns.

    Raises:
        ValueError: When a number is negative, not whole, or not below ``num_classes``.

    Example:
        >>> import minigrad as mg
        >>> mg.utils.to_categorical([0, 2], 3)
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    given = real_array("to_categorical wants whole numbers: got no", x, ValueError)
    if num_classes is not None:
        num_classes = whole("to_categorical", "num_classes", num_classes)
    with np.errstate(invalid="ignore"):  # NaN, which is refused below
        labels = given.astype(np.int64)
    if given.dtype.kind == "f" and not np.array_equal(labels, given):
        raise ValueError("to_categorical wants whole numbers, got fractions")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if not num_classes and not labels.size:
        raise ValueError("to_categorical got no labels: num_classes= is needed")
    classes = int(num_classes or labels.max() + 1)
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"to_categorical: labels run from {labels.min()} to {labels.max()}, "
            f"num_classes={classes} allows 0 to {classes - 1}"
        )
    one_hot = np.zeros((labels.size, classes))
    one_hot[np.arange(labels.size), labels.reshape(-1)] = 1
    return one_hot.reshape(*labels.shape, classes)


def set_random_seed(seed: int) -> None:
    """Make chance repeatable: initial weights, the order of samples, dropout.

    Like Keras's, it also seeds Python's ``random`` and NumPy's global generator.

    Args:
        seed: A whole number from 0 to 2³² − 1.

    Raises:
        ValueError: When it is not.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.utils.set_random_seed(7)
        >>> first = mg.initializers.GlorotUniform()((2, 2))
        >>> mg.utils.set_random_seed(7)
        >>> bool(np.all(first == mg.initializers.GlorotUniform()((2, 2))))
        True
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ValueError(f"seed is a whole number from 0 to 2**32 - 1, got {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    randomness.restart(int(seed))


class PyDataset:
    """Batches by number; the base class of data sets that ``fit`` goes through.

    One of one's own defines ``__len__``, the number of batches, and ``__getitem__``, which gives
    a batch as (x, y) or (x, y, sample_weight).

    Args:
        workers: Has no meaning here: batches are made one after the other.
        use_multiprocessing: Has no meaning here.
        max_queue_size: Has no meaning here.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Halves(mg.utils.PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         return np.full((4, 1), index), np.ones((4, 1))
        >>> model = mg.Sequential([mg.Input((1,)), mg.layers.Dense(1)])
        >>> model.predict(Halves(), verbose=0).shape
        (8, 1)
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers, self.max_queue_size = workers, max_queue_size
        self.use_multiprocessing = use_multiprocessing

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__ method yet")

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


Sequence = PyDataset  # as Keras 2 called it


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Numbers divided by their length along an axis; what is 0 stays so.

    Args:
        x: An array.
        axis: The axis.
        order: 2 for the root of the sum of squares, 1 for the sum of absolute values.

    Returns:
        An array of the same shape.

    Example:
        >>> import minigrad as mg
        >>> mg.utils.normalize([3.0, 4.0])
        array([0.6, 0.8])
    """
    x = np.asarray(x)
    lengths = np.linalg.norm(np.atleast_1d(x), order, axis, keepdims=True)
    return x / np.where(lengths == 0, 1, lengths)


def clear_session(free_memory: bool = True) -> None:
    """Number layers that have no name of their own from the beginning again.

    Args:
        free_memory: Has no meaning here: what nobody holds any more is gone at once.

    Example:
        >>> import minigrad as mg
        >>> mg.utils.clear_session()
        >>> mg.layers.Dense(3).name, mg.layers.Dense(3).name
        ('dense', 'dense_1')
    """
    made.clear()


def plot_model(model: Any, to_file: Any = None, **options: Any) -> Any:
    """Draw the graph of a model, with its operators and weights.

    Args:
        model: A model that is built.
        to_file: Where to write the picture to: as SVG, whatever the name ends in.
        options: What Keras's drawing can show besides has no meaning here.

    Returns:
        A picture that a notebook shows.

    Example:
        >>> import minigrad as mg
        >>> mg.utils.plot_model(mg.Sequential([mg.Input((2,)), mg.layers.ReLU()]))
        <Graph of 2 nodes and 1 edges: inputs, relu “re_lu”>
    """
    picture = import_module("minigrad.display").draw(model.network(1).outputs)
    if to_file is not None:
        file = Path(to_file).with_suffix(".svg")
        if str(file) != str(to_file):
            warnings.warn(f"plot_model draws SVG: the picture is in {file}", stacklevel=2)
        file.write_text(picture._repr_svg_(), encoding="utf-8")
    return picture


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Any:
    """Leave a class or a function as it is: no file names it.

    Args:
        package: Has no meaning here.
        name: Has no meaning here.

    Returns:
        What leaves it so.

    Example:
        >>> import minigrad as mg
        >>> mg.utils.register_keras_serializable()(abs) is abs
        True
    """
    return lambda thing: thing


__getattr__, __dir__ = lookup.public("utils", __all__)
