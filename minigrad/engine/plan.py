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
from typing import Any, NamedTuple

import numpy as np

from minigrad import operators as op
from minigrad.activations import LogSoftmax, Softmax
from minigrad.eager import Network, gather
from minigrad.engine import kernels
from minigrad.engine.bands import Band, find_bands
from minigrad.engine.debts import Debt
from minigrad.engine.kernels import Step, as_reference
from minigrad.engine.loans import Loan, loan_of
from minigrad.engine.program import Program
from minigrad.engine.recorded import Recorded, Reference
from minigrad.engine.updates import Rates, rule, sgd
from minigrad.graph import Node, Operator, Variable
from minigrad.optimizers import Optimizer
from minigrad.threads import blas_threads, get_threads, team

__all__ = ["Planned"]

LARGE = 1 << 20  # bytes of a weight that no longer fit into a core's own cache
CACHE = 6 << 20  # bytes of memory that a piece of a batch may take


def can_be_split(program: Program) -> bool:
    """Whether every kernel treats each picture by itself, but for the mean of the loss."""
    nodes = [n for n in program.network.order if isinstance(n, Operator)]
    apart = all(by_itself(node, program) for node in nodes if node is not program.network.loss)
    mean = program.network.loss is None or type(program.network.loss) is op.Mean
    return apart and mean and not any(isinstance(k, Reference) for k in program.kernels)


def by_itself(node: Operator, program: Program) -> bool:
    """Whether an operator treats each picture by itself."""
    batch = program.network.inputs.shape[0]
    if node.shape[:1] != (batch,):
        return False
    if isinstance(node, op.Reduction):
        return 0 not in node.axes
    if isinstance(node, (Softmax, LogSoftmax)):
        return node.axis not in (0, -node.ndim)
    if isinstance(node, (op.Transpose, op.Index)):
        return False
    first = [i.shape[:1] == (batch,) for i in node.inputs]
    ours = [program.computes(i) for i in node.inputs]
    if isinstance(node, op.Elementwise):  # a weight with as many rows is no batch
        rows = [f and i.ndim == node.ndim for f, i in zip(first, node.inputs, strict=True)]
        return rows == ours
    weights = [isinstance(i, Variable) for i in node.inputs]
    return all(w or (o and f) for w, o, f in zip(weights, ours, first, strict=True))


class Part(NamedTuple):
    """A program and the pictures of the batch that it works on."""

    program: Program
    pictures: slice


class Planned:
    """The optimised way of running a network: a plan over memory made once.

    It has the methods of :class:`minigrad.eager.Eager` and gives the same numbers to
    rounding. Weights are changed in place; a large one may be lent meanwhile (``loans.py``).

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
        self.network = network = build(batch)
        self.batch, self.variables, self.optimizer = batch, list(variables), optimizer
        self.training = training
        self.threads = get_threads()
        self.rows = np.zeros(batch, np.intp)
        self.count, self.first = np.arange(batch), np.zeros((), np.intp)
        self.network_variables = [n for n in network.order if isinstance(n, Variable)]
        self.loan: Loan | Debt | None = None
        self.rates: dict[Any, Rates] = {}
        self.rule = None if optimizer is None else rule(optimizer)
        update = self.update if self.rule is not None else None
        nodes = [n for n in network.order if isinstance(n, Operator)]
        # In bands no thread has a whole gradient, which a reader's own optimizer wants.
        wanted = self.threads > 1 < batch and training and self.rule is not None
        bands = find_bands(network, self.threads, LARGE) if wanted else None
        if bands is not None:
            self.in_bands(network, nodes, *bands, update)
        else:
            if batch == 1 and training and self.rule is sgd:
                self.loan = self.debt()
            whole = Program(
                network,
                nodes,
                training=training,
                update=update,
                loan=self.loan,
                rate=self.rate_alone,
            )
            if self.threads > 1 and batch >= 2 * self.threads and can_be_split(whole):
                self.in_pictures(build, nodes)
            else:
                self.alone(whole)
        self.finish()

    # -- the three ways -----------------------------------------------------------------------
    def alone(self, program: Program) -> None:
        """One thread."""
        self.way = "alone"
        self.programs = [program]
        self.parts = [[Part(program, slice(0, self.batch))]]
        forward = [*program.begin_calls, *program.data_calls, *program.forward_calls]
        backward = program.backward_calls
        self.regions = [[[*forward, *backward]]]
        self.inference = [[forward]]
        self.value_of = program.value

    def in_bands(
        self, network: Network, nodes: Sequence[Node], cut: Node, bands: list[Band], update: Any
    ):
        """Each thread has some rows of the pictures and of the large weight."""
        self.way = "bands"
        above: set[Node] = {cut}
        for node in reversed(network.order):
            if node in above:
                above.update(node.inputs)
        above_cut = [n for n in nodes if n in above]
        rest = [n for n in nodes if n not in above]
        shape = cut.shape[::-1]
        shares = [np.zeros(shape, cut.dtype) for _ in bands]
        by_sum = np.zeros(shape, cut.dtype)
        flat = cut.inputs[0]
        if bands[0].output is not None and cut.inputs[1] in self.variables:
            self.loan = loan_of(cut.inputs[1], self.optimizer, flat.inputs[0].shape[1:])
        bodies: list[Program] = []
        for band, share in zip(bands, shares, strict=True):
            body = Program(
                network,
                above_cut,
                training=self.training,
                update=update,
                own=cut.inputs[1],
                outside=(cut, share, by_sum),
                band=band,
                bands=len(bands),
                gathered=bodies[0].feed if bodies else None,
                loan=self.loan,
                rate=self.rate_alone,
            )
            bodies.append(body)
        head = Program(
            network, rest, training=self.training, update=update, given=(cut, shares, by_sum)
        )
        self.programs = [*bodies, head]
        self.parts = [[Part(program, slice(0, self.batch))] for program in self.programs]
        # Two threads that make many short calls wait for Python's lock more than they compute,
        # so one thread brings in the data, and the others join for the long calls.
        start = [call for p in [*bodies, head] for call in [*p.begin_calls, *p.data_calls]]
        ahead = [p.forward_calls for p in bodies]
        middle = head.forward_calls
        self.inference = [[start], ahead, [middle]]
        self.regions = [
            [start],
            ahead,
            [[*middle, *head.backward_calls]],
            [p.backward_calls for p in bodies],
        ]
        self.value_of = head.value

    def in_pictures(self, build: Callable[[int], Network], nodes: Sequence[Node]) -> None:
        """Each thread has some pictures, in pieces that fit into the cache."""
        self.way = "pictures"
        shares = [s for s in np.array_split(np.arange(self.batch), self.threads) if len(s)]
        piece = self.piece_size(build, len(shares[0]))
        self.parts, self.programs = [], []
        loss = self.network.loss
        shape = self.network.outputs.shape
        self.whole = np.zeros(shape, self.network.outputs.dtype)
        self.losses = [0.0] * len(shares)
        regions, inference = [], []
        for thread, share in enumerate(shares):
            pieces = np.array_split(share, -(-len(share) // piece))
            made: dict[int, Program] = {}
            train: list[Step] = [partial(self.clear, thread)]
            test: list[Step] = [partial(self.clear, thread)]
            parts = []
            for rows in pieces:
                size, pictures = len(rows), slice(int(rows[0]), int(rows[-1]) + 1)
                if size not in made:
                    network = build(size)
                    made[size] = Program(
                        network,
                        [n for n in network.order if isinstance(n, Operator)],
                        training=self.training,
                        several=True,
                        seed=size / self.batch,
                    )
                    train += made[size].begin_calls
                    test += made[size].begin_calls
                program = made[size]
                collect = partial(self.collect, thread, program, pictures, size / self.batch)
                move = partial(setattr, program, "pictures", pictures)
                ahead: list[Step] = [move, *program.data_calls, *program.forward_calls, collect]
                train += [*ahead, *program.backward_calls]
                test += ahead
                parts.append(Part(program, pictures))
            self.programs += made.values()
            self.parts.append(parts)
            regions.append(train)
            inference.append(test)
        self.regions, self.inference = [regions], [inference]
        self.value_of = {self.network.outputs: None, loss: None}

    def piece_size(self, build: Callable[[int], Network], share: int) -> int:
        """The largest number of pictures, halved from a thread's share, that fits the cache."""
        size = share
        while size > 8:
            network = build(size)
            nodes = [n for n in network.order if isinstance(n, Operator)]
            if Program(network, nodes, training=self.training).memory.nbytes <= CACHE:
                break
            size = -(-size // 2)
        return size

    def debt(self) -> Debt | None:
        """The large dense weight whose changes are worth remembering, if there is one."""
        uses = [i for node in self.network.order for i in node.inputs]
        for node in self.network.order:
            weight = node.inputs[1] if type(node) is op.MatMul and node.ndim == 2 else None
            large = isinstance(weight, Variable) and weight.value.nbytes >= LARGE
            if large and weight in self.variables and sum(i is weight for i in uses) == 1:
                return Debt(weight)
        return None

    def clear(self, thread: int) -> None:
        self.losses[thread] = 0.0

    def collect(self, thread: int, program: Program, pictures: slice, share: float) -> None:
        network = program.network
        np.copyto(self.whole[pictures], as_reference(program.value[network.outputs]))
        if network.loss is not None:
            self.losses[thread] += float(program.value[network.loss]) * share

    # -- what follows a step: gradients of several programs added up, and the update ------------
    def finish(self) -> None:
        self.feeds = [k for p in self.programs for k in p.kernels if isinstance(k, kernels.Feed)]
        self.data: Any = None
        self.labels: Any = None
        targets = self.network.targets
        self.targets = None if targets is None else np.zeros(targets.shape, targets.dtype)
        for feed in self.feeds:
            if feed.nodes[0] is feed.program.network.inputs:
                feed.batch = self.rows
            else:  # the batch's targets are gathered once, for the loss and the metrics
                feed.batch, feed.data = self.count, self.targets
        self.share_chance()
        self.end: list[Step] = []
        self.gradients: dict[Variable, Any] = {}
        if not self.training:
            return
        kept: dict[Variable, list[Any]] = {}
        for program in self.programs:
            for variable, weight in program.weights.items():
                if not weight.at_once and weight.asked:
                    kept.setdefault(variable, []).append(weight)
        for variable, weights in kept.items():
            total = weights[0].kept.array
            for other in weights[1:]:
                self.end.append(partial(np.add, total, other.kept.array, out=total))
            self.gradients[variable] = total
            if self.rule is not None:
                spare = np.zeros_like(total)
                self.end.extend(self.update(variable, ..., total, spare))
        if self.optimizer is not None and self.rule is None:
            self.end.append(self.apply)

    def share_chance(self) -> None:
        # A batch that is worked on in pieces draws its random numbers in one go, so that
        # they are those that the reference way draws.
        self.draws: list[Step] = []
        if self.way != "pictures":
            return
        found = [
            [k for k in p.kernels if isinstance(k, Recorded) and k.generator] for p in self.programs
        ]
        for same in zip(*found, strict=True):
            drawn = np.zeros((self.batch, *same[0].output.shape[1:]), np.float32)
            self.draws.append(partial(same[0].generator.random, dtype=np.float32, out=drawn))
            for kernel in same:
                kernel.shared = drawn

    def update(self, variable: Variable, rows: Any, g: Any, spare: Any) -> list[Step]:
        """The calls that change rows of a weight."""
        if variable not in self.variables:
            return []
        assert self.optimizer is not None and self.rule is not None
        if self.loan is not None and variable is self.loan.variable:
            weight, states = self.loan.array, self.loan.states
        else:
            weight, states = variable.value, self.optimizer.state(variable)
        states = [state[rows] for state in states]
        return list(self.rule(self.rates_of(variable.dtype), weight[rows], g, states, spare))

    def rates_of(self, dtype: Any) -> Rates:
        assert self.optimizer is not None
        return self.rates.setdefault(dtype, Rates(self.optimizer, dtype))

    def rate_alone(self, variable: Variable) -> Any:
        # where the update is no more than w ← w − rate·g; frozen weights have none
        plain = self.rule is sgd and variable in self.variables
        return self.rates_of(variable.dtype).rate if plain else None

    def apply(self) -> None:
        """The step of an optimizer that has no rule in place: a reader's own."""
        assert self.optimizer is not None
        used = [variable for variable in self.variables if variable in self.gradients]
        self.optimizer.apply([self.gradients[variable] for variable in used], used)
        self.optimizer.iterations -= 1  # counted by `train_step`

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
                if feed.nodes[0] is feed.program.network.inputs:
                    feed.data = whole

    def run(self, regions: Any) -> None:
        for variable in self.network_variables:
            if variable.lender is not self.loan:
                variable.recall()
        if self.loan is not None:
            self.loan.take()
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
        for rates in self.rates.values():
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
        return as_reference(self.value_of[self.network.outputs])

    @property
    def loss(self) -> float:
        if self.network.loss is None:
            return float("nan")
        return (
            sum(self.losses) if self.way == "pictures" else float(self.value_of[self.network.loss])
        )
