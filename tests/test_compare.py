"""``reproduce --compare``: the same digits, and times where the other run expects them."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from minigrad.__main__ import main
from minigrad_course.studies.compare import compare
from minigrad_course.studies.spread import DRIFT
from minigrad_course.studies.studies import PROGRAMS, Measurement

SIZES = (10, 30, 50, 80, 100)
REPEATS = {"keras_plain": 3, "keras": 3, "minigrad_eager": 3, "minigrad": 5}


def run(seed: int, pace: float = 1.0, scatter: float = 0.05) -> dict:
    """A run as ``results.json`` holds it, with times drawn by chance, and losses that are not."""
    generator = np.random.default_rng(seed)
    pairs = []
    for program in PROGRAMS:
        for n in SIZES:
            for k in range(REPEATS[program]):
                seconds = 0.01 * n * pace * np.exp(generator.normal(0, scatter))
                measurement = Measurement("learning_time", program, n, 1, 100, k)
                pairs.append((measurement, {"seconds": float(seconds)}))
            found = {"losses": [1 / 3, 0.1 * n], "test_accuracies": [[1, 0.1], [2, 0.2]]}
            pairs.append((Measurement("loss_curves", program, n, 1, 2), found))
    published = Measurement("published_study", "published", 10, 1, 4, how="published", seeds=2)
    pairs.append((published, {"trainings": [{"losses": [-2.0, None]}]}))
    return {
        "machine": {"processor": "one", "cores": 2, "python": "3.11", "libraries": {}},
        "measurements": [{"settings": asdict(m), "result": r} for m, r in pairs],
    }


def change(result: dict, study: str, how) -> dict:
    """The same run with one result of this study changed."""
    changed = json.loads(json.dumps(result))
    how(next(m["result"] for m in changed["measurements"] if m["settings"]["study"] == study))
    return changed


def test_a_run_agrees_with_itself():
    comparison = compare(run(0), run(0))
    assert comparison.agree and comparison.pace == 1
    assert len(comparison.times) == len(PROGRAMS) * len(SIZES)
    assert {(line.compared, line.same) for line in comparison.digits} == {(5, 5), (1, 1)}


def test_about_95_of_100_times_are_inside_over_many_runs():
    generator = np.random.default_rng(0)
    inside = []
    for seed in range(0, 200, 2):
        paces = np.exp(generator.normal(0, DRIFT, 2))
        times = compare(run(seed, paces[0]), run(seed + 1, paces[1])).times
        inside += [time.inside for time in times]
    assert 0.94 < np.mean(inside) < 0.99


def test_a_run_that_took_twice_as_long_is_outside():
    comparison = compare(run(0, scatter=0.01), run(1, pace=2.0, scatter=0.01))
    assert not comparison.agree and not any(time.inside for time in comparison.times)
    assert comparison.pace == pytest.approx(2, rel=0.02)
    assert "0 of 20 times inside" in str(comparison)


def last_bit(result: dict) -> None:
    result["losses"][0] = float(np.nextafter(result["losses"][0], 1))


def other_training(result: dict) -> None:
    result["trainings"][0]["losses"][0] = -2.5


@pytest.mark.parametrize(
    ("study", "how"), [("loss_curves", last_bit), ("published_study", other_training)]
)
def test_the_last_bit_of_one_loss_is_noticed(study, how):
    comparison = compare(run(0), change(run(0), study, how))
    assert not comparison.agree
    missed = [line for line in comparison.digits if line.same < line.compared]
    assert [(line.study, line.compared - line.same) for line in missed] == [(study, 1)]


def test_what_only_one_run_has_is_not_compared():
    other = run(1)
    other["measurements"] = [
        m for m in other["measurements"] if m["settings"]["program"] == "minigrad"
    ]
    comparison = compare(run(0), other)
    assert {time.program for time in comparison.times} == {"minigrad"}
    assert [line.program for line in comparison.digits] == ["minigrad"]


def test_without_repeats_nothing_is_expected_and_two_of_each_are_enough():
    for repeats, lines in ((1, 0), (2, len(PROGRAMS) * len(SIZES))):
        first = run(0)
        first["measurements"] = [
            m for m in first["measurements"] if m["settings"]["round"] < repeats
        ]
        comparison = compare(first, run(1))
        assert len(comparison.times) == lines and comparison.agree


def test_another_machine_is_named():
    other = run(0)
    other["machine"] |= {"processor": "another", "libraries": {"numpy": "1"}}
    comparison = compare(run(0), other)
    assert comparison.machines == ("processor", "libraries")
    assert str(comparison).startswith("Not the same processor, libraries")


@pytest.mark.parametrize(("seed", "code"), [(0, 0), (None, 1)])
def test_the_command_says_it_with_its_exit_code(seed, code, tmp_path, capsys):
    second = run(0) if seed == 0 else run(0, pace=2)
    for name, result in (("first", run(0)), ("second", second)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(result), "utf-8")
    words = ["reproduce", "--out", str(tmp_path / "second"), "--compare", str(tmp_path / "first")]
    assert main(words) == code
    told = capsys.readouterr().out
    assert "Keras, batch 1, 100 pictures" in told and "of 20 times inside" in told
    assert list(tmp_path.rglob("*.svg")) == []  # nothing was measured or drawn


def test_the_command_says_what_is_missing(tmp_path, capsys):
    assert main(["reproduce", "--out", str(tmp_path), "--compare", str(tmp_path)]) == 2
    assert "python -m minigrad reproduce --out" in capsys.readouterr().out
