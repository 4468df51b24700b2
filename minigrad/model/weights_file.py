"""Files of weights: NumPy's own format, complete or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from minigrad.graph import Variable

__all__ = ["checked", "read", "write"]


def checked(filepath: Any) -> Path:
    """The path of a file of weights.

    Args:
        filepath: What the user gave.

    Raises:
        ValueError: When the name has another ending.
    """
    path = Path(filepath)
    if path.suffix != ".npz":
        raise ValueError(
            f"weights are kept in NumPy's own format: the name ends in .weights.npz or .npz, "
            f"got {path.name!r}"
        )
    return path


def write(path: Path, weights: Sequence[Variable]) -> None:
    """Write weights into a file, which appears under its name only when it is complete.

    Args:
        path: The file; one that exists is replaced.
        weights: The weights, in order.
    """
    arrays: dict[str, Any] = {f"{i:03d}/{w.name}": w.value for i, w in enumerate(weights)}
    handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".unfinished")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def read(path: Path) -> list[np.ndarray]:
    """The weights in a file, in order.

    Args:
        path: The file.

    Raises:
        ValueError: When the file is none of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in sorted(file.files)]
    except (BadZipFile, ValueError, EOFError, KeyError) as error:
        raise ValueError(f"{path} is no file of weights: {error}") from None
