"""Functions of one number, element by element."""

import numpy as np

from minigrad.graph import implements, recordable
from minigrad.operators.elementwise import Elementwise

__all__ = ["Absolute", "Cos", "Exp", "Log", "Log1p", "Sin", "Sqrt", "Tanh"]


@implements(np.exp)
@recordable
class Exp(Elementwise):
    """e to the power x."""

    def forward(self, x):
        return np.exp(x)

    def backward(self, g, x):
        return g * self.value


@implements(np.log)
@recordable
class Log(Elementwise):
    """The natural logarithm of x."""

    def forward(self, x):
        return np.log(x)

    def backward(self, g, x):
        return g / x


@implements(np.log1p)
@recordable
class Log1p(Elementwise):
    """log(1 + x), to the last digit also where 1 + x would lose those of x."""

    def forward(self, x):
        return np.log1p(x)

    def backward(self, g, x):
        return g / (1 + x)


@implements(np.sqrt)
@recordable
class Sqrt(Elementwise):
    """The square root of x; the derivative at 0 is ∞.

    So that of ``np.sqrt(x * x)`` at 0 is 0 · ∞, not a number, as in every framework. A length
    is differentiated as ``np.sqrt(x * x + 1e-12)``, or chosen by ``np.where`` (see
    :class:`~minigrad.operators.Where`).
    """

    def forward(self, x):
        return np.sqrt(x)

    def backward(self, g, x):
        return g / (2 * self.value)


@implements(np.sin)
@recordable
class Sin(Elementwise):
    """The sine of x, in radians."""

    def forward(self, x):
        return np.sin(x)

    def backward(self, g, x):
        return g * np.cos(x)


@implements(np.cos)
@recordable
class Cos(Elementwise):
    """The cosine of x, in radians."""

    def forward(self, x):
        return np.cos(x)

    def backward(self, g, x):
        return -g * np.sin(x)


@implements(np.tanh)
@recordable
class Tanh(Elementwise):
    """The hyperbolic tangent of x.

    The derivative 1 − tanh² x is exact to the rounding of 1, and so is 0 from ``|x| = 20`` on.
    """

    def forward(self, x):
        return np.tanh(x)

    def backward(self, g, x):
        return g * (1 - self.value**2)


@implements(np.absolute)
@recordable
class Absolute(Elementwise):
    """``|x|``, with derivative 0 at the kink x = 0."""

    def forward(self, x):
        return np.absolute(x)

    def backward(self, g, x):
        return g * np.sign(x)
