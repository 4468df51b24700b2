"""Batch normalization: each channel with mean 0 and variance 1 over the batch."""

from typing import Any

import numpy as np

from minigrad import initializers
from minigrad.graph import Node
from minigrad.layers.base import Layer, Shape
from minigrad.operators.moving_average import MovingAverage
from minigrad.shared.arguments import axis_number, flag, number, title
from minigrad.shared.settings import argument, chosen, not_covered

__all__ = ["BatchNormalization"]


class BatchNormalization(Layer):
    """gamma · (x − mean) / √(variance + epsilon) + beta, for each channel.

    In training, mean and variance are those of the batch, and moving averages of them are kept;
    otherwise, and where ``trainable`` is ``False``, the averages are used.

    Source: Ioffe and Szegedy, arXiv 1502.03167, algorithms 1 and 2.

    Args:
        axis: The axis of the channels; the last one, nothing else is covered.
        momentum: Part of the moving averages that stays in each step.
        epsilon: Keeps the quotient finite.
        center: Whether beta is added.
        scale: Whether gamma is multiplied with.
        beta_initializer: Initial values of beta, of shape (channels,).
        gamma_initializer: Initial values of gamma, of shape (channels,).
        moving_mean_initializer: Initial values of the average of the means.
        moving_variance_initializer: Initial values of the average of the variances.
        synchronized: Not covered.
        options: ``name``, ``trainable``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Input shape:
        (batch, …, channels).

    Output shape:
        The same.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> layer = mg.layers.BatchNormalization()
        >>> layer(np.array([[1.0], [3.0]], np.float32), training=True).round(2)
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> layer.moving_mean.value.round(2)
        array([0.02], dtype=float32)
    """

    axis: int = argument(axis_number, -1)
    momentum: float = argument(number, 0.99, least=0, most=1)
    epsilon: float = argument(number, 1e-3, least=0)
    center: bool = argument(flag, True)
    scale: bool = argument(flag, True)
    beta_initializer: Any = argument(chosen(initializers.get), "zeros")
    gamma_initializer: Any = argument(chosen(initializers.get), "ones")
    moving_mean_initializer: Any = argument(chosen(initializers.get), "zeros")
    moving_variance_initializer: Any = argument(chosen(initializers.get), "ones")
    synchronized: bool = not_covered(False)

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        each = input_shape[-1:]
        if self.scale:
            self.gamma = self.add_weight(each, self.gamma_initializer, name="gamma")
        if self.center:
            self.beta = self.add_weight(each, self.beta_initializer, name="beta")
        means, variances = self.moving_mean_initializer, self.moving_variance_initializer
        self.moving_mean = self.add_weight(each, means, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(
            each, variances, trainable=False, name="moving_variance"
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.axis not in (-1, len(input_shape) - 1) or len(input_shape) < 2:
            raise ValueError(
                f"{title(self)}: axis={self.axis} of an input of shape {input_shape}; the "
                "channels are along the last axis"
            )
        return tuple(input_shape)

    def call(self, inputs: Any, training: bool = False) -> Node:
        mean: Any = self.moving_mean
        variance: Any = self.moving_variance
        if training and self.trainable:
            axes = tuple(range(inputs.ndim - 1))
            mean = MovingAverage(np.mean(inputs, axis=axes), mean, self.momentum)
            far = inputs - mean
            variance = MovingAverage(np.mean(far * far, axis=axes), variance, self.momentum)
        result = (inputs - mean) / np.sqrt(variance + self.epsilon)
        if self.scale:
            result = result * self.gamma
        return result + self.beta if self.center else result
