"""Sum, difference, product, quotient and power, element by element."""

import numpy as np

from minigrad.graph import implements, recordable
from minigrad.operators.elementwise import Elementwise

__all__ = ["Add", "Divide", "Multiply", "Negative", "Power", "Subtract"]


@implements(np.add)
@recordable
class Add(Elementwise):
    """x + y."""

    def forward(self, x, y):
        return x + y

    def backward(self, g, x, y):
        return g, g


@implements(np.subtract)
@recordable
class Subtract(Elementwise):
    """x − y."""

    def forward(self, x, y):
        return x - y

    def backward(self, g, x, y):
        return g, -g


@implements(np.multiply)
@recordable
class Multiply(Elementwise):
    """x · y."""

    def forward(self, x, y):
        return x * y

    def backward(self, g, x, y):
        return g * y, g * x


@implements(np.true_divide)
@recordable
class Divide(Elementwise):
    """x / y."""

    def forward(self, x, y):
        return x / y

    def backward(self, g, x, y):
        return g / y, -g * self.value / y


@implements(np.negative)
@recordable
class Negative(Elementwise):
    """−x."""

    def forward(self, x):
        return -x

    def backward(self, g, x):
        return -g


@implements(np.power)
@recordable
class Power(Elementwise):
    """x to the power y.

    The derivative with respect to y exists where x > 0. At x = 0 it is taken as 0, its value
    for y > 0, at y = 0 as well, where there is none (0⁰ is 1, and 0ʸ is 0 beside it); so the
    slope of ``x**x`` at 0, which is −∞, comes out as 0, as in other libraries. For y < 0 it
    is not a number. It is computed only where the exponent is not a constant, so that
    ``x**2`` works for negative x.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x, y = mg.Variable([-3.0, 0.0, 2.0]), mg.Variable([2.0, 2.0, 3.0])
        >>> order = mg.topological_sort(np.sum(x**2))
        >>> _ = mg.forward(order)
        >>> mg.backward(order)
        >>> x.gradient
        array([-6.,  0.,  4.])
    """

    def forward(self, x, y):
        return x**y

    def backward(self, g, x, y):
        base, exponent = self.inputs
        # y·x^(y−1), and 0 where y is 0 (at x = 0 the formula would give 0·∞)
        by_base = g * y * x ** np.where(y == 0, 1, y - 1) if base.needs_gradient else None
        if not exponent.needs_gradient:
            return by_base, None
        return by_base, g * self.value * np.log(np.where(x == 0, 1, x))
