"""Batch last and back: views of the same numbers, never copies.

Users see pictures as (batch, height, width, channel). In a plan they are (height, channel,
width, batch), and vectors (feature, batch); ``minigrad/engine/kernels/__init__.py`` says why.
"""

from typing import Any

STORED = {4: (1, 3, 2, 0), 2: (1, 0)}  # (batch, height, width, channel) → (h, c, w, batch)
REFERENCE = {4: (3, 0, 2, 1), 2: (1, 0)}


def stored_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(shape[axis] for axis in STORED.get(len(shape), range(len(shape))))


def as_stored(reference: Any) -> Any:
    return reference.transpose(STORED.get(reference.ndim, range(reference.ndim)))


def as_reference(stored: Any) -> Any:
    return stored.transpose(REFERENCE.get(stored.ndim, range(stored.ndim)))


def unflatten(flat: Any, shape: tuple[int, ...]) -> Any:
    """Vectors (height·width·channel, batch) seen as (height, channel, width, batch)."""
    height, channel, width, batch = shape
    return flat.reshape(height, width, channel, batch).transpose(0, 2, 1, 3)
