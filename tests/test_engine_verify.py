"""The check of a plan: it passes on every plan made, and fails on one that was spoilt."""

from functools import partial

import numpy as np
import pytest
from both_ways import OPTIMIZERS, PICTURES, TAIL, both_ways, fit_both
from test_engine import engine

import minigrad as mg
from minigrad.engine.calls import accesses
from minigrad.engine.memory import Buffer
from minigrad.engine.verify import PlanError, check_threads, check_weights, verify

L = mg.layers


class Gate(L.Layer):
    """Computes with its weights before it meets the input."""

    def build(self, input_shape):
        self.gate = self.add_weight((input_shape[-1],))

    def call(self, inputs):
        return mg.activations.sigmoid(self.gate) * inputs


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weights_that_are_worked_on_before_the_input_leave_the_batch_alone(optimizer, threads):
    with engine(threads, large=100):
        layers = [lambda: [Gate(), L.Dense(2)], lambda: [L.Dense(5), Gate(), L.Dense(2)]]
        for made in layers:
            for batch in (1, 8):
                fit_both(both_ways(made, (40,), optimizer=OPTIMIZERS[optimizer]), batch)


def plan_of(threads, batch=8):
    with engine(threads, large=100):
        _, model = both_ways(
            lambda: [L.Conv2D(2, 2, activation="relu"), *(layer() for layer in TAIL)], PICTURES
        )
        return model.plan(batch)


@pytest.mark.parametrize("threads, way", [(1, "alone"), (2, "bands")])
def test_a_plan_passes_and_says_how_much_was_looked_at(threads, way):
    table = plan_of(threads)
    assert table.way == way and table.verify() > 100


def needed_together(one, other):
    return one.lifetime[0] <= other.lifetime[1] and other.lifetime[0] <= one.lifetime[1]


def test_buffers_that_lie_on_one_another_are_found():
    """Every pair of buffers that are needed together is put in one place, and found."""
    found = 0
    table = plan_of(1)
    (program,) = table.planned.programs
    buffers = [b for b in program.memory.buffers if b.written]
    for buffer in buffers:
        for other in buffers:
            if (
                buffer is not other
                and needed_together(buffer, other)
                and other.nbytes <= buffer.nbytes
            ):
                start = other.start
                other.start = buffer.start
                before = program.begin, program.data, program.forward, program.backward
                relist(program)
                try:
                    verify(table.planned)
                except PlanError:
                    found += 1
                other.start = start
                program.begin, program.data, program.forward, program.backward = before
    assert found > 50
    relist(program)
    verify(table.planned)


def relist(program):
    for sweep in ("begin", "data", "forward", "backward"):
        setattr(program, sweep, program.calls(sweep))
    for buffer in program.memory.buffers:
        buffer.array = program.memory.view(buffer, 0, buffer.shape, buffer.dtype)


def test_a_call_that_reads_what_nobody_has_written_is_found():
    table = plan_of(1)
    (program,) = table.planned.programs
    kernel, _ = program.drafted["forward"][0]
    unwritten = Buffer("nothing", (3,), float, owner=kernel)
    array = program.drafts.draft(unwritten)
    call = partial(np.add, array, 1.0, out=array)
    program.drafted["forward"].insert(0, (kernel, call))
    program.set_lifetimes({})
    program.memory = type(program.memory)(program.drafts.buffers)
    relist(program)
    with pytest.raises(PlanError, match="'nothing'"):
        verify(table.planned)


def test_threads_that_work_on_the_same_memory_are_found():
    a, b = np.zeros(10), np.zeros(10)
    check_threads([[partial(np.negative, b, out=a[:5])], [partial(np.negative, b, out=a[5:])]])
    check_threads([[partial(np.negative, b, out=a[::2])], [partial(np.negative, b, out=a[1::2])]])
    with pytest.raises(PlanError):
        check_threads([[partial(np.negative, b, out=a[:5])], [partial(np.negative, a, out=b[:5])]])
    with pytest.raises(PlanError):
        check_threads([[partial(a.fill, 0)], [partial(a[3:4].fill, 0)]])


def test_a_weight_that_is_read_after_its_change_is_found():
    w, g, out = np.zeros((4, 2)), np.ones((4, 2)), np.zeros((4, 2))
    change = [partial(np.subtract, w[:2], g[:2], out=w[:2]), partial(np.add, w, g, out=w)]
    check_weights([partial(np.multiply, w, 2, out=out), *change], [w])
    check_weights([change[0], partial(np.multiply, w[2:], 2, out=out[2:])], [w])
    with pytest.raises(PlanError):
        check_weights([change[0], partial(np.multiply, w, 2, out=out)], [w])


def test_a_plan_whose_threads_meet_is_found():
    planned = plan_of(2).planned
    one, other = next(region for region in planned.regions if len(region) > 1)
    other.append(next(call for call in one if accesses(call)[1]))
    with pytest.raises(PlanError, match="threads"):
        verify(planned)


def test_a_plan_that_reads_a_weight_after_its_change_is_found():
    planned = plan_of(1).planned
    weight = planned.trained[-1]._array
    planned.regions[-1][0].append(partial(np.add, weight, 1, out=np.empty_like(weight)))
    with pytest.raises(PlanError, match="has changed already"):
        verify(planned)
