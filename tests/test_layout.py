"""The layout of a graph's picture: boxes apart, edges that go forward and through no box."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.display.layout import layered


@st.composite
def graphs(draw):
    """Random graphs: for each node the numbers of up to three earlier ones."""
    count = draw(st.integers(1, 14))
    return [
        tuple(draw(st.lists(st.integers(0, node - 1), max_size=3))) if node else ()
        for node in range(count)
    ]


@settings(max_examples=60, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_boxes_never_overlap_and_edges_never_go_back(inputs, random):
    depth = [random.uniform(20, 90) for _ in inputs]
    breadth = [random.uniform(20, 200) for _ in inputs]
    layout = layered(inputs, depth, breadth)
    for a, b in combinations(range(len(inputs)), 2):
        apart_along = abs(layout.along[a] - layout.along[b]) >= (depth[a] + depth[b]) / 2
        apart_across = abs(layout.across[a] - layout.across[b]) >= (breadth[a] + breadth[b]) / 2
        assert apart_along or apart_across
    for target, sources in enumerate(inputs):
        for source in sources:
            end, start = layout.along[target], layout.along[source]
            assert start + depth[source] / 2 < end - depth[target] / 2


@settings(max_examples=20, deadline=None)
@given(graphs())
def test_the_same_graph_is_always_laid_out_alike(inputs):
    sizes = [30.0] * len(inputs)
    assert layered(inputs, sizes, sizes) == layered(inputs, sizes, sizes)


def test_a_long_edge_goes_around_the_box_in_between():
    # 0 → 1 → 2 → 3, and 0 → 3 directly
    layout = layered([(), (0,), (1,), (2, 0)], [40.0] * 4, [60.0] * 4)
    passed = layout.bends[3, 1][1:-1]  # two points beside each box
    for (_, across), box in zip(passed, (1, 1, 2, 2), strict=True):
        assert abs(across - layout.across[box]) >= 30


class Total(mg.Operator):
    """An operator with any number of inputs."""

    def forward(self, *values):
        return sum(values)


@settings(max_examples=40, deadline=None)
@given(graphs(), st.booleans())
def test_no_edge_runs_through_a_box(inputs, across):
    nodes = []
    for number, sources in enumerate(inputs):
        name = "n" * (1 + number * 5 % 17)  # boxes of many widths
        chosen = [nodes[source] for source in sources]
        nodes.append(Total(*chosen, name=name) if chosen else mg.Variable(1.0, name=name))
    picture = mg.display.draw(nodes, direction="right" if across else "down")
    times = np.linspace(0, 1, 9)[:, np.newaxis]
    for line in picture.lines:
        curve = np.array(picture.curve(line))
        for a, b, c, d in zip(curve[:-1:3], curve[1::3], curve[2::3], curve[3::3], strict=True):
            bezier = (1 - times) ** 3 * a + 3 * times * (1 - times) ** 2 * b
            bezier += 3 * times**2 * (1 - times) * c + times**3 * d
            for k, box in enumerate(picture.boxes):
                if k not in (line.source, line.target):
                    inside = (bezier > [box.x, box.y]) & (
                        bezier < [box.x + box.width, box.y + box.height]
                    )
                    assert not inside.all(axis=1).any()


def test_two_sources_in_crossed_order_are_uncrossed():
    # two inputs, two operators; each operator takes the input that was made across from it
    layout = layered([(), (), (1,), (0,), (2, 3)], [40.0] * 5, [40.0] * 5)
    assert (layout.across[0] - layout.across[1]) * (layout.across[3] - layout.across[2]) > 0
