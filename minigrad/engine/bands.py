"""Bands: how a large dense layer, and the convolution before it, are shared by rows.

Each thread keeps some rows of the images, and the rows of the weight that belong to them. All
samples of the batch go through every thread; at the dense layer the threads' shares are added up,
one thread computes the small rest, and then each thread goes back through its band and updates
its own rows. No thread ever touches another's weights.

The kernels know nothing of bands: those before the cut are made once for each band, each with a
slice of the rows.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minigrad.engine import sizes
from minigrad.engine.bind import Sharing, bind
from minigrad.engine.calls import checked
from minigrad.engine.kernels.convolution import ConvolutionKernel
from minigrad.engine.kernels.dense import DenseKernel, DenseShare, SumOfShares
from minigrad.engine.kernels.feed import Feed
from minigrad.engine.kernels.flatten import FlattenKernel
from minigrad.engine.kernels.kernel import Array, Call, Holder, Kernel
from minigrad.engine.kernels.layout import as_reference, stored_shape
from minigrad.engine.kernels.packed import PackedWeight
from minigrad.engine.program import Program
from minigrad.engine.samples import drawn
from minigrad.engine.scope import Scope
from minigrad.engine.sums import Sums
from minigrad.engine.updates import Updates
from minigrad.shared import aligned

WAKING = 1 << 20  # multiplications that a thread makes while another wakes up, measured


class Cut(NamedTuple):
    """Where bands meet: the product of a large dense layer.

    Attributes:
        before: The kernels before it, from the first on.
        dense: The layer's kernel.
        after: The others.
        conv: The convolution among those before, if there is one.
        rows: Rows of the convolution's result, or of the images.
    """

    before: list[Any]
    dense: DenseKernel
    after: list[Kernel]
    conv: ConvolutionKernel | None
    rows: int


def find_cut(kernels: Sequence[Kernel], scope: Scope) -> Cut | None:
    """The first large dense layer, if nothing but one convolution comes before it."""
    makers = {kernel.output: kernel for kernel in kernels}
    large = (k for k in kernels if isinstance(k, DenseKernel) and is_large(k))
    dense = next(large, None)
    if dense is None or scope.uses[dense.weight] > 1 or scope.is_end(dense.nodes[0]):
        return None
    before: list[Any] = [makers[dense.x]]
    while before[0].reads and len(before) < 4:
        before.insert(0, makers[before[0].reads[0]])
    kinds = [type(kernel) for kernel in before]
    alone = all(len(scope.users[k.output]) == 1 and not scope.is_end(k.output) for k in before)
    fits = kinds in ([Feed], [Feed, FlattenKernel], [Feed, ConvolutionKernel, FlattenKernel])
    once = all(scope.uses[v] == 1 for kernel in before for v in kernel.weights)
    if not (fits and alone and once and before[0].output.ndim in (2, 4)):
        return None
    conv = before[1] if len(before) == 3 else None
    if conv and (conv.pool or conv.padded):
        return None
    rows = conv.height if conv else before[0].output.shape[1]
    after = [k for k in kernels if k is not dense and all(k is not b for b in before)]
    return Cut(before, dense, after, conv, rows)


def is_large(kernel: DenseKernel) -> bool:
    return bool(kernel.weight._array.nbytes >= sizes.LARGE)


class Bands:
    """The way of a plan in which each thread has some rows of the images and of a large weight.

    Args:
        cut: Where the bands meet.
        scope: The graph.
        updates: How weights change.
        threads: How many bands to make.

    Attributes:
        programs: One for each band, and last the one for the rest.
        parts: Each of them alone, as the threads run them.
        regions: Lists of calls that run side by side, one region after the other.
        changing: Number of the first region in which weights change.
        inference: The same without gradients.
        draws: Calls that draw random numbers, before all others.
    """

    name = "bands"

    def __init__(self, cut: Cut, scope: Scope, updates: Updates, threads: int) -> None:
        self.scope, self.network = scope, scope.network
        dense = cut.dense
        units, batch = dense.weight.shape[1], dense.x.shape[0]
        self.by_sum = np.zeros((units, batch), dense.output.dtype)
        self.holder: Holder | None = None
        if cut.conv and dense.weight in updates.trained:
            images = cut.conv.output.shape[1:]
            self.holder = PackedWeight.of(dense.weight, updates.optimizer, images)
        packed = self.holder is not None
        fed = cut.before[0].output
        self.fed = aligned.zeros(stored_shape(fed.shape), fed.dtype)  # the batch, for all bands
        self.shares = aligned.zeros((threads, units, batch), dense.output.dtype)
        bands = [
            self.band(cut, *ends, share)
            for ends, share in zip(pairwise(self.ends(cut, threads)), self.shares, strict=True)
        ]
        summed = SumOfShares(dense.nodes, scope, self.shares, self.by_sum)
        self.sums = Sums([v for kernel in cut.before for v in kernel.weights], threads)
        bodies = [
            Program(bind(band, scope, updates, Sharing(1.0, self.sums.of(t), dense.weight, packed)))
            for t, band in enumerate(bands)
        ]
        rest = sorted([summed, *cut.after], key=lambda kernel: kernel.sweep != "data")
        head = Program(bind(rest, scope, updates))
        self.separate = [head]
        self.programs = [*bodies, head]
        self.parts = [[program] for program in self.programs]
        self.draws = drawn(self.parts)
        self.set_regions(bodies, head)

    @staticmethod
    def ends(cut: Cut, threads: int) -> list[int]:
        # Weights are shared evenly, but for what the first thread does while others wake up.
        inputs, units = cut.dense.weight.shape
        ahead = min(WAKING // (units * cut.dense.x.shape[0]), inputs // 8)
        return [0, *(ahead + (inputs - ahead) * t // threads for t in range(1, threads + 1))]

    def band(self, cut: Cut, first: int, end: int, share: Array) -> list[Any]:
        """The kernels of one band: the rows of the weight from the first to the end."""
        # A row of images on the border is computed twice; each thread reads its part of it.
        dense, scope = cut.dense, self.scope
        per_row = dense.weight.shape[0] // cut.rows
        rows = slice(first // per_row, -(-end // per_row))
        kernels: list[Kernel] = []
        for kernel in cut.before:
            if isinstance(kernel, Feed):
                source = under(cut.conv, rows) if cut.conv else rows
                kernels.append(Feed(kernel.nodes, scope, source, self.fed, gathers=first == 0))
            elif isinstance(kernel, ConvolutionKernel):
                kernels.append(ConvolutionKernel(kernel.nodes, scope, rows))
            else:
                elements = slice(rows.start * per_row, rows.stop * per_row)
                kernels.append(FlattenKernel(kernel.nodes, scope, elements))
        inside = slice(first - rows.start * per_row, end - rows.start * per_row)
        node, weight = dense.nodes[:1], slice(first, end)
        last = DenseShare(node, scope, weight, inside, share, self.by_sum, self.holder)
        return [*kernels, last]

    def set_regions(self, bodies: list[Program], head: Program) -> None:
        # Threads that make many short calls wait for Python's lock more than they compute, so
        # one thread brings in the data, and the others join for the long calls.
        start = [call for p in self.programs for call in p.data]
        ahead, back = [[*p.begin, *p.forward] for p in bodies], [p.backward for p in bodies]
        middle = [*head.begin, *head.forward]
        self.inference: list[list[list[Call]]] = [[start], ahead, [middle]]
        look = checked(head.value.get(head.network.loss))
        self.regions = [[start], ahead, [[*middle, *look]], [head.backward], back]
        self.changing = 3 if head.safe else 4

    @property
    def outputs(self) -> Array:
        return as_reference(self.programs[-1].value[self.network.outputs])

    @property
    def loss(self) -> float:
        return float(self.programs[-1].value[self.network.loss])


def under(conv: ConvolutionKernel, rows: slice) -> slice:
    # rows of the images that lie under some rows of the result
    down = conv.down
    return slice(rows.start * down.stride, (rows.stop - 1) * down.stride + down.size)
