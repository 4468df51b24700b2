"""The sequential model: layers in a row, the simplest graph of layers."""

from collections.abc import Iterable
from typing import Any

from minigrad.layers import InputLayer, Layer
from minigrad.layers.base import Shape
from minigrad.layers.tensors import KerasTensor
from minigrad.model.training import Model
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, title


class Sequential(Model):
    """Layers in a row.

    Args:
        layers: An :func:`~minigrad.layers.Input` and layers, in order. Without an input,
            the shape of the first samples decides.
        trainable: Whether ``fit`` changes the weights.
        name: What to call it.

    Raises:
        ValueError: When a layer does not fit the one before it.

    Example:
        >>> import minigrad as mg
        >>> model = mg.Sequential([
        ...     mg.Input((28, 28, 1)),
        ...     mg.layers.Conv2D(8, 2, activation="relu"),
        ...     mg.layers.Flatten(),
        ...     mg.layers.Dense(128, activation="elu"),
        ...     mg.layers.Dense(10, activation="softmax"),
        ... ])
        >>> model.count_params()
        747954
    """

    def __init__(
        self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        if not isinstance(layers, Iterable) and layers is not None:
            raise TypeError(f"{title(self)}: layers is a list of layers, got {brief(layers)}")
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Args:
            layer: The layer, or an input if there is none yet.
            rebuild: Not covered.

        Raises:
            ValueError: When it does not fit, or its name is taken.
            TypeError: When it is no layer.
        """
        lookup.refuse("add", rebuild=(rebuild, True))
        if isinstance(layer, KerasTensor) and isinstance(layer._layer, InputLayer):
            layer = layer._layer
        if not isinstance(layer, Layer):
            library = lookup.home(layer)
            theirs = f" of {library}'s" if library in lookup.OTHERS else ""
            raise TypeError(f"{title(self)}: wants minigrad's layers, got {brief(layer)}{theirs}")
        if layer is self:
            raise ValueError(f"{title(self)}: a model cannot be a layer of itself")
        if isinstance(layer, InputLayer):
            if self._inputs or self._layers:
                raise ValueError(f"{title(self)}: an Input comes first and once")
            self._begin(layer)
            return
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                f"{title(self)}: there is a layer {layer.name!r} already; name= differs"
            )
        if not self._layers and not self._inputs:
            self._begin_with(layer)
        if self._inputs:  # the layer learns its input's shape, and makes its weights
            self._append(layer)
        self._layers.append(layer)
        self.built = bool(self._inputs)
        self._forget()

    def _begin_with(self, layer: Layer) -> None:
        """Begin with the input that the first layer knows, if it knows one."""
        if isinstance(layer, Model) and layer.built and not layer._several[0]:
            self._begin(InputLayer(layer.input_shape[1:]))
        elif layer._sample_shape is not None:
            self._begin(InputLayer(layer._sample_shape))

    def _begin(self, layer: InputLayer) -> None:
        self._inputs = self._outputs = (layer.output,)

    def _append(self, layer: Layer) -> None:
        """Call a layer on the last tensor."""
        result: Any = layer(self._outputs[0])
        self._outputs, self._between = (result,), (*self._between, result)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away and return it.

        Args:
            rebuild: Not covered.

        Raises:
            IndexError: When there is none.
        """
        lookup.refuse("pop", rebuild=(rebuild, True))
        if not self._layers:
            raise IndexError(f"{title(self)} has no layers to take away")
        layer = self._layers.pop()
        if self._between:
            *between, last = self._between
            self._outputs, self._between = last._inputs, tuple(between)
            layer._results = tuple(result for result in layer._results if result is not last)
        self.built = self.built and bool(self._layers)
        self._forget()
        return layer

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the weights of all layers.

        Args:
            input_shape: Shape of a batch of samples, with ``None`` for the batch.

        Raises:
            ValueError: When a layer does not fit, or there is none.
        """
        if input_shape is None and self._inputs:
            input_shape = self.input_shape
        if not isinstance(input_shape, (tuple, list)) or not input_shape:
            raise ValueError(
                f"{title(self)}: input_shape is that of a batch, such as (None, 28, 28, 1); "
                f"got {brief(input_shape)}"
            )
        if not self._layers:
            raise ValueError(f"{title(self)} has no layers: model.add(layer) adds one")
        if self._inputs:
            if self.input_shape != (None, *input_shape[1:]):
                raise ValueError(f"{title(self)} takes an input of shape {self.input_shape}")
            return
        inputs = InputLayer(tuple(input_shape[1:]))
        shape = inputs.batch_shape
        for layer in self._layers:  # all layers fit before any makes weights
            shape = layer.compute_output_shape(shape)
        self._begin(inputs)
        for layer in self._layers:
            self._append(layer)
        self.built = True

    def _rows(self) -> Iterable[tuple[Layer, Any, str]]:
        shapes: list[Any] = [tensor.shape for tensor in self._between]
        shapes = shapes or [None] * len(self._layers)
        return [(layer, shape, "") for layer, shape in zip(self._layers, shapes, strict=True)]
