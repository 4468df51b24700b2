"""Samples: how a batch is shared among threads, and worked on in pieces that fit a cache.

Each thread takes some samples of the batch through the whole network, forward and backward, in
pieces; the gradients are added up. One thread that has all samples at once is the simplest case of
it: for a single sample, a batch too small to share, or a graph that may mix samples.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine import sizes
from minigrad.engine.calls import ForSamples, checked
from minigrad.engine.kernels.general import ReferenceKernel
from minigrad.engine.kernels.kernel import Array, Call
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.kernels.recorded import RecordedKernel
from minigrad.engine.network import Network
from minigrad.engine.program import Program
from minigrad.engine.scope import Scope
from minigrad.engine.sums import Sums
from minigrad.graph import Node, Operator, Variable, is_recordable, topological_sort
from minigrad.operators import Add, Mean

SMALLEST = 8  # samples; the calls of a smaller piece are too short
SHARE = 8  # bytes of a piece for each byte of weights, at least
Make = Callable[[int, Callable[[Variable], Array] | None], Program]


class DiffersError(Exception):
    """A piece of the batch is computed otherwise than the batch."""


def can_be_split(network: Network, scope: Scope) -> bool:
    """Whether every node keeps the samples apart, but for the mean of the loss.

    What weights cost may be added to that mean: each piece has it in full, and as their parts of
    the batch add up to 1, so do these.
    """
    mean, costs = network.loss, set[Node]()
    if type(mean) is Add:
        mean, cost = mean.inputs
        costs = {network.loss, *topological_sort(cost)}
    if not (mean is None or type(mean) is Mean) or any(map(scope.is_entry, costs)):
        return False
    return all(n is mean or n in costs or apart(n, scope) for n in scope.nodes)


def apart(node: Operator, scope: Scope) -> bool:
    """Whether a node's value for a sample depends on that sample alone."""
    kind, batch = type(node), scope.network.inputs.shape[0]
    if not (is_recordable(kind) or "keeps_samples_apart" in vars(kind)):
        return False  # what its base class says was not said of this one
    samples = [scope.computes(source) for source in node.inputs]
    return node.shape[:1] == (batch,) and any(samples) and node.keeps_samples_apart(samples)


def same_but_for_size(whole: Network, piece: Network) -> bool:
    """Whether the graph of a piece does with its samples what that of the batch does.

    A layer may compute with the size of the batch, which is another one in a piece. Then a number
    of the graph is another one too: a constant, or an argument of an operator.
    """
    if [type(n) for n in whole.order] != [type(n) for n in piece.order]:
        return False
    entries = whole.entries
    for node, other in zip(whole.order, piece.order, strict=True):
        if isinstance(node, Operator):
            ours, theirs = numbers_of(node), numbers_of(other)
            if ours != theirs:
                return False
        elif all(node is not entry for entry in entries):
            if node.shape != other.shape or not np.array_equal(node._array, other._array):
                return False
    return True


def numbers_of(node: Node) -> dict[str, Any]:
    # the arguments of an operator that are numbers, and nothing that a sweep has left on it
    arguments = {k: v for k, v in vars(node).items() if k != "gradient" and not k.startswith("_")}
    return {name: v for name, v in arguments.items() if isinstance(v, (int, float))}


class Alone:
    """The way of a plan in which one thread works on the whole batch at once.

    Args:
        program: The program of the whole graph.
    """

    name = "alone"
    sums: Sums | None = None

    def __init__(self, program: Program) -> None:
        self.parts, self.programs, self.separate = [[program]], [program], [program]
        ahead = [*program.begin, *program.data, *program.forward]
        look = checked(program.value.get(program.network.loss))
        self.regions, self.inference = [[[*ahead, *look]], [program.backward]], [[ahead]]
        self.changing = 1 if program.safe else 2
        network = program.network
        self.draws = drawn([[program]])
        self.outputs = as_reference(program.value[network.outputs])
        self.loss: Any = program.value.get(network.loss)


class Samples:
    """The way of a plan in which each thread has some samples, in pieces.

    Args:
        network: The graph for the whole batch.
        make: Makes the program of a piece of so many samples, which puts the gradients of weights
            where it is told.
        threads: How many threads.

    Attributes:
        parts: For each thread the programs of its pieces, in turn.
        programs: Each of them once.
        separate: Those whose gradients are not among the sums: none.
        sums: The gradients of all threads.
        regions: Lists of calls that run side by side, one region after the other.
        changing: Number of the first region in which weights change: none of these.
        inference: The same without gradients.
        draws: Calls that draw random numbers, before all others.
    """

    name = "pictures"
    changing = 1

    def __init__(self, network: Network, make: Make, threads: int) -> None:
        self.network, self.make, batch = network, make, network.inputs.shape[0]
        shares = np.array_split(np.arange(batch), threads)
        size = piece_that_fits(len(shares[0]), make, fitting(network))
        self.variables = [n for n in network.order if isinstance(n, Variable)]
        self.sums, self.separate = Sums(self.variables, threads), list[Program]()
        self.outputs = np.zeros(network.outputs.shape, network.outputs.dtype)
        self.losses = np.zeros(batch, None if network.loss is None else network.loss.dtype)
        self.parts: list[list[Program]] = []
        lists = [
            self.lists_of(t, np.array_split(share, -(-len(share) // size)))
            for t, share in enumerate(shares)
        ]
        self.regions = [[train for train, _ in lists]]
        self.inference = [[test for _, test in lists]]
        self.programs = list(dict.fromkeys(p for parts in self.parts for p in parts))
        by_methods = (type(k) is ReferenceKernel for p in self.programs for k in p.kernels)
        if threads > 1 and any(by_methods):
            raise DiffersError  # what an operator remembers of a sweep is that of one thread
        self.draws = drawn([self.programs], batch)

    def lists_of(self, thread: int, pieces: list[Any]) -> tuple[list[Call], list[Call]]:
        """The calls of a thread, for training and for predictions."""
        place, added = self.sums.of(thread), list[list[Call]]()
        if len(pieces) > 1:
            place, added = self.sums.piece_by_piece(thread, len(pieces))
        made = {n: self.make(n, place) for n in {len(rows): None for rows in pieces}}
        test = [call for program in made.values() for call in program.begin]
        train = list(test)
        for k, rows in enumerate(pieces):
            program, samples = made[len(rows)], slice(int(rows[0]), int(rows[-1]) + 1)
            ahead = for_samples([*program.data, *program.forward], samples)
            ahead += self.collect(program, samples)
            test += ahead
            look = checked(program.value.get(program.network.loss))
            back = for_samples(program.backward, samples)
            train += [*ahead, *look, *back, *(added[k] if added else ())]
        self.parts.append([made[len(rows)] for rows in pieces])
        return train, test

    def collect(self, program: Program, samples: slice) -> Iterable[Call]:
        """Put predictions and loss of a piece where those of the batch are."""
        network = program.network
        outputs = as_reference(program.value[network.outputs])
        yield partial(np.copyto, self.outputs[samples], outputs)
        if network.loss is not None:
            loss = self.losses[samples.start, ...]
            yield partial(np.copyto, loss, program.value[network.loss])

    @property
    def loss(self) -> float:
        total, start = 0.0, 0
        for program in (program for parts in self.parts for program in parts):
            total += float(self.losses[start]) * program.sharing.part
            start += program.network.inputs.shape[0]
        return total


def drawn(alike: Iterable[Sequence[Program]], batch: int | None = None) -> list[Call]:
    """The calls that draw all random numbers of a step, as the reference way draws them.

    Args:
        alike: Lists of programs that do the same with some samples of the batch each.
        batch: How many samples that has; by default each program has all of them.
    """
    draws: list[Call] = []
    for programs in alike:
        kernels = [[k for k in p.kernels if isinstance(k, RecordedKernel)] for p in programs]
        for same in zip(*kernels, strict=True):
            if same[0].generator is not None:
                shape = same[0].output.shape
                place = np.zeros(shape if batch is None else (batch, *shape[1:]), np.float32)
                draws.append(partial(same[0].generator.random, dtype=np.float32, out=place))
                for kernel in same:
                    kernel.drawn = place
    return draws


def fitting(network: Network) -> int:
    """How many bytes the program of a piece may take.

    With every piece the gradients of all weights are written and read once more, so where
    these are large a piece is large too.
    """
    weights = sum(n._array.nbytes for n in network.order if isinstance(n, Variable))
    return max(sizes.CACHE, SHARE * weights)


def piece_that_fits(share: int, make: Make, bound: int) -> int:
    """How many samples a piece of a share has: as few pieces as keep to the bound."""
    size, pieces = share, 1
    while size > SMALLEST and (needed := make(size, None).memory.nbytes) > bound:
        pieces = max(pieces + 1, pieces * needed // bound)
        size = max(-(-share // pieces), SMALLEST)
    return size


def for_samples(calls: Iterable[Call], samples: slice) -> list[Call]:
    """The calls of a piece, which is these samples of the batch."""
    return [call.of(samples) if isinstance(call, ForSamples) else call for call in calls]
