"""Dense layers, and what they share with convolutions: a kernel, a bias and an activation."""

from typing import Any

import numpy as np

from minigrad import activations, initializers, regularizers
from minigrad.graph import Node
from minigrad.layers.base import Layer, Shape
from minigrad.shared.arguments import flag, title, whole
from minigrad.shared.settings import argument, chosen

__all__ = ["Dense"]


class WithKernel(Layer):
    """activation(kernel applied to the input + bias); the base of Dense and Conv2D.

    A subclass says what shape its kernel has, and how the kernel is applied.

    Args:
        activation: Name or function; ``None`` for none.
        use_bias: Whether a number is added to each of the results, along the last axis.
        kernel_initializer: Initial values of the kernel; ``None`` for Keras's default.
        bias_initializer: Initial values of the bias.
        kernel_regularizer: What the kernel adds to the loss; see ``mg.regularizers``.
        bias_regularizer: What the bias adds to it.
        options: ``name``, ``trainable``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: For arguments that are not covered.
    """

    activation: Any = argument(chosen(activations.get), None, usual=lambda _: activations.linear)
    use_bias: bool = argument(flag, True)
    kernel_initializer: Any = argument(chosen(initializers.get, "glorot_uniform"), "glorot_uniform")
    bias_initializer: Any = argument(chosen(initializers.get, "zeros"), "zeros")
    kernel_regularizer: Any = argument(chosen(regularizers.get), None, by_name=True)
    bias_regularizer: Any = argument(chosen(regularizers.get), None, by_name=True)

    def _kernel_shape(self, input_shape: Shape) -> Shape:
        """Shape of the kernel for an input of this shape."""
        raise NotImplementedError

    def _apply_kernel(self, inputs: Node) -> Node:
        """The node before bias and activation."""
        raise NotImplementedError

    def build(self, input_shape: Shape) -> None:
        results = self.compute_output_shape(input_shape)[-1:]  # refuses an input that does not fit
        shape = self._kernel_shape(input_shape)
        made, cost = self.kernel_initializer, self.kernel_regularizer
        self.kernel = self.add_weight(shape, made, name="kernel", regularizer=cost)
        if self.use_bias:
            made, cost = self.bias_initializer, self.bias_regularizer
            self.bias = self.add_weight(results, made, name="bias", regularizer=cost)

    def _check_last_axis(self, input_shape: Shape, of_kernel: int = -2) -> None:
        if self.built and input_shape[-1] != (known := self.kernel.shape[of_kernel]):
            raise ValueError(f"{title(self)}: was built for {known} inputs, got {input_shape}")

    def call(self, inputs: Node) -> Node:
        z: Any = self._apply_kernel(inputs)
        if self.use_bias:
            z = np.add(z, self.bias)
        return self.activation(z)


class Dense(WithKernel):
    """activation(x · kernel + bias): every unit sees every input.

    Args:
        units: How many numbers come out.
        activation: Name or function; none by default.
        use_bias: Whether a number is added to each unit's sum.
        kernel_initializer: Initial values of the kernel, of shape (inputs, units).
        bias_initializer: Initial values of the bias, of shape (units,).
        kernel_regularizer: What the kernel adds to the loss: ``"l2"``, or see ``mg.regularizers``.
        bias_regularizer: What the bias adds to it.
        activity_regularizer: Not covered.
        kernel_constraint: Not covered.
        bias_constraint: Not covered.
        name: What to call it; ``"dense"`` and a number by default.
        trainable: Whether ``fit`` changes the weights.
        dtype: ``"float32"`` or ``"float64"``; ``mg.config.floatx()`` by default.
        input_shape: For a first layer, the shape of one sample.
        input_dim: The same for samples with one axis: its length.

    Input shape:
        (batch, …, inputs); most often (batch, inputs).

    Output shape:
        (batch, …, units).

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Dense(128, activation="elu").compute_output_shape((None, 5832))
        (None, 128)
    """

    units: int = argument(whole)

    def _kernel_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[-1], self.units)

    def _apply_kernel(self, inputs: Node) -> Node:
        return np.matmul(inputs, self.kernel)  # (batch, inputs) · (inputs, units)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            raise ValueError(
                f"{title(self)}: wants an input of shape (batch, …, inputs), got {input_shape}"
            )
        self._check_last_axis(input_shape)
        return (*input_shape[:-1], self.units)
