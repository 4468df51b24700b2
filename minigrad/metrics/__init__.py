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

import inspect
from functools import partial
from typing import Any

from minigrad import losses
from minigrad.metrics import accuracies, base, errors, positives
from minigrad.metrics.accuracies import *  # noqa: F403
from minigrad.metrics.base import *  # noqa: F403
from minigrad.metrics.base import FromFunction, Metric
from minigrad.metrics.errors import *  # noqa: F403
from minigrad.metrics.positives import *  # noqa: F403
from minigrad.shared import lookup
from minigrad.shared.arguments import default_name

KEPT = (accuracies, errors, positives)  # what is no base class
FILES = (base, *KEPT)

# Keras has the functions of losses here too: called on arrays they give a number for each sample.
OF_LOSSES = {function.__name__: function for function in losses.FUNCTIONS}
__all__ = sorted([*(name for file in FILES for name in file.__all__), *OF_LOSSES, "get"])

PUBLIC = {name: getattr(file, name) for file in KEPT for name in file.__all__}
KINDS: list[type[Metric]] = [thing for thing in PUBLIC.values() if isinstance(thing, type)]
SHOWN = ["accuracy", *(default_name(kind) for kind in KINDS)]
NAMES: dict[str, Any] = {
    **{name: partial(FromFunction, function, "down") for name, function in OF_LOSSES.items()},
    **{default_name(kind): kind for kind in KINDS},
    **{kind.__name__: kind for kind in KINDS},
    **dict.fromkeys(("mae", "MAE"), errors.MeanAbsoluteError),
    **dict.fromkeys(("mse", "MSE"), errors.MeanSquaredError),
}
# A function of Keras's is the metric of its name, or the mean of what it gives.
FUNCTIONS = {thing: name for name, thing in {**PUBLIC, **OF_LOSSES}.items() if name in NAMES}
SHORT = ("accuracy", "acc")  # which accuracy it is, the shapes tell


def check(identifier: Any) -> None:
    """Refuse what is no metric, before there are shapes.

    Args:
        identifier: What a user gave as a metric.

    Raises:
        ValueError: When there is no such metric.
    """
    if not isinstance(identifier, str) or identifier not in SHORT:
        found(identifier)


def found(identifier: Any) -> Metric:
    if inspect.isfunction(identifier):
        identifier = FUNCTIONS.get(identifier, identifier)
    metric = lookup.get("metric", identifier, NAMES, Metric, FromFunction, SHOWN)
    if isinstance(identifier, str):
        metric.name = identifier  # the key that was asked for
    return metric


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
    if isinstance(identifier, str) and identifier in SHORT:
        if output_shape[-1] == 1:
            return accuracies.BinaryAccuracy(identifier)
        if len(target_shape) < len(output_shape):
            return accuracies.SparseCategoricalAccuracy(identifier)
        return accuracies.CategoricalAccuracy(identifier)
    metric = found(identifier)
    if not metric._fits(target_shape, output_shape):
        raise ValueError(
            f"metric {metric.name!r} does not fit targets of shape {target_shape} and "
            f'predictions of shape {output_shape}; "accuracy" chooses the right one'
        )
    return metric


__getattr__, __dir__ = lookup.public("metrics", __all__, OF_LOSSES)
