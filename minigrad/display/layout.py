"""Where to put the nodes of a graph: a layered layout in three steps.

1. Each node gets a *layer*: one more than the last of its inputs' layers.
2. The nodes of a layer are *ordered* so that few edges cross: each moves to the mean
   position of its neighbors, sweep by sweep, and the best order met is kept.
3. Each node gets a *position*: as near to its neighbors as the boxes beside it allow.

An edge that spans several layers is a chain of invisible *bends*, one in each layer that
it crosses, so that it goes around boxes and not through them.

Source: Sugiyama, Tagawa and Toda (1981), "Methods for visual understanding of hierarchical
system structures". Step 3 is an isotonic regression, solved by pooling neighbors that
violate the order (Barlow et al., 1972). The result depends on the graph alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

__all__ = ["Layout", "entries", "layered"]


@dataclass(frozen=True)
class Layout:
    """Positions along the flow of the graph and across it.

    Attributes:
        along: For each node, where its center lies in the direction of flow.
        across: For each node, where its center lies across that direction.
        bends: For each edge ``(target, port)``, the points ``(along, across)`` that it
            passes between its ends. Inside a layer it runs straight in the direction of
            flow; all turns are made in the gaps between layers.
    """

    along: list[float]
    across: list[float]
    bends: dict[tuple[int, int], list[tuple[float, float]]]


@dataclass(frozen=True)
class Edge:
    # between neighboring layers; `port` is where it enters, relative to the target's center
    source: int
    target: int
    port: float
    weight: float


def layered(
    inputs: Sequence[Sequence[int]],
    depth: Sequence[float],
    breadth: Sequence[float],
    gap_along: float = 46.0,
    gap_across: float = 22.0,
) -> Layout:
    """Lay out a graph.

    Args:
        inputs: For each node the numbers of its inputs, each smaller than its own.
        depth: For each node, the size of its box in the direction of flow.
        breadth: For each node, the size of its box across that direction.
        gap_along: Room between layers.
        gap_across: Room between the boxes of a layer.

    Returns:
        The positions.

    Example:
        >>> from minigrad.display.layout import layered
        >>> layout = layered([(), (0, 0), (1,)], depth=[40] * 3, breadth=[20] * 3)
        >>> layout.along
        [20.0, 106.0, 192.0]
        >>> layout.across
        [10.0, 10.0, 10.0]
    """
    layer, count = layers_of(inputs), len(inputs)
    depth, breadth = list(depth), list(breadth)
    enters = entries(inputs)
    edges: list[Edge] = []
    chains: dict[tuple[int, int], list[int]] = {}
    for target in range(count):
        for port, source in enumerate(inputs[target]):
            bends = range(layer[source] + 1, layer[target])  # one in each layer between
            chain = chains[target, port] = list(range(len(layer), len(layer) + len(bends)))
            layer += bends
            depth += [0.0] * len(chain)
            breadth += [0.0] * len(chain)
            entry = breadth[target] * enters[target, port]
            edges += along_chain([source, *chain, target], bool(inputs[source]), entry)

    rows = ordered(layer, edges)
    across = positions(rows, edges, breadth, gap_across)
    begin, end, along = extents(rows, depth, gap_along)
    ways = {}
    for (target, port), chain in chains.items():
        points = [(end[source := inputs[target][port]], across[source])]
        for bend in chain:
            points += [(begin[bend], across[bend]), (end[bend], across[bend])]
        entry = across[target] + breadth[target] * enters[target, port]
        ways[target, port] = [*points, (begin[target], entry)]
    return Layout([along[n] for n in range(count)], across[:count], ways)


def along_chain(ends: Sequence[int], computed: bool, entry: float) -> list[Edge]:
    # What comes from nothing yields to the main line; long edges are kept straight.
    bends = len(ends) - 2
    weights = [1.0 if computed else 0.01, *[4.0] * (bends - 1), 1.0]
    offsets = [0.0] * bends + [entry]
    pairs = zip(pairwise(ends), offsets, weights, strict=False)
    return [Edge(a, b, offset, weight) for (a, b), offset, weight in pairs]


def extents(
    rows: Sequence[Sequence[int]], depth: Sequence[float], gap: float
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    # where each node's layer begins and ends in the direction of flow, and its center
    begin, end, center = {}, {}, {}
    edge = 0.0
    for row in rows:
        thickest = max(depth[node] for node in row)
        for node in row:
            begin[node], end[node], center[node] = edge, edge + thickest, edge + thickest / 2
        edge += thickest + gap
    return begin, end, center


def entries(inputs: Sequence[Sequence[int]]) -> dict[tuple[int, int], float]:
    """Where each edge enters its target, as a part of the target's breadth from its center.

    The inputs enter side by side in their order. Where all but one come from nothing, as
    weights do, that one enters in the middle: the main line of a network runs straight.

    Example:
        >>> from minigrad.display.layout import entries
        >>> entries([(), (0, 0)])
        {(1, 0): -0.25, (1, 1): 0.25}
        >>> entries([(), (0,), (), (1, 2)])
        {(1, 0): 0.0, (3, 0): 0.0, (3, 1): 0.33}
    """
    places = {}
    for target, sources in enumerate(inputs):
        computed = [port for port, source in enumerate(sources) if inputs[source]]
        for port in range(len(sources)):
            if len(computed) == 1:
                places[target, port] = 0.33 * float(np.sign(port - computed[0]))
            else:
                places[target, port] = (port + 0.5) / len(sources) - 0.5
    return places


def layers_of(inputs: Sequence[Sequence[int]]) -> list[int]:
    # Longest path from the inputs; a node without inputs stands just before its first user.
    layer: list[int] = []
    for sources in inputs:
        layer.append(1 + max((layer[s] for s in sources), default=-1))
    for node, sources in enumerate(inputs):
        if not sources:
            first = [layer[t] for t, used in enumerate(inputs) if node in used]
            layer[node] = max(min(first, default=1) - 1, 0)
    return layer


def ordered(layer: Sequence[int], edges: Sequence[Edge], sweeps: int = 12) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for node, at in enumerate(layer):
        rows[at].append(node)
    best, fewest = [list(row) for row in rows], crossings(rows, edges)
    for sweep in range(sweeps):
        downward = sweep % 2 == 0
        for row in rows if downward else reversed(rows):
            place = {node: k for line in rows for k, node in enumerate(line)}
            wish = {}
            for node in row:
                near = [
                    # ports break ties between the inputs of one operator
                    place[e.source] if downward else place[e.target] + np.sign(e.port) * 0.3
                    for e in edges
                    if (e.target if downward else e.source) == node
                ]
                wish[node] = float(np.mean(near)) if near else float(place[node])
            row.sort(key=wish.__getitem__)  # stable: equal wishes keep their order
        found = crossings(rows, edges)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    return best


def crossings(rows: Sequence[Sequence[int]], edges: Sequence[Edge]) -> int:
    place = {node: k for row in rows for k, node in enumerate(row)}
    at = {node: k for k, row in enumerate(rows) for node in row}
    total = 0
    for k in range(len(rows)):
        ends = sorted(
            (place[e.source], place[e.target], e.port) for e in edges if at[e.source] == k
        )
        for i, (source, *end) in enumerate(ends):
            total += sum(other > source and e < end for other, *e in ends[i + 1 :])
    return total


def positions(
    rows: Sequence[Sequence[int]], edges: Sequence[Edge], breadth: Sequence[float], gap: float
) -> list[float]:
    across: dict[int, float] = {}
    for row in rows:
        evenly = packed(row, [0.0] * len(row), [1.0] * len(row), breadth, gap)
        across.update(zip(row, evenly, strict=True))
    for sweep in range(24):
        downward = sweep % 2 == 0
        for row in rows if downward else reversed(rows):
            wishes, weights = [], []
            for node in row:
                pull = [(across[e.source] - e.port, e.weight) for e in edges if e.target == node]
                push = [(across[e.target] + e.port, e.weight) for e in edges if e.source == node]
                near = (pull if downward else push) or [(across[node], 0.01)]
                total = sum(w for _, w in near)
                wishes.append(sum(p * w for p, w in near) / total)
                weights.append(total)
            across.update(zip(row, packed(row, wishes, weights, breadth, gap), strict=True))
    start = min(across[node] - half / 2 for node, half in enumerate(breadth))
    return [round(float(across[node] - start), 3) for node in range(len(breadth))]


def packed(
    row: Sequence[int],
    wishes: Sequence[float],
    weights: Sequence[float],
    breadth: Sequence[float],
    gap: float,
) -> list[float]:
    # As near to the wishes as possible, in this order and without overlap. With the room
    # that the boxes before need taken off, the places must only not decrease.
    room = np.cumsum([0.0] + [(breadth[a] + breadth[b]) / 2 + gap for a, b in pairwise(row)])
    blocks: list[list[float]] = []  # mean, weight, count
    for wish, weight, taken in zip(wishes, weights, room, strict=True):
        blocks.append([wish - taken, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean, total, n = blocks.pop()
            before = blocks[-1]
            before[0] = (before[0] * before[1] + mean * total) / (before[1] + total)
            before[1] += total
            before[2] += n
    places = [mean for mean, _, n in blocks for _ in range(int(n))]
    return [place + taken for place, taken in zip(places, room, strict=True)]
