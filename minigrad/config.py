"""The dtype that layers compute in, under Keras's names.

Example:
    >>> import minigrad as mg
    >>> mg.config.floatx()
    'float32'
"""

from typing import Any

import numpy as np

from minigrad.shared import lookup

__all__ = ["epsilon", "floatx", "image_data_format", "list_physical_devices"]
__all__ += ["set_floatx", "set_image_data_format"]

FLOATS = ("float32", "float64")
_current = "float32"


def floatx() -> str:
    """The dtype of the weights and inputs of layers made from now on.

    Returns:
        ``"float32"`` (the default) or ``"float64"``.

    Example:
        >>> import minigrad as mg
        >>> mg.config.floatx()
        'float32'
    """
    return _current


def set_floatx(value: str) -> None:
    """Choose the dtype of layers and models made from now on.

    Args:
        value: ``"float32"``, or ``"float64"`` for gradient checks.

    Raises:
        ValueError: For any other dtype.

    Example:
        >>> import minigrad as mg
        >>> mg.config.set_floatx("float64")
        >>> mg.layers.Dense(3).dtype
        'float64'
        >>> mg.config.set_floatx("float32")
    """
    global _current
    _current = float_name("set_floatx", "dtype", value)


def epsilon() -> float:
    """The small number that keeps a logarithm or a quotient finite.

    Returns:
        1e-7, as in Keras.

    Example:
        >>> import minigrad as mg
        >>> mg.config.epsilon()
        1e-07
    """
    return 1e-7


def image_data_format() -> str:
    """Where the channels of pictures are.

    Returns:
        ``"channels_last"``: pictures are (batch, height, width, channel).

    Example:
        >>> import minigrad as mg
        >>> mg.config.image_data_format()
        'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accept the layout of pictures that there is.

    Args:
        data_format: ``"channels_last"``.

    Raises:
        ValueError: For any other.

    Example:
        >>> import minigrad as mg
        >>> mg.config.set_image_data_format("channels_last")
    """
    lookup.refuse("set_image_data_format", data_format=(data_format, "channels_last"))


def list_physical_devices(device_type: str | None = None) -> list[str]:
    """What could compute besides the processor: nothing.

    Args:
        device_type: ``"GPU"``, ``"TPU"``; of ``"CPU"`` there is one.

    Example:
        >>> import minigrad as tf
        >>> tf.config.list_physical_devices("GPU")
        []
    """
    return ["CPU:0"] if device_type in (None, "CPU") else []


def float_name(owner: str, argument: str, dtype: Any) -> str:
    """The name of a dtype that layers compute in.

    Args:
        owner: Who asks, for the error.
        argument: What it is called, for the error.
        dtype: A name or a dtype.

    Raises:
        ValueError: For anything but float32 and float64.

    Example:
        >>> from minigrad.config import float_name
        >>> float_name("Dense", "dtype", "int32")
        Traceback (most recent call last):
        ValueError: Dense: dtype is one of float32, float64, got 'int32'
    """
    try:
        name = "" if dtype is None else np.dtype(dtype).name  # None would be float64
    except TypeError:
        name = ""
    if name not in FLOATS:
        raise ValueError(f"{owner}: {argument} is one of {', '.join(FLOATS)}, got {dtype!r:.60}")
    return name


# Scripts of TensorFlow ask it here too, and set what is theirs for each that there is: for none.
experimental = lookup.Names(
    "config.experimental",
    list_physical_devices=list_physical_devices,
    enable_op_determinism=lambda: None,  # the same seed gives the same numbers anyhow
)
SAME = {f"{what}able_traceback_filtering": lambda: None for what in ("en", "dis")}
__getattr__, __dir__ = lookup.public("config", __all__, SAME)
