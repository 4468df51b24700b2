"""Where Keras's scripts look for models: ``from minigrad.models import Sequential, load_model``."""

from typing import Any

from minigrad.model import Model, Sequential, keras_files
from minigrad.shared import lookup

__all__ = ["Model", "Sequential", "load_model", "save_model"]


def load_model(
    filepath: Any, custom_objects: None = None, compile: bool = True, safe_mode: bool = True
) -> Model:
    """Read a model that :func:`save_model`, or Keras, has written.

    Args:
        filepath: The file; ends in ``.keras`` or ``.h5``.
        custom_objects: Not covered.
        compile: Whether it is compiled as it was, and its optimizer goes on where it was.
        safe_mode: Nothing that a file says is ever executed; ``False`` is not covered.

    Returns:
        The model.

    Raises:
        ImportError: When Keras, which reads the file, is not installed.
        OSError: When the file cannot be opened.
        ValueError: For another ending, or for what minigrad does not cover: the error names it.

    Example:
        >>> import tempfile, minigrad as mg
        >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, name="d")])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.keras")
        ...     mg.models.load_model(f"{folder}/model.keras").layers
        [<Dense "d": 10 weights>]
    """
    lookup.refuse("load_model", custom_objects=(custom_objects, None), safe_mode=(safe_mode, True))
    return keras_files.load(filepath, compile)


def save_model(model: Model, filepath: Any, overwrite: bool = True) -> None:
    """The same as ``model.save``.

    Args:
        model: A model that is built.
        filepath: Where to; ends in ``.keras`` or ``.h5``.
        overwrite: Whether an existing file may be replaced.

    Example:
        >>> import minigrad as mg
        >>> mg.models.save_model(mg.Sequential([mg.Input((4,))]), "model.pkl")
        Traceback (most recent call last):
        ValueError: a model is saved in a file whose name ends in .keras or .h5 or .hdf5, got 'model.pkl'
    """
    model.save(filepath, overwrite)


__getattr__, __dir__ = lookup.public("models", __all__)
