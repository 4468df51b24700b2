"""``python -m minigrad reproduce``: killed at any moment it goes on, and twice it finds the same."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from schema import complaints

from minigrad_course.studies import report, reproduce, side_by_side
from minigrad_course.studies.compare import compare
from minigrad_course.studies.machine import describe
from minigrad_course.studies.store import Store
from minigrad_course.studies.studies import Measurement

ROOT = Path(__file__).resolve().parents[1]
# One small measurement for each study that needs nothing but NumPy.
SMALL = [
    Measurement("learning_time", "minigrad", 10, 1, 2),
    Measurement("learning_time", "minigrad", 10, 1, 2, round=1),
    Measurement("learning_time", "minigrad", 10, 1, 2, round=2),
    Measurement("loss_curves", "minigrad", 10, 1, 3),
    Measurement("loss_curves", "minigrad_eager", 10, 1, 3),
    Measurement("published_study", "published", 10, 1, 4, how="published", seeds=2),
    Measurement("learning_time", "minigrad_eager", 10, 1, 2),
]


def run_in(out: Path, patch: pytest.MonkeyPatch, *words: str, charts: bool = False) -> dict:
    """Run the command on the small measurements; returns what results.json holds."""
    patch.setattr(reproduce, "plan", lambda programs, quick: SMALL)
    if not charts:  # drawing takes longer than all of SMALL
        patch.setattr(report, "write_report", lambda result, folder: None)
    parser = reproduce.argparse.ArgumentParser()
    reproduce.add_arguments(parser)
    assert reproduce.run(parser.parse_args(["--out", str(out), *words])) == 0
    return json.loads((out / "results.json").read_text("utf-8"))


@pytest.fixture
def run_small(monkeypatch, tmp_path):
    return lambda folder, *words, **more: run_in(tmp_path / folder, monkeypatch, *words, **more)


@pytest.fixture(scope="module")
def measured_once(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        run_in(folder := tmp_path_factory.mktemp("measured"), patch)
    return folder


@pytest.fixture
def measured(measured_once, tmp_path):
    """The folder "out" as a run has left it; what its results.json holds."""
    shutil.copytree(measured_once, tmp_path / "out")
    return json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))


def found(result: dict, study: str) -> list[dict]:
    return [m["result"] for m in result["measurements"] if m["settings"]["study"] == study]


def test_twice_gives_the_same_losses_and_accuracies_to_the_last_digit(measured, run_small):
    first, second = measured, run_small("second")
    for study, names in (
        ("loss_curves", ("losses", "test_accuracies")),
        ("published_study", ("trainings",)),
    ):
        for one, other in zip(found(first, study), found(second, study), strict=True):
            for name in names:
                assert one[name] == other[name]  # exactly, digit by digit
    comparison = compare(first, second)
    assert [line.compared for line in comparison.digits] == [1, 1, 1]
    assert all(line.same == line.compared for line in comparison.digits)
    assert len(comparison.times) == 1  # the one that was repeated


def test_everything_is_written_and_the_report_needs_nothing_else(
    measured, run_small, tmp_path, capsys
):
    (tmp_path / "out" / "results.json").unlink()
    result = run_small("out", "--json", str(tmp_path / "copy.json"), charts=True)
    assert json.loads((tmp_path / "copy.json").read_text("utf-8")) == result
    assert complaints(result, "reproduce") == []
    counted = capsys.readouterr().out.partition("of the paper's claims ")[2].splitlines()[0]
    assert sum(map(int, re.findall(r"\d+", counted))) == len(result["verdicts"])
    assert result["machine"]["cores"] == describe()["cores"]
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.count("<figure") == len(list((tmp_path / "out").glob("*.svg"))) > 2
    assert len(list((tmp_path / "out").glob("*.png"))) == page.count("<figure")
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)"', page))
    assert "://" not in re.sub(r'src="data:[^"]*"', "", page)
    assert page.count("alt=") == page.count("<img")


def test_a_second_run_measures_nothing_again(measured, run_small, monkeypatch):
    monkeypatch.setattr(
        side_by_side, "module_running", lambda *words: pytest.fail("measured again")
    )
    assert run_small("out")["measurements"] == measured["measurements"]


@pytest.mark.usefixtures("measured")
def test_fresh_measures_again(run_small, monkeypatch):
    asked = []

    def outcome(process):
        process.close()
        asked.append(process.measurement.study)
        return reproduce.PeerError("asked")

    monkeypatch.setattr(side_by_side.Process, "outcome", outcome)
    with pytest.raises(AssertionError):
        run_small("out", "--fresh")
    assert len(asked) == len(SMALL)


def test_a_failure_is_told_and_the_rest_is_kept(run_small, monkeypatch, capsys, tmp_path):
    right = side_by_side.module_running

    def one_fails(module, task, *more):
        wrong = {"study": "out_of_luck"} if task["program"] == "minigrad_eager" else {}
        return right(module, task | wrong, *more)

    monkeypatch.setattr(side_by_side, "module_running", one_fails)
    with pytest.raises(AssertionError):  # exit code 1
        run_small("out")
    result = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert len(result["measurements"]) == 5
    assert len(result["failures"]) == 2
    assert all("out_of_luck" in failure["error"] for failure in result["failures"])
    assert "out_of_luck" in capsys.readouterr().out


PROGRAM = """
import sys
from minigrad.__main__ import main
from minigrad_course.studies import report, reproduce, side_by_side
from minigrad_course.studies.compare import compare
from minigrad_course.studies.studies import Measurement
report.write_report = lambda result, folder: None  # drawing takes longer than measuring this
reproduce.plan = lambda programs, quick: [
    Measurement("loss_curves", "minigrad", 10, 1, 3),
    Measurement("loss_curves", "minigrad_eager", 30, 1, 40),
    Measurement("loss_curves", "minigrad_eager", 10, 1, 3),
]
sys.exit(main(["reproduce", "--out", sys.argv[1]]))
"""


def start(folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def children(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def runs(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(happened, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_killed_in_the_middle_it_leaves_nothing_half_written_and_goes_on(name, tmp_path):
    pytest.importorskip("psutil")
    folder = tmp_path / "measurements"
    process = start(tmp_path)
    wait_until(lambda: len(list(folder.glob("*.json"))) == 1)
    wait_until(lambda: children(process.pid))  # the second measurement is running
    running = children(process.pid)
    process.send_signal(getattr(signal, name))
    said, _ = process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if name == "SIGKILL" else 130)
    wait_until(lambda: not any(map(runs, running)), 20)  # nobody is left behind

    kept = list(folder.glob("*.json"))
    assert len(kept) == 1 and json.loads(kept[0].read_text("utf-8"))["result"]["losses"]
    assert not (tmp_path / "results.json").exists()
    if name != "SIGKILL":
        assert "goes on from there" in said

    written = kept[0].stat().st_mtime_ns
    (folder / "x.json.part").write_text('{"half')  # as if it had been killed while it wrote
    process = start(tmp_path)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and "1 of 3 measurements are there already" in said
    assert kept[0].stat().st_mtime_ns == written
    assert len(json.loads((tmp_path / "results.json").read_text("utf-8"))["measurements"]) == 3
    assert not list(tmp_path.rglob("*.part"))


def test_what_another_machine_measured_is_not_taken_for_ours(tmp_path):
    here = describe()
    there = here | {"processor": "another one"}
    Store(tmp_path, here).keep(SMALL[0], {"seconds": 1.0})
    assert Store(tmp_path, here).find(SMALL[0]) == {"seconds": 1.0}
    assert Store(tmp_path, there).find(SMALL[0]) is None


def test_a_damaged_file_is_measured_again(tmp_path):
    store = Store(tmp_path, describe())
    store.keep(SMALL[0], {"seconds": 1.0})
    store.path(SMALL[0]).write_text('{"settings": {"stu')
    assert store.find(SMALL[0]) is None
