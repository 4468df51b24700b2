"""Layers: they own weights and build the graph from one node to the next.

A layer computes nothing. Called with a node it builds the nodes of its formula and returns
the last; the sweeps of ``graph.py`` compute them. Names, arguments, defaults, shapes and
the layout of the weights are Keras's: pictures are (batch, height, width, channel),
kernels of convolutions (height, width, inputs, filters), dense kernels (inputs, units).

Example:
    >>> import numpy as np, minigrad as mg
    >>> dense = mg.layers.Dense(2, kernel_initializer="ones", name="sum")
    >>> y = dense(np.array([[1.0, 2.0, 3.0]], np.float32))
    >>> mg.forward(mg.topological_sort(y))
    array([[6., 6.]], dtype=float32)
    >>> [weight.name for weight in dense.weights]
    ['sum/kernel', 'sum/bias']
"""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad import activations, config, convolution, coverage, dropout, initializers, randomness
from minigrad.convolution import Window, pair
from minigrad.graph import Constant, Node, Operator, Variable, as_node
from minigrad.rescaling import Rescale

__all__ = [
    "Activation",
    "AveragePooling2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "MaxPooling2D",
    "Rescaling",
]

Shape = tuple[Any, ...]  # of a batch of open length: (None, height, width, channel)

LAYER_ARGUMENTS = ("name", "trainable", "dtype", "input_shape", "input_dim")
made: Counter[str] = Counter()  # how many layers of each kind were named automatically


def automatic_name(kind: str) -> str:
    # Keras's scheme: Conv2D → conv2d, conv2d_1, …; MaxPooling2D → max_pooling2d
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind).lower()
    made[name] += 1
    return name if made[name] == 1 else f"{name}_{made[name] - 1}"


class Layer:
    """A part of a model that owns weights and builds nodes; the base class of all layers.

    A layer of one's own defines ``call``, and ``build`` if it has weights::

        class Scale(mg.layers.Layer):
            def build(self, input_shape):
                self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")

            def call(self, inputs):
                return inputs * self.factor

    Args:
        name: What to call it; by default its kind and a number, as in Keras.
        trainable: Whether ``fit`` changes the weights.
        dtype: Dtype of the weights; ``mg.config.floatx()`` by default.
        input_shape: For the first layer of a model: the shape of one sample. The same
            as an ``Input`` before it.
        input_dim: The same for samples with one axis: its length.
        unknown: None of these exists; the error names the nearest that does.

    Raises:
        TypeError: For an argument that does not exist.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Scale(mg.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> layer = Scale()
        >>> layer(np.ones((2, 3), np.float32)).shape, layer.count_params()
        ((2, 3), 3)
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        input_shape: tuple[int, ...] | None = None,
        input_dim: int | None = None,
        **unknown: Any,
    ) -> None:
        for argument in unknown:
            known = [*inspect.signature(type(self)).parameters, *LAYER_ARGUMENTS]
            raise TypeError(
                f"{type(self).__name__} has no argument {argument!r}."
                + coverage.nearest(argument, known)
            )
        self.name = automatic_name(type(self).__name__) if name is None else str(name)
        self.trainable = trainable
        self.dtype = np.dtype(dtype or config.floatx()).name
        if input_shape is None and input_dim is not None:
            input_shape = (input_dim,)
        self.sample_shape = None if input_shape is None else tuple(input_shape)
        self.built = False
        self.own: list[tuple[Variable, bool]] = []  # each weight, and whether it is trainable

    @property
    def title(self) -> str:
        """Kind and name, as errors show them: ``Conv2D "conv2d"``."""
        return f'{type(self).__name__} "{self.name}"'

    def __repr__(self) -> str:
        return f"<{self.title} {'built' if self.built else 'not built yet'}>"

    # -- what a subclass defines --------------------------------------------------------
    def build(self, input_shape: Shape) -> None:
        """Make the weights, with :meth:`add_weight`.

        Args:
            input_shape: Shape of the input, with ``None`` for the batch.
        """

    def call(self, inputs: Node) -> Node:
        """Build the nodes of the layer's formula.

        Args:
            inputs: A node with a batch of samples. A second parameter ``training`` is
                given where there is one: whether the graph is for training.

        Returns:
            The last node.
        """
        raise NotImplementedError(f"{self.title} has no call method yet")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the result for an input of this shape.

        Args:
            input_shape: Shape of the input, with ``None`` for the batch.

        Returns:
            Shape of the result, with ``None`` for the batch.

        Raises:
            ValueError: When the layer cannot take such an input.
        """
        # A trial graph for one sample tells, whatever the subclass does.
        sample = Constant(np.zeros((1, *input_shape[1:]), self.dtype))
        return (None, *self(sample).shape[1:])

    # -- building -----------------------------------------------------------------------
    def add_weight(
        self,
        shape: Iterable[int] | int = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> Variable:
        """Make a weight that belongs to the layer.

        Args:
            shape: Its shape.
            initializer: Name or function of its initial values; ``"glorot_uniform"`` by
                default.
            dtype: Its dtype; the layer's by default.
            trainable: Whether ``fit`` changes it.
            name: What to call it; the layer's name is put in front.

        Returns:
            A variable, to be used in ``call``.
        """
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        values = initializers.get(initializer or "glorot_uniform")(shape, dtype or self.dtype)
        name = name or f"weight_{len(self.own)}"
        weight = Variable(values, name=f"{self.name}/{name}", dtype=dtype or self.dtype)
        if weight.shape != shape:
            raise ValueError(
                f"{self.title}: the initializer of {name} gave shape {weight.shape}, wanted {shape}"
            )
        self.own.append((weight, trainable))
        return weight

    def __call__(self, inputs: Any, training: bool = False) -> Node:
        """Build the layer's part of the graph, and its weights on first use.

        Args:
            inputs: A node, or an array (which becomes a constant), with a batch of
                samples along the first axis.
            training: Whether the graph is for training: whether dropout drops.

        Returns:
            The node that holds the result.

        Raises:
            ValueError: When the layer cannot take such an input.
        """
        if not hasattr(self, "own"):
            raise TypeError(f"{type(self).__name__}: call super().__init__() in __init__ first")
        inputs = as_node(inputs)
        if not self.built:
            self.build((None, *inputs.shape[1:]))
            self.built = True
        wants = inspect.signature(self.call).parameters
        options = {"training": training} if "training" in wants else {}
        result = self.call(inputs, **options)
        if not isinstance(result, Node):
            raise TypeError(f"{self.title}: call returned {type(result).__name__}, wanted a node")
        self.sign(result, inputs)
        return result

    def sign(self, result: Node, inputs: Node) -> None:
        """Name what the layer has built after it, for pictures and errors."""
        waiting = [result]
        while waiting:
            node = waiting.pop()
            if node is not inputs and isinstance(node, Operator) and node.name is None:
                node.name = self.name
                waiting.extend(node.inputs)

    # -- weights ------------------------------------------------------------------------
    def parts(self) -> list[Layer]:
        """Layers that this one holds as attributes, alone or in a list."""
        held = []
        for value in vars(self).values():
            several = value if isinstance(value, (list, tuple)) else [value]
            held += [part for part in several if isinstance(part, Layer)]
        return held

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that ``fit`` changes, in the order in which they were made."""
        if not self.trainable:
            return []
        mine = [weight for weight, trainable in self.own if trainable]
        return mine + [w for part in self.parts() for w in part.trainable_weights]

    @property
    def weights(self) -> list[Variable]:
        """All weights, as variables of the graph."""
        mine = [weight for weight, _ in sorted(self.own, key=lambda pair: not pair[1])]
        return mine + [w for part in self.parts() for w in part.weights]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as :attr:`trainable_weights`."""
        return self.trainable_weights

    @property
    def variables(self) -> list[Variable]:
        """The same as :attr:`weights`."""
        return self.weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that ``fit`` leaves as they are."""
        changing = set(self.trainable_weights)
        return [weight for weight in self.weights if weight not in changing]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in Keras's order and layout.

        Returns:
            Arrays; kernel before bias.
        """
        return [np.array(weight.value) for weight in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Give all weights new values.

        Args:
            weights: Arrays as :meth:`get_weights` returns them.

        Raises:
            ValueError: When their number or a shape differs; then nothing is changed.
        """
        assign(self.title, self.weights, weights)

    def count_params(self) -> int:
        """How many numbers the weights have together.

        Raises:
            ValueError: When the layer is not built, so that nobody knows.
        """
        if not self.built:
            raise ValueError(
                f"{self.title} has no weights yet: it learns the shape of its input when it "
                "is first called, or from an Input before it"
            )
        return sum(weight.size for weight in self.weights)


def assign(owner: str, variables: list[Variable], values: Any) -> None:
    """Give variables new values, all or none.

    Args:
        owner: Whose they are, for the error.
        variables: The variables.
        values: As many arrays.

    Raises:
        ValueError: When their number, a shape or a number in them does not fit.
    """
    values = [np.asarray(value) for value in values]
    if len(values) != len(variables):
        raise ValueError(
            f"{owner} has {len(variables)} weights, got {len(values)}"
            + ("" if variables else " (it is not built yet, or it has none)")
        )
    for variable, value in zip(variables, values, strict=True):
        if value.shape != variable.shape:
            raise ValueError(
                f"{owner}: weight {variable.name} has shape {variable.shape}, got {value.shape}"
            )
        if value.dtype.kind not in "fiub":
            raise ValueError(f"{owner}: weight {variable.name} got dtype {value.dtype}")
    for variable, value in zip(variables, values, strict=True):
        variable.value = value


class InputLayer(Layer):
    """The shape of one sample; made by :func:`Input`.

    Args:
        shape: Shape of one sample, without the batch.
        batch_size: Not covered.
        dtype: Dtype in which the samples enter the graph.
        name: What to call it.

    Raises:
        ValueError: When a length is not a whole number of at least 1.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.InputLayer((28, 28, 1)).shape
        (None, 28, 28, 1)
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        shape = (shape,) if isinstance(shape, (int, np.integer)) else shape
        good = isinstance(shape, (tuple, list)) and all(
            isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= 1 for n in shape
        )
        if not good:
            raise ValueError(
                f"Input: shape is that of one sample without the batch, whole numbers of at "
                f"least 1 such as (28, 28, 1); got {shape!r}"
            )
        coverage.refuse("Input", batch_size=(batch_size, None))
        super().__init__(name=name, dtype=dtype)
        self.shape: Shape = (None, *map(int, shape))
        self.given_dtype = None if dtype is None else np.dtype(dtype)
        self.built = True

    def call(self, inputs: Node) -> Node:
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.shape


def Input(  # noqa: N802 (Keras's name)
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, name: str | None = None
) -> InputLayer:
    """Say the shape of one sample, as the first item of a model.

    Args:
        shape: Shape of one sample, without the batch: ``(28, 28, 1)``.
        batch_size: Not covered; a model takes batches of any size.
        dtype: Dtype in which the samples enter the graph; by default the model's, and
            ``uint8`` for ``uint8`` samples where the first layer is ``Rescaling``.
        name: What to call it.

    Returns:
        An item for :class:`~minigrad.model.Sequential`.

    Raises:
        ValueError: When a length is not a whole number of at least 1.

    Example:
        >>> import minigrad as mg
        >>> mg.Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    return InputLayer(shape, batch_size, dtype, name)


def whole(owner: str, argument: str, value: Any) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{owner}: {argument} is a whole number of at least 1, got {value!r}")
    return int(value)


class Dense(Layer):
    """activation(x · kernel + bias): every unit sees every input.

    Args:
        units: How many numbers come out.
        activation: Name or function; none by default.
        use_bias: Whether a number is added to each unit's sum.
        kernel_initializer: Initial values of the kernel, of shape (inputs, units).
        bias_initializer: Initial values of the bias, of shape (units,).
        options: ``name``, ``trainable``, ``dtype``, ``input_shape``: see :class:`Layer`.

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
        kernel_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        bias_constraint: None = None,
        **options: Any,
    ) -> None:
        coverage.refuse(
            "Dense",
            kernel_regularizer=(kernel_regularizer, None),
            bias_regularizer=(bias_regularizer, None),
            activity_regularizer=(activity_regularizer, None),
            kernel_constraint=(kernel_constraint, None),
            bias_constraint=(bias_constraint, None),
        )
        self.units = whole("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        super().__init__(**options)

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        inputs = input_shape[-1]
        self.kernel = self.add_weight((inputs, self.units), self.kernel_initializer, name="kernel")
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias")

    def call(self, inputs: Node) -> Node:
        z = np.matmul(inputs, self.kernel)  # (batch, inputs) · (inputs, units)
        if self.use_bias:
            z = np.add(z, self.bias)
        return self.activation(z)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            raise ValueError(
                f"{self.title}: wants an input of shape (batch, …, inputs), got {input_shape}"
            )
        if self.built and input_shape[-1] != self.kernel.shape[0]:
            raise ValueError(
                f"{self.title}: was built for {self.kernel.shape[0]} inputs, got {input_shape}"
            )
        return (*input_shape[:-1], self.units)


def check_padding(owner: str, padding: Any) -> str:
    if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
        raise ValueError(f'{owner}: padding is "valid" or "same", got {padding!r}')
    return padding.lower()


def slide(
    layer: Layer, input_shape: Shape, window: Any, strides: Any, padding: str
) -> tuple[int, int]:
    """Height and width of the result of a window that slides over pictures.

    Raises:
        ValueError: When the input is no picture, or smaller than the window.
    """
    if len(input_shape) != 4:
        hint = (
            " (a Reshape of the data to (…, 1) adds the channel)" if len(input_shape) == 3 else ""
        )
        raise ValueError(
            f"{layer.title}: wants pictures of shape (batch, height, width, channel), "
            f"got {input_shape}{hint}"
        )
    height, width = input_shape[1:3]
    sides = zip((height, width), window, strides, strict=True)
    rows, columns = (Window.along(n, size, step, padding).count for n, size, step in sides)
    if rows < 1 or columns < 1:
        raise ValueError(
            f"{layer.title}: kernel {window[0]}×{window[1]} does not fit "
            f'a {height}×{width} input with padding="{padding}"'
        )
    return rows, columns


class Conv2D(Layer):
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
        coverage.refuse(
            "Conv2D",
            data_format=(data_format, None, "channels_last"),
            dilation_rate=(dilation_rate, (1, 1), [1, 1], 1),
            groups=(groups, 1),
            kernel_regularizer=(kernel_regularizer, None),
            bias_regularizer=(bias_regularizer, None),
            activity_regularizer=(activity_regularizer, None),
            kernel_constraint=(kernel_constraint, None),
            bias_constraint=(bias_constraint, None),
        )
        self.filters = whole("Conv2D", "filters", filters)
        self.kernel_size = pair(kernel_size, "kernel_size", "Conv2D")
        self.strides = pair(strides, "strides", "Conv2D")
        self.padding = check_padding("Conv2D", padding)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        super().__init__(**options)

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        shape = (*self.kernel_size, input_shape[3], self.filters)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), self.bias_initializer, name="bias")

    def call(self, inputs: Node) -> Node:
        self.compute_output_shape(inputs.shape)
        window = self.strides, self.padding
        z: Any = convolution.Convolution2D(inputs, self.kernel, *window, name=self.name)
        if self.use_bias:
            z = np.add(z, self.bias)
        return self.activation(z)

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
        coverage.refuse(kind, data_format=(data_format, None, "channels_last"))
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

    operator = convolution.MaxPool2D


class AveragePooling2D(Pooling2D):
    """The mean under each position of a window; arguments as in Keras.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.AveragePooling2D(2, padding="same").compute_output_shape((None, 27, 27, 8))
        (None, 14, 14, 8)
    """

    operator = convolution.AveragePool2D


# The short names that Keras has for them as well.
Convolution2D = Conv2D
MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D


class Flatten(Layer):
    """Each sample's numbers in a row: (batch, 27, 27, 8) becomes (batch, 5832).

    Args:
        data_format: Channels are last; nothing else is covered.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import minigrad as mg
        >>> mg.layers.Flatten().compute_output_shape((None, 27, 27, 8))
        (None, 5832)
    """

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        coverage.refuse("Flatten", data_format=(data_format, None, "channels_last"))
        super().__init__(**options)

    def call(self, inputs: Node) -> Node:
        return np.reshape(inputs, (inputs.shape[0], -1))  # type: ignore[return-value]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], math.prod(n for n in input_shape[1:] if n is not None))


class Activation(Layer):
    """An activation function as a layer of its own.

    Args:
        activation: Name or function.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.layers.Activation("relu", name="rectify")(np.array([[-1.0, 2.0]]))
        <Relu "rectify" shape=(1, 2) dtype=float64 value=None gradient=None>
    """

    def __init__(self, activation: Any, **options: Any) -> None:
        self.activation = activations.get(activation)
        super().__init__(**options)

    def call(self, inputs: Node) -> Node:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)


class Dropout(Layer):
    """In training, sets a random part of the numbers to 0; otherwise does nothing.

    Args:
        rate: Part that is dropped, from 0 to 1. What is kept is scaled up by 1/(1 − rate).
        noise_shape: Not covered.
        seed: A whole number, or ``None`` for one from the package's seeded source.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Raises:
        ValueError: When the rate is not between 0 and 1.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> drop, x = mg.layers.Dropout(0.5), mg.Constant(np.ones((1, 4)))
        >>> drop(x) is x, drop(x, training=True) is x
        (True, False)
    """

    def __init__(
        self, rate: float, noise_shape: None = None, seed: int | None = None, **options: Any
    ) -> None:
        if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate is a number from 0 to 1, got {rate!r}")
        coverage.refuse("Dropout", noise_shape=(noise_shape, None))
        super().__init__(**options)
        self.rate, self.seed = float(rate), seed
        self.generator = np.random.default_rng(randomness.new_seed() if seed is None else seed)

    def call(self, inputs: Node, training: bool = False) -> Node:
        if not training or self.rate == 0:
            return inputs
        return dropout.Dropout(inputs, self.rate, self.generator)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)


class Rescaling(Layer):
    """x · scale + offset, for pictures that come as whole numbers.

    As the first layer it takes ``uint8`` pictures as they are, so that a set needs a
    quarter of the memory.

    Args:
        scale: What to multiply with: ``1 / 255``.
        offset: What to add afterwards.
        options: ``name``, ``dtype``, ``input_shape``: see :class:`Layer`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> y = mg.layers.Rescaling(1 / 255)(np.array([[0, 51, 255]], np.uint8))
        >>> mg.forward(mg.topological_sort(y))
        array([[0. , 0.2, 1. ]], dtype=float32)
    """

    def __init__(self, scale: float, offset: float = 0.0, **options: Any) -> None:
        self.scale, self.offset = float(scale), float(offset)
        super().__init__(**options)

    def call(self, inputs: Node) -> Node:
        return Rescale(inputs, self.scale, self.offset, self.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)


def __getattr__(name: str) -> Any:
    raise AttributeError(coverage.missing("layers", name, __all__))
