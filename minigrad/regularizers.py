"""Regularizers: what large weights cost, added to the loss.

A regularizer is a formula of a weight. Of a node it builds the graph, of an array it computes. The
penalties of all weights that are trained are a part of the loss, in ``fit`` and in ``evaluate``.

Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 7.1.

Example:
    >>> import numpy as np, minigrad as mg
    >>> model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(1, kernel_regularizer="l2")])
    >>> model.set_weights([np.ones((3, 1)), np.zeros(1)])
    >>> model.compile("sgd", "mse")
    >>> round(model.evaluate(np.zeros((2, 3)), np.zeros(2), verbose=0), 6)
    0.03
"""

from collections.abc import Callable
from typing import Any

from minigrad.activations import function_of
from minigrad.operators.penalty import Penalty
from minigrad.shared import lookup
from minigrad.shared.arguments import number
from minigrad.shared.settings import Configured, argument
from minigrad.shared.showing import as_call

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get", "l1", "l1_l2", "l2"]


penalty = function_of(Penalty)


class Regularizer(Configured):
    """A formula of a weight, whose value is added to the loss; the base class of those below.

    One of one's own is a function of a weight, or a class with such a ``__call__``.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Largest(mg.regularizers.Regularizer):
        ...     def __call__(self, x):
        ...         return 0.1 * np.max(abs(x))
        >>> round(float(Largest()(np.array([-5.0, 2.0]))), 6)
        0.5
    """

    __repr__ = as_call

    def __call__(self, x: Any) -> Any:
        """What the weight costs.

        Args:
            x: A weight, a node or an array.

        Returns:
            A node or a number, of shape ().
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method yet")


def cost(owner: str, argument: str, value: Any) -> float:
    return number(owner, argument, 0.0 if value is None else value, least=0)


class L1L2(Regularizer):
    """l1·Σ|w| + l2·Σw².

    Args:
        l1: How much absolute values cost.
        l2: How much squares cost.

    Raises:
        ValueError: When one is no number of at least 0.

    Example:
        >>> import minigrad as mg
        >>> round(float(mg.regularizers.L1L2(0.5, 0.25)([-4.0])), 6)
        6.0
    """

    l1: float = argument(cost, 0.0)
    l2: float = argument(cost, 0.0)

    def __call__(self, x: Any) -> Any:
        return penalty(x, self.l1, self.l2)


class L1(L1L2, l2=0.0):
    """l1·Σ|w|: weights of little use become 0.

    Args:
        l1: How much absolute values cost.

    Raises:
        ValueError: When it is no number of at least 0.

    Example:
        >>> import minigrad as mg
        >>> round(float(mg.regularizers.L1(0.5)([-4.0, 2.0])), 6)
        3.0
    """

    l1: float = argument(cost, 0.01)


class L2(L1L2, l1=0.0):
    """l2·Σw²: weights shrink by a part of what they are.

    Args:
        l2: How much squares cost.

    Raises:
        ValueError: When it is no number of at least 0.

    Example:
        >>> import minigrad as mg
        >>> round(float(mg.regularizers.L2(0.5)([-4.0, 2.0])), 6)
        10.0
    """

    l2: float = argument(cost, 0.01)


# Keras has them under small letters as well.
l1, l2, l1_l2 = L1, L2, L1L2
NAMES: dict[str, type[Regularizer]] = {
    **{"l1": L1, "l2": L2, "l1l2": L1L2},
    **{kind.__name__: kind for kind in (L1, L2, L1L2)},
}


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """The regularizer of that name.

    Args:
        identifier: ``"l1"``, ``"l2"``, a regularizer or its class, a function of a weight, or
            ``None`` for none.

    Returns:
        A function of a weight, or ``None``.

    Raises:
        ValueError: When there is no regularizer of that name.

    Example:
        >>> import minigrad as mg
        >>> mg.regularizers.get("l2").l2
        0.01
    """
    if identifier is None:
        return None
    found: Callable[[Any], Any] = lookup.get(
        "regularizer", identifier, NAMES, Regularizer, lambda f: f, ("l1", "l2", "l1l2")
    )
    return found


__getattr__, __dir__ = lookup.public("regularizers", __all__)
