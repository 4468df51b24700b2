"""Layers in a row: a layer that is made of layers, whose shapes fit and whose weights are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minigrad.graph import Node
from minigrad.layers import InputLayer, Layer
from minigrad.layers.base import Shape
from minigrad.layers.weights import assign
from minigrad.model import summary, weights_file
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, is_whole, title
from minigrad.shared.console import shown

__all__ = ["Stack"]


class Stack(Layer):
    """Layers in a row; what a model is before it is compiled.

    Args:
        layers: An input and layers, in order.
        trainable: Whether training changes the weights.
        name: What to call it.

    Raises:
        ValueError: When a layer does not fit the one before it.
    """

    def __init__(
        self, layers: Iterable[Layer] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._input_layer: InputLayer | None = None
        self.layers: list[Layer] = []
        self._forget()
        if not isinstance(layers, Iterable) and layers is not None:
            raise TypeError(f"{title(self)}: layers is a list of layers, got {brief(layers)}")
        for layer in layers or ():
            self.add(layer)

    def _forget(self) -> None:
        """Called when the layers have changed: throw away what was made of them."""

    def add(self, layer: Layer, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Args:
            layer: The layer, or an input if there is none yet.
            rebuild: Not covered.

        Raises:
            ValueError: When it does not fit, or its name is taken.
            TypeError: When it is no layer.
        """
        lookup.refuse("add", rebuild=(rebuild, True))
        if not isinstance(layer, Layer):
            raise TypeError(f"{title(self)}: wants layers, got {brief(layer)}")
        if layer is self:
            raise ValueError(f"{title(self)}: a model cannot be a layer of itself")
        if isinstance(layer, InputLayer):
            if self._input_layer or self.layers:
                raise ValueError(f"{title(self)}: an Input comes first and once")
            self._input_layer = layer
            return
        if any(layer.name == other.name for other in self.layers):
            raise ValueError(
                f"{title(self)}: there is a layer {layer.name!r} already; name= differs"
            )
        if not self.layers and self._input_layer is None:
            if isinstance(layer, Stack) and layer.built:
                self._input_layer = InputLayer(layer.input_shape[1:])
            elif layer._sample_shape is not None:
                self._input_layer = InputLayer(layer._sample_shape)
        if self._input_layer:  # the layer learns its input's shape, and makes its weights
            self._prepare(layer, self.output_shape)
        self.layers.append(layer)
        self.built = self._input_layer is not None
        self._forget()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away and return it.

        Args:
            rebuild: Not covered.

        Raises:
            IndexError: When there is none.
        """
        lookup.refuse("pop", rebuild=(rebuild, True))
        if not self.layers:
            raise IndexError(f"{title(self)} has no layers to take away")
        layer = self.layers.pop()
        self.built = self.built and bool(self.layers)
        self._forget()
        return layer

    def _prepare(self, layer: Layer, input_shape: Shape) -> None:
        """Make a layer's weights for an input of this shape."""
        layer.compute_output_shape(input_shape)  # refuses an input that does not fit
        layer._make_weights(input_shape)

    def build(self, input_shape: Shape) -> None:
        """Make the weights of all layers.

        Args:
            input_shape: Shape of a batch of samples, with ``None`` for the batch.

        Raises:
            ValueError: When a layer does not fit, or there is none.
        """
        if not isinstance(input_shape, (tuple, list)) or not input_shape:
            raise ValueError(
                f"{title(self)}: input_shape is that of a batch, such as (None, 28, 28, 1); "
                f"got {brief(input_shape)}"
            )
        if not self.layers:
            raise ValueError(f"{title(self)} has no layers: model.add(layer) adds one")
        inputs = self._input_layer or InputLayer(tuple(input_shape[1:]))
        if inputs.shape != (None, *input_shape[1:]):
            raise ValueError(f"{title(self)} takes an input of shape {inputs.shape}")
        self.compute_output_shape(inputs.shape)  # all layers fit before any makes weights
        self._input_layer, shape = inputs, inputs.shape
        for layer in self.layers:
            self._prepare(layer, shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def _parts(self) -> list[Layer]:
        return self.layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or number.

        Args:
            name: Its name.
            index: Its number, from 0; an input does not count.

        Raises:
            ValueError: When there is none.
        """
        if index is not None and not is_whole(index, -len(self.layers)):
            raise ValueError(f"{title(self)}: index is a whole number, got {brief(index)}")
        if index is not None and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"{title(self)} has no such layer; there are {[x.name for x in self.layers]}"
        )

    @property
    def input_shape(self) -> Shape:
        """Shape of a batch of samples, with ``None`` for the batch."""
        if self._input_layer is None:
            raise AttributeError(f"{title(self)} does not know its input yet: see mg.Input")
        return self._input_layer.shape

    @property
    def output_shape(self) -> Shape:
        """Shape of the predictions of a batch, with ``None`` for the batch."""
        return self.compute_output_shape(self.input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def call(self, inputs: Node, training: bool = False) -> Node:
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    def summary(
        self,
        line_length: None = None,
        positions: None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: None = None,
    ) -> None:
        """Print a table of the layers, their shapes and numbers of weights.

        Args:
            line_length: Not covered.
            positions: Not covered.
            print_fn: Takes the text in place of ``print``.
            expand_nested: Not covered.
            show_trainable: Not covered.
            layer_range: Not covered.

        Raises:
            ValueError: For arguments that are not covered.
        """
        lookup.refuse(
            "summary",
            line_length=(line_length, None),
            positions=(positions, None),
            expand_nested=(expand_nested, False),
            show_trainable=(show_trainable, False),
            layer_range=(layer_range, None),
        )
        shape, rows = self.input_shape if self.built else None, []
        for layer in self.layers:
            shape = None if shape is None else layer.compute_output_shape(shape)
            rows.append((layer, shape))
        table = summary.table(self.name, rows, self.trainable_weights, self.non_trainable_weights)
        if print_fn is None:
            print(shown(table))
        else:
            print_fn(table)

    # -- weights in and out ---------------------------------------------------------------
    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: None = None
    ) -> None:
        """Write all weights into a file of NumPy's.

        The file appears under its name only when it is complete.

        Args:
            filepath: Where to; ends in ``.weights.npz`` or ``.npz``.
            overwrite: Whether an existing file may be replaced.
            max_shard_size: Not covered.

        Raises:
            ValueError: For another ending, or a model that is not built.
            FileExistsError: When there is a file and ``overwrite`` is false.
            OSError: When it cannot be written; a file that was there is as it was.

        Example:
            >>> import tempfile, os, minigrad as mg
            >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2)])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     model.save_weights(os.path.join(folder, "dense.weights.npz"))
            ...     model.load_weights(os.path.join(folder, "dense.weights.npz"))
        """
        lookup.refuse("save_weights", max_shard_size=(max_shard_size, None))
        path = weights_file.checked(filepath)
        if not self.built:
            raise ValueError(f"{title(self)} is not built yet and has no weights to save")
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists; overwrite=True replaces it")
        weights_file.write(path, self.weights)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Read all weights from a file that :meth:`save_weights` wrote.

        Args:
            filepath: The file.
            skip_mismatch: Not covered.

        Raises:
            ValueError: When the file is none of ours, or its weights do not fit. Nothing has
                changed then.
            OSError: When the file cannot be opened.
        """
        lookup.refuse("load_weights", skip_mismatch=(skip_mismatch, False))
        path = weights_file.checked(filepath)
        if not self.built:
            raise ValueError(
                f"{title(self)} is not built yet and has no weights to load into: put "
                "mg.Input(shape) first, or call model.build((None, …))"
            )
        assign(
            f"{title(self)} from {path.name}", self.weights, weights_file.read(path, self.weights)
        )
