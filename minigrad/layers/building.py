"""Building layers: shapes of samples, and layers that stay as they were if something fails."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.shared import randomness
from minigrad.shared.arguments import brief, is_whole


def sample_shape(owner: str, argument: str, shape: Any) -> tuple[int, ...]:
    """The shape of one sample, if it is one.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        shape: A whole number, or several.

    Raises:
        ValueError: When a length is not a whole number of at least 1.

    Example:
        >>> from minigrad.layers.building import sample_shape
        >>> sample_shape("Input", "shape", 784), sample_shape("Input", "shape", [28, 28, 1])
        ((784,), (28, 28, 1))
    """
    lengths = (shape,) if is_whole(shape) else shape
    if not isinstance(lengths, (tuple, list)) or not all(is_whole(n) for n in lengths):
        raise ValueError(
            f"{owner}: {argument} is that of one sample without the batch, whole numbers of at "
            f"least 1 such as (28, 28, 1); got {brief(shape)}"
        )
    return tuple(map(int, lengths))


def tree(layer: Any) -> list[Any]:
    """A layer and all that it is made of."""
    return [layer, *(below for part in layer._parts() for below in tree(part))]


@contextmanager
def as_it_was(layer: Any, always: bool = True) -> Iterator[None]:
    """Leave a layer, and those that it is made of, as they were before.

    Args:
        layer: The layer; a model as well.
        always: Whether to do so in any case, or only if an error ends the block.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.layers.building import as_it_was
        >>> layer = mg.layers.Dense(3)
        >>> with as_it_was(layer):
        ...     layer.build((None, 2))
        >>> layer.weights
        []
    """
    if all(one.built for one in tree(layer)):
        yield  # nothing can become built
        return
    kept = [(one, dict(vars(one)), held_by(one)) for one in tree(layer)]
    chance = randomness.state()
    done = False
    try:
        yield
        done = True
    finally:
        if always or not done:
            for one, attributes, held in kept:
                vars(one).clear()
                vars(one).update(attributes)
                for collection, content in held:
                    refill(collection, content)
            randomness.restore(chance)


def held_by(layer: Any) -> list[tuple[Any, Any]]:
    """The collections among the attributes of a layer, each with a copy of what is in it."""
    held = [v for v in vars(layer).values() if isinstance(v, (list, dict, set))]
    return [(collection, copy.copy(collection)) for collection in held]


def refill(collection: Any, content: Any) -> None:
    """Put back what was in a collection."""
    collection.clear()
    collection.extend(content) if isinstance(collection, list) else collection.update(content)
