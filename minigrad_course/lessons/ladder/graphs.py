"""The lower rungs: the network as a graph that is walked node by node.

pictures → convolution, 8 filters 2×2 → + bias → ReLU → flatten
         → · 5832×128 → + bias → ELU → · 128×10 → + bias → softmax, cross-entropy → mean
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engine.eager import keep_memory
from minigrad.graph import Constant, Node, Variable, backward, forward, topological_sort
from minigrad.operators import Elu, Relu
from minigrad.operators.convolution import Convolve
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy

__all__ = [
    "Graph",
    "GraphOnce",
    "GraphPerPicture",
    "Jacobians",
    "Rung",
    "SinglePrecision",
    "WindowMatrix",
]


class Rung:
    """One way to train the network; the base class of all.

    Args:
        weights: The six weights and biases, in Keras's order and layouts.
        batch: How many pictures a step takes.

    Attributes:
        weights: What training has made of them, in the same layouts.
        threads: How many threads a step runs in.
    """

    title = ""
    threads = 1
    tolerance = 1e-12  # of the gradients, relative to the largest: rounding of float64

    weights: list[np.ndarray]

    def __init__(self, weights: Sequence[np.ndarray], batch: int = 1) -> None:
        raise NotImplementedError

    def step(self, x: Any, y: Any, rate: float = 0.01) -> float:
        """Train once.

        Args:
            x: Pictures of shape (batch, 28, 28, 1).
            y: One-hot rows of shape (batch, 10).
            rate: The learning rate.

        Returns:
            The mean loss of the batch, before the weights change.
        """
        raise NotImplementedError


class Graph(Rung):
    """What the rungs on a graph share: weights, constants for the data, and how to build it.

    A rung that derives from it writes ``step``.

    Attributes:
        variables: The six weights and biases as nodes.
        x: The constant for the pictures; a step puts other values into it.
        y: The constant for the one-hot rows.
    """

    dtype: Any = np.float64
    convolution: Any = Convolve  # which operators the graph is made of
    relu: Any = Relu
    elu: Any = Elu

    def __init__(self, weights: Sequence[np.ndarray], batch: int = 1) -> None:
        self.batch = batch
        self.variables = [Variable(w, dtype=self.dtype) for w in weights]
        self.x = Constant(np.zeros((batch, 28, 28, 1), self.dtype))
        self.y = Constant(np.zeros((batch, 10), self.dtype))
        keep_memory()  # as the library does before it walks a graph
        self.begin()

    def begin(self) -> None:
        """What is done once, before the first step: nothing here."""

    @property
    def weights(self) -> list[np.ndarray]:  # type: ignore[override]
        return [variable.value for variable in self.variables]

    def build(self) -> list[Node]:
        """A new graph of the network and its loss, from ``x``, ``y`` and the variables; sorted."""
        kernel, bias, w1, b1, w2, b2 = self.variables
        maps = self.relu(self.convolution(self.x, kernel) + bias)
        hidden = self.elu(maps.reshape(self.batch, -1) @ w1 + b1)
        loss = SoftmaxCrossEntropy(hidden @ w2 + b2, self.y)
        return topological_sort(loss.mean())

    def update(self, rate: float) -> None:
        """Move each weight against its gradient."""
        for variable in self.variables:
            variable.value = variable.value - rate * variable.gradient


class GraphPerPicture(Graph):
    """The proof of concept: a graph is built, sorted, walked and thrown away in every step.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> weights = ladder.reference_network().get_weights()
        >>> rung = ladder.GraphPerPicture(weights)
        >>> round(rung.step(np.zeros((1, 28, 28, 1)), np.eye(10)[:1]), 4)   # log 10
        2.3026
    """

    title = "a graph for each picture"

    def step(self, x: Any, y: Any, rate: float = 0.01) -> float:
        return self.sweep(self.build(), x, y, rate)

    def sweep(self, order: list[Node], x: Any, y: Any, rate: float) -> float:
        self.x.value, self.y.value = x, y
        loss = float(forward(order))
        backward(order)
        self.update(rate)
        return loss


class ReluByJacobian(Relu):
    """ReLU that multiplies by its Jacobian: n × n numbers, all but the diagonal 0."""

    def backward(self, g, x):
        jacobian = np.diag((x > 0).ravel().astype(x.dtype))
        return (g.ravel() @ jacobian).reshape(x.shape)


class EluByJacobian(Elu):
    """ELU that multiplies by its Jacobian."""

    def backward(self, g, x):
        jacobian = np.diag(np.where(x > 0, 1, self.value + self.alpha).ravel())
        return (g.ravel() @ jacobian).reshape(x.shape)


class Jacobians(GraphPerPicture):
    """As the paper's code has it: elementwise operators build their whole Jacobian.

    For the 5,832 numbers of the feature maps that is a matrix of 5,832² numbers.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.Jacobians(ladder.reference_network(filters=1).get_weights())
        >>> round(rung.step(np.zeros((1, 28, 28, 1)), np.eye(10)[:1]), 4)
        2.3026
    """

    title = "with Jacobians"
    relu, elu = ReluByJacobian, EluByJacobian


class GraphOnce(GraphPerPicture):
    """The graph is built and sorted once; a step puts other data into its constants.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.GraphOnce(ladder.reference_network().get_weights(), batch=4)
        >>> round(rung.step(np.zeros((4, 28, 28, 1)), np.eye(10)[:4]), 4)
        2.3026
    """

    title = "one graph for all"

    def begin(self) -> None:
        self.order = self.build()

    def step(self, x: Any, y: Any, rate: float = 0.01) -> float:
        return self.sweep(self.order, x, y, rate)


class WindowConvolution(Convolve):
    """The convolution as one product of matrices; its input's gradient is left out.

    The window matrix has a row for each position of the kernel in each picture, and in it
    the numbers that lie under the kernel there.
    """

    def forward(self, images, kernel):
        under = [images[under] for _, _, under in self.offsets()]
        self.windows = np.stack(under, axis=-2).reshape(-1, kernel[..., 0].size)
        return (self.windows @ kernel.reshape(-1, kernel.shape[3])).reshape(self.shape)

    def backward(self, g, images, kernel):
        by_kernel = self.windows.T @ g.reshape(-1, kernel.shape[3])
        return None, by_kernel.reshape(kernel.shape)  # nobody asks how the pictures should change


class WindowMatrix(GraphOnce):
    """The convolution is a matrix product, the operation that a processor does best.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.WindowMatrix(ladder.reference_network().get_weights(), batch=4)
        >>> round(rung.step(np.zeros((4, 28, 28, 1)), np.eye(10)[:4]), 4)
        2.3026
    """

    title = "convolution as a product"
    convolution = WindowConvolution


class SinglePrecision(WindowMatrix):
    """Half as many bytes for each number, and twice as many numbers in one instruction.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.SinglePrecision(ladder.reference_network().get_weights(), batch=4)
        >>> round(rung.step(np.zeros((4, 28, 28, 1)), np.eye(10)[:4]), 4)
        2.3026
    """

    title = "float32"
    dtype = np.float32
    tolerance = 2e-5  # rounding of float32, over sums of some thousand numbers
