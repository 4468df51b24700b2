"""Files of weights: NumPy's own format, complete or not there at all."""

import math
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from minigrad.graph import Variable
from minigrad.shared import files
from minigrad.shared.arguments import brief


def checked(filepath: Any, endings: Sequence[str] = ()) -> Path:
    """The path of a file of weights.

    Args:
        filepath: What the user gave.
        endings: What its name may end in besides.

    Raises:
        TypeError: When it is no path.
        ValueError: When the name has another ending.
    """
    if not isinstance(filepath, (str, os.PathLike)) or "\0" in str(filepath):
        raise TypeError(f"weights are kept in a file, whose path is wanted; got {brief(filepath)}")
    path = Path(filepath)
    if path.suffix not in (".npz", *endings) and not is_keras(path):
        raise ValueError(
            "weights are kept in NumPy's format, and the name ends in .weights.npz or .npz, or in "
            f"Keras's, .weights.h5; got {path.name!r}"
        )
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; weights are kept in a file")
    return path


def is_keras(path: Path) -> bool:
    """Whether the name is that of a file in Keras's format."""
    return path.name.endswith(".weights.h5")


def write(path: Path, weights: Sequence[Variable]) -> None:
    """Write weights into a file, which appears under its name only when it is complete.

    Args:
        path: The file; one that exists is replaced.
        weights: The weights, in order.

    Raises:
        OSError: When it cannot be written; the error names the file.
    """
    arrays: dict[str, Any] = {f"{i:03d}/{readable(w)}": w.value for i, w in enumerate(weights)}
    files.replace(path, lambda file: np.savez(file, **arrays))


def readable(weight: Variable) -> str:
    return str(weight.name).encode("utf-8", "replace").decode().replace("\0", "?")


def read(path: Path, weights: Sequence[Variable]) -> list[np.ndarray]:
    """The arrays in a file that fit the weights of a model, in order.

    Nothing is unpacked before its shape is known to be right, so that a file cannot ask for more
    memory than the weights have; nothing is ever unpickled.

    Args:
        path: The file.
        weights: The weights that its arrays are for.

    Returns:
        As many arrays, each of its weight's shape.

    Raises:
        OSError: When the file cannot be opened.
        ValueError: When the file is none of ours, is damaged, or is for another model.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as packed:
                members = arrays_of(packed)
                fit = [header(packed, member)[0] for member in members]
                if fit == [weight.shape for weight in weights]:
                    return [array(packed, member) for member in members]
        except Exception as error:  # a damaged or hostile file can be wrong in any way
            raise ValueError(f"{path} is no file of weights: {reason(file, error)}") from None
    raise ValueError(misfit(path, weights, fit, [member.filename for member in members]))


def arrays_of(packed: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Arrays by the numbers that :func:`write` gives them, or as they lie in the file."""
    members = [member for member in packed.infolist() if member.filename.endswith(".npy")]
    numbers = [member.filename.partition("/")[0] for member in members]
    if all(number.isdecimal() for number in numbers):
        return sorted(members, key=lambda member: int(member.filename.partition("/")[0]))
    return members


def header(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of an array, which its first bytes tell."""
    with packed.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        known = {(1, 0): np.lib.format.read_array_header_1_0}
        shape, _, dtype = known.get(version, np.lib.format.read_array_header_2_0)(stream)
        if dtype.kind not in "fiub":
            raise ValueError(f"{member.filename} holds no real numbers but {dtype}")
        if member.file_size != stream.tell() + math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{member.filename} is not as long as its shape {shape} says")
    return shape, dtype


def array(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with packed.open(member) as stream:
        values = np.lib.format.read_array(stream, allow_pickle=False)
        stream.read(1)  # the end, where the checksum is looked at
    return values


def reason(file: IO[bytes], error: Exception) -> str:
    file.seek(0)
    if file.read(20) == b"version https://git-":
        return "it is a pointer of Git LFS; git lfs pull fetches the file that it stands for"
    return str(error) or type(error).__name__


def misfit(
    path: Path, weights: Sequence[Variable], shapes: list[tuple[int, ...]], names: list[str]
) -> str:
    """The sentence for arrays that do not fit a model."""
    if len(shapes) != len(weights):
        return f"{path} has {len(shapes)} arrays, the model {len(weights)} weights"
    for weight, shape, name in zip(weights, shapes, names, strict=True):
        if weight.shape != shape:
            return (
                f"{path}: {name.removesuffix('.npy')} has shape {shape}, weight {weight.name} "
                f"of the model {weight.shape}"
            )
    return f"{path} does not fit"  # not reached
