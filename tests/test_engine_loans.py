"""A weight that a plan keeps elsewhere is always there for whoever asks, whenever he asks."""

import copy
import signal
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.kernels.deferred import MOST, DeferredUpdate
from minigrad.engine.kernels.packed import PackedWeight

STEPS = 2 * MOST + 5


def reference():
    return mg.Sequential(
        [
            mg.Input((28, 28, 1)),
            mg.layers.Conv2D(8, 2, activation="relu"),
            mg.layers.Flatten(),
            mg.layers.Dense(128, activation="elu"),
            mg.layers.Dense(10, activation="softmax"),
        ]
    )


def train(run_eagerly, batch, optimizer, between):
    mg.utils.set_random_seed(5)
    model = reference()
    model.compile(optimizer(), "categorical_crossentropy", run_eagerly=run_eagerly)
    generator = np.random.default_rng(1)
    losses = []
    for step in range(STEPS):
        x = generator.random((batch, 28, 28, 1), dtype=np.float32)
        y = np.eye(10, dtype=np.float32)[generator.integers(0, 10, batch)]
        losses.append(model.train_on_batch(x, y))
        model.reset_metrics()
        between(model, step)
    runner = model._runner(batch, training=True)
    return losses, model.get_weights(), runner


def nothing(model, step):
    pass


def reads(model, step):
    if step % 7 == 3:
        model.get_weights()


def writes(model, step):
    if step in (4, 20):
        model.set_weights([weight * 0.9 for weight in model.get_weights()])


def changes_the_rate(model, step):
    if step == MOST // 2:  # in the middle of a list of changes not yet made
        model.optimizer.learning_rate = 0.003


def evaluates(model, step):
    if step % 5 == 0:
        model.evaluate(np.zeros((3, 28, 28, 1)), np.eye(10)[:3], verbose=0)


@pytest.mark.parametrize("between", [nothing, reads, writes, changes_the_rate, evaluates])
@pytest.mark.parametrize(
    "batch, optimizer, kept",
    [
        (1, lambda: mg.optimizers.SGD(0.05), DeferredUpdate),
        (3, lambda: mg.optimizers.SGD(0.05), PackedWeight),
        (3, lambda: mg.optimizers.SGD(0.02, momentum=0.9), PackedWeight),
    ],
    ids=["deferred", "packed", "packed with momentum"],
)
def test_training_is_that_of_the_graph_whatever_happens_between_steps(
    batch, optimizer, kept, between
):
    mg.set_threads(2)
    try:
        losses, weights, runner = train(False, batch, optimizer, between)
    finally:
        mg.set_threads(None)
    wanted_losses, wanted, _ = train(True, batch, optimizer, between)
    assert [type(holder) for holder in runner.holders.values()] == [kept]
    np.testing.assert_allclose(losses, wanted_losses, rtol=2e-4)
    for weight, other in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(weight, other, atol=2e-5 * np.abs(other).max())


def test_plans_of_several_batch_sizes_take_turns_with_one_weight():
    def turns(run_eagerly):
        mg.utils.set_random_seed(5)
        model = reference()
        model.compile(mg.optimizers.SGD(0.05), "categorical_crossentropy", run_eagerly=run_eagerly)
        generator = np.random.default_rng(2)
        x = generator.random((21, 28, 28, 1), dtype=np.float32)
        y = np.eye(10, dtype=np.float32)[generator.integers(0, 10, 21)]
        for batch in (1, 4, 1, 5, 4, 1):
            model.fit(x, y, batch_size=batch, shuffle=False, verbose=0)
        return model.get_weights()

    mg.set_threads(2)
    try:
        planned = turns(False)
    finally:
        mg.set_threads(None)
    for weight, other in zip(planned, turns(True), strict=True):
        np.testing.assert_allclose(weight, other, atol=5e-5 * np.abs(other).max())


def test_what_is_read_while_it_is_held_is_no_view_of_the_plan_s_memory():
    for images in [(3, 2, 1), (3, 1, 2), (3, 2, 2)]:  # one channel: both orders are the same
        variable = mg.Variable(
            np.arange(24.0).reshape(-1, 24 // (images[0] * images[1] * images[2]))
        )
        packed = PackedWeight(variable, None, images)
        packed.take()
        assert not np.shares_memory(variable._current, packed.arrays[0])
        np.testing.assert_array_equal(variable._current, variable._value)


# -- Ctrl-C at any moment --------------------------------------------------------------------------
class Interrupted:
    """A holder that is interrupted the first time."""

    def __init__(self):
        self.asked = 0

    def give_back(self):
        self.asked += 1
        if self.asked == 1:
            raise KeyboardInterrupt

    def current(self):
        return np.array([2.0])


def test_what_was_interrupted_while_it_was_given_back_is_given_back_the_next_time():
    variable, holder = mg.Variable([1.0]), Interrupted()
    variable._hold(holder)
    with pytest.raises(KeyboardInterrupt):
        variable.value = [3.0]
    assert variable.value[0] == 2.0 and holder.asked == 1  # which is the holder's still
    variable.value = [3.0]
    assert variable._value[0] == 3.0 and holder.asked == 2


def test_a_copy_of_a_variable_is_held_by_nobody():
    variable, holder = mg.Variable([1.0]), Interrupted()
    variable._hold(holder)
    twin = copy.deepcopy(variable)
    assert twin._holder is None and twin.value[0] == 2.0
    assert variable._holder is holder and holder.asked == 0


def remember(update, x, row):
    for call in update.remember(np.float32(x), np.float32(row)):
        call()


@pytest.mark.skipif(sys.platform == "win32", reason="timers of POSIX")
def test_what_is_deferred_is_made_once_whenever_it_is_interrupted():
    variable = mg.Variable(np.zeros((4000, 1000), np.float32))
    update = DeferredUpdate(variable)
    interrupted = 0

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for trial in range(60):
            update.take()
            update.array.fill(0)
            for _ in range(MOST):
                remember(update, 1, -1)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005 * (1 + trial % 30))
                update.take()  # and all of them are made
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
            update.take()
            remember(update, 0, 0)  # and training goes on
            value = variable.value
            assert value.min() == value.max() == MOST
            update.give_back()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert interrupted


@pytest.mark.usefixtures("two_threads_of_blas")
def test_what_was_deferred_is_made_with_one_thread_of_blas():
    """Two that wait for each other cost three times the step on a busy machine."""
    from minigrad.engine.threads import blas

    library = blas()
    if library is None:
        pytest.skip("NumPy came with another library")
    model = mg.Sequential([mg.Input((2300,)), mg.layers.Dense(128), mg.layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.full((40, 2300), 0.01, np.float32), np.ones((40, 2), np.float32)
    model.fit(x[:1], y[:1], batch_size=1, verbose=0)
    (holder,) = next(iter(model._runners.values())).holders.values()
    seen = []
    holder.changes.insert(0, lambda: seen.append(library.get()))
    model.fit(x, y, batch_size=1, verbose=0)
    assert seen and set(seen) == {1}
