"""What every layer has: a name, weights, and a place where its part of the graph is built."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad import config, initializers
from minigrad.graph import Constant, Node, Operator, Variable, as_node
from minigrad.layers.weights import assign
from minigrad.shared import lookup, randomness
from minigrad.shared.arguments import brief, default_name, is_whole, title

__all__ = ["Layer"]

Shape = tuple[Any, ...]  # of a batch of open length: (None, height, width, channel)

LAYER_ARGUMENTS = ("name", "trainable", "dtype", "input_shape", "input_dim")
made: Counter[str] = Counter()  # how many layers of each kind were named automatically


def sample_shape(owner: str, shape: Any) -> tuple[int, ...]:
    """The shape of one sample, if it is one.

    Args:
        owner: Whose argument, for the error.
        shape: A whole number, or several.

    Raises:
        ValueError: When a length is not a whole number of at least 1.

    Example:
        >>> from minigrad.layers.base import sample_shape
        >>> sample_shape("Input", 784), sample_shape("Input", [28, 28, 1])
        ((784,), (28, 28, 1))
    """
    lengths = (shape,) if is_whole(shape) else shape
    if not isinstance(lengths, (tuple, list)) or not all(is_whole(n) for n in lengths):
        raise ValueError(
            f"{owner}: shape is that of one sample without the batch, whole numbers of at "
            f"least 1 such as (28, 28, 1); got {brief(shape)}"
        )
    return tuple(map(int, lengths))


def automatic_name(kind: type) -> str:
    # Keras's scheme: Conv2D → conv2d, conv2d_1, …
    name = default_name(kind)
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
                + lookup.nearest(argument, known)
            )
        kind = type(self).__name__
        self.name = automatic_name(type(self)) if name is None else str(name)
        if not isinstance(trainable, (bool, np.bool_)):
            raise ValueError(f"{kind}: trainable is True or False, got {brief(trainable)}")
        self.trainable = bool(trainable)
        self.dtype = config.float_name(kind, config.floatx() if dtype is None else dtype)
        if input_shape is None and input_dim is not None:
            input_shape = (input_dim,)
        self._sample_shape = None if input_shape is None else sample_shape(kind, input_shape)
        self.built = False
        self._own: list[tuple[Variable, bool]] = []  # each weight, and whether it is trainable

    def __repr__(self) -> str:
        return f"<{title(self)} {'built' if self.built else 'not built yet'}>"

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
        raise NotImplementedError(f"{title(self)} has no call method yet")

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
        with as_it_was(self):
            result = self(sample)
        if result.ndim == 0:
            raise ValueError(
                f"{title(self)}: call returned a single number, wanted a result for each sample"
            )
        return (None, *result.shape[1:])

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
        name = name or f"weight_{len(self._own)}"
        weight = Variable(values, name=f"{self.name}/{name}", dtype=dtype or self.dtype)
        if weight.shape != shape:
            raise ValueError(
                f"{title(self)}: the initializer of {name} gave shape {weight.shape}, wanted {shape}"
            )
        self._own.append((weight, trainable))
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
        if not hasattr(self, "_own"):
            raise TypeError(f"{type(self).__name__}: call super().__init__() in __init__ first")
        inputs = as_node(inputs)
        if not self.built:
            self.build((None, *inputs.shape[1:]))
            self.built = True
        wants = inspect.signature(self.call).parameters
        options = {"training": training} if "training" in wants else {}
        result = self.call(inputs, **options)
        if not isinstance(result, Node):
            raise TypeError(f"{title(self)}: call returned {type(result).__name__}, wanted a node")
        self._sign(result, inputs)
        return result

    def _make_weights(self, input_shape: Shape) -> None:
        """Make the weights of the layer, and of those that it is made of."""
        if not self.built:
            self.build(input_shape)
            self.built = True
        if not all(part.built for part in tree(self)):  # built when the layer calls them
            self(Constant(np.zeros((1, *input_shape[1:]), self.dtype)))

    def _sign(self, result: Node, inputs: Node) -> None:
        """Name what the layer has built after it, for pictures and errors."""
        waiting = [result]
        while waiting:
            node = waiting.pop()
            if node is not inputs and isinstance(node, Operator) and node.name is None:
                node.name = self.name
                waiting.extend(node.inputs)

    # -- weights ------------------------------------------------------------------------
    def _parts(self) -> list[Layer]:
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
        mine = [weight for weight, trainable in self._own if trainable]
        return mine + [w for part in self._parts() for w in part.trainable_weights]

    @property
    def weights(self) -> list[Variable]:
        """All weights, as variables of the graph."""
        mine = [weight for weight, _ in sorted(self._own, key=lambda pair: not pair[1])]
        return mine + [w for part in self._parts() for w in part.weights]

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


def tree(layer: Layer) -> list[Layer]:
    """A layer and all that it is made of."""
    return [layer, *(below for part in layer._parts() for below in tree(part))]


@contextmanager
def as_it_was(layer: Layer, always: bool = True) -> Iterator[None]:
    """Leave a layer, and those that it is made of, as they were before.

    Args:
        layer: The layer; a model as well.
        always: Whether to do so in any case, or only if an error ends the block.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.layers.base import as_it_was
        >>> layer = mg.layers.Dense(3)
        >>> with as_it_was(layer):
        ...     layer.build((None, 2))
        >>> layer.weights
        []
    """
    if all(one.built for one in tree(layer)):
        yield  # nothing can become built
        return
    kept = [(one, dict(vars(one)), list(one._own)) for one in tree(layer)]
    chance = randomness.state()
    done = False
    try:
        yield
        done = True
    finally:
        if always or not done:
            for one, attributes, own in kept:
                vars(one).clear()
                vars(one).update(attributes)
                one._own[:] = own
            randomness.restore(chance)
