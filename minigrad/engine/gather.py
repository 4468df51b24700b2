"""Bringing in a batch: some samples of a set, copied to where the graph reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["gather"]


def gather(data: np.ndarray, rows: Any, place: np.ndarray) -> None:
    """Copy some samples of a set into an array that is there already.

    Args:
        data: The set.
        rows: Which of it: an array of indices or a slice.
        place: Where to put them; of another dtype, perhaps.
    """
    if isinstance(rows, slice) or data.dtype != place.dtype:
        place[...] = data[rows]
    else:
        np.take(data, rows, axis=0, out=place, mode="clip")
