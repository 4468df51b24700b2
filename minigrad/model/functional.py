"""A graph of layers: what a model is before it is compiled.

Layers are called on symbolic tensors, and each result remembers where it comes from. A model is
what lies between some of these tensors: layers in a row, branches that meet again, a layer that is
used twice. Called on nodes it calls its layers in the same order, and so builds their graph.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minigrad.graph import Node
from minigrad.layers import InputLayer, Layer
from minigrad.layers.base import Formula
from minigrad.layers.tensors import KerasTensor
from minigrad.layers.weights import assign
from minigrad.model import keras_files, summary, weights_file
from minigrad.model.packing import Packing
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, is_whole, title
from minigrad.shared.console import shown


class Functional(Layer):
    """Layers between some tensors and others, as one layer."""

    _inputs: tuple[KerasTensor, ...] = ()
    _outputs: tuple[KerasTensor, ...] = ()
    _between: tuple[KerasTensor, ...] = ()  # in the order in which they are computed
    _layers: list[Layer]
    _several = (False, False)  # whether there are several inputs and outputs

    def _join(self, inputs: Any, outputs: Any) -> None:
        """Take what lies between tensors as the model.

        Raises:
            TypeError: When they are no tensors.
            ValueError: When an input is missing, or two layers have one name.
        """
        ends = []
        for what, given in (("inputs", inputs), ("outputs", outputs)):
            tensors = tuple(given) if isinstance(given, (list, tuple)) else (given,)
            if not tensors or not all(isinstance(tensor, KerasTensor) for tensor in tensors):
                raise TypeError(
                    f"{title(self)}: {what} is what Input(shape) or a layer called on it has "
                    f"given, or a list of such; got {brief(given)}"
                )
            ends.append(tensors)
        between, layers = sort(ends[0], ends[1], title(self))
        names = [layer.name for layer in layers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"{title(self)}: there are two layers of the name {name!r}; name= differs"
                )
        (self._inputs, self._outputs), self._between = ends, between
        # as in Keras: `x + y` has a place between them, and is none of the layers
        self._layers = [layer for layer in layers if not isinstance(layer, Formula)]
        self._several = len(ends[0]) > 1, len(ends[1]) > 1
        self.built = True
        self._forget()

    def _forget(self) -> None:
        """Called when the layers have changed: throw away what was made of them."""

    # -- what it is made of ---------------------------------------------------------------
    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which they compute; formulas such as ``x + y`` are none."""
        return [layer for layer in self._parts() if not isinstance(layer, Formula)]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The tensors where data come in."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The tensors that are predicted."""
        return list(self._outputs)

    @property
    def input(self) -> Any:
        """The tensor where data come in, or a list of them."""
        return self._one_of(self._inputs, self._several[0])

    @property
    def output(self) -> Any:
        """The tensor that is predicted, or a list of them."""
        return self._one_of(self._outputs, self._several[1])

    def _one_of(self, things: Sequence[Any], several: bool) -> Any:
        """The only one, or the list of all."""
        if not things:
            raise AttributeError  # the words are where attributes that there are not are asked for
        return list(things) if several else things[0]

    def _parts(self) -> list[Layer]:
        return self._layers if self._outputs or not self._is_subclass() else super()._parts()

    def _is_subclass(self) -> bool:
        """Whether the formula is a ``call`` of somebody's own."""
        return type(self).call is not Functional.call

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or number.

        Args:
            name: Its name.
            index: Its number, from 0; an input does not count.

        Raises:
            ValueError: When there is none.
        """
        known = self.layers
        if index is not None and not is_whole(index, -len(known)):
            raise ValueError(f"{title(self)}: index is a whole number, got {brief(index)}")
        if index is not None and -len(known) <= index < len(known):
            return known[index]
        for layer in known:
            if layer.name == name:
                return layer
        raise ValueError(f"{title(self)} has no such layer; there are {[x.name for x in known]}")

    @property
    def input_shape(self) -> Any:
        """Shape of a batch of samples, with ``None`` for the batch; a list for several inputs."""
        return self._one_of([tensor.shape for tensor in self._inputs], self._several[0])

    @property
    def output_shape(self) -> Any:
        """Shape of the predictions of a batch, with ``None`` for the batch; a list for several."""
        if not self._outputs:
            return self.compute_output_shape(self.input_shape)
        return self._one_of([tensor.shape for tensor in self._outputs], self._several[1])

    # Several inputs come in as one array, each sample's numbers in a row; so do several outputs
    # go out. The graph takes them apart and puts them together, and all else knows one of each.
    @property
    def _entry(self) -> Packing:
        return Packing([tensor.shape[1:] for tensor in self._inputs])

    @property
    def _exit(self) -> Packing:
        return Packing([tensor.shape[1:] for tensor in self._outputs])

    def _packed_shape(self) -> tuple[Any, ...]:
        """Shape of a batch of predictions as it leaves the graph."""
        return (None, *self._exit.shape) if self._several[1] else self.output_shape

    def compute_output_shape(self, input_shape: Any) -> Any:
        if not self._outputs:
            return super().compute_output_shape(input_shape)
        given = input_shape if isinstance(input_shape, list) else [input_shape]
        return self._replay(given, lambda layer, shapes: layer.compute_output_shape(shapes))

    def __call__(self, inputs: Any, training: bool = False) -> Node:
        names = [tensor.name for tensor in self._inputs]
        if isinstance(inputs, dict) and sorted(inputs) == sorted(names):
            inputs = [inputs[name] for name in names]
        return super().__call__(inputs, training)

    def call(self, inputs: Any, training: bool = False) -> Node:
        if not self._outputs:
            raise NotImplementedError(f"{title(self)} has no layers yet, nor a call method")
        given = inputs if isinstance(inputs, list) else [inputs]
        return self._replay(given, lambda layer, nodes: layer(nodes, training=training))

    def _replay(self, given: list[Any], do: Callable[[Layer, Any], Any]) -> Any:
        """Go through the layers in order, with something for each tensor."""
        if len(given) != len(self._inputs):
            raise ValueError(f"{title(self)} has {len(self._inputs)} inputs, got {len(given)}")
        found = dict(zip(self._inputs, given, strict=True))
        for tensor in self._between:
            arguments = [found[source] for source in tensor._inputs]
            found[tensor] = do(tensor._layer, arguments if tensor._several else arguments[0])
        return self._one_of([found[tensor] for tensor in self._outputs], self._several[1])

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: None = None,
    ) -> None:
        """Print a table of the layers, their shapes and numbers of weights.

        Args:
            line_length: Has no meaning here: a column is as wide as what stands in it.
            positions: Has no meaning here, for the same reason.
            print_fn: Takes the text in place of ``print``.
            expand_nested: Whether to show the layers of models that are layers of this one.
            show_trainable: Whether to show which layers ``fit`` changes.
            layer_range: Not covered.

        Raises:
            ValueError: For arguments that are not covered.
        """
        lookup.refuse("summary", layer_range=(layer_range, None))
        rows = summary.expanded(self._rows()) if expand_nested else self._rows()
        weights = self.trainable_weights, self.non_trainable_weights
        title = f'Model: "{self.name}"'
        table = summary.summarized(title, rows, *weights, show_trainable).boxed()
        if print_fn is None:
            print(shown(table))
        else:
            print_fn(table)

    def _repr_html_(self) -> str:
        weights = self.trainable_weights, self.non_trainable_weights
        return summary.summarized(repr(self)[1:-1], self._rows(), *weights)._repr_html_()

    def _rows(self) -> Iterable[tuple[Layer, Any, str]]:
        """For the summary: each layer, the shape of its result, what it is connected to."""
        plain = all(len(tensor._inputs) == 1 for tensor in self._between)
        plain = plain and len(self._layers) == len(self._between) + 1 == len(self._parts())
        first = dict.fromkeys(self._inputs, "-")
        for tensor in (*first, *self._between):
            sources = ", ".join(f"{source.name}[0][0]" for source in tensor._inputs)
            yield tensor._layer, tensor.shape, "" if plain else sources or "-"

    # -- weights in and out ---------------------------------------------------------------
    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: None = None
    ) -> None:
        """Write all weights into a file of NumPy's, or of Keras's where that is installed.

        The file appears under its name only when it is complete.

        Args:
            filepath: Where to; ends in ``.weights.npz`` or ``.npz``, or in ``.weights.h5``.
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
        if weights_file.is_keras(path):
            keras_files.write_weights(self, path)
        else:
            weights_file.write(path, self.weights)

    def save(self, filepath: Any, overwrite: bool = True, zipped: None = None) -> None:
        """Write the whole model into a file of Keras's: layers, weights, the optimizer's memory.

        Args:
            filepath: Where to; ends in ``.keras``, or in ``.h5`` as of old.
            overwrite: Whether an existing file may be replaced.
            zipped: Not covered.

        Raises:
            ImportError: When Keras is not installed: weights can be saved all the same.
            ValueError: For another ending, a model that is not built, or one that Keras cannot
                be told of, as it holds a class of your own.
            FileExistsError: When there is a file and ``overwrite`` is false.
        """
        lookup.refuse("save", zipped=(zipped, None, True))
        keras_files.save(self, filepath, overwrite)

    def to_json(self) -> str:
        """What the model is made of, as Keras writes it down, without weights.

        Raises:
            ImportError: When Keras is not installed.
            ValueError: For a model that is not built, or holds a class of your own.
        """
        return keras_files.to_json(self)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Read all weights from a file that :meth:`save_weights`, or Keras, has written.

        Args:
            filepath: The file; one of a whole model will do.
            skip_mismatch: Not covered.

        Raises:
            ValueError: When the file is none of ours, or its weights do not fit. Nothing has
                changed then.
            OSError: When the file cannot be opened.
        """
        lookup.refuse("load_weights", skip_mismatch=(skip_mismatch, False))
        path = weights_file.checked(filepath, keras_files.MODELS)
        if not self.built:
            raise ValueError(
                f"{title(self)} is not built yet and has no weights to load into: put "
                "mg.Input(shape) first, or call model.build((None, …))"
            )
        if path.suffix == ".npz":
            found = weights_file.read(path, self.weights)
        else:
            found = keras_files.read_weights(self, path)
        assign(f"{title(self)} from {path.name}", self.weights, found)


def sort(
    inputs: tuple[KerasTensor, ...], outputs: tuple[KerasTensor, ...], owner: str
) -> tuple[tuple[KerasTensor, ...], list[Layer]]:
    """The tensors from the inputs, which are left out, to the outputs: each after its own inputs.

    Returns:
        The tensors; and their layers with those of the inputs in Keras's order, which is that of
        the weights: the farther from the outputs the earlier.

    Raises:
        ValueError: When a tensor is reached that comes from another input.
    """
    ordered: dict[KerasTensor, None] = {}
    met: dict[Layer, int] = {}
    waiting = [(tensor, False) for tensor in reversed(outputs)]
    while waiting:
        tensor, ready = waiting.pop()
        if tensor in ordered:
            continue
        if isinstance(tensor._layer, InputLayer) and tensor not in inputs:
            raise ValueError(
                f"{owner}: the outputs depend on Input {tensor.name!r}, which is not among inputs"
            )
        met.setdefault(tensor._layer, len(met))
        if ready or tensor in inputs:
            ordered[tensor] = None
        else:
            waiting += [(tensor, True), *((source, False) for source in reversed(tensor._inputs))]
    far: dict[KerasTensor, int] = {}
    layers: dict[Layer, int] = {tensor._layer: 0 for tensor in inputs}
    for tensor in reversed(ordered):
        layer = tensor._layer
        far[tensor] = layers[layer] = max(far.get(tensor, 0), layers.get(layer, 0))
        if tensor not in inputs:
            for source in tensor._inputs:
                far[source] = max(far[tensor] + 1, far.get(source, 0))
    between = tuple(tensor for tensor in ordered if tensor not in inputs)
    return between, sorted(layers, key=lambda layer: (-layers[layer], met.get(layer, -1)))
