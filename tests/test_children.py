"""Processes that are started, asked and never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from minigrad_course.studies import children
from minigrad_course.studies.children import (
    PeerError,
    interruptions_wait,
    run_module,
    running,
    termination_interrupts,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_instant_of_its_beginning_a_process_is_ended(number, monkeypatch):
    born = []
    begin = subprocess.Popen

    def interrupted(*words, **options):
        born.append(begin(*words, **options))
        signal.raise_signal(number)  # it exists, and nobody knows of it yet
        return born[0]

    monkeypatch.setattr(children.subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt), termination_interrupts(), running(SLEEP):
        pytest.fail("the interruption was lost")
    assert born[0].returncode == -signal.SIGTERM


@posix
def test_an_interruption_waits_and_the_handlers_are_those_from_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    reached = False
    with pytest.raises(KeyboardInterrupt), interruptions_wait():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        reached = True
    assert reached
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@posix
def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptions_wait():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_process_can_be_run_from_any_thread():
    codes = []

    def run() -> None:
        with running([sys.executable, "-c", "pass"]) as process:
            codes.append(process.wait(timeout=60))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert codes == [0]


def test_after_an_error_in_the_block_nobody_runs_on():
    with pytest.raises(ZeroDivisionError), running(SLEEP) as process:
        raise ZeroDivisionError
    assert process.returncode is not None


@posix
def test_who_does_not_listen_is_made_to_end(monkeypatch):
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True)"
    command = [sys.executable, "-c", f"{deaf}; time.sleep(60)"]
    with running(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        wait = process.wait
        monkeypatch.setattr(
            process,
            "wait",
            lambda timeout=None: wait(timeout and 0.1),  # and not five seconds
        )
    assert process.returncode == -signal.SIGKILL


def test_what_went_wrong_is_its_last_word():
    with pytest.raises(PeerError, match=r"No module named minigrad_course\.nowhere"):
        run_module("minigrad_course.nowhere", {"peer": "nobody"}, 1)


@posix
def test_started_by_somebody_who_is_gone_already_it_ends():
    code = (
        "import time\n"
        "from minigrad_course.studies.children import end_with\n"
        "end_with({parent})\n"
        "time.sleep(60)\n"
    )
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    start = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-c", code.format(parent=gone.pid)], check=False, timeout=30
    )
    assert child.returncode == 1 and time.monotonic() - start < 20
