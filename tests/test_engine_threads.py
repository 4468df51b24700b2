"""Threads of the engine: deterministic, and whole again after whatever strikes them."""

import _thread
import os
import signal
import threading
import time

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import blas, threads
from minigrad.engine.threads import side_by_side


@pytest.fixture(autouse=True)
def usual_threads():
    yield
    mg.set_threads(None)


def small_model(seed: int = 0, large: bool = False):
    """Two ways to share the work: by pictures, or by rows of a weight of more than 1 MB."""
    mg.utils.set_random_seed(seed)
    layers = [mg.layers.Conv2D(4, 2, activation="relu"), mg.layers.Flatten()]
    layers += [mg.layers.Dense(700 if large else 8, activation="elu"), mg.layers.Dropout(0.2)]
    model = mg.Sequential([mg.Input((11, 11, 1)), *layers, mg.layers.Dense(3, "softmax")])
    model.compile(mg.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def small_set(samples: int = 60):
    rng = np.random.default_rng(1)
    return rng.normal(size=(samples, 11, 11, 1)).astype(np.float32), rng.integers(0, 3, samples)


def trained(model, epochs: int = 2):
    model.fit(*small_set(), batch_size=16, epochs=epochs, verbose=0)
    return [w.tobytes() for w in model.get_weights()]


def way(model) -> str:
    return next(r.way for r in model._runners.values() if r.training)


# How many


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "two", True])
def test_number_of_threads_is_a_whole_number_of_at_least_1(wrong):
    mg.set_threads(2)
    with pytest.raises(ValueError, match="whole number of at least 1"):
        mg.set_threads(wrong)
    assert mg.get_threads() == 2


def test_default_is_one_thread_for_each_core_that_the_process_may_use():
    mg.set_threads(None)
    assert mg.get_threads() == len(os.sched_getaffinity(0))


# The same bits


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_same_seed_and_threads_give_the_same_bits(n, large):
    mg.set_threads(n)
    first = small_model(3, large)
    bits = trained(first)
    assert way(first) == ("alone" if n == 1 else "bands" if large else "pictures")
    assert trained(small_model(3, large)) == bits == trained(small_model(3, large))


@pytest.mark.parametrize("large", [False, True])
def test_other_numbers_of_threads_differ_by_rounding_only(large):
    results = []
    for n in (1, 2, 3):
        mg.set_threads(n)
        model = small_model(3, large)
        model.compile(mg.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
        model.fit(*small_set(), batch_size=16, epochs=1, verbose=0)
        results.append(model.get_weights())
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=2e-6)


@pytest.mark.parametrize("large", [False, True])
def test_threads_may_change_between_two_fits(large):
    mg.set_threads(1)
    steady, changed = small_model(large=large), small_model(large=large)
    for model in (steady, changed):
        model.compile(mg.optimizers.SGD(0.02, momentum=0.5), "sparse_categorical_crossentropy")
        model.layers[3].rate = 0.0
    for n in (2, 1, 3):
        mg.set_threads(1)
        steady.fit(*small_set(), batch_size=16, verbose=0, shuffle=False)
        mg.set_threads(n)
        changed.fit(*small_set(), batch_size=16, verbose=0, shuffle=False)
    for a, b in zip(steady.get_weights(), changed.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


# What may go wrong side by side


def fails():
    raise ZeroDivisionError("in a worker")


def test_error_in_a_worker_reaches_the_caller_and_the_workers_go_on():
    done = []
    for _ in range(3):
        with pytest.raises(ZeroDivisionError, match="in a worker"):
            side_by_side([[], [fails], [lambda: done.append("third")]])
    assert done == ["third"] * 3  # nobody leaves while a thread still works
    side_by_side([[lambda: done.append(0)], [lambda: done.append(1)], [lambda: done.append(2)]])
    assert set(done[3:]) == {0, 1, 2}


def test_error_in_the_calling_thread_waits_for_the_workers():
    late = []
    with pytest.raises(ZeroDivisionError):
        side_by_side([[fails], [lambda: time.sleep(0.05), lambda: late.append(1)]])
    assert late in ([], [1])
    seen = list(late)
    time.sleep(0.1)
    assert late == seen  # whatever it did was over when the error arrived
    side_by_side([[lambda: late.append(2)], [lambda: late.append(3)]])
    assert {2, 3} <= set(late)


@pytest.mark.parametrize("when", ["working", "waiting"])
def test_interrupt_waits_for_the_workers_wherever_it_strikes(when):
    over = []
    quick, slow = [], [lambda: time.sleep(0.3), lambda: over.append(1)]
    mine = [lambda: time.sleep(0.2)] * 2 if when == "working" else quick
    timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        side_by_side([mine, slow])
    assert over == [1]
    order = []
    for _ in range(50):  # no signal is left over that would let somebody go too early
        side_by_side([[], [lambda: time.sleep(0.0005), lambda: order.append(1)]])
        order.append(0)
    assert order == [1, 0] * 50


@pytest.mark.parametrize("large", [False, True])
def test_interrupted_training_leaves_a_model_that_works(large):
    mg.set_threads(2)
    model = small_model(large=large)
    x, y = small_set()
    model.fit(x, y, batch_size=16, verbose=0)
    for delay in (0.01, 0.05, 0.1):
        timer = threading.Timer(delay, _thread.interrupt_main)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, y, batch_size=16, epochs=5_000, verbose=0)
        assert all(np.isfinite(w).all() for w in model.get_weights())
    reference = small_model(large=large)
    reference.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    reference.set_weights(model.get_weights())
    a, b = model.predict(x, verbose=0), reference.predict(x, verbose=0)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
    before = model.evaluate(x, y, verbose=0)[0]
    model.fit(x, y, batch_size=16, epochs=3, verbose=0)
    assert np.isfinite(before) and np.isfinite(model.evaluate(x, y, verbose=0)[0])


def test_two_models_may_be_trained_by_two_threads_at_once():
    mg.set_threads(2)

    def train(model):
        model.fit(*small_set(), batch_size=16, epochs=3, verbose=0, shuffle=False)

    one_after_the_other = [small_model(seed) for seed in (0, 1)]
    at_once = [small_model(seed) for seed in (0, 1)]
    for model in one_after_the_other:
        train(model)
    several = [threading.Thread(target=train, args=(model,)) for model in at_once]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join(timeout=60)
        assert not thread.is_alive()
    for a, b in zip(one_after_the_other, at_once, strict=True):
        for mine, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.skipif(blas.blas() is None, reason="another BLAS")
@pytest.mark.usefixtures("two_threads_of_blas")
def test_blas_has_its_threads_back_when_the_last_who_asked_is_through():
    library = blas.blas()
    assert library.get() == 2
    first, second = blas.blas_threads(2), blas.blas_threads(1)
    first.__enter__()
    second.__enter__()
    assert library.get() == 1
    first.__exit__(None, None, None)  # not the last one who came: another thread's, say
    assert library.get() == 1
    second.__exit__(None, None, None)
    assert library.get() == 2
    with blas.blas_threads(2):
        with blas.blas_threads(1):
            assert library.get() == 1
        assert library.get() == 2
    assert library.get() == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process_trains_on():
    mg.set_threads(2)
    model = small_model()
    model.layers[3].rate = 0.0
    trained(model)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if np.isfinite(np.frombuffer(trained(model)[0], np.float32)).all() else 2
        finally:
            os._exit(status)
    for _ in range(600):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the forked process hangs")
    assert os.waitstatus_to_exitcode(status) == 0
    trained(model)  # and so does its parent


# Whatever several do at once


def test_the_number_of_threads_may_change_while_others_train():
    stop, errors = threading.Event(), []

    def train(large):
        try:
            model = small_model(large=large)
            while not stop.is_set():
                trained(model, epochs=1)
        except BaseException as error:
            errors.append(error)

    mg.set_threads(2)
    several = [threading.Thread(target=train, args=(large,), daemon=True) for large in (0, 1)]
    for thread in several:
        thread.start()
    for number in range(60):
        mg.set_threads(1 + number % 4)
        time.sleep(0.02)
    stop.set()
    for thread in several:
        thread.join(timeout=60)
        assert not thread.is_alive(), "it hangs"
    assert errors == []


def test_a_worker_works_for_one_at_a_time_and_is_left_for_the_next(monkeypatch):
    idle = []
    monkeypatch.setattr(threads, "_idle", idle)
    seen = {}

    def note(name):
        return lambda: seen.update({name: threading.get_ident()})

    def long_work():
        side_by_side([[lambda: time.sleep(0.2)], [note("first")]])

    user = threading.Thread(target=long_work)
    user.start()
    time.sleep(0.05)
    assert idle == []  # the only worker is taken
    side_by_side([[], [note("second")]])
    user.join()
    assert seen["first"] != seen["second"] and len(idle) == 2
    side_by_side([[], [note("third")], [note("fourth")]])
    assert {seen["third"], seen["fourth"]} == {seen["first"], seen["second"]} and len(idle) == 2


def test_a_worker_that_was_waited_for_in_vain_is_nobodys(monkeypatch):
    monkeypatch.setattr(threads, "_idle", [])
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        side_by_side([[fails], []])
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before and threads._idle == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.usefixtures("two_threads_of_blas")
def test_a_process_forked_while_another_thread_asks_for_blas_threads_goes_on():
    library = blas.blas()
    usual = library.get() if library else 0
    with blas._asking:  # held by another thread at the fork, say
        blas._requests.update({None: usual, "another thread's": 1})
        child = os.fork()
        if child == 0:
            status = 1
            try:
                fresh = not blas._requests and (not library or library.get() == usual)
                mg.set_threads(2)
                status = 0 if fresh and trained(small_model()) else 2
            finally:
                os._exit(status)
        blas._requests.clear()
    for _ in range(600):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the forked process hangs")
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_set_that_was_interrupted_on_its_way_in_is_taken_in_the_next_time(monkeypatch):
    mg.set_threads(1)
    model = small_model()
    x, y = small_set(16)
    x, y = model._admit(x, y, "fit")
    plan = model._runner(16, True, True, x.dtype)
    other = x + 1
    plan.load(x, y, slice(0, 16))
    contiguous = np.ascontiguousarray
    for array in (other, y + 0):
        with monkeypatch.context() as patch:

            def interrupted(a, stop=array):
                if a is stop:
                    raise KeyboardInterrupt
                return contiguous(a)

            patch.setattr(np, "ascontiguousarray", interrupted)
            with pytest.raises(KeyboardInterrupt):
                plan.load(other, array if array is not other else y, slice(0, 16))
        plan.load(other, array if array is not other else y, slice(0, 16))
        assert np.array_equal(plan.entries[0].batch, other)
        plan.train_step()


@pytest.mark.skipif(blas.blas() is None, reason="needs a BLAS that can be asked")
def test_threads_that_were_set_between_two_requests_stay():
    library = blas.blas()
    usual = library.get()
    try:
        for wanted in (2, 1):
            library.set(wanted)
            with blas.blas_threads(1):
                assert library.get() == 1
            assert library.get() == wanted
    finally:
        library.set(usual)
