"""A step is all or nothing, wherever it is interrupted.

Python looks at signals between two lines, though not where it leaves a ``with``. So an interruption
is raised before every line of the engine's that a step goes through, one after the other, and each time the weights and what the
optimizer remembers are those of before the step or those of after it, to the last bit.
"""

import dis
import linecache
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from both_ways import OPTIMIZERS, PICTURES, RULES, TAIL, Formula, both_ways, samples
from test_engine import engine

import minigrad as mg
from minigrad.engine import threads
from minigrad.graph import recordable

L = mg.layers
FILES = [str(Path(mg.__file__).parent / name) for name in ("engine", "optimizers", "graph")]
FILES.append(str(Path(np.__file__).parent))  # some of its functions begin in Python


NO_SIGNALS = ("with ", "try:")  # lines at whose beginning Python does not look
# A tracer that raises at a way back is sent past the handlers from Python 3.12 on, which a signal
# is not; where a signal would be, test_ways_back.py finds.
WAY_BACK = dis.opmap["JUMP_BACKWARD"]


class Cube(mg.Operator):
    def forward(self, x):
        return x**3

    def backward(self, gradient, x):
        return 3 * gradient * x**2


class Slow(mg.optimizers.Optimizer):
    """Of a reader's own, and not recorded."""

    slots = 1

    def update(self, variable, gradient):
        (mean,) = self.state(variable)
        mean += 0.1 * (gradient - mean)
        variable.value = variable.value - self.learning_rate * mean


@recordable
class Recorded(Slow):
    pass


WAYS = {"alone": (1, 4), "pictures": (2, 8), "bands": (2, 3), "deferred": (1, 1)}
OTHERS = (
    "adamw",
    "adamax",
    "nadam",
    "rmsprop all",
    "adagrad",
    "adadelta",
    "clipped norm",
    "scheduled",
)
USUAL = {**OPTIMIZERS, "own": lambda: Slow(0.01), "own, recorded": lambda: Recorded(0.01)}
KINDS = {**USUAL, **{name: (lambda name=name: RULES[name](mg.optimizers)) for name in OTHERS}}


class Interrupt:
    """Raises KeyboardInterrupt before one of the lines of the engine's."""

    def __init__(self, number):
        self.left, self.where = number, None

    def trace(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(tuple(FILES)):
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        turns = frame.f_code.co_code[frame.f_lasti] == WAY_BACK
        if event == "line" and not turns and not line.lstrip().startswith(NO_SIGNALS):
            self.left -= 1
            if self.left == 0:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self.trace


def everything(model):
    """Copies of all weights, what the optimizer remembers, and how many steps it counts."""
    optimizer = model.optimizer
    arrays = [a for w in model.trainable_weights for a in (w._array, *optimizer.state(w))]
    return [*(a.copy() for a in arrays), np.array(optimizer.iterations)]


def restore(model, before):
    optimizer, (*arrays, iterations) = model.optimizer, before
    for w in model.trainable_weights:
        for mine in (w._array, *optimizer.state(w)):
            mine[...] = arrays.pop(0)
    optimizer.iterations = int(iterations)


def equal(these, others):
    return all(np.array_equal(a, b) for a, b in zip(these, others, strict=True))


def threads_of_blas():
    library = threads.blas()
    return library.get() if library else 0


CASES = [(rule, way, False) for rule in KINDS for way in WAYS]
CASES += [(rule, way, True) for rule in USUAL for way in WAYS]  # an operator of one's own


@pytest.mark.usefixtures("two_threads_of_blas")
@pytest.mark.parametrize("rule, way, own", CASES)
def test_a_step_is_all_or_nothing(rule, way, own):
    team, batch = WAYS[way]
    cube = [Formula(lambda x: Cube(np.tanh(x)))] if own else []
    with engine(team, large=1 << 20 if way == "pictures" else 100):
        _, model = both_ways(
            lambda: [L.Conv2D(2, 2), *(t() for t in TAIL[:2]), *cube, L.Dense(2)],
            PICTURES,
            optimizer=KINDS[rule],
        )
        x, y = model._admit(*samples(model, batch), "fit")
        plan = model._runner(batch, True, True, x.dtype)
        plan.load(x, y, slice(0, batch))
        plan.train_step()
        before = everything(model)
        plan.train_step()
        after = everything(model)
        assert not equal(before, after) and all(np.isfinite(a).all() for a in after)
        sides, usual = {"before": 0, "after": 0}, threads_of_blas()
        for number in count(1):
            restore(model, before)
            interrupt = Interrupt(number)
            sys.settrace(interrupt.trace)
            try:
                plan.load(x, y, slice(0, batch))
                plan.train_step()
            except KeyboardInterrupt:
                pass
            finally:
                sys.settrace(None)
            if interrupt.where is None:
                break
            left = everything(model)
            side = "before" if equal(left, before) else "after" if equal(left, after) else None
            assert side, f"half a step is left at {interrupt.where}"
            assert threads_of_blas() == usual, f"BLAS is left at another number, {interrupt.where}"
            sides[side] += 1
        assert sides["before"] > 10
        plan.load(x, y, slice(0, batch))
        restore(model, before)
        plan.train_step()
        assert equal(everything(model), after)  # and training goes on as if nothing had been
