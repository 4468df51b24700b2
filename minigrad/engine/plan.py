"""Plans: how a graph is computed, step after step, over memory made once.

There are two ways to share the work of a step among threads, and a plan takes the first that
fits: *bands* (``bands.py``), where the first large dense layer has more weights than fit into a
cache, and otherwise *samples* (``samples.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.bands import Bands, find_cut
from minigrad.engine.bind import Sharing
from minigrad.engine.calls import run
from minigrad.engine.gather import gather
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.kernel import Array, Call, Holder
from minigrad.engine.match import match
from minigrad.engine.network import Network
from minigrad.engine.program import Program
from minigrad.engine.samples import Samples, can_be_split
from minigrad.engine.scope import Scope
from minigrad.engine.threads import blas_threads, get_threads, team
from minigrad.engine.updates import Updates
from minigrad.graph import Variable
from minigrad.optimizers import Optimizer

__all__ = ["Plan"]


class Plan:
    """The optimized way of running a network: lists of calls over memory made once.

    It has the methods of :class:`minigrad.engine.eager.Eager` and gives the same numbers to
    rounding. Weights are changed in place; a large one may be held meanwhile, see ``Holder`` in
    ``minigrad/engine/kernels/kernel.py``.

    Args:
        build: Builds the network for a number of samples.
        batch: How many samples a step has.
        variables: The weights that training changes.
        optimizer: How it changes them; ``None`` for gradients or predictions only.
        training: Whether gradients are wanted.

    Attributes:
        loss: The loss of the last step, or ``nan``.
        outputs: The predictions of the last step, of shape (batch, …).
        targets: Its targets, or ``None``.
        way: ``"bands"``, ``"pictures"``, or ``"alone"`` for one thread and one piece.
        gradients: For each weight that changes after the backward sweep, where its gradient is.
    """

    def __init__(
        self,
        build: Callable[[int], Network],
        batch: int,
        variables: Sequence[Variable],
        optimizer: Optimizer | None,
        training: bool,
    ) -> None:
        self.network, self.build, self.batch = build(batch), build, batch
        self.optimizer, self.training, self.threads = optimizer, training, get_threads()
        self.updates = Updates(optimizer, variables)
        self.variables = [n for n in self.network.order if isinstance(n, Variable)]
        self.choose_way()
        kernels = [kernel for program in self.programs for kernel in program.kernels]
        holders = (kernel.holder for kernel in kernels if kernel.holder)
        self.holders: dict[Variable, Holder] = {holder.variable: holder for holder in holders}
        self.share_data([kernel for kernel in kernels if isinstance(kernel, Feed)])
        self.finish()

    def choose_way(self) -> None:
        deferrable = [v for v in self.variables if self.updates.rate(v) is not None]
        scope = Scope(self.network, self.training, deferrable)
        kernels = match(scope)
        # In bands no thread has a whole gradient, which a reader's own optimizer wants.
        several = self.threads > 1 and self.batch > 1
        wanted = several and self.training and self.updates.rule is not None
        cut = find_cut(kernels, scope, self.threads) if wanted else None
        self.parts: Any
        if cut is not None:
            self.parts = Bands(cut, scope, self.updates, self.threads)
        elif several and self.batch >= 2 * self.threads and can_be_split(self.network, scope):
            self.parts = Samples(self.network, self.piece, self.threads)
        else:
            self.parts = Samples(self.network, lambda _: Program(kernels, scope, self.updates), 1)
        self.way: str = self.parts.name
        self.programs: list[Program] = self.parts.programs

    def piece(self, size: int) -> Program:
        """The program of a piece of the batch."""
        scope = Scope(self.build(size), self.training)
        return Program(match(scope), scope, self.updates, Sharing(part=size / self.batch))

    def share_data(self, feeds: list[Feed]) -> None:
        # The batch's targets are gathered once, for the loss and the metrics.
        targets = self.network.targets
        self.targets = None if targets is None else np.zeros(targets.shape, targets.dtype)
        self.rows, self.every = np.zeros(self.batch, np.intp), np.arange(self.batch)
        self.first = np.zeros((), np.intp)
        self.data: Any = None
        self.labels: Any = None
        self.whole_labels: Any = None
        self.feeds = [feed for feed in feeds if not feed.is_of_targets]
        for feed in feeds:
            feed.batch = self.every if feed.is_of_targets else self.rows
            feed.data = self.targets if feed.is_of_targets else None

    def finish(self) -> None:
        # Gradients of several programs are added up, and the weights change that have not yet.
        self.end: list[Call] = []
        self.gradients: dict[Variable, Array] = {}
        for program in self.programs:
            for variable, kept in program.kept.items():
                total = self.gradients.setdefault(variable, kept)
                if total is not kept:
                    self.end.append(partial(np.add, total, kept, out=total))
        if self.optimizer is not None and self.updates.rule is None:
            self.end.append(partial(self.updates.apply, self.gradients))
        for variable, g in self.gradients.items():
            states = self.updates.states(variable)
            self.end += self.updates.calls(variable, variable._array, g, states, zeros)

    # -- running ----------------------------------------------------------------------------------
    def load(self, x: np.ndarray, y: np.ndarray | None, rows: Any) -> None:
        """Say which samples of a set make the next batch; see ``Eager.load``."""
        if isinstance(rows, slice):
            self.first.fill(rows.start or 0)
            np.add(self.every, self.first, out=self.rows)
        else:
            np.copyto(self.rows, rows)
        if self.targets is not None and y is not None:
            if y is not self.labels:
                self.labels, self.whole_labels = y, np.ascontiguousarray(y)
            gather(self.whole_labels, self.rows, self.targets)
        if x is not self.data:
            self.data = x
            whole = np.ascontiguousarray(x)  # NumPy would copy it anew in every step
            for feed in self.feeds:
                feed.data = whole

    def release(self) -> None:
        """Hold on to the data no longer, which the user may want to be rid of."""
        self.data = self.labels = self.whole_labels = None
        for feed in self.feeds:
            feed.data = None

    def run(self, regions: list[list[list[Call]]]) -> None:
        for variable in self.variables:
            variable._settle(self.holders.get(variable))
        for holder in self.holders.values():
            holder.take()
        with blas_threads(1):
            run(self.parts.draws)
            for region in regions:
                if len(region) == 1:
                    run(region[0])
                else:
                    team().run(region)

    def test_step(self) -> None:
        """Compute predictions and loss of the batch loaded."""
        self.run(self.parts.inference)

    def train_step(self) -> None:
        """Compute predictions, loss and gradients, and change the weights once."""
        self.updates.refresh()
        self.run(self.parts.regions)
        run(self.end)
        if self.optimizer is not None:
            self.optimizer.iterations += 1

    @property
    def outputs(self) -> Array:
        return self.parts.outputs

    @property
    def loss(self) -> float:
        return float(self.parts.loss) if self.network.loss is not None else float("nan")


def zeros(label: str, shape: Sequence[int], dtype: Any) -> Array:
    return np.zeros(shape, dtype)
