"""The peer benchmark: it asks everybody the same, keeps to its word, and says what it measured."""

import contextlib
import json
import os
import re
from collections import Counter
from dataclasses import fields
from types import SimpleNamespace

import pytest
from benching import arguments, entry, told
from schema import complaints

from minigrad.__main__ import main
from minigrad_course.studies import bench, machine, measure, peers
from minigrad_course.studies.children import PeerError
from minigrad_course.studies.measure import Task
from minigrad_course.studies.networks import NETWORKS

TINY = ["--network", "reference", "--batch", "50", "--pictures", "100", "--rounds", "1"]


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


def test_data_that_cannot_be_had_are_missed_once_and_not_by_everybody(monkeypatch, capsys):
    def load_data():
        raise ConnectionError("Is there a network?")

    monkeypatch.setattr(bench.datasets, "fashion_mnist", SimpleNamespace(load_data=load_data))
    assert main(["bench", *TINY]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "minigrad bench: Is there a network?\n")


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


# -- the command -----------------------------------------------------------------------------------
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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_of_results_has_the_permissions_of_any_other(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        measure.write_json(tmp_path / "result.json", {})
    finally:
        os.umask(before)
    assert (tmp_path / "result.json").stat().st_mode & 0o777 == mode


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
