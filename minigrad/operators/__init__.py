"""NumPy's functions on nodes: each operator's value and derivative side by side.

Every class is one mathematical operation. Its ``forward`` is the value, its
``backward`` the vector–Jacobian product: ``g`` is the derivative of the end result with
respect to the operator's value, and what is returned is the derivative with respect to
each input. :func:`~minigrad.graph.implements` names the NumPy function that builds it.

The derivatives are those of Baydin et al. (arXiv 1502.05767), table 3, and Giles (2008),
"Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", for the products of matrices.

Example:
    >>> import numpy as np, minigrad as mg
    >>> x = mg.Variable([0.0, 1.0])
    >>> loss = np.sum(np.exp(x) * 2)
    >>> order = mg.topological_sort(loss)
    >>> round(float(mg.forward(order)), 6)
    7.436564
    >>> mg.backward(order)
    >>> x.gradient.round(6)
    array([2.      , 5.436564])
"""

from minigrad.operators.activations import *  # noqa: F403
from minigrad.operators.arithmetic import *  # noqa: F403
from minigrad.operators.choices import *  # noqa: F403
from minigrad.operators.convolution import *  # noqa: F403
from minigrad.operators.cross_entropy import *  # noqa: F403
from minigrad.operators.dropout import *  # noqa: F403
from minigrad.operators.elementwise import *  # noqa: F403
from minigrad.operators.functions import *  # noqa: F403
from minigrad.operators.joining import *  # noqa: F403
from minigrad.operators.moving_average import *  # noqa: F403
from minigrad.operators.penalty import *  # noqa: F403
from minigrad.operators.products import *  # noqa: F403
from minigrad.operators.reductions import *  # noqa: F403
from minigrad.operators.rescaling import *  # noqa: F403
from minigrad.operators.shapes import *  # noqa: F403

# Each file says what is public in it; an operator is added where it is defined and nowhere else.
__all__ = sorted(name for name, thing in vars().items() if isinstance(thing, type))


def __dir__() -> list[str]:
    return sorted(__all__)
