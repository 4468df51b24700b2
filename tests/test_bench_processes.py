"""The benchmark's processes: what they time, and that none is left behind."""

import importlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from minigrad_course.studies import children, machine, measure
from minigrad_course.studies.children import PeerError
from minigrad_course.studies.measure import Task

ROOT = Path(__file__).parents[1]


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
