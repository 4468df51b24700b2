"""One input or the other, element by element: the gradient goes where the value came from."""

from typing import Any

import numpy as np

from minigrad.graph import Node, implements, recordable
from minigrad.operators.elementwise import Elementwise

__all__ = [
    "Comparison",
    "Equal",
    "Greater",
    "GreaterEqual",
    "Less",
    "LessEqual",
    "Maximum",
    "Minimum",
    "NotEqual",
    "Where",
]


@implements(np.maximum)
@recordable
class Maximum(Elementwise):
    """The larger of x and y; where they are equal, each receives half of the gradient."""

    def forward(self, x, y):
        return np.maximum(x, y)

    def backward(self, g, x, y):
        return g * share(x > y, x == y), g * share(y > x, x == y)


@implements(np.minimum)
@recordable
class Minimum(Elementwise):
    """The smaller of x and y; where they are equal, each receives half of the gradient."""

    def forward(self, x, y):
        return np.minimum(x, y)

    def backward(self, g, x, y):
        return g * share(x < y, x == y), g * share(y < x, x == y)


def share(wins: Any, ties: Any) -> Any:
    # 1 where it wins, ½ where it ties; int8 and a power of two keep float32 what it is
    return np.where(ties, np.float16(0.5), wins)


class Comparison(Elementwise):
    """A truth value for each element, for ``np.where``; no gradient flows through it.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable([-1.0, 2.0])
        >>> mg.forward(mg.topological_sort(np.where(x > 0, x, 0.0)))
        array([0., 2.])
    """

    compare: np.ufunc

    def forward(self, x, y):
        return self.compare(x, y)

    def backward(self, g, x, y):
        return None, None


@implements(np.greater)
@recordable
class Greater(Comparison):
    """x > y."""

    compare = np.greater


@implements(np.greater_equal)
@recordable
class GreaterEqual(Comparison):
    """x ≥ y."""

    compare = np.greater_equal


@implements(np.less)
@recordable
class Less(Comparison):
    """x < y."""

    compare = np.less


@implements(np.less_equal)
@recordable
class LessEqual(Comparison):
    """x ≤ y."""

    compare = np.less_equal


class Equality(Comparison):
    """Whether x and y are equal; the base of the two below.

    What Python asks when it looks for a node in a list is the truth of ``x == y``. Of two nodes
    that can only mean whether they are the same node, as nothing is computed yet; of a node and
    a number it is refused, as that of every other node.
    """

    def __init__(self, x: Any, y: Any, name: str | None = None) -> None:
        self.of_nodes = isinstance(x, Node) and isinstance(y, Node)
        super().__init__(x, y, name=name)

    def __bool__(self) -> bool:
        if not self.of_nodes:
            return super().__bool__()
        return (self.inputs[0] is self.inputs[1]) == (self.compare is np.equal)


@implements(np.equal)
@recordable
class Equal(Equality):
    """x = y, element by element; the truth of ``x == y`` is whether the two are one node.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x, y = mg.Variable([0.0, 2.0], name="x"), mg.Variable([0.0, 3.0], name="y")
        >>> mg.forward(mg.topological_sort(np.where(x == y, 1.0, 0.0)))
        array([1., 0.])
        >>> x in [y, x], [y, x].index(x)
        (True, 1)
        >>> if x == 2.0: pass
        Traceback (most recent call last):
        TypeError: Equal has no truth value: the graph is built before anything is computed. ...
    """

    compare = np.equal


@implements(np.not_equal)
@recordable
class NotEqual(Equality):
    """x ≠ y, element by element; the truth of ``x != y`` is whether the two are other nodes."""

    compare = np.not_equal


@implements(np.where)
@recordable
class Where(Elementwise):
    """x where the condition holds, y elsewhere.

    Both are computed everywhere, and both are differentiated everywhere: the branch that is not
    taken receives the gradient 0. Where its derivative is infinite, 0 · ∞ is not a number, in
    this graph as in other frameworks; :func:`~minigrad.check_gradient` names it. The remedy is
    the *double where*: choose within the branch, too.

    Args:
        condition: Truth values, as ``x > 0`` gives.
        x: What to take where the condition holds.
        y: What to take elsewhere.
        name: What to call it.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable([0.0, 4.0])
        >>> once = np.where(x > 0, np.sqrt(x), 0.0)
        >>> twice = np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0)
        >>> for y in once, twice:
        ...     order = mg.topological_sort(np.sum(y))
        ...     with np.errstate(all="ignore"):
        ...         _ = mg.forward(order), mg.backward(order)
        ...     print(x.gradient)
        [ nan 0.25]
        [0.   0.25]
    """

    def __init__(
        self, condition: Any, x: Any = None, y: Any = None, name: str | None = None
    ) -> None:
        if x is None or y is None:
            raise TypeError(
                "np.where(condition, x, y) of nodes wants all three: which places a condition "
                "picks is not known before it is computed"
            )
        super().__init__(condition, x, y, name=name)

    def forward(self, condition, x, y):
        return np.where(condition, x, y)

    def backward(self, g, condition, x, y):
        return None, np.where(condition, g, 0), np.where(condition, 0, g)
