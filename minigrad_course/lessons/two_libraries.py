"""Lecture 05: two libraries with one interface, asked the same in the same words."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg

__all__ = ["losses_of_all_steps", "set_dtype"]


def losses_of_all_steps(
    keras: Any, model: Any, x: Any, y: Any, shuffle: bool = False
) -> np.ndarray:
    """Train for an epoch in batches of 128, and note the loss of each step.

    Args:
        keras: The library that the model is of: Keras or minigrad.
        model: A compiled model.
        x: Samples, an array of shape (samples, …).
        y: Their targets.
        shuffle: Whether to take the samples in another order than the one given.

    Returns:
        An array of shape (steps,).

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course.lessons.two_libraries import losses_of_all_steps
        >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> losses_of_all_steps(mg, model, np.ones((256, 2)), np.ones(256)).shape
        (2,)
    """
    losses: list[float] = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model.reset_metrics()  # else both log the mean over the epoch so far

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            losses.append(logs["loss"])

    model.fit(x, y, batch_size=128, shuffle=shuffle, verbose=0, callbacks=[Keep()])
    return np.array(losses)


def set_dtype(keras: Any, dtype: str) -> None:
    """Let both libraries make their next models in this dtype.

    Args:
        keras: Keras itself.
        dtype: ``"float32"`` or ``"float64"``.
    """
    mg.config.set_floatx(dtype)
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)  # Keras decides with its first layer, and holds to it
