"""Dense layers, and what they share with convolutions: a kernel, a bias and an activation."""

from typing import Any

import numpy as np

from minigrad import activations, initializers, regularizers
from minigrad.graph import Node
from minigrad.layers.base import Layer, Shape
from minigrad.shared import lookup
from minigrad.shared.arguments import title, whole

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

    def __init__(
        self,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        kind = type(self).__name__
        self.use_bias = bool(use_bias)
        with lookup.of_argument(kind, "activation"):
            self.activation = activations.get(activation)
        with lookup.of_argument(kind, "kernel_initializer"):
            self.kernel_initializer = initializers.get(kernel_initializer or "glorot_uniform")
        with lookup.of_argument(kind, "bias_initializer"):
            self.bias_initializer = initializers.get(bias_initializer or "zeros")
        with lookup.of_argument(kind, "kernel_regularizer"):
            self.kernel_regularizer = regularizers.get(kernel_regularizer)
        with lookup.of_argument(kind, "bias_regularizer"):
            self.bias_regularizer = regularizers.get(bias_regularizer)
        super().__init__(**options)

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

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        self.units = whole("Dense", "units", units)
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, **options)

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
