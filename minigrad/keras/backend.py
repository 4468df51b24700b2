"""What scripts still ask ``keras.backend``: how pictures are laid out, a fresh start, functions."""

from typing import Any

from minigrad.config import epsilon, floatx, image_data_format, set_floatx, set_image_data_format
from minigrad.keras import ops
from minigrad.shared import lookup
from minigrad.utils import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "get_value", "image_data_format"]
__all__ += ["set_floatx", "set_image_data_format", "set_value"]


def backend() -> str:
    """What computes.

    Example:
        >>> from minigrad import backend
        >>> backend.backend()
        'numpy'
    """
    return "numpy"


def get_value(x: Any) -> Any:
    """The value of a variable or a learning rate."""
    return x.numpy()


def set_value(x: Any, value: Any) -> None:
    """Give a variable or a learning rate another value."""
    x.assign(value)


def __getattr__(name: str) -> Any:
    found = ops.find(name)  # as K.mean and K.square
    return lookup.absent("backend", name, __all__) if found is None else found
