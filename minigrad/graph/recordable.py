"""Which operators do nothing but compute, so that their methods may be run once and recorded.

The engine runs such a method once, on stand-ins for arrays, and plays the NumPy calls that it
made back in every step (``minigrad/engine/recording.py``). A method that counts, prints, or looks
at the numbers to decide would then do so once. Only its author can know; so a class says so
itself. What is said of a class is not said of a class derived from it.
"""

from typing import TypeVar

Kind = TypeVar("Kind", bound=type)

_RECORDABLE: set[type] = set()


def recordable(kind: Kind) -> Kind:
    """Say of a class that its methods only compute: the engine may record them.

    Of an operator these are ``forward`` and ``backward``.

    Args:
        kind: The class itself; one derived from it says so for itself or is not recorded.

    Returns:
        The class, as it is.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.graph import is_recordable, recordable
        >>> @recordable
        ... class Square(mg.Operator):
        ...     def forward(self, x):
        ...         return x * x
        ...     def backward(self, gradient, x):
        ...         return 2 * x * gradient
        >>> class Watched(Square):
        ...     def forward(self, x):
        ...         print(x)
        ...         return super().forward(x)
        >>> is_recordable(Square), is_recordable(Watched)
        (True, False)
    """
    _RECORDABLE.add(kind)
    return kind


def is_recordable(kind: type) -> bool:
    """Whether this very class was said to only compute; see :func:`recordable`.

    Args:
        kind: The class of an operator.
    """
    return kind in _RECORDABLE
