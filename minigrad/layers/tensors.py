"""Symbolic tensors: what stands between the layers of a model before there is any data.

``Input(shape)`` makes one. A layer called on a tensor returns another, which remembers the layer
and what it was called on: from these a model of any shape reads its graph.
"""

from collections.abc import Iterator
from typing import Any

from minigrad.shared.arguments import title
from minigrad.shared.numpy_calls import Called


class KerasTensor(Called):
    """A place between layers: a shape, and the layer whose result it is.

    NumPy's functions of tensors are layers without weights: ``x + y``, ``np.mean(x, axis=1)``.

    Args:
        shape: Shape of a batch, with ``None`` for the batch.
        layer: The layer.
        inputs: The tensors that it was called on.
        several: Whether they were a list.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Input((4,), name="x")
        >>> mg.layers.Dense(3, name="d")(x)
        <KerasTensor shape=(None, 3) of Dense "d">
    """

    def __init__(
        self,
        shape: tuple[Any, ...],
        layer: Any,
        inputs: "tuple[KerasTensor, ...]" = (),
        several: bool = False,
    ) -> None:
        self.shape, self.dtype = tuple(shape), layer.dtype
        self._layer, self._inputs, self._several = layer, inputs, several

    @property
    def name(self) -> str:
        """The name of its layer."""
        return str(self._layer.name)

    @property
    def ndim(self) -> int:
        """Number of axes, with that of the batch."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape} of {title(self._layer)}>"

    def _called(self, function: Any, arguments: Any, options: dict[str, Any], method: str) -> Any:
        if method:
            raise TypeError(f"np.{function.__name__}{method} cannot be a part of a model")
        return self._layer._formula(function, arguments, options)

    def __getitem__(self, index: Any) -> Any:
        return self._layer._formula(lambda x: x[index], (self,), {})

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise TypeError(
            f"{self!r} holds no numbers: it is a place in a model. model.predict(x) computes"
        )

    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> bool:
        return self is other

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no truth value: a model is built before it computes")


def tensors_in(value: Any) -> Iterator[KerasTensor]:
    """The tensors in an argument: it itself, or items of it if it is a list."""
    if isinstance(value, KerasTensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)


def with_tensors(value: Any, found: Iterator[Any]) -> Any:
    """The same argument with other things in the places of its tensors, in order."""
    if isinstance(value, KerasTensor):
        return next(found)
    if isinstance(value, (list, tuple)):
        return type(value)(with_tensors(item, found) for item in value)
    return value
