"""Samples: how a batch is shared among threads, and worked on in pieces that fit a cache.

Each thread takes some samples of the batch through the whole network, forward and backward, in
pieces; the gradients are added up. One thread and one piece is the simplest case of it: for a
single sample, a batch too small to share, or a graph that may mix the samples of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine import sizes
from minigrad.engine.calls import ForSamples, checked
from minigrad.engine.kernels.kernel import Call
from minigrad.engine.kernels.layout import as_reference
from minigrad.engine.kernels.recorded import RecordedKernel
from minigrad.engine.network import Network
from minigrad.engine.program import Program
from minigrad.engine.scope import Scope
from minigrad.graph import Node, Operator, is_recordable
from minigrad.operators import Mean

__all__ = ["Samples", "can_be_split"]


def can_be_split(network: Network, scope: Scope) -> bool:
    """Whether every node keeps the samples apart, but for the mean of the loss."""
    loss = network.loss
    nodes = [n for n in scope.nodes if n is not loss]
    return (loss is None or type(loss) is Mean) and all(apart(n, scope) for n in nodes)


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
    entries = (whole.inputs, whole.targets)
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


class Samples:
    """The way of a plan in which each thread has some samples, in pieces.

    Args:
        network: The graph for the whole batch.
        make: Makes the program of a piece of so many samples.
        threads: How many threads.

    Attributes:
        parts: For each thread the programs of its pieces, in turn.
        programs: Each of them once.
        regions: Lists of calls that run side by side, one region after the other.
        changing: Number of the first region in which weights change.
        inference: The same without gradients.
        draws: Calls that draw random numbers, before all others.
    """

    def __init__(self, network: Network, make: Callable[[int], Program], threads: int) -> None:
        self.network, batch = network, network.inputs.shape[0]
        shares = np.array_split(np.arange(batch), threads)
        size = len(shares[0])  # halved until a piece fits
        program = make(size)
        while threads > 1 and size > 8 and program.memory.nbytes > sizes.CACHE:
            size = -(-size // 2)
            program = make(size)
        self.draws: list[Call] = []
        if threads == 1:
            self.take_whole(program)
        else:
            pieces = [np.array_split(share, -(-len(share) // size)) for share in shares]
            self.take_pieces(pieces, make)

    def take_whole(self, program: Program) -> None:
        """One thread, one piece."""
        self.name, self.parts = "alone", [[program]]
        ahead = [*program.begin, *program.data, *program.forward]
        look = checked(program.value.get(self.network.loss))
        self.regions, self.inference = [[[*ahead, *look]], [program.backward]], [[ahead]]
        self.changing = 1 if program.only_numpy else 2
        self.outputs = as_reference(program.value[self.network.outputs])
        self.losses: Any = program.value.get(self.network.loss)

    def take_pieces(self, shares: list[list[Any]], make: Callable[[int], Program]) -> None:
        """For each thread some pieces, one after the other."""
        self.name, self.parts = "pictures", []
        self.outputs = np.zeros(self.network.outputs.shape, self.network.outputs.dtype)
        dtype = None if self.network.loss is None else self.network.loss.dtype
        self.losses = np.zeros(sum(map(len, shares)), dtype)
        train: list[list[Call]] = []
        test: list[list[Call]] = []
        number = 0
        for pieces in shares:
            made = {n: make(n) for n in {len(rows): None for rows in pieces}}
            self.parts.append([made[len(rows)] for rows in pieces])
            beginning = [call for program in made.values() for call in program.begin]
            train.append(list(beginning))
            test.append(list(beginning))
            for rows in pieces:
                program, samples = made[len(rows)], slice(int(rows[0]), int(rows[-1]) + 1)
                ahead = for_samples([*program.data, *program.forward], samples)
                ahead += self.collect(program, samples, number)
                look = checked(program.value.get(program.network.loss))
                train[-1] += [*ahead, *look, *for_samples(program.backward, samples)]
                test[-1] += ahead
                number += 1
        self.regions, self.inference, self.changing = [train], [test], 1
        self.draw_together()

    def collect(self, program: Program, samples: slice, number: int) -> Iterable[Call]:
        """Put predictions and loss of a piece where those of the batch are."""
        network = program.network
        yield partial(
            np.copyto, self.outputs[samples], as_reference(program.value[network.outputs])
        )
        if network.loss is not None:
            yield partial(np.copyto, self.losses[number, ...], program.value[network.loss])

    def draw_together(self) -> None:
        # A batch that is worked on in pieces draws its random numbers in one go, so that
        # they are those that the reference way draws.
        batch = self.network.inputs.shape[0]
        kernels = [[k for k in p.kernels if isinstance(k, RecordedKernel)] for p in self.programs]
        for same in zip(*kernels, strict=True):
            if same[0].generator is not None:
                drawn = np.zeros((batch, *same[0].output.shape[1:]), np.float32)
                self.draws.append(partial(same[0].generator.random, dtype=np.float32, out=drawn))
                for kernel in same:
                    kernel.drawn = drawn

    @property
    def programs(self) -> list[Program]:
        """Every program once."""
        return list(dict.fromkeys(program for parts in self.parts for program in parts))

    @property
    def loss(self) -> float:
        if self.name == "alone":
            return float(self.losses)
        programs = (program for parts in self.parts for program in parts)
        weights = [program.sharing.part or 1 for program in programs]
        return float(
            sum(loss * part for loss, part in zip(self.losses.tolist(), weights, strict=True))
        )


def for_samples(calls: Iterable[Call], samples: slice) -> list[Call]:
    """The calls of a piece, which is these samples of the batch."""
    return [call.of(samples) if isinstance(call, ForSamples) else call for call in calls]
