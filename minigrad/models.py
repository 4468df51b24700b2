"""Where Keras's scripts look for models: ``from minigrad.models import Sequential, load_model``."""

from typing import Any

from minigrad.initializers import Random
from minigrad.layers.base import Formula, Layer
from minigrad.layers.inputs import Input
from minigrad.model import Model, Sequential, keras_files
from minigrad.shared import lookup
from minigrad.shared.arguments import brief
from minigrad.utils import register_keras_serializable

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


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


def model_from_json(json_string: str, custom_objects: None = None) -> Model:
    """A model like the one that ``model.to_json`` has told of, with initial weights.

    Args:
        json_string: The text.
        custom_objects: Not covered.

    Raises:
        ImportError: When Keras, which reads the text, is not installed.
        ValueError: When it is no such text, or for what minigrad does not cover.

    Example:
        >>> import minigrad as mg
        >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, name="d")])
        >>> mg.models.model_from_json(model.to_json()).layers
        [<Dense "d": 10 weights>]
    """
    lookup.refuse("model_from_json", custom_objects=(custom_objects, None))
    return keras_files.from_json(json_string)


def clone_model(model: Model, input_tensors: None = None, clone_function: None = None) -> Model:
    """A model of the same layers, with initial weights of its own; it is not compiled.

    Args:
        model: A model that is built.
        input_tensors: Not covered.
        clone_function: Not covered.

    Raises:
        ValueError: When the model is not built, or has a ``call`` of its own.

    Example:
        >>> import minigrad as mg
        >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, name="d")])
        >>> mg.models.clone_model(model).layers
        [<Dense "d": 10 weights>]
    """
    kept = {"input_tensors": (input_tensors, None), "clone_function": (clone_function, None)}
    lookup.refuse("clone_model", **kept)
    if type(model) not in (Model, Sequential) or not model.inputs:
        raise ValueError(
            "clone_model takes a built Sequential or a Model of inputs and outputs, of which it "
            f"knows the layers, got {brief(model)}"
        )
    copies: dict[Layer, Layer] = {}

    def copy(layer: Layer) -> Layer:
        if layer not in copies:
            copies[layer] = clone_model(layer) if isinstance(layer, Model) else made_again(layer)
        return copies[layer]

    own = [(tensor, tensor._layer._given_dtype) for tensor in model.inputs]
    inputs: Any = [Input(tensor.shape[1:], name=tensor.name, dtype=dtype) for tensor, dtype in own]
    if isinstance(model, Sequential):
        return Sequential([*inputs, *map(copy, model.layers)], name=model.name)
    outputs = model._replay(inputs, lambda layer, given: copy(layer)(given))
    return Model(inputs if model._several[0] else inputs[0], outputs, name=model.name)


def made_again(layer: Layer) -> Layer:
    """A layer made of the same arguments; what is a function alone is used again."""
    if isinstance(layer, Formula):
        return layer
    told = layer.get_config().items()
    return type(layer).from_config(
        {k: v._another() if isinstance(v, Random) else v for k, v in told}
    )


__getattr__, __dir__ = lookup.public(
    "models", __all__, {"register_keras_serializable": register_keras_serializable}
)
