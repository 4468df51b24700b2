"""The reference way of running a network: node by node, as the graph says.

This is the paper's proof of concept. The optimized way has the same methods and gives the
same numbers.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engine.calls import check_loss
from minigrad.engine.network import Network, gather
from minigrad.graph import Variable, backward, forward
from minigrad.operators.moving_average import Averages
from minigrad.optimizers import Optimizer

KEPT = 31 << 20  # bytes; the C library of Linux goes no further than 32 MB


def keep_memory() -> None:
    """Have the C library of Linux keep what is freed of arrays, up to a size.

    It does so from when an array of that size was made and freed. Before, it gives the pages of
    large ones back to the system, and every step has to ask for all of them again.
    """
    if sys.platform == "linux":
        np.empty(KEPT, np.uint8)


class Eager:
    """Runs a network by the sweeps of ``minigrad/graph``.

    Args:
        network: The graph.
        variables: The weights that training changes.
        optimizer: How it changes them; ``None`` for a network that is not trained.

    Attributes:
        loss: The loss of the last step, or ``nan``.
        outputs: The predictions of the last step, of shape (batch, …).
        targets: Its targets, or ``None``.
        weights: How much its samples count, or ``None``.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad.engine.eager import Eager
        >>> model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(2, "softmax")])
        >>> runner = Eager(model.network(2), model.trainable_weights, None)
        >>> runner.load(np.ones((5, 3)), None, np.array([4, 0]))
        >>> runner.test_step()
        >>> runner.outputs.sum(axis=1).round(4)
        array([1., 1.], dtype=float32)
    """

    def __init__(
        self, network: Network, variables: Sequence[Variable], optimizer: Optimizer | None
    ) -> None:
        self.network, self.variables, self.optimizer = network, list(variables), optimizer
        self.loss, self.averages = float("nan"), Averages(network.order)
        keep_memory()

    def load(
        self, x: np.ndarray, y: np.ndarray | None, rows: Any, others: Sequence[np.ndarray] = ()
    ) -> None:
        """Gather a batch from a set.

        Args:
            x: Samples of the whole set.
            y: Their targets, or ``None``.
            rows: Which of them: an array of indices or a slice, as long as the batch.
            others: What the network takes besides, such as the weights of the samples.
        """
        for data, entry in zip((x, y, *others), self.network.entries, strict=False):
            if data is not None:
                gather(data, rows, entry._array)

    def release(self) -> None:
        """Hold on to the data no longer; nothing to do, each batch is a copy."""

    def test_step(self) -> None:
        """Compute predictions and loss of the batch loaded."""
        forward(self.network.order)
        if self.network.loss is not None:
            self.loss = float(self.network.loss.value)

    def train_step(self) -> None:
        """Compute predictions, loss and gradients, and change the weights once."""
        assert self.optimizer is not None
        with self.averages.kept_if(self.optimizer):
            self.test_step()
            if self.network.loss is not None:
                check_loss(np.asarray(self.loss))
            backward(self.network.order)
            self.optimizer.apply([w.gradient for w in self.variables], self.variables)

    @property
    def outputs(self) -> Any:
        return self.network.outputs.value

    @property
    def targets(self) -> np.ndarray | None:
        targets = self.network.targets
        return None if targets is None else targets._array

    @property
    def weights(self) -> np.ndarray | None:
        return self.network.others[0]._array if self.network.others else None
