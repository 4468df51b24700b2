"""What every layer has: a name, weights, and a place where its part of the graph is built."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable
from functools import wraps
from itertools import chain
from typing import Any

import numpy as np

from minigrad import config, initializers, regularizers
from minigrad.graph import Constant, Node, Operator, Variable, as_node
from minigrad.graph.sweeps import completed
from minigrad.layers.building import as_it_was, sample_shape, tree
from minigrad.layers.tensors import KerasTensor, tensors_in, with_tensors
from minigrad.layers.weights import assign
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, default_name, real_array, title
from minigrad.shared.results import as_result, recording
from minigrad.shared.settings import Configured, argument
from minigrad.shared.showing import Table
from minigrad.shared.turns import turn_of

__all__ = ["Layer"]

Shape = tuple[Any, ...]  # of a batch of open length: (None, height, width, channel)

WEIGHTS = ("weight", "shape", "dtype", "trained")  # what a notebook shows of each
USED_BY_BUILD = ("units", "filters", "kernel_size", "dtype", "input_shape", "input_dim")
made: Counter[str] = Counter()  # how many layers of each kind were named automatically


def text(owner: str, argument: str, name: Any) -> str:
    return str(name)


def truth(owner: str, argument: str, value: Any) -> bool:
    """The value of ``trainable``, if it is one."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{owner}: {argument} is True or False, got {brief(value)}")
    return bool(value)


def automatic_name(layer: object) -> str:
    return numbered(default_name(type(layer)))


def numbered(name: str) -> str:
    """A name that no layer has yet, in Keras's way: conv2d, conv2d_1, …"""
    made[name] += 1
    return name if made[name] == 1 else f"{name}_{made[name] - 1}"


class Layer(Configured):
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
        arguments: Those that a derived class declares; see ``shared/settings.py``.
        options: Those by their names; an error names the nearest to one that does not exist.

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

    name: str = argument(text, None, by_name=True, usual=automatic_name)
    trainable: bool = argument(truth, True, by_name=True)
    dtype: str = argument(config.float_name, None, by_name=True, usual=lambda _: config.floatx())
    input_shape: Any = argument(sample_shape, None, by_name=True, kept="_sample_shape")
    _sample_shape: tuple[int, ...] | None

    def __init__(self, *arguments: Any, input_dim: int | None = None, **options: Any) -> None:
        kind = type(self).__name__
        for name in options.keys() - self._declared.keys():
            if name.endswith(("_regularizer", "_constraint")):
                lookup.refuse(kind, **{name: (options.pop(name), None)})
        if input_dim is not None:
            options.setdefault("input_shape", (input_dim,))
        super().__init__(*arguments, **options)
        self.built = False
        self._results: tuple[KerasTensor, ...] = ()  # of each call on symbolic tensors
        self._own: list[Variable] = []  # its weights, in the order in which they were made
        self._costs: tuple[tuple[Variable, Callable[[Any], Any]], ...] = ()  # by regularizers

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in vars(cls):
            cls.build = that_builds(cls.build)  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        used = name in USED_BY_BUILD or name.endswith(("_initializer", "_regularizer"))
        if used and vars(self).get("_own") and vars(self).get(name) is not value:
            raise ValueError(
                f"{title(self)}: {name} counted when the weights were made, and cannot be changed "
                "any more: make a new layer"
            )
        if name == "trainable" and "_own" in vars(self):  # set at a model, it is set at all layers
            value = truth(title(self), name, value)
            for part in self._parts():
                part.trainable = value
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if "_own" not in vars(self) and not name.startswith("__"):
            raise AttributeError(
                f"{type(self).__name__}: call super().__init__() in __init__ first"
            )
        if name in ("add_loss", "add_metric"):
            raise AttributeError(
                f"{title(self)}.{name} is not covered: add_weight takes a regularizer, and compile "
                "a loss and metrics of one's own"
            )
        return object.__getattribute__(self, name)  # says what is wrong, as a property does

    def __repr__(self) -> str:
        state = f"{self.count_params():,} weights" if self.built else "not built yet"
        return f"<{title(self)}: {state}>"

    def _repr_html_(self) -> str | None:
        rows = [
            (
                w.name or "",
                str(w.shape),
                str(w.dtype),
                "yes" if w.trainable and self.trainable else "no",
            )
            for w in self._own
        ]
        return Table(repr(self)[1:-1], WEIGHTS, rows)._repr_html_() if rows else None

    # -- what a subclass defines --------------------------------------------------------
    def build(self, input_shape: Shape) -> None:
        """Make the weights, with :meth:`add_weight`.

        Args:
            input_shape: Shape of the input, with ``None`` for the batch.
        """
        self.built = True

    def call(self, inputs: Node) -> Node:
        """Build the nodes of the layer's formula.

        Args:
            inputs: A node with a batch of samples. A second parameter ``training`` is
                given where there is one: whether the graph is for training.

        Returns:
            The last node.
        """
        raise NotImplementedError(f"{title(self)} has no call method yet")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result for an input of this shape.

        Args:
            input_shape: Shape of the input, with ``None`` for the batch.

        Returns:
            Shape of the result, with ``None`` for the batch.

        Raises:
            ValueError: When the layer cannot take such an input.
        """
        # A trial graph for one sample tells, whatever the subclass does.
        with as_it_was(self):
            result = only(self, self(self._sample(input_shape)))
        if result.ndim == 0:
            raise ValueError(
                f"{title(self)}: call returned a single number, wanted a result for each sample"
            )
        return (None, *result.shape[1:])

    def _sample(self, input_shape: Any) -> Any:
        """A sample of zeros for a trial graph, or several where the layer takes a list."""
        if isinstance(input_shape, list):
            return [self._sample(shape) for shape in input_shape]
        return Constant(np.zeros((1, *input_shape[1:]), self.dtype))

    # -- building -----------------------------------------------------------------------
    def add_weight(
        self,
        shape: Iterable[int] | int = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        regularizer: Any = None,
    ) -> Variable:
        """Make a weight that belongs to the layer.

        Args:
            shape: Its shape.
            initializer: Name or function of its initial values; ``"glorot_uniform"`` by
                default.
            dtype: Its dtype; the layer's by default.
            trainable: Whether ``fit`` changes it.
            name: What to call it; the layer's name is put in front.
            regularizer: Name or function of what it costs; see ``mg.regularizers``.

        Returns:
            A variable, to be used in ``call``.
        """
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        values = initializers.get(initializer or "glorot_uniform")(shape, dtype or self.dtype)
        name = name or f"weight_{len(self._own)}"
        weight = Variable(values, name=f"{self.name}/{name}", dtype=dtype or self.dtype)
        if weight.shape != shape:
            raise ValueError(
                f"{title(self)}: the initializer of {name} gave shape {weight.shape}, wanted {shape}"
            )
        weight.trainable = trainable
        self._own.append(weight)
        if (cost := regularizers.get(regularizer)) is not None:
            trial = cost(weight)
            if not isinstance(trial, Node) or trial.shape != ():
                raise ValueError(f"{title(self)}: the regularizer of {name} gives no single number")
            self._costs = (*self._costs, (weight, cost))
        return weight

    def __call__(self, inputs: Any, training: bool = False) -> Node:
        """Build the layer's part of the graph, and its weights on first use.

        Args:
            inputs: A node with a batch of samples along the first axis, or an array.
            training: Whether the graph is for training: whether dropout drops.

        Returns:
            The node that holds the result; of an array its value, computed at once.

        Raises:
            TypeError: When a second input comes as an argument of its own.
            ValueError: When the layer cannot take such an input.
        """
        tensors = tuple(tensors_in(inputs))
        if not isinstance(training, (bool, np.bool_, type(None))) or (tensors and training):
            raise TypeError(
                f"{title(self)}: several inputs are given as a list. What comes second, {brief(training)}, "
                "is whether it is for training, which is said of arrays: model(x, training=True)"
            )
        if tensors:
            return self._connect(tensors, isinstance(inputs, (list, tuple)))  # type: ignore[return-value]
        several = isinstance(inputs, (list, tuple)) and all(
            isinstance(each, (Node, np.ndarray)) for each in inputs
        )
        if not any(isinstance(each, Node) for each in (inputs if several else [inputs])):
            given = mapped(self._constant, list(inputs)) if several else self._constant(inputs)
            return self._computed_now(given, training)
        nodes = mapped(as_node, list(inputs) if several else inputs)
        if not self.built:
            self.build(mapped(lambda node: (None, *node.shape[1:]), nodes))
        wants = inspect.signature(self.call).parameters
        options = {"training": training} if "training" in wants else {}
        result = self.call(nodes, **options)
        for end in result if isinstance(result, (list, tuple)) else [result]:
            if not isinstance(end, Node):
                raise TypeError(f"{title(self)}: call returned {type(end).__name__}, wanted a node")
            self._sign(end, nodes if several else [nodes])
        return result

    def _constant(self, x: Any) -> Constant:
        return Constant(real_array(f"{title(self)} wants", x).astype(self.dtype))

    def _computed_now(self, constants: Any, training: bool) -> Any:
        """What the layer makes of arrays: the same graph, of constants, and its values."""
        results = self(constants, training=training)
        mapped(completed, results)
        return results if recording.get() else mapped(lambda end: as_result(end.value), results)

    def _connect(self, tensors: tuple[KerasTensor, ...], several: bool) -> KerasTensor:
        """Take a place in a model that is being put together."""
        shapes: Any = [tensor.shape for tensor in tensors] if several else tensors[0].shape
        shape = self.compute_output_shape(shapes)  # refuses an input that does not fit
        only(self, shape if isinstance(shape, list) else self)
        self._make_weights(shapes)
        result = KerasTensor(shape, self, tensors, several)
        self._results = (*self._results, result)
        return result

    def _formula(self, function: Callable[..., Any], arguments: Any, options: Any) -> KerasTensor:
        """A function of NumPy's of this layer's result, as a layer of its own."""
        formula = Formula(function, arguments, options)
        return formula(list(tensors_in(arguments)))  # type: ignore[return-value]

    @property
    def output(self) -> KerasTensor:
        """The tensor that the layer has given, first called on a symbolic input."""
        if not self._results:
            raise AttributeError(
                f"{title(self)} has no outputs: it has not been called on a symbolic input such as "
                "Input(shape)"
            )
        return self._results[0]

    @property
    def input(self) -> Any:
        """The tensor that the layer was called on, or a list of them."""
        tensors = self.output._inputs
        return list(tensors) if self.output._several else (tensors or (self.output,))[0]

    def _make_weights(self, input_shape: Any) -> None:
        """Make the weights of the layer, and of those that it is made of."""
        if not self.built:
            self.build(input_shape)
        if not all(part.built for part in tree(self)):  # built when the layer calls them
            self(self._sample(input_shape))

    def _sign(self, result: Node, inputs: list[Node]) -> None:
        """Name what the layer has built after it, for pictures and errors."""
        waiting, known = [result], set(inputs)
        while waiting:
            node = waiting.pop()
            if node not in known and isinstance(node, Operator) and node.name is None:
                node.name = self.name
                waiting.extend(node.inputs)

    # -- weights ------------------------------------------------------------------------
    def _parts(self) -> "list[Layer]":
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
        mine = [weight for weight in self._own if weight.trainable]
        return unique(mine, *(part.trainable_weights for part in self._parts()))

    @property
    def weights(self) -> list[Variable]:
        """All weights, as variables of the graph."""
        mine = sorted(self._own, key=lambda weight: not weight.trainable)
        return unique(mine, *(part.weights for part in self._parts()))

    @property
    def losses(self) -> list[Node]:
        """What the trained weights cost by their regularizers: nodes, which add to the loss."""
        trained, nodes = set(self.trainable_weights), []
        for part in dict.fromkeys(tree(self)):
            for weight, cost in part._costs:
                if weight in trained:
                    nodes.append(cost(weight))
                    part._sign(nodes[-1], [weight])
        return nodes

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that ``fit`` leaves as they are."""
        changing = set(self.trainable_weights)
        return [weight for weight in self.weights if weight not in changing]

    # Keras's other names for the same
    trainable_variables, variables = trainable_weights, weights
    non_trainable_variables = non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in Keras's order and layout.

        Returns:
            Arrays; kernel before bias.
        """
        weights = self.weights
        with turn_of(weights), turn_of(weights):  # those of one step of whoever trains them
            return [np.array(weight.value) for weight in weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Give all weights new values.

        Args:
            weights: Arrays as :meth:`get_weights` returns them.

        Raises:
            ValueError: When their number or a shape differs; then nothing is changed.
        """
        assign(title(self), self.weights, weights)

    def count_params(self) -> int:
        """How many numbers the weights have together.

        Raises:
            ValueError: When the layer is not built, so that nobody knows.
        """
        if not self.built:
            raise ValueError(
                f"{title(self)} has no weights yet: it learns the shape of its input when it "
                "is first called, or from an Input before it"
            )
        return sum(weight.size for weight in self.weights)


def that_builds(build: Callable[..., Any]) -> Callable[..., Any]:
    """A method after which a layer is built, whoever has called it: a layer that holds it may."""

    @wraps(build)
    def method(self: Layer, *arguments: Any, **options: Any) -> None:
        build(self, *arguments, **options)
        self.built = True

    return method


def only(layer: Layer, result: Any) -> Any:
    """The result of a layer where several cannot be told apart, if it is one."""
    if isinstance(result, (list, tuple)):
        raise ValueError(
            f"{title(layer)} gives {len(result)} results: called on arrays it may; a layer of a "
            "model, and a call that is trained, give one, and Model(inputs, outputs) gives several"
        )
    return result


class Formula(Layer):
    """A function of NumPy's as a layer: what ``x + y`` is for symbolic tensors."""

    def __init__(self, function: Callable[..., Any], arguments: Any, options: Any) -> None:
        super().__init__()
        self._function, self._arguments, self._options = function, arguments, options

    def call(self, inputs: Any) -> Node:
        return self._function(*with_tensors(self._arguments, iter(inputs)), **self._options)


def mapped(function: Callable[[Any], Any], things: Any) -> Any:
    """What a function gives for a thing, or for each of several in a list or a tuple."""
    if isinstance(things, (list, tuple)):
        return type(things)(map(function, things))
    return function(things)


def unique(*weights: list[Variable]) -> list[Variable]:
    """Each of them once: a layer may be held in two places."""
    return list(dict.fromkeys(chain(*weights)))
