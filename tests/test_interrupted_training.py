"""Ctrl-C at random moments of ``fit``: each time the model is that of a whole number of steps."""

import signal
import sys
import threading
import time

import numpy as np
import pytest
from long_forms import has_a_long_form, times
from test_engine import engine, floats

import minigrad as mg

L = mg.layers
pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread(),
    reason="interval timers of POSIX",
)
OPTIMIZERS = {
    **{name: name for name in mg.optimizers.NAMES},
    "momentum": lambda: mg.optimizers.SGD(0.01, momentum=0.9),
    "nesterov": lambda: mg.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
}
WAYS = {"alone": (1, 16), "samples": (2, 16), "bands": (2, 16), "batches of one": (1, 1)}
rng = np.random.default_rng(0)
X = rng.normal(size=(96, 6, 6, 1)).astype("float32")
Y = np.eye(3, dtype="float32")[rng.integers(3, size=96)]
EPOCHS = 3


def made(optimizer):
    mg.utils.set_random_seed(1)
    layers = [L.Conv2D(3, 3, activation="relu"), L.BatchNormalization(), L.Flatten()]
    model = mg.Sequential([mg.Input((6, 6, 1)), *layers, L.Dense(8, "tanh"), L.Dense(3, "softmax")])
    model.compile(optimizer() if callable(optimizer) else optimizer, "categorical_crossentropy")
    return model


def everything(model):
    state = [a for w in model.trainable_weights for a in model.optimizer.state(w)]
    return [np.array(a) for a in (*model.get_weights(), *state)]


def equal(these, others, to):
    pairs = zip(these, others, strict=True)
    return all(np.allclose(a, b, rtol=to, atol=to) for a, b in pairs)


def restore(model, before):
    weights, state = before[: len(model.weights)], before[len(model.weights) :]
    model.set_weights(weights)
    memory = [a for w in model.trainable_weights for a in model.optimizer.state(w)]
    for mine, old in zip(memory, state, strict=True):
        mine[...] = old
    model.optimizer.iterations = 0


def fit(model, batch, *callbacks):
    return model.fit(
        X, Y, batch, EPOCHS, verbose=0, shuffle=False, callbacks=callbacks, validation_split=0.25
    )


def interrupted_after(seconds, work):
    """Whether Ctrl-C came, as it comes from a keyboard, while something was done."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        work()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return False


@has_a_long_form
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_ctrl_c_at_a_random_moment(optimizer, tmp_path, figures):
    total = came = 0
    for way, (threads, batch) in WAYS.items():
        with engine(threads, large=1 << 20 if way == "samples" else 50), floats("float64"):
            model = made(OPTIMIZERS[optimizer])
            start, path = everything(model), [everything(model)]

            class Note(mg.callbacks.Callback):
                def on_train_batch_end(self, batch, logs=None):
                    path.append(everything(self.model))  # noqa: B023

            fit(model, batch, Note())
            # where updates are deferred, looking at the weights changes the order of the sums
            to = 1e-9 if way == "batches of one" and optimizer == "sgd" else 0.0
            restore(model, start)
            begin = time.perf_counter()
            whole = fit(model, batch).history
            takes = time.perf_counter() - begin
            for _ in range(times(3, 40)):
                restore(model, start)
                total += 1
                moment = max(rng.random() * takes, 1e-5)
                stopped = interrupted_after(moment, lambda: fit(model, batch))  # noqa: B023
                came += stopped
                steps = model.optimizer.iterations
                assert equal(everything(model), path[steps], to), f"{way}: after {steps} steps"
                if not stopped:
                    assert steps == len(path) - 1
                    continue
                history = model.history
                lengths = {len(values) for values in history.history.values()} | {
                    len(history.epoch)
                }
                assert len(lengths) == 1
                for name, values in history.history.items():
                    assert equal(values, whole[name][: len(values)], to)
                assert np.isfinite(model.evaluate(X, Y, verbose=0))
                model.save_weights(tmp_path / "w.npz")
                kept = model.get_weights()
                fit(model, batch)  # goes on
                assert all(np.all(np.isfinite(w)) for w in model.get_weights())
                model.load_weights(tmp_path / "w.npz")
                assert all(map(np.array_equal, kept, model.get_weights()))
                restore(model, start)  # and comes where it would have come
                assert fit(model, batch).history == whole
                assert equal(everything(model), path[-1], to)
    assert came > 0
    figures(f"Ctrl-C during fit, {optimizer}: {came} of {total} moments, nothing lost")


def test_ctrl_c_anywhere_in_the_history_leaves_lists_of_one_length():
    def interrupted_at(line):
        history, left = mg.callbacks.History(), line

        def trace(frame, event, argument):
            nonlocal left
            if frame.f_code is mg.callbacks.History.on_epoch_end.__code__ and event == "line":
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
            return trace

        history.on_epoch_end(0, {"loss": 2.0, "accuracy": 0.5})
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            history.on_epoch_end(1, {"loss": 1.0, "accuracy": 0.75})
        except KeyboardInterrupt:
            return history
        finally:
            sys.settrace(before)
        return None

    lines = 0
    while (history := interrupted_at(lines)) is not None:
        lines += 1
        assert {len(numbers) for numbers in (history.epoch, *history.history.values())} == {1}
    assert lines > 5
