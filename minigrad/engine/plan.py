"""Plans: how a graph is computed, step after step, over memory made once.

There are two ways to share the work of a step among threads, and a plan takes the first that
fits: *bands* (``bands.py``), where the first large dense layer has more weights than fit into a
cache, and otherwise *samples* (``samples.py``).
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import setitem
from typing import Any

import numpy as np

from minigrad.engine.bands import Bands, Cut, find_cut
from minigrad.engine.bind import Host, Sharing, bind
from minigrad.engine.blas import blas_threads
from minigrad.engine.calls import at_once, run
from minigrad.engine.cores import cores
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.kernel import Array, Call, Holder
from minigrad.engine.match import match
from minigrad.engine.network import Gathered, Network
from minigrad.engine.program import Program
from minigrad.engine.samples import (
    SMALLEST,
    Alone,
    DiffersError,
    Samples,
    can_be_split,
    fitting,
    same_but_for_size,
)
from minigrad.engine.scope import Scope
from minigrad.engine.sums import Sums, zeros
from minigrad.engine.threads import get_threads, side_by_side
from minigrad.engine.updates import Updates
from minigrad.engine.workload import ELEMENT, Choice, choose, seconds, work_of
from minigrad.graph import Variable
from minigrad.graph.node import CLOCK
from minigrad.operators.moving_average import Averages
from minigrad.optimizers import Optimizer


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
        weights: How much its samples count, or ``None``.
        regions: Lists of calls that run side by side, one region after the other.
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
        self.build, self.batch, self.trained = build, batch, list(variables)
        self.optimizer, self.training = optimizer, training
        with no_collection():
            self.make()

    def make(self) -> None:
        """Make the programs and all that they share."""
        self.network = self.build(self.batch)
        self.updates = Updates(self.optimizer, self.trained)
        self.variables = [n for n in self.network.order if isinstance(n, Variable)]
        self.averages = Averages(self.network.order)
        self.changed = [*self.trained, *(node.average for node in self.averages.nodes)]
        self.choose_way()
        kernels = [kernel for program in self.programs for kernel in program.kernels]
        holders = (kernel.holder for kernel in kernels if kernel.holder)
        self.holders: dict[Variable, Holder] = {holder.variable: holder for holder in holders}
        self.entries = [Gathered(n.shape, n.dtype) for n in self.network.entries]
        for feed in (kernel for kernel in kernels if isinstance(kernel, Feed)):
            feed.batch = self.entries[feed.number].batch
        self.finish()

    def choose_way(self) -> None:
        scope = Scope(self.network, self.training, self.updates.rates)
        kernels, most = match(scope), most_threads()
        bound = bind(kernels, scope, self.updates)
        # In bands no thread has a whole gradient, which some optimizers want.
        several = most > 1 and self.batch > 1
        wanted = several and self.training and self.updates.by_rows
        cut = find_cut(kernels, scope) if wanted else None
        self.choice = Choice(1, (0.0,))
        splits = cut is None and self.batch > 1 and self.can_be_split(scope)
        if several and (cut or splits):
            most = min(most, cut.rows if cut else max(self.batch // 2, 1))
            self.choice = choose(self.times(bound, cut, most))
        self.parts: Any = None
        if self.choice.threads > 1:
            shared = cut and Bands(cut, scope, self.updates, self.choice.threads)
            self.parts = shared or self.in_pieces(self.choice.threads)
        if self.parts is None:
            self.choice, whole = self.choice._replace(threads=1), Program(bound)
            large = self.batch > SMALLEST and whole.memory.nbytes > fitting(self.network)
            self.parts = (self.in_pieces(1) if splits and large else None) or Alone(whole)
        self.threads = self.choice.threads
        self.way: str = self.parts.name
        self.programs: list[Program] = self.parts.programs

    def can_be_split(self, scope: Scope) -> bool:
        return can_be_split(self.network, scope) and same_but_for_size(
            self.network, self.build(-(-self.batch // 2))
        )

    def in_pieces(self, threads: int) -> Samples | None:
        """The batch shared among threads, if each piece is computed as the whole is."""
        try:
            return Samples(self.network, self.piece, threads)
        except DiffersError:
            return None

    def times(self, bound: Host, cut: Cut | None, most: int) -> list[float]:
        """How long a step takes with one thread, two, …, by estimate."""
        in_bands = {*cut.before, cut.dense} if cut else set()
        shared, rest = list[Call](), list[Call]()
        for sweep in ("begin", "data", "forward", "backward"):
            for kernel, call in bound.calls[sweep]:
                mine = (kernel in in_bands and sweep != "data") if cut else True
                (shared if mine else rest).append(call)
        work, alone = work_of(shared), seconds(work_of(rest), 1)
        needed = sum(buffer.nbytes for buffer in bound.drafts.buffers) / 2 / self.batch
        ends = 0 if cut else sum(v._array.size for v in self.variables) * ELEMENT
        times = []
        for n in range(1, most + 1):
            pieces = 1 if cut else -(-needed * -(-self.batch // n) // fitting(self.network))
            time = seconds(work, n, max(int(pieces), 1), regions=2) + alone
            times.append(time + ends * (n > 1))
        return times

    def piece(self, size: int, place: Callable[[Variable], Array] | None) -> Program:
        """The program of a piece of the batch."""
        scope = Scope(self.build(size), self.training)
        if not same_but_for_size(self.network, scope.network):
            raise DiffersError
        sharing = Sharing(size / self.batch, place or kept)
        return Program(bind(match(scope), scope, self.updates, sharing))

    def finish(self) -> None:
        # Weights that no sweep has changed: their gradients were added up, or kept by one program.
        sums, self.enders = self.parts.sums, 1
        self.gradients: dict[Variable, Array] = {} if sums is None else dict(sums.asked)
        end: list[Call] = []
        for program in self.parts.separate:
            for variable, g in program.kept.items():
                self.gradients[variable] = g
                end += self.updates.calls(variable, self.updates.arrays(variable), g, zeros)
        self.regions: list[list[list[Call]]] = [*self.parts.regions]
        if sums is not None and self.training:
            self.enders = self.sharers(sums)
            self.regions.append(sums.changes(self.updates, self.enders))
        self.regions.append([end])
        for region in self.regions[self.parts.changing :]:
            region[:] = [list(map(at_once, calls)) for calls in region]
        self.prepared: list[Any] = [call for program in self.programs for call in program.end]

    def sharers(self, sums: Sums) -> int:
        """How many threads change the weights at the end of a step."""
        if not self.updates.by_rows:
            return 1
        work = work_of(call for calls in sums.changes(self.updates, 1) for call in calls)
        return choose([seconds(work, n) for n in range(1, self.threads + 1)]).threads

    # -- running ----------------------------------------------------------------------------------
    def load(
        self, x: np.ndarray, y: np.ndarray | None, rows: Any, others: Sequence[np.ndarray] = ()
    ) -> None:
        """Say which samples of a set make the next batch; see ``Eager.load``."""
        if self.updates.numbers.are_stale():
            given = self.build, self.batch, self.trained, self.optimizer, self.training
            vars(self).update(vars(type(self)(*given)))  # whole, or not at all
        for place, data in zip(self.entries, (x, y, *others), strict=False):
            if data is not None:
                place.bring(data, rows)

    def release(self) -> None:
        """Hold on to the data no longer, which the user may want to be rid of."""
        for place in self.entries:
            place.release()

    def test_step(self) -> None:
        """Compute predictions and loss of the batch loaded."""
        with self.running():
            for region in self.parts.inference:
                side_by_side(region)

    def train_step(self) -> None:
        """Compute predictions, loss and gradients, and change the weights once.

        Whatever interrupts it, the weights and what the optimizer remembers are those of before
        the step, or those of after it.
        """
        self.updates.numbers.refresh()
        with self.running(), self.averages.kept_if(self.optimizer):
            for region in self.regions[: self.parts.changing]:
                side_by_side(region)
            tick = next(CLOCK)  # what was computed with the weights of before is stale from now on
            for variable in self.changed:
                variable._set_at = tick
            changing = self.regions[self.parts.changing :]
            if self.optimizer is None or self.updates.recorded:
                self.change([[iter(calls) for calls in region] for region in changing])
            else:
                for region in changing:
                    side_by_side(region)
                self.updates.apply(self.gradients)

    def change(self, regions: list[list[Iterator[Call]]]) -> None:
        """Make the calls that change weights: all of them, also if Ctrl-C comes in between."""
        calls = [call for prepared in self.prepared for call in prepared()]
        if self.optimizer is not None:
            count = self.optimizer.iterations + 1
            calls.append(partial(setitem, vars(self.optimizer), "iterations", count))
        end = iter(calls)
        try:
            for region in regions:
                side_by_side(region)
            run(end)
        except BaseException:
            # Each call is one of NumPy's without Python in it: it was made as a whole, or has not
            # begun; an iterator knows. Python looks at signals between two lists only.
            with np.errstate(all="ignore"):  # what np.seterr may have made an error of
                finish([*(calls for region in regions for calls in region), end])
            raise

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have the weights where the plan wants them, and BLAS in one thread."""
        with blas_threads(1):
            for variable in self.variables:
                variable._settle(self.holders.get(variable))
            for holder in self.holders.values():
                holder.take()
            run(self.parts.draws)
            yield

    @property
    def outputs(self) -> Array:
        return self.parts.outputs

    @property
    def targets(self) -> Array | None:
        return self.entries[1].batch if len(self.entries) > 1 else None

    @property
    def weights(self) -> Array | None:
        return self.entries[2].batch if len(self.entries) > 2 else None

    @property
    def loss(self) -> float:
        return float(self.parts.loss) if self.network.loss is not None else float("nan")


@contextmanager
def no_collection() -> Iterator[None]:
    """Python looks for garbage after every few hundred new objects; those of a plan all stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def finish(lists: Sequence[Iterator[Call]]) -> None:
    """Make what is left of some lists of calls, however often Ctrl-C comes."""
    while True:
        try:
            for calls in lists:
                run(calls)
            return
        except KeyboardInterrupt:
            continue


def most_threads() -> int:
    """How many threads a plan may use: those that are allowed, and no more than cores."""
    return min(get_threads(), cores())


def kept(variable: Variable) -> Array:
    return np.zeros(variable.shape, variable.dtype)
