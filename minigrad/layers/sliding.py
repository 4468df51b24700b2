"""Layers whose window slides over pictures: convolution and the two poolings."""

from operator import attrgetter
from typing import Any

from minigrad import operators
from minigrad.graph import Node, Operator
from minigrad.layers.base import Layer, Shape
from minigrad.layers.dense import WithKernel
from minigrad.layers.shaping import Pictures
from minigrad.operators.convolution import check_padding, enlarged, pair, place_windows
from minigrad.shared.arguments import title, whole
from minigrad.shared.settings import argument, not_covered

__all__ = ["AveragePooling2D", "AvgPool2D", "Conv2D", "Conv2DTranspose", "Convolution2D"]
__all__ += ["MaxPool2D", "MaxPooling2D"]


def slide(
    layer: Layer, input_shape: Shape, window: Any, strides: Any, padding: str
) -> tuple[int, int]:
    # height and width of the result of a window that slides over images
    down, across = place_windows(title(layer), input_shape, window, strides, padding)
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
        kernel_regularizer: What the kernel adds to the loss: ``"l2"``, or see ``mg.regularizers``.
        bias_regularizer: What the bias adds to it.
        activity_regularizer: Not covered.
        kernel_constraint: Not covered.
        bias_constraint: Not covered.
        name: What to call it; ``"conv2d"`` and a number by default.
        trainable: Whether ``fit`` changes the weights.
        dtype: ``"float32"`` or ``"float64"``; ``mg.config.floatx()`` by default.
        input_shape: For a first layer, the shape of one picture: (height, width, channels).

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, rows, columns, filters): with ``padding="valid"`` as many rows as the kernel has
        places in the height, (height − kernel) // stride + 1; with ``"same"``
        ⌈height / stride⌉. Columns alike.

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

    filters: int = argument(whole)
    kernel_size: tuple[int, int] = argument(pair)
    strides: tuple[int, int] = argument(pair, (1, 1))
    padding: str = argument(check_padding, "valid")
    data_format: str | None = not_covered(None, "channels_last")
    dilation_rate: Any = not_covered((1, 1), [1, 1], 1)
    groups: int = not_covered(1)
    _operator: type[Operator] = operators.Convolve

    def _kernel_shape(self, input_shape: Shape) -> Shape:
        return (*self.kernel_size, input_shape[3], self.filters)

    def _apply_kernel(self, inputs: Node) -> Node:
        self.compute_output_shape(inputs.shape)
        window = self.strides, self.padding
        return self._operator(inputs, self.kernel, *window, name=self.name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        size = slide(self, input_shape, self.kernel_size, self.strides, self.padding)
        self._check_last_axis(input_shape)
        return (input_shape[0], *size, self.filters)


class Conv2DTranspose(Conv2D, groups=1):
    """A convolution the other way: each number of the input adds the kernel, times it, to a place.

    See :class:`minigrad.operators.ConvolveTransposed`. The kernel has shape
    (height, width, filters, channels).

    Args:
        filters: How many filters, the channels of the result.
        kernel_size: Height and width of the kernel, one number or a pair.
        strides: How much larger the result is, one number or (down, across).
        padding: ``"same"`` for results as large as the pictures times the strides, ``"valid"`` for
            the whole of what the kernel reaches.
        output_padding: Not covered.
        data_format: Channels are last; nothing else is covered.
        dilation_rate: Not covered.
        activation: Name or function; none by default.
        use_bias: Whether a number is added to each filter's result.
        kernel_initializer: Initial values of the kernel.
        bias_initializer: Initial values of the bias, of shape (filters,).
        options: See :class:`Conv2D`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Conv2DTranspose(8, 3, strides=2, padding="same").compute_output_shape(
        ...     (None, 7, 7, 16)
        ... )
        (None, 14, 14, 8)
    """

    filters: int = argument(whole)
    kernel_size: tuple[int, int] = argument(pair)
    strides: tuple[int, int] = argument(pair, (1, 1))
    padding: str = argument(check_padding, "valid")
    output_padding: None = not_covered(None)
    _operator = operators.ConvolveTransposed

    def _kernel_shape(self, input_shape: Shape) -> Shape:
        return (*self.kernel_size, self.filters, input_shape[3])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        place_windows(title(self), input_shape, (1, 1), (1, 1), "valid")  # refuses no pictures
        self._check_last_axis(input_shape, of_kernel=3)
        size = enlarged(input_shape, self.kernel_size, self.strides, self.padding)
        return (*size, self.filters)


class Pooling2D(Pictures):
    """One number for each window of pictures; the base of the two poolings."""

    _operator: type[Operator]

    pool_size: tuple[int, int] = argument(pair, (2, 2))
    strides: tuple[int, int] = argument(pair, None, usual=attrgetter("pool_size"))
    padding: str = argument(check_padding, "valid")

    def call(self, inputs: Node) -> Node:
        self.compute_output_shape(inputs.shape)
        return self._operator(inputs, self.pool_size, self.strides, self.padding, name=self.name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        size = slide(self, input_shape, self.pool_size, self.strides, self.padding)
        return (input_shape[0], *size, input_shape[3])


class MaxPooling2D(Pooling2D):
    """The largest number under each position of a window.

    Args:
        pool_size: Height and width of the window, one number or a pair.
        strides: Step of the window, one number or (down, across); its size by default.
        padding: ``"valid"``, or ``"same"`` for results as large as the pictures (divided by
            the strides); what lies outside a picture does not count.
        data_format: Channels are last; nothing else is covered.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, rows, columns, channels); rows and columns as of ``Conv2D``.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.MaxPooling2D(2).compute_output_shape((None, 27, 27, 8))
        (None, 13, 13, 8)
    """

    _operator = operators.MaxPool


class AveragePooling2D(Pooling2D):
    """The mean under each position of a window.

    Args:
        pool_size: Height and width of the window, one number or a pair.
        strides: Step of the window, one number or (down, across); its size by default.
        padding: ``"valid"``, or ``"same"`` for results as large as the pictures (divided by
            the strides); what lies outside a picture does not count.
        data_format: Channels are last; nothing else is covered.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, rows, columns, channels); rows and columns as of ``Conv2D``.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.AveragePooling2D(2, padding="same").compute_output_shape((None, 27, 27, 8))
        (None, 14, 14, 8)
    """

    _operator = operators.AveragePool


# The short names that Keras has for them as well.
Convolution2D = Conv2D
MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
