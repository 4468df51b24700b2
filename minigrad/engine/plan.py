"""Plans: how the work of a step is shared among threads.

There are three ways, and :class:`Planned` takes the first that fits:

*bands*
    Where the first large dense layer has more weights than fit into a cache, each thread
    keeps some rows of the picture, and the rows of the weight that belong to them. All
    pictures of the batch go through every thread; at the dense layer the threads' shares
    are added up, one thread computes the small rest, and then each thread goes back
    through its band and updates its own rows. No thread ever touches another's weights.

*pictures*
    Otherwise each thread takes some pictures of the batch, in pieces small enough for the
    cache, through the whole network, forward and backward. The gradients are added up.

*alone*
    One thread, for a single picture, a batch too small to share, or a graph with an operator
    that the engine does not know (it might mix the pictures of a batch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine import sizes
from minigrad.engine.bands import Cut, find_cut
from minigrad.engine.gather import gather
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.kernel import Step
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.kernels.loans import loan_of
from minigrad.engine.kernels.recorded import Recorded
from minigrad.engine.kernels.updates import Updates
from minigrad.engine.network import Network
from minigrad.engine.program import Program
from minigrad.engine.threads import blas_threads, get_threads, team
from minigrad.graph import Operator, Variable, is_recordable
from minigrad.optimizers import Optimizer

__all__ = ["Planned"]


def can_be_split(program: Program) -> bool:
    """Whether every node keeps the samples apart, but for the mean of the loss."""
    loss = program.network.loss
    nodes = [n for n in program.network.order if isinstance(n, Operator) and n is not loss]
    return (loss is None or type(loss) is op.Mean) and all(apart(n, program) for n in nodes)


def apart(node: Operator, program: Program) -> bool:
    """Whether a node's value for a sample depends on that sample alone."""
    kind, batch = type(node), program.network.inputs.shape[0]
    if not (is_recordable(kind) or "keeps_samples_apart" in vars(kind)):
        return False  # what its base class says was not said of this one
    samples = [program.computes(source) for source in node.inputs]
    return node.shape[:1] == (batch,) and any(samples) and node.keeps_samples_apart(samples)


class Planned:
    """The optimised way of running a network: a plan over memory made once.

    It has the methods of :class:`minigrad.engine.eager.Eager` and gives the same numbers to
    rounding. Weights are changed in place; a large one may be lent meanwhile (``minigrad/engine/kernels/loans.py``).

    Args:
        build: Builds the network for a number of pictures.
        batch: How many pictures a step has.
        variables: The weights that training changes.
        optimizer: How it changes them; ``None`` for gradients or predictions only.
        training: Whether gradients are wanted.

    Attributes:
        loss: The loss of the last step, or ``nan``.
        outputs: The predictions of the last step, of shape (batch, …).
        targets: Its targets, or ``None``.
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
        self.variables, self.optimizer, self.training = list(variables), optimizer, training
        self.network_variables = [n for n in self.network.order if isinstance(n, Variable)]
        self.threads = get_threads()
        self.updates = Updates(optimizer, variables)
        whole = Program(self.network, self.updates if training else None)
        # In bands no thread has a whole gradient, which a reader's own optimizer wants.
        wanted = self.threads > 1 < batch and training and self.updates.rule is not None
        cut = find_cut(whole, self.threads) if wanted else None
        if cut is not None:
            self.in_bands(cut)
        elif self.threads > 1 and batch >= 2 * self.threads and can_be_split(whole):
            self.in_pictures()
        else:
            self.alone(whole)
        self.share_data()
        self.share_chance()
        self.finish()

    # -- the three ways: lists of calls for each thread, region after region ------------------
    def alone(self, program: Program) -> None:
        """One thread."""
        self.way, self.parts = "alone", [[program.build()]]
        forward = [*program.begin_calls, *program.data_calls, *program.forward_calls]
        self.regions = [[[*forward, *program.backward_calls]]]
        self.inference = [[forward]]

    def in_bands(self, cut: Cut) -> None:
        """Each thread has some rows of the pictures and of the large weight."""
        if cut.conv and cut.weight in self.variables:
            pictures = cut.conv.output.shape[1:]
            self.updates.loan = loan_of(cut.weight, self.optimizer, pictures)
        bodies = [Program(self.network, self.updates, cut, band).build() for band in cut.bands]
        head = Program(self.network, self.updates, cut).build()
        self.way, self.parts = "bands", [[program] for program in (*bodies, head)]
        # Two threads that make many short calls wait for Python's lock more than they compute,
        # so one thread brings in the data, and the others join for the long calls.
        start = [call for p in [*bodies, head] for call in [*p.begin_calls, *p.data_calls]]
        ahead, back = [p.forward_calls for p in bodies], [p.backward_calls for p in bodies]
        self.inference = [[start], ahead, [head.forward_calls]]
        self.regions = [[start], ahead, [[*head.forward_calls, *head.backward_calls]], back]

    def in_pictures(self) -> None:
        """Each thread has some pictures, in pieces that fit into the cache."""
        shares = np.array_split(np.arange(self.batch), self.threads)
        size = len(shares[0])  # halved until a piece fits
        while size > 8 and self.piece(size).memory.nbytes > sizes.CACHE:
            size = -(-size // 2)
        self.way, self.parts = "pictures", []
        self.whole = np.zeros(self.network.outputs.shape, self.network.outputs.dtype)
        self.losses: list[float] = []
        regions, inference = [], []
        for share in shares:
            pieces = np.array_split(share, -(-len(share) // size))
            made = {n: self.piece(n) for n in {len(rows): None for rows in pieces}}
            train: list[Step] = [call for p in made.values() for call in p.begin_calls]
            test = list(train)
            for rows in pieces:
                program, number = made[len(rows)], len(self.losses)
                pictures = slice(int(rows[0]), int(rows[-1]) + 1)
                self.losses.append(float("nan"))
                ahead: list[Step] = [
                    partial(setattr, program, "pictures", pictures),
                    *program.data_calls,
                    *program.forward_calls,
                    partial(self.collect, program, pictures, number),
                ]
                train += [*ahead, *program.backward_calls]
                test += ahead
            self.parts.append([made[len(rows)] for rows in pieces])
            regions.append(train)
            inference.append(test)
        self.regions, self.inference = [regions], [inference]

    def piece(self, size: int) -> Program:
        updates = self.updates if self.training else None
        return Program(self.build(size), updates, part=size / self.batch).build()

    def collect(self, program: Program, pictures: slice, number: int) -> None:
        network = program.network
        np.copyto(self.whole[pictures], as_reference(program.value[network.outputs]))
        if network.loss is not None:
            self.losses[number] = float(program.value[network.loss]) * program.seed

    # -- what the programs share --------------------------------------------------------------
    @property
    def programs(self) -> list[Program]:
        """Every program once."""
        return list(dict.fromkeys(program for parts in self.parts for program in parts))

    def share_data(self) -> None:
        # The batch's targets are gathered once, for the loss and the metrics.
        targets = self.network.targets
        self.targets = None if targets is None else np.zeros(targets.shape, targets.dtype)
        self.rows = np.zeros(self.batch, np.intp)
        self.count, self.first = np.arange(self.batch), np.zeros((), np.intp)
        self.data: Any = None
        self.labels: Any = None
        self.whole_labels: Any = None
        self.feeds: list[Feed] = []
        for kernel in (k for p in self.programs for k in p.kernels if isinstance(k, Feed)):
            if kernel.nodes[0] is kernel.program.network.inputs:
                kernel.batch = self.rows
                self.feeds.append(kernel)
            else:
                kernel.batch, kernel.data = self.count, self.targets

    def share_chance(self) -> None:
        # A batch that is worked on in pieces draws its random numbers in one go, so that
        # they are those that the reference way draws.
        self.draws: list[Step] = []
        kernels = [[k for k in p.kernels if isinstance(k, Recorded)] for p in self.programs]
        for same in zip(*kernels, strict=True) if self.way == "pictures" else ():
            if same[0].generator is not None:
                drawn = np.zeros((self.batch, *same[0].output.shape[1:]), np.float32)
                self.draws.append(partial(same[0].generator.random, dtype=np.float32, out=drawn))
                for kernel in same:
                    kernel.shared = drawn

    def finish(self) -> None:
        # Gradients of several programs are added up, and the weights change that have not yet.
        self.end: list[Step] = []
        self.gradients: dict[Variable, Any] = {}
        for weight in [w for p in self.programs for w in p.weights.values() if w.kept]:
            total = self.gradients.setdefault(weight.variable, weight.kept.array)
            if total is not weight.kept.array:
                self.end.append(partial(np.add, total, weight.kept.array, out=total))
        if self.optimizer is not None and self.updates.rule is None:
            self.end.append(partial(self.updates.apply, self.gradients))
        for variable, g in self.gradients.items():
            spare = np.zeros_like(g) if self.updates.needs_spare else None
            self.end += self.updates.calls(variable, ..., g, spare)

    # -- running ----------------------------------------------------------------------------------
    def load(self, x: np.ndarray, y: np.ndarray | None, rows: Any) -> None:
        """Say which samples of a set make the next batch; see ``Eager.load``."""
        if isinstance(rows, slice):
            self.first.fill(rows.start or 0)
            np.add(self.count, self.first, out=self.rows)
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

    def run(self, regions: Any) -> None:
        loan = self.updates.loan
        for variable in self.network_variables:
            if variable.lender is not loan:
                variable.recall()
        if loan is not None:
            loan.take()
        with blas_threads(1):
            for draw in self.draws:
                draw()
            for region in regions:
                if len(region) == 1:
                    for call in region[0]:
                        call()
                else:
                    team().run(region)

    def test_step(self) -> None:
        """Compute predictions and loss of the batch loaded."""
        self.run(self.inference)

    def train_step(self) -> None:
        """Compute predictions, loss and gradients, and change the weights once."""
        for rates in self.updates.rates.values():
            rates.refresh()
        self.run(self.regions)
        for call in self.end:
            call()
        if self.optimizer is not None:
            self.optimizer.iterations += 1

    @property
    def outputs(self) -> np.ndarray:
        if self.way == "pictures":
            return self.whole
        return as_reference(self.parts[-1][0].value[self.network.outputs])

    @property
    def loss(self) -> float:
        if self.network.loss is None:
            return float("nan")
        if self.way == "pictures":
            return sum(self.losses)
        return float(self.parts[-1][0].value[self.network.loss])
