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

from __future__ import annotations

from minigrad.operators.activations import Elu, LogSoftmax, Relu, Sigmoid, Softmax
from minigrad.operators.arithmetic import Add, Divide, Multiply, Negative, Power, Subtract
from minigrad.operators.choices import (
    Comparison,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Maximum,
    Minimum,
    NotEqual,
    Where,
)
from minigrad.operators.convolution import AveragePool, Convolve, MaxPool
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy
from minigrad.operators.dropout import Dropout
from minigrad.operators.elementwise import Elementwise
from minigrad.operators.functions import Absolute, Cos, Exp, Log, Sin, Sqrt, Tanh
from minigrad.operators.joining import Concatenate
from minigrad.operators.moving_average import MovingAverage
from minigrad.operators.products import MatMul
from minigrad.operators.reductions import Max, Mean, Reduction, Sum
from minigrad.operators.rescaling import Rescale
from minigrad.operators.shapes import Index, Reshape, Transpose

__all__ = [
    "Absolute",
    "Add",
    "AveragePool",
    "Comparison",
    "Concatenate",
    "Convolve",
    "Cos",
    "Divide",
    "Dropout",
    "Elementwise",
    "Elu",
    "Equal",
    "Exp",
    "Greater",
    "GreaterEqual",
    "Index",
    "Less",
    "LessEqual",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool",
    "Maximum",
    "Mean",
    "Minimum",
    "MovingAverage",
    "Multiply",
    "Negative",
    "NotEqual",
    "Power",
    "Reduction",
    "Relu",
    "Rescale",
    "Reshape",
    "Sigmoid",
    "Sin",
    "Softmax",
    "SoftmaxCrossEntropy",
    "SparseSoftmaxCrossEntropy",
    "Sqrt",
    "Subtract",
    "Sum",
    "Tanh",
    "Transpose",
    "Where",
]


def __dir__() -> list[str]:
    return sorted(__all__)
