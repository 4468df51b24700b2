"""Bands: how a large dense layer, and the convolution before it, are shared by rows."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from minigrad import operators as op
from minigrad.convolution import Convolution2D
from minigrad.eager import Network
from minigrad.engine.activations import ACTS
from minigrad.graph import Node, Operator, Variable
from minigrad.rescaling import Rescale

__all__ = ["Band", "find_bands"]

WAKING = 1 << 20  # multiplications that a thread makes while another wakes up, measured


class Band(NamedTuple):
    """Which rows belong to a thread.

    Attributes:
        input: Rows of the pictures (or elements of the vectors).
        output: Rows of the convolution's result; ``None`` without a convolution.
        weight: Rows of the dense layer's weight.
        inside: Which of the band's vector belong to these rows.
        lengths: For each node of the band, how many rows its value has.
    """

    input: slice
    output: slice | None
    weight: slice
    inside: slice
    lengths: dict[Node, int]

    def rows(self, node: Node, shape: tuple[int, ...]) -> int:
        """Rows of a node's value in this band."""
        return self.lengths.get(node, shape[0])


def find_bands(network: Network, threads: int, large: int) -> tuple[Node, list[Band]] | None:
    """The large dense layer that is worth sharing by rows, and the threads' bands."""
    users: dict[Node, int] = {}
    for node in network.order:
        for source in set(node.inputs):
            users[source] = users.get(source, 0) + 1
    for cut in network.order:
        weight = cut.inputs[1] if type(cut) is op.MatMul else None
        if isinstance(weight, Variable) and weight.value.nbytes >= large and cut.ndim == 2:
            break
    else:
        return None
    chain, node = [], cut.inputs[0]  # from the cut back to the input
    while isinstance(node, Operator):
        chain.append(node)
        node = node.inputs[0]
    kinds = [type(n) for n in chain]
    if kinds[-1:] == [Rescale]:
        kinds.pop()
    conv = next((n for n in chain if type(n) is Convolution2D), None)
    flat = [op.Reshape] if kinds[:1] == [op.Reshape] else []
    body = kinds[len(flat) :]  # one convolution with bias and activation, or nothing
    after_conv = ([], [op.Add], *([act, op.Add] for act in ACTS), *([act] for act in ACTS))
    plain = not body or (body[-1] is Convolution2D and body[:-1] in after_conv)
    adds = [n for n in chain if type(n) is op.Add]
    fits = (
        node is network.inputs
        and node.ndim in (2, 4)
        and all(users[n] == 1 for n in [node, *chain])
        and cut is not network.outputs
        and (conv is None or (flat and conv.padding == "valid" and conv.inputs[0].ndim == 4))
        and plain
        and all(isinstance(n.inputs[1], Variable) and n.inputs[1].ndim == 1 for n in adds)
        and (conv is None or isinstance(conv.inputs[1], Variable))
        and users[weight] == 1
    )
    if not fits:
        return None
    rows = conv.shape[1] if conv is not None else node.shape[1]
    inputs = weight.shape[0]
    per_row = inputs // rows
    if rows < threads:
        return None
    # Weights are shared evenly, but for what the first thread does while the others wake up.
    ahead = min(WAKING // weight.shape[1] // cut.shape[0], inputs // 8)
    ends = [0, *(ahead + (inputs - ahead) * t // threads for t in range(1, threads + 1))]
    bands = []
    # A row of pictures on the border is computed twice, and each thread reads its part of it.
    for first, end in pairwise(ends):
        start, stop = first // per_row, -(-end // per_row)
        source, output = slice(start, stop), None
        if conv is not None:
            output, stride = source, conv.down.stride
            source = slice(start * stride, (stop - 1) * stride + conv.down.size)
        lengths = {node: source.stop - source.start}
        for n in reversed(chain):
            from_conv = conv is not None and (n is conv or conv in lengths)
            lengths[n] = stop - start if from_conv else lengths[node]
        if flat:
            lengths[chain[0]] = (stop - start) * per_row
        inside = slice(first - start * per_row, end - start * per_row)
        bands.append(Band(source, output, slice(first, end), inside, lengths))
    return cut, bands
