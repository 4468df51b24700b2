"""The peer benchmark: it asks everybody the same, keeps to its word, and leaves nothing behind."""

import argparse
import contextlib
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from schema import complaints

import minigrad
from minigrad.__main__ import main
from minigrad_course.studies import bench, children, machine, measure, peers
from minigrad_course.studies.children import PeerError
from minigrad_course.studies.measure import Task
from minigrad_course.studies.networks import NETWORKS, initial_weights

ROOT = Path(__file__).parents[1]
TINY = ["--network", "reference", "--batch", "50", "--pictures", "100", "--rounds", "1"]


def arguments(*words):
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(words)


def entry(peer, number, seconds, **changes):
    """A run as a process reports it, its epochs taking the given seconds."""
    return {
        "question": "speed",
        "network": "reference",
        "batch": 32,
        "pictures": 1000,
        "epochs": 3,
        "busy": False,
        "peer": peer,
        "round": number,
        "setting": "as it comes",
        "moments": {
            "interpreter": 0.1,
            "imported": 0.6,
            "data read": 1.0,
            "built": 1.5,
            "first step": 1.75,
            "first epoch": 1.75 + seconds[0],
        },
        "epoch_seconds": seconds,
        "accuracies": [],
        "peak_memory": 100,
        "blas": [],
        **changes,
    }


# -- the same work for everybody -------------------------------------------------------------------
@pytest.mark.parametrize("network", ["reference", "lenet"])  # those without dropout
def test_six_steps_from_the_same_weights_lead_every_peer_to_the_same_accuracy(network):
    # Walked node by node, the evaluation would take minutes; that it agrees is tested elsewhere.
    peers, _ = bench.installed(["minigrad", "keras", "torch", "jax"])
    # A batch as large as the set: its order cannot matter. One step apart, one in each epoch.
    reached = {}
    for peer in peers:
        task = Task(peer, network, batch=300, pictures=300, epochs=5, goal=1.0)
        reached[peer] = measure.run_fresh(task)["accuracies"][-1]
    # Ten thousand pictures, of which rounding may turn a few that were about to be turned.
    assert max(reached.values()) - min(reached.values()) <= 0.001, reached
    assert min(reached.values()) > 0.12, "six steps should be better than chance"


def printed(program, *words):
    """The last word that a program prints, run in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        env=children.environment(threads=1),
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()[-1]


# Prints the test accuracy of a network that has not learned.
UNTRAINED = """
import importlib, sys
import minigrad
(x, y), test = minigrad.datasets.fashion_mnist.load_data()
program = importlib.import_module(f"minigrad_course.studies.peers.{sys.argv[1]}_peer")
peer = program.Peer(sys.argv[2], 2, 1)
print(peer.accuracy(peer.prepare(test[0].astype("float32")[..., None] / 255, test[1])))
"""


@pytest.mark.parametrize("network", ["convnet", "cnn"])
def test_the_same_weights_make_every_peer_as_right(network):
    """With dropout each learns in its own way, but what they begin as is the same network."""
    peers, _ = bench.installed(["minigrad", "keras", "torch", "jax"])
    reached = {peer: float(printed(UNTRAINED, peer, network)) for peer in peers}
    assert max(reached.values()) - min(reached.values()) <= 0.001, reached


# Trains on five copies of one faint picture, two at a time, and prints the test accuracy.
COPIES = """
import importlib, sys
import numpy as np, minigrad
(x, y), test = minigrad.datasets.fashion_mnist.load_data()
scaled = lambda pictures: pictures.astype("float32")[..., None] / 255
program = importlib.import_module(f"minigrad_course.studies.peers.{sys.argv[1]}_peer")
peer = program.Peer("reference", 2, 1)
copies = np.float32(0.03) * scaled(np.repeat(x[:1], 5, axis=0))
peer.epoch(peer.prepare(copies, np.repeat(y[:1], 5)))
print(peer.accuracy(peer.prepare(scaled(test[0]), test[1])))
"""


def test_an_epoch_is_the_whole_set_for_every_peer():
    """Of copies the order cannot matter, but the number of steps does: 2 give 0.119, 3 0.106."""
    peers, _ = bench.installed(["minigrad", "minigrad_eager", "keras", "torch", "jax"])
    reached = {}
    for peer in peers:
        reached[peer] = float(printed(COPIES, peer))
    assert max(reached.values()) - min(reached.values()) <= 0.001, reached


# Prints whether the parameters are there as soon as an epoch of JAX has returned.
KEPT_PROMISES = """
import minigrad
from minigrad_course.studies.peers.jax_peer import Peer
(x, y), _ = minigrad.datasets.fashion_mnist.load_data()
peer = Peer("lenet", 256, 2)
data = peer.prepare(x[:1024].astype("float32")[..., None] / 255, y[:1024])
peer.epoch(data)
peer.epoch(data)
print(all(array.is_ready() for array in peer.parameters))
"""


@pytest.mark.skipif(bench.installed(["jax"])[0] == [], reason="JAX is not installed")
def test_an_epoch_of_jax_is_over_when_it_says_so():
    """JAX hands out promises; the clock has to wait until they are kept."""
    assert printed(KEPT_PROMISES) == "True"


def test_the_planned_peer_plans_and_the_eager_one_walks():
    for name, eager in ("minigrad", False), ("minigrad_eager", True):
        program = importlib.import_module(f"minigrad_course.studies.peers.{name}_peer")
        assert program.Peer("reference", 2, 1).model.run_eagerly is eager
    minigrad.set_threads(None)


@pytest.mark.parametrize("network", NETWORKS)
def test_initial_weights_are_glorots(network):
    for kernel, bias in zip(*[iter(initial_weights(network))] * 2, strict=True):
        window = np.prod(kernel.shape[:-2])
        variance = 2 / (window * (kernel.shape[-2] + kernel.shape[-1]))
        assert np.all(bias == 0)
        if kernel.size > 1000:
            assert np.var(kernel) == pytest.approx(variance, rel=0.1)


# -- arithmetic ------------------------------------------------------------------------------------
def test_speed_leaves_the_first_epoch_out():
    (row,) = bench.summarize([entry("keras", 0, [10.0, 2.0, 4.0])])
    assert row["speed"]["median"] == pytest.approx(1000 / 3)
    assert row["whole"]["median"] == pytest.approx(11.75)
    assert row["import"]["median"] == pytest.approx(0.5)
    assert row["build"]["median"] == pytest.approx(0.5)
    assert row["first_step"]["median"] == pytest.approx(0.25)


def test_advantage_is_formed_within_a_round():
    # The machine was ten times slower in the second round, for both alike.
    runs = [entry("minigrad", r, [1, s, s]) for r, s in enumerate([1.0, 10.0])]
    runs += [entry("keras", r, [1, s, s]) for r, s in enumerate([3.0, 30.0])]
    keras = next(row for row in bench.summarize(runs) if row["peer"] == "keras")
    assert keras["advantage"] == {"median": 3.0, "low": 3.0, "high": 3.0, "count": 2}


def test_a_goal_missed_in_one_round_has_no_median():
    def runs(second):
        return [
            entry("jax", 0, [5.0, 5.0], question="goal", accuracies=[0.8, 0.91]),
            entry("jax", 1, [5.0, 5.0], question="goal", accuracies=[0.8, second]),
        ]

    assert bench.summarize(runs(0.90))[0]["goal"]["median"] == pytest.approx(11.75)
    assert "goal" not in bench.summarize(runs(0.89))[0]


def test_everybody_has_a_turn_in_every_round_and_nobody_is_always_first():
    turns = list(measure.taking_turns(["a", "b", "c"], 3))
    assert sorted(turns) == sorted((r, n) for r in range(3) for n in "abc")
    assert [n for r, n in turns[::3]] == ["a", "b", "c"]


def test_the_default_asks_all_three_questions_of_all_networks():
    chosen = bench.cases(arguments())
    assert {c.question for c in chosen} == {"speed", "size", "goal"}
    assert {(c.network, c.batch) for c in chosen if c.question == "speed"} == {
        (network, batch) for network in NETWORKS for batch in (1, 32, 128)
    }
    assert max(c.pictures for c in chosen) == 60_000
    assert min(c.pictures for c in chosen) == 100


def test_several_numbers_of_threads_ask_for_the_speed_with_each():
    chosen = bench.cases(arguments("--threads", "2,1", "--network", "cnn", "--batch", "32"))
    assert [(c.question, c.threads) for c in chosen] == [("scaling", 1), ("scaling", 2)]
    assert chosen[0].task("torch", threads=2).threads == 1


def test_busy_asks_the_same_with_and_without():
    chosen = bench.cases(arguments("--busy", "--batch", "32"))
    assert [c.busy for c in chosen] == [False, True] * len(NETWORKS)


# -- nobody is skipped, nothing is dropped ---------------------------------------------------------
def measured(monkeypatch, case, rounds, run):
    """What is kept when ``run(task)`` stands in for a process."""
    kept = []
    monkeypatch.setattr(bench, "run_fresh", run)
    keep = lambda kind, entry: kept.append((kind, entry))  # noqa: E731
    bench.measure([case], list(peers.PEERS), rounds, threads=2, keep=keep)
    return kept


NOT_ASKED_FOR_THE_GOAL = {"minigrad_bytes": 0, "minigrad_eager": 0, "keras_plain": 0, "floor": 0}


@pytest.mark.parametrize(
    ("question", "batch", "fewer"),  # how often in three rounds, where not three times
    [
        ("speed", 128, {"minigrad_eager": 1}),
        ("speed", 32, {"minigrad_bytes": 0, "minigrad_eager": 1, "floor": 0}),
        ("size", 128, {"minigrad_eager": 1, "keras_plain": 0, "floor": 0}),
        ("goal", 32, NOT_ASKED_FOR_THE_GOAL),
    ],
)
def test_every_peer_is_asked_in_every_round(question, batch, fewer, monkeypatch):
    case = bench.Case(question, "reference", batch, 500, epochs=4)
    tasks = []
    kept = measured(monkeypatch, case, 3, lambda task: tasks.append(task) or {"by": task.peer})
    times = Counter(task.peer for task in tasks)
    assert {peer: times[peer] for peer in peers.PEERS} == dict.fromkeys(peers.PEERS, 3) | fewer
    for task in tasks:
        goal = bench.GOAL if question == "goal" else 0.0
        assert task == Task(task.peer, "reference", batch, 500, 4, goal, threads=2)
    assert [kind for kind, _ in kept] == ["runs"] * len(tasks)
    assert all(entry["by"] == entry["peer"] for _, entry in kept)
    assert {(e["peer"], e["round"]) for _, e in kept if e["peer"] == "torch"} == {
        ("torch", number) for number in range(times["torch"])
    }


def test_a_peer_that_failed_is_named_once_and_the_others_go_on(monkeypatch):
    def run(task):
        if task.peer == "keras":
            raise PeerError("out of luck")
        return entry(task.peer, 0, [1.0, 1.0])

    kept = measured(monkeypatch, bench.Case("speed", "reference", 32, 1000), 2, run)
    failures = [e for kind, e in kept if kind == "failures"]
    assert [(e["peer"], e["error"]) for e in failures] == [("keras", "out of luck")]
    runs = [e for kind, e in kept if kind == "runs"]
    assert Counter(e["peer"] for e in runs) == {
        "minigrad": 2,
        "minigrad_eager": 1,
        "keras_plain": 2,
        "torch": 2,
        "jax": 2,
    }
    assert "Keras failed (reference, batch 32): out of luck" in told(runs, failures)


@pytest.mark.parametrize("busy", [False, True])
def test_a_core_is_busy_when_it_should_be(busy, monkeypatch):
    working = []

    @contextlib.contextmanager
    def busy_core():
        working.append(True)
        yield
        working.clear()

    seen = []
    monkeypatch.setattr(bench, "busy_core", busy_core)
    case = bench.Case("speed", "reference", 32, 1000, busy=busy)
    measured(monkeypatch, case, 1, lambda task: seen.append(bool(working)) or {})
    assert set(seen) == {busy}


def told(runs, failures=()):
    """The report on these runs."""
    result = {"machine": machine.describe([]), "threads": 2, "rounds": 3}
    result |= {"runs": runs, "failures": failures, "summary": bench.summarize(runs)}
    return bench.report(result)


def test_the_report_says_what_was_measured():
    # Seconds of an epoch of 1,000 pictures, round by round. Of both the median is the second.
    runs = [entry("minigrad", r, [9.0, s, s]) for r, s in enumerate([1.0, 2.0, 10.0])]
    runs += [entry("keras", r, [9.0, s, s]) for r, s in enumerate([4.0, 5.0, 50.0])]
    lines = [re.split(r"\s{2,}", line) for line in told(runs).splitlines()]
    columns = next(line for line in lines if "pictures/s" in line)[1:]
    cells = {line[0]: dict(zip(columns, line[1:], strict=False)) for line in lines}
    assert cells["minigrad, planned"]["pictures/s"] == "500 [100–1,000]"
    assert cells["Keras"]["pictures/s"] == "200 [20–250]"
    assert cells["Keras"]["minigrad is"] == "4.00 × [2.50 ×–5.00 ×]"
    assert cells["Keras"]["start to epoch 1 s"] == "10.75"


# -- processes -------------------------------------------------------------------------------------
def test_timed_processes_know_nothing_of_openblas_overrides(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    variables = children.environment(threads=3)
    assert not set(machine.OPENBLAS_OVERRIDES) & set(variables)
    assert variables["OMP_NUM_THREADS"] == variables["OPENBLAS_NUM_THREADS"] == "3"
    assert machine.describe()["overrides"]["OPENBLAS_CORETYPE"] == "Haswell"


@pytest.mark.parametrize(("goal", "trained"), [(0.0, 4), (0.9, 2)])
def test_a_process_times_its_epochs_and_nothing_else(goal, trained, monkeypatch):
    now, sizes = [1000.0], []  # a clock that only the peer moves; pictures in each epoch

    class Peer:
        setting = "as it comes"

        def __init__(self, network, batch, threads):
            assert (network, batch, threads) == ("reference", 32, 1)

        def prepare(self, pictures, labels):
            assert len(pictures) == len(labels) and pictures.shape[1:] == (28, 28, 1)
            return pictures, labels

        def epoch(self, data):
            sizes.append(len(data[0]))
            now[0] += len(data[0])

        def accuracy(self, data):
            assert len(data[0]) == 10_000
            now[0] += 5e6
            return [0.5, 0.95, 0.99][len(sizes) - 2]

    program = importlib.import_module("minigrad_course.studies.peers.__main__")
    peer = SimpleNamespace(Peer=Peer, PACKAGES=("minigrad",))
    monkeypatch.setitem(sys.modules, "minigrad_course.studies.peers.still_peer", peer)
    clock = SimpleNamespace(time=lambda: now[0], perf_counter=lambda: now[0])
    monkeypatch.setattr(program, "time", clock)
    monkeypatch.setattr(program, "peak_memory", lambda: len(sizes))
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None, raising=False)
    task = Task("still", "reference", 32, 100, epochs=4, goal=goal, seconds=1e9)
    answer = program.main(asdict(task) | {"started": 990.0})
    assert sizes == [32] + [100] * trained
    assert answer["epoch_seconds"] == [100.0] * trained
    assert answer["accuracies"] == ([0.5, 0.95] if goal else [])
    assert answer["moments"]["first step"] == 10 + 32
    assert answer["moments"]["first epoch"] == 10 + 32 + 100
    assert answer["peak_memory"] == 2, "until the end of the first epoch"


def test_peak_memory_is_this_process_s_own_and_grows_with_it():
    before = machine.peak_memory()
    resident = psutil.Process().memory_info().rss
    block = np.ones(2 * before // 8)  # twice as much as ever before
    assert machine.peak_memory() >= resident + 0.9 * block.nbytes


def test_a_peer_that_fails_says_what_went_wrong():
    with pytest.raises(PeerError, match="nobody_peer"):
        measure.run_fresh(Task("nobody", "reference", 32, 100))


def test_a_peer_that_hangs_is_given_up_and_gone():
    before = set(psutil.Process().children())
    with pytest.raises(PeerError, match="had not finished"):
        measure.run_fresh(Task("minigrad", "reference", 1, 60_000, epochs=100), limit=0.5)
    assert set(psutil.Process().children()) == before


def test_the_busy_loop_is_busy_and_stops():
    with measure.busy_core():
        (loop,) = psutil.Process().children()
        time.sleep(0.5)
        assert sum(loop.cpu_times()[:2]) > 0.05
    assert not loop.is_running()


def test_a_missing_peer_is_named_and_the_others_go_on(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(peers.PEERS, "torch", peers.PeerInformation("PyTorch", ("no_such_torch",)))
    file = tmp_path / "bench.json"
    words = [*TINY, "--peers", "minigrad", "torch", "--threads", "1", "--json", str(file)]
    assert bench.run(arguments(*words, "--chart", str(tmp_path / "chart"))) == 0
    printed = capsys.readouterr().out
    assert "PyTorch is left out: no_such_torch is not installed." in printed
    assert "minigrad, planned" in printed

    result = json.loads(file.read_text())
    assert complaints(result, "bench") == []
    assert result["missing"] == {"torch": ["no_such_torch"]}
    (measured,) = result["runs"]
    assert len(measured["epoch_seconds"]) == 3
    assert {field.name for field in fields(bench.Case)} <= set(measured)
    assert list(measured["moments"].values()) == sorted(measured["moments"].values())
    assert all(pool["threads"] == 1 for pool in measured["blas"])
    assert (tmp_path / "chart.svg").stat().st_size > 0
    assert (tmp_path / "chart.png").stat().st_size > 0


def test_interrupted_it_says_what_is_kept_and_where(monkeypatch, capsys, tmp_path):
    file = tmp_path / "bench.json"
    answers = [entry("minigrad", 0, [1.0, 1.0, 1.0])]

    def run(task):
        if not answers:
            raise KeyboardInterrupt
        return answers.pop()

    monkeypatch.setattr(bench, "run_fresh", run)
    words = [*TINY, "--peers", "minigrad", "minigrad_eager", "--json", str(file)]
    assert main(["bench", *words]) == 130
    said = capsys.readouterr()
    assert said.out == f"\nInterrupted. 1 measurement is kept in {file}.\n"
    assert said.err.startswith("1/2 reference, batch 50, minigrad, planned\n2/2 ")
    assert len(json.loads(file.read_text())["runs"]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle_it_leaves_no_process(number):
    command = [sys.executable, "-m", "minigrad", "bench", "--peers", "minigrad", "--batch", "1"]
    command += ["--busy", "--pictures", "60000", "--network", "reference"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background pass on that SIGINT is to be ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    parent = psutil.Process(process.pid)
    end = time.monotonic() + 60
    while not (begun := parent.children(recursive=True)) and time.monotonic() < end:
        time.sleep(0.05)
    assert begun
    os.kill(process.pid, number)
    said, complaint = process.communicate(timeout=30)
    assert process.returncode == (-number if number == signal.SIGKILL else 130)
    assert "\r" not in said + complaint and "Traceback" not in complaint
    if number != signal.SIGKILL:
        assert said == "\nInterrupted. Nothing had been measured.\n"
    _, alive = psutil.wait_procs(begun, timeout=10)
    assert not alive


# -- files -----------------------------------------------------------------------------------------
def test_json_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "new" / "result.json"
    measure.write_json(file, {"a": [1, "×"]})
    assert json.loads(file.read_text(encoding="utf-8")) == {"a": [1, "×"]}
    with pytest.raises(TypeError):
        measure.write_json(file, {"a": object()})
    with pytest.raises(ValueError):
        measure.write_json(file, {"a": float("nan")})
    assert json.loads(file.read_text(encoding="utf-8")) == {"a": [1, "×"]}
    assert [f.name for f in file.parent.iterdir()] == ["result.json"]


def test_charts_of_the_same_result_are_the_same_file(tmp_path):
    from minigrad_course.studies.charts.bench import draw

    runs = [entry(p, r, [1.0, s, s]) for p, s in (("minigrad", 1), ("jax", 2)) for r in range(2)]
    runs += [entry("minigrad", 0, [0.1], question="size", pictures=100)]
    runs += [entry("jax", 0, [5.0], question="goal", network="lenet", accuracies=[0.9])]
    runs += [entry("jax", 0, [1.0, 9.0], busy=True)]
    runs += [entry("jax", 0, [1.0, n], question="scaling", threads=n) for n in (1, 2)]
    result = {"summary": bench.summarize(runs), "machine": machine.describe([])}
    result |= {"threads": 1, "rounds": 2}
    first, _ = draw(result, tmp_path / "first")
    second, _ = draw(result, tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()
    for text in (
        "pictures per second",
        "MB",
        "batch size",
        "cores, and threads",
        "JAX",
        "minigrad, planned",
    ):
        assert text in first.read_text(encoding="utf-8")


def test_a_chart_of_nothing_is_refused(tmp_path):
    from minigrad_course.studies.charts.bench import draw

    with pytest.raises(ValueError, match="at least one measurement"):
        draw({"summary": []}, tmp_path / "chart")
