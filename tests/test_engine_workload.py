"""How many threads a plan uses: never so many that it is slower for it, by the plan's own numbers."""

import sys
from functools import partial

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import cores, plan, workload
from minigrad.engine.workload import Work, choose, seconds, work_of


@pytest.fixture(autouse=True)
def the_rule(monkeypatch):
    """On a machine with sixteen cores; the other tests do without the rule."""
    monkeypatch.setattr(plan, "choose", choose)
    monkeypatch.setattr(plan, "most_threads", mg.get_threads)
    monkeypatch.setattr(workload, "lock_is_there", lambda: True)
    mg.set_threads(16)
    yield
    mg.set_threads(None)


def planned(layers, batch, loss="sparse_categorical_crossentropy"):
    model = mg.Sequential([mg.Input((28, 28, 1)), *layers])
    model.compile("sgd", loss)
    return model.plan(batch)


def dense(batch):
    return planned([mg.layers.Flatten(), mg.layers.Dense(32, "relu"), mg.layers.Dense(10)], batch)


def lenet(batch):
    layers = [mg.layers.Conv2D(8, 5, activation="relu"), mg.layers.MaxPooling2D(2)]
    layers += [mg.layers.Conv2D(32, 5, activation="relu"), mg.layers.MaxPooling2D(2)]
    return planned([*layers, mg.layers.Flatten(), mg.layers.Dense(10)], batch)


# What some calls amount to


def test_work_counts_operations_elements_and_calls_that_let_go_of_the_lock():
    a, b, out = np.zeros((100, 200)), np.zeros((200, 300)), np.zeros((5, 100, 300))
    stack = work_of([partial(np.matmul, a, np.stack([b] * 5), out=out)])
    assert stack.seconds == pytest.approx(2 * 5 * 100 * 200 * 300 * workload.PRODUCT)
    added = work_of([partial(np.add, a, 1.0, out=a), partial(np.negative, a[0], out=a[0])])
    assert (added.calls, added.long) == (2, 1)
    assert added.seconds == pytest.approx((20_000 + 200) * workload.ELEMENT)


def test_the_best_number_of_threads_is_where_computing_and_the_lock_weigh_the_same():
    work = Work(0.010, 0, 50)  # 10 ms, and 50 calls of which each hands the lock over in 12 µs
    times = [seconds(work, n) for n in range(1, 17)]
    assert choose(times).threads == round((0.010 / (50 * workload.HANDOVER)) ** 0.5)
    assert times[15] > times[3]


def test_calls_that_keep_the_lock_are_not_shared():
    """A long graph over a few numbers: as many calls for each thread, and one at a time."""
    assert choose([seconds(Work(0.010, 20_000, 0), n) for n in range(1, 9)]).threads == 1
    model = mg.Sequential([mg.Input((4,)), Chain(), mg.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.plan(8).threads == 1


class Chain(mg.layers.Layer):
    def call(self, x):
        for _ in range(1000):
            x = np.tanh(x)
        return x


def test_without_a_lock_all_threads_are_used(monkeypatch):
    monkeypatch.setattr(workload, "lock_is_there", lambda: False)
    work = Work(0.010, 0, 50)
    assert choose([seconds(work, n) for n in range(1, 9)]).threads == 8


def test_of_equal_times_the_fewest_threads():
    assert choose([2.0, 1.0, 1.0]).threads == 2


# The plans of networks


def test_a_small_step_is_computed_by_one_thread():
    assert dense(32).threads == 1 == lenet(2).threads


def test_larger_batches_use_more_threads_and_none_more_than_are_worth_their_while():
    used = [lenet(batch).threads for batch in (1, 32, 128, 512)]
    assert used == sorted(used) and used[0] == 1 and 2 <= used[2] < 16
    mg.set_threads(3)
    assert lenet(512).threads == 3


def test_the_same_limit_gives_the_same_number_of_threads():
    assert len({lenet(128).threads for _ in range(3)}) == 1


def test_the_plan_says_how_many_threads_and_why():
    table = lenet(128)
    times = table.planned.choice.times
    assert times[table.threads - 1] == min(times)
    (line,) = [line for line in table.notes if line.startswith("Threads: ")]
    assert line.startswith(f"Threads: {table.threads} of at most 16, as a step takes, by estimate")
    assert "to add up gradients at the end" in line


def test_a_plan_that_had_no_choice_says_nothing_of_threads():
    mg.set_threads(1)
    assert not [line for line in lenet(32).notes if "Threads" in line]


def test_no_more_threads_than_cores(monkeypatch):
    monkeypatch.undo()
    mg.set_threads(64)
    assert lenet(512).threads <= cores.cores() < 64


def test_a_step_asks_the_system_for_nothing(monkeypatch):
    # The limits of a container are files; read in every step they took longer than many a step.
    monkeypatch.undo()
    mg.set_threads(None)
    opened, watching = [], [True]
    sys.addaudithook(
        lambda event, _: opened.append(event) if watching and event == "open" else None
    )
    model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.zeros((32, 3), "float32"), np.zeros((32, 1), "float32")
    counts = []
    for batch_size in (16, 16, 1):  # the first opens what it imports
        opened.clear()
        model.fit(x, y, batch_size=batch_size, verbose=0)
        counts.append(len(opened))
    watching.clear()  # a hook cannot be taken away
    assert counts[1] == counts[2] == 0


# How many cores there are


def cores_of(monkeypatch, tmp_path, siblings, groups=(), own=""):
    """What ``cores`` says on a machine whose system tells this of processors and groups."""
    for number, text in enumerate(siblings):
        folder = tmp_path / f"cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(text)
    for name, text in groups:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "own").write_text(own)
    forget_cores()
    monkeypatch.setattr(cores, "processors", lambda: set(range(len(siblings))))
    monkeypatch.setattr(cores, "SYSTEM", tmp_path)
    monkeypatch.setattr(cores, "GROUPS", tmp_path)
    monkeypatch.setattr(cores, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr("sys.platform", "linux")
    found = cores.cores()
    forget_cores()
    return found


def forget_cores():
    cores.physical.cache_clear()
    cores.quota.cache_clear()


PAIRS = ["0-1", "0-1", "2-3", "2-3"]
SINGLE = ["0", "1", "2", "3"]


def test_two_hyperthreads_are_one_core(monkeypatch, tmp_path):
    assert cores_of(monkeypatch, tmp_path, PAIRS) == 2


@pytest.mark.parametrize(
    ("groups", "own", "expected"),
    [
        ([("a/b/cpu.max", "150000 100000\n")], "0::/a/b\n", 2),
        ([("a/b/cpu.max", "max 100000\n"), ("a/cpu.max", "100000 100000\n")], "0::/a/b\n", 1),
        ([("cpu.max", "300000 100000\n")], "0::/not/seen/in/here\n", 3),
        ([("a/b/cpu.max", "max 100000\n")], "0::/a/b\n", 4),
        (
            [("cpu/x/cpu.cfs_quota_us", "200000"), ("cpu/x/cpu.cfs_period_us", "100000")],
            "3:cpu,cpuacct:/x\n0::/\n",
            2,
        ),
        (
            [("cpu/cpu.cfs_quota_us", "-1"), ("cpu/cpu.cfs_period_us", "100000")],
            "3:cpu:/\n",
            4,
        ),
    ],
)
def test_a_container_may_be_given_the_time_of_a_few(monkeypatch, tmp_path, groups, own, expected):
    assert cores_of(monkeypatch, tmp_path, SINGLE, groups, own) == expected


def test_where_the_system_tells_nothing_all_processors_count(monkeypatch, tmp_path):
    forget_cores()
    monkeypatch.setattr(cores, "SYSTEM", tmp_path / "nothing")
    monkeypatch.setattr(cores, "OWN_GROUPS", tmp_path / "nothing")
    monkeypatch.setattr(cores, "processors", lambda: {0, 1, 5})
    found = cores.cores()
    forget_cores()
    assert found == 3
