"""The dtype that layers compute in, under Keras's names.

Example:
    >>> import minigrad as mg
    >>> mg.config.floatx()
    'float32'
"""

from __future__ import annotations

__all__ = ["epsilon", "floatx", "set_floatx"]

FLOATS = ("float32", "float64")
current = "float32"


def floatx() -> str:
    """The dtype of the weights and inputs of layers made from now on.

    Returns:
        ``"float32"`` (the default) or ``"float64"``.

    Example:
        >>> import minigrad as mg
        >>> mg.config.floatx()
        'float32'
    """
    return current


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
    global current
    if value not in FLOATS:
        raise ValueError(f"set_floatx wants one of {', '.join(FLOATS)}, got {value!r}")
    current = value


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
