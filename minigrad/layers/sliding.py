"""Layers whose window slides over pictures: convolution and the two poolings."""

from __future__ import annotations

from typing import Any

from minigrad import operators
from minigrad.graph import Node, Operator
from minigrad.layers.base import Layer, Shape
from minigrad.layers.dense import WithKernel
from minigrad.operators.convolution import check_padding, pair, place_windows
from minigrad.shared import lookup
from minigrad.shared.arguments import whole

__all__ = ["AveragePooling2D", "Conv2D", "MaxPooling2D"]


def slide(
    layer: Layer, input_shape: Shape, window: Any, strides: Any, padding: str
) -> tuple[int, int]:
    # height and width of the result of a window that slides over images
    down, across = place_windows(layer.title, input_shape, window, strides, padding)
    return down.count, across.count


class Conv2D(WithKernel):
    """activation(images * kernel + bias): filters that slide over pictures.

    Args:
        filters: How many filters, the channels of the result.
        kernel_size: Height and width of the kernel, one number or a pair.
        strides: Step of the kernel, one number or (down, across).
        padding: ``"valid"``, or ``"same"`` for results as large as the pictures (divided
            by the strides).
        data_format: Channels are last; nothing else is covered.
        dilation_rate: Not covered.
        groups: Not covered.
        activation: Name or function; none by default.
        use_bias: Whether a number is added to each filter's result.
        kernel_initializer: Initial values of the kernel, of shape
            (height, width, channels, filters).
        bias_initializer: Initial values of the bias, of shape (filters,).
        options: ``name``, ``trainable``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Conv2D(8, 2).compute_output_shape((None, 28, 28, 1))
        (None, 27, 27, 8)
        >>> mg.layers.Conv2D(8, 5, name="c").compute_output_shape((None, 4, 4, 1))
        Traceback (most recent call last):
        ValueError: Conv2D "c": kernel 5×5 does not fit a 4×4 input with padding="valid"
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        bias_constraint: None = None,
        **options: Any,
    ) -> None:
        lookup.refuse(
            "Conv2D",
            data_format=(data_format, None, "channels_last"),
            dilation_rate=(dilation_rate, (1, 1), [1, 1], 1),
            groups=(groups, 1),
        )
        self.filters = whole("Conv2D", "filters", filters)
        self.kernel_size = pair(kernel_size, "kernel_size", "Conv2D")
        self.strides = pair(strides, "strides", "Conv2D")
        self.padding = check_padding("Conv2D", padding)
        super().__init__(
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **options,
        )

    def kernel_shape(self, input_shape: Shape) -> Shape:
        return (*self.kernel_size, input_shape[3], self.filters)

    def apply_kernel(self, inputs: Node) -> Node:
        self.compute_output_shape(inputs.shape)
        window = self.strides, self.padding
        return operators.Convolve(inputs, self.kernel, *window, name=self.name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        size = slide(self, input_shape, self.kernel_size, self.strides, self.padding)
        if self.built and input_shape[3] != self.kernel.shape[2]:
            raise ValueError(
                f"{self.title}: was built for {self.kernel.shape[2]} channels, got {input_shape}"
            )
        return (input_shape[0], *size, self.filters)


class Pooling2D(Layer):
    """One number for each window of pictures; the base of the two poolings.

    Args:
        pool_size: Height and width of the window, one number or a pair.
        strides: Step of the window; its size by default.
        padding: ``"valid"`` or ``"same"``.
        data_format: Channels are last; nothing else is covered.
        name: What to call it.
        options: ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.
    """

    operator: type[Operator]

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        kind = type(self).__name__
        lookup.refuse(kind, data_format=(data_format, None, "channels_last"))
        self.pool_size = pair(pool_size, "pool_size", kind)
        self.strides = pair(self.pool_size if strides is None else strides, "strides", kind)
        self.padding = check_padding(kind, padding)
        super().__init__(name=name, **options)

    def call(self, inputs: Node) -> Node:
        self.compute_output_shape(inputs.shape)
        return self.operator(inputs, self.pool_size, self.strides, self.padding, name=self.name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        size = slide(self, input_shape, self.pool_size, self.strides, self.padding)
        return (input_shape[0], *size, input_shape[3])


class MaxPooling2D(Pooling2D):
    """The largest number under each position of a window; arguments as in Keras.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.MaxPooling2D(2).compute_output_shape((None, 27, 27, 8))
        (None, 13, 13, 8)
    """

    operator = operators.MaxPool


class AveragePooling2D(Pooling2D):
    """The mean under each position of a window; arguments as in Keras.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.AveragePooling2D(2, padding="same").compute_output_shape((None, 27, 27, 8))
        (None, 14, 14, 8)
    """

    operator = operators.AveragePool
