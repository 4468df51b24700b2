"""The plan as a table and as a picture says what the plan does."""

import html
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad.display.steps import separately, steps_of
from minigrad.engine import sizes
from minigrad.engine.memory import ALWAYS
from minigrad.graph import Operator

L = mg.layers


@pytest.fixture(autouse=True)
def usual_threads():
    yield
    mg.set_threads(None)


def reference_network(compiled=True):
    model = mg.Sequential(
        [
            mg.Input((28, 28, 1)),
            L.Conv2D(8, 2, activation="relu"),
            L.Flatten(),
            L.Dense(128, activation="elu"),
            L.Dense(10, activation="softmax"),
        ]
    )
    if compiled:
        model.compile("sgd", "categorical_crossentropy")
    return model


def lenet():
    model = mg.Sequential(
        [
            mg.Input((28, 28, 1)),
            L.Conv2D(6, 5, activation="relu"),
            L.MaxPooling2D(2),
            L.Conv2D(16, 5, activation="relu"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dense(120, "relu"),
            L.Dropout(0.2),
            L.Dense(10),
        ]
    )
    loss = mg.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    return model


MODELS = {"reference": reference_network, "lenet": lenet}
WAYS = [("reference", 1, "alone"), ("reference", 2, "bands"), ("lenet", 2, "pictures")]


def labels(plan):
    return {buffer.label for row in plan.rows for buffer in row.buffers}


def test_where_the_weight_is_lent_the_convolution_writes_for_the_dense_layer():
    """In flat order it cannot: the sums need a place of their own, as large as the feature maps."""
    model = reference_network()
    mg.set_threads(2)
    assert "weighted sums" not in labels(model.plan(16))
    mg.set_threads(1)
    assert "weighted sums" in labels(model.plan(16))


@pytest.mark.parametrize(("name", "threads", "way"), WAYS)
def test_every_node_is_served_once_in_the_order_of_the_graph(name, threads, way):
    mg.set_threads(threads)
    model = MODELS[name]()
    plan = model.plan(64)
    assert (plan.way, plan.threads, plan.batch) == (way, threads, 64)
    served = [label for row in plan.rows if not row.backward for label in row.nodes]
    if way == "bands":  # the product is there in its shares and where they are added up
        served.remove("matmul")
    order = model.network(64, training=True).order
    entries = ["constant", "constant"]  # inputs and targets
    assert sorted(served) == sorted(
        entries + [node.label for node in order if isinstance(node, Operator)]
    )
    assert [row.step for row in plan.rows] == list(range(len(plan.rows)))


def test_the_reference_network_by_hand():
    """(28 − 2 + 1)² places of a 2×2 window, 8 filters; 5,832 × 128 and 128 × 10 weights."""
    mg.set_threads(1)
    plan = reference_network().plan(32)
    forward = [2 * 4 * 27 * 27 * 8 * 32, 2 * 5832 * 128 * 32, 2 * 128 * 10 * 32]
    # The convolution sends nothing to the pictures, the dense layers do to their inputs.
    backward = [2 * forward[2], 2 * forward[1], forward[0]]
    kinds = ("convolution", "dense")
    assert [r.flops for r in plan.rows if r.kernel in kinds] == forward + backward
    assert plan.flops == sum(forward + backward)
    assert plan.fused == [
        ("convolve", "add", "relu"),
        ("matmul", "add", "elu"),
        ("matmul", "add"),
    ]
    assert plan.skipped == ["inputs", "targets"]
    shapes = {row.kernel: row.shape for row in plan.rows}
    assert shapes["convolution"] == (32, 27, 27, 8) and shapes["dense"] == (32, 128)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_work_is_the_same_however_it_is_shared(name, threads):
    mg.set_threads(1)
    alone = MODELS[name]().plan(64).flops
    mg.set_threads(threads)
    shared = MODELS[name]().plan(64)
    rows_twice = 1.02 if shared.way == "bands" else 1  # a row on the border of two bands
    assert alone <= shared.flops <= alone * rows_twice


def test_work_is_that_of_the_pieces_too(monkeypatch):
    mg.set_threads(1)
    alone = lenet().plan(64).flops
    monkeypatch.setattr(sizes, "CACHE", 1 << 19)
    mg.set_threads(2)
    plan = lenet().plan(64)
    assert plan.parts[0].runs > 1 and plan.flops == alone
    assert f"each with {plan.parts[0].runs} × " in plan.title


@pytest.mark.parametrize(("name", "threads", "way"), WAYS)
def test_bytes_are_those_of_the_arrays(name, threads, way):
    mg.set_threads(threads)
    plan = MODELS[name]().plan(64)
    for part in plan.parts:
        memory = part.program.memory
        first = min(b.array.ctypes.data for b in memory.buffers)
        last = max(b.array.ctypes.data + b.array.nbytes for b in memory.buffers)
        assert last - first <= memory.nbytes < last - first + 64
        assert separately(memory) >= sum(b.array.nbytes for b in memory.buffers)
    assert plan.nbytes == sum(p.memory.nbytes for p in plan.planned.programs)
    assert 0 < plan.nbytes < plan.separately
    every = {id(b) for row in plan.rows for b in row.buffers}
    assert every == {id(b) for part in plan.parts for b in part.program.memory.buffers}
    for row in plan.rows:
        assert row.nbytes == sum(b.nbytes for b in row.buffers)


def test_gradients_of_frozen_inputs_are_not_in_the_table():
    mg.set_threads(1)
    plan = reference_network().plan(16)
    labels = {b.label for row in plan.rows for b in row.buffers}
    assert "gradient of reshape" in labels and "value of inputs" in labels
    assert "gradient of inputs" not in labels and "gradient of softmax" not in labels


def test_a_row_has_the_buffers_that_are_needed_at_its_time():
    mg.set_threads(1)
    rows = {(r.kernel, r.nodes, r.backward): r for r in reference_network().plan(16).rows}
    nodes = ("matmul", "add", "elu")
    forward, backward = (rows["dense", nodes, way] for way in (False, True))
    labels = [{b.label for b in row.buffers} for row in (forward, backward)]
    assert "slope" in labels[0] & labels[1]
    assert "value of elu" in labels[0] - labels[1]  # its reader has gone back already
    assert "spare" in labels[0] - labels[1]  # serves the forward sweep only
    assert "gradient of elu" in labels[1] - labels[0]


def test_prediction_has_one_sweep():
    mg.set_threads(1)
    model = reference_network()
    training, prediction = model.plan(16), model.plan(16, training=False)
    assert not any(row.backward for row in prediction.rows)
    assert prediction.nbytes < training.nbytes
    assert "prediction on 16" in prediction.title and "training on 16" in training.title
    untrained = reference_network(compiled=False).plan(16)
    assert [r.cells[1:2] for r in untrained.rows] == [r.cells[1:2] for r in prediction.rows]


def test_a_model_that_walks_the_graph_shows_what_its_plan_would_be():
    mg.set_threads(1)
    walking, planned = reference_network(), reference_network()
    walking.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    before = walking.get_weights()
    kernels = [(r.kernel, r.nodes, r.shape, r.flops) for r in walking.plan(8).rows]
    assert kernels == [(r.kernel, r.nodes, r.shape, r.flops) for r in planned.plan(8).rows]
    for a, b in zip(before, walking.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_plan_shown_is_the_plan_that_runs():
    mg.set_threads(1)
    model = reference_network()
    plan = model.plan(8)
    x, y = np.zeros((8, 28, 28, 1), np.float32), np.eye(10)[:8]
    model.train_on_batch(x, y)
    assert any(plan.planned is runner for runner in model._runners.values())


def test_a_readers_operator_stands_in_the_table_by_its_name():
    class Cube(mg.Operator):
        def forward(self, x):
            return x**3

        def backward(self, gradient, x):
            return 3 * gradient * x**2

    mg.set_threads(2)
    model = mg.Sequential([mg.Input((4,)), L.Dense(3), L.Activation(Cube), L.Dense(2)])
    model.compile("sgd", "mse")
    plan = model.plan(16)
    assert plan.way == "alone"
    assert [row.nodes for row in plan.rows if row.kernel == "reference"] == [("cube",)] * 2


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "8"])
def test_batch_size_is_checked(wrong):
    with pytest.raises(ValueError, match="plan: batch_size is a whole number of at least 1"):
        reference_network().plan(wrong)


def test_a_model_without_a_shape_has_no_plan():
    with pytest.raises(ValueError, match="not built yet"):
        mg.Sequential([L.Dense(2)]).plan(8)


# As text, in a notebook, as a picture


@pytest.mark.parametrize(("name", "threads", "way"), WAYS)
def test_text_and_html_hold_the_same_cells(name, threads, way):
    mg.set_threads(threads)
    plan = MODELS[name]().plan(32)
    lines = repr(plan).splitlines()
    assert str(plan) == repr(plan) and lines[0] == plan.title
    table = lines[3 : 3 + len(plan.rows)]
    assert [re.split(r"  +", line.strip()) for line in table] == [list(r.cells) for r in plan.rows]
    assert len({line.index("FLOPs") for line in lines if "FLOPs" in line}) == 1
    page = plan._repr_html_()
    cells = [html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", page)]
    assert cells == [cell for row in plan.rows for cell in row.cells]
    assert page.count("<tr>") == 1 + len(plan.rows)
    for note in plan.notes:
        assert note in lines and html.escape(note) in page


@pytest.mark.parametrize(("name", "threads", "way"), WAYS)
def test_picture_has_a_rectangle_for_each_buffer_where_it_lies(name, threads, way):
    mg.set_threads(threads)
    plan = MODELS[name]().plan(32)
    for number, part in enumerate(plan.parts):
        picture = mg.display.draw_plan(plan, number)
        (axes,) = picture.figure.axes
        memory, steps = part.program.memory, steps_of(part.program)
        unit = 2**20 if memory.nbytes >= 2**20 else 2**10
        assert len(axes.patches) == len(memory.buffers)
        for patch, buffer in zip(axes.patches, memory.buffers, strict=True):
            assert patch.get_y() * unit == pytest.approx(buffer.start)
            assert patch.get_height() * unit == pytest.approx(buffer.nbytes)
            during = [i for i, step in enumerate(steps) if step.start < step.stop]
            during = [i for i in during if steps[i].needs(buffer)]
            left, right = patch.get_x() + 0.5, patch.get_x() + patch.get_width() + 0.5
            first, end = during[0], during[-1] + 1
            if buffer.lifetime[1] == ALWAYS[1]:
                end = len(steps)
            assert first <= left < first + 1 and end - 1 < right <= end
        assert len(axes.get_xticklabels()) == len(steps)
        assert f"{memory.nbytes:,} bytes in place of {separately(memory):,}" in repr(picture)
    with pytest.raises(IndexError):
        mg.display.draw_plan(plan, len(plan.parts))
