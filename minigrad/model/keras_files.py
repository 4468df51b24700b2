"""Files in Keras's formats, written and read by Keras itself: whole models, and weights.

Without Keras there are files of NumPy's, ``weights_file.py``.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.shared import files
from minigrad.shared.arguments import brief

SAFE = (3, 11, 3)  # older versions of Keras can be made to run what stands in a file
MODELS = (".keras", ".h5", ".hdf5")  # the first is Keras's own, the others are HDF5's


def save(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a model with its weights, what it was compiled with, and its optimizer's memory.

    Args:
        model: A model that is built.
        filepath: Where to; ends in ``.keras``, or in ``.h5`` as of old.
        overwrite: Whether an existing file may be replaced.

    Raises:
        ImportError: When Keras is not installed.
        ValueError: For another ending, or what Keras does not know.
        FileExistsError: When there is a file and ``overwrite`` is false.
    """
    path = ending(filepath, "a model is saved in a file")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; overwrite=True replaces it")
    theirs = bridge().to_keras(model)
    if path.suffix != MODELS[0]:  # Keras makes the folder for HDF5 alone
        path.parent.mkdir(parents=True, exist_ok=True)
    written(path, theirs.save)


def load(filepath: Any, compile: bool = True) -> Any:
    """Read a model that :func:`save`, or Keras, has written.

    Args:
        filepath: The file; ends in ``.keras`` or ``.h5``.
        compile: Whether it is compiled as it was.

    Raises:
        ImportError: When Keras is not installed, or one that may run what stands in a file.
        OSError: When the file cannot be opened.
        ValueError: For another ending, what Keras cannot read, or what minigrad does not cover.
    """
    path = ending(filepath, "a model is read from a file")
    keras = safe_keras(str(path))
    there(path)
    with read_by_keras(path, "model"):
        theirs = keras.saving.load_model(path, compile=compile)
    return bridge().from_keras(theirs, compile=compile)


def to_json(model: Any) -> str:
    """What a model is made of, as Keras writes it down."""
    return str(bridge().to_keras(model, compile=False).to_json())


def from_json(text: str) -> Any:
    """A model like the one that a text of :func:`to_json`, or of Keras, tells of."""
    keras = safe_keras("json_string")
    with read_by_keras("json_string", "model"):
        theirs = keras.models.model_from_json(text)
        if not isinstance(theirs, keras.Model):
            raise TypeError(f"a {type(theirs).__name__} is no model")
    return bridge().from_keras(theirs, compile=False)


def safe_keras(source: str) -> Any:
    """Keras, if it runs nothing that stands in a file."""
    keras = bridge().import_keras()
    if tuple(map(int, re.findall(r"\d+", keras.__version__)[:3])) < SAFE:
        wanted = ".".join(map(str, SAFE))
        raise ImportError(
            f"{source}: what a whole model is made of is read by Keras {wanted} or newer, this is "
            f"{keras.__version__}, which may run what stands in a file; weights alone can be read"
        )
    return keras


def write_weights(model: Any, path: Path) -> None:
    """Write the weights of a model into a ``.weights.h5``."""
    written(path, holder_of_weights(model).save_weights)


def read_weights(model: Any, path: Path) -> list[np.ndarray]:
    """The weights in a file of Keras's for a model like this one, in its order."""
    theirs = holder_of_weights(model)
    there(path)
    with read_by_keras(path, "weights of such a model"):
        theirs.load_weights(path)
    return list(theirs.get_weights())


def bridge() -> Any:
    """What knows both libraries, and therefore this one: it is imported when it is needed."""
    return import_module("minigrad.interop")


def holder_of_weights(model: Any) -> Any:
    """A model of Keras's with the same weights, whatever they belong to."""
    return import_module("minigrad.interop.outward").holder_of_weights(model)


def ending(filepath: Any, what: str) -> Path:
    """The path, if it is one and its name ends as Keras has it."""
    if not isinstance(filepath, (str, os.PathLike)) or Path(filepath).suffix not in MODELS:
        raise ValueError(f"{what} whose name ends in {' or '.join(MODELS)}, got {brief(filepath)}")
    return Path(filepath)


def there(path: Path) -> None:
    """Raise Python's own error for a file that cannot be opened."""
    with open(path, "rb"):
        pass


@contextmanager
def read_by_keras(path: Any, what: str) -> Iterator[None]:
    """Say which file it was that Keras could not read, whatever it was that it stumbled over."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{path} holds no {what} that Keras can read ({type(error).__name__}: {reason})"
        ) from error


def written(path: Path, write: Any) -> None:
    """Let Keras, which looks at names, write a file that appears when it is complete."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / path.name)
        contents = (Path(folder) / path.name).read_bytes()
    files.replace(path, lambda file: file.write(contents))
