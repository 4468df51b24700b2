"""What all tests share."""

import gc
import os

import pytest
from hypothesis import settings
from small_sets import contents, small  # noqa: F401 (fixtures)

from minigrad.engine import plan
from minigrad.engine.blas import blas
from minigrad.engine.plan import Plan
from minigrad.engine.threads import get_threads
from minigrad.engine.verify import verify
from minigrad.engine.workload import Choice

# A machine that is busy is not a test that fails; and the same examples for everybody, so
# that a failure seen once can be seen again.
settings.register_profile("minigrad", deadline=None, derandomize=True)
settings.load_profile("minigrad")


SMALL = 1 << 22  # bytes of a plan that is checked whenever it is made; larger ones take seconds


@pytest.fixture(autouse=True)
def every_plan_is_verified(monkeypatch):
    """No call of any plan that a test makes reads what another has written over."""
    make = Plan.__init__

    def made(plan, *arguments):
        make(plan, *arguments)
        if sum(program.memory.nbytes for program in plan.programs) < SMALL:
            verify(plan)

    monkeypatch.setattr(Plan, "__init__", made)


@pytest.fixture(autouse=True)
def as_many_threads_as_were_set(monkeypatch):
    """The networks of the tests are so small that one thread would compute them, by the rule."""
    monkeypatch.setattr(plan, "most_threads", get_threads)
    monkeypatch.setattr(plan, "choose", lambda times: Choice(len(times), tuple(times)))


@pytest.fixture
def two_threads_of_blas():
    """Tests begin with one (see conftest.py above), which hides that somebody has left it at one."""
    library = blas()
    if library is None:
        yield
        return
    before = library.get()
    library.set(2)
    yield
    library.set(before)


@pytest.fixture(autouse=True)
def no_ctrl_c_is_lost():
    """What Hypothesis has the garbage collector call is Python: Ctrl-C raised there is lost."""
    called = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = called


@pytest.fixture(scope="session")
def keras():
    """The reference that minigrad's interface is held to; slow to import, so only once."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return pytest.importorskip("keras", reason="TensorFlow belongs to the test extra")


@pytest.fixture
def figures(record_property):
    """Note what a test has counted; printed at the end of the run, and kept in tests/README.md."""

    def note(line: str) -> None:
        print(line)
        record_property("counted", line)

    return note


def pytest_terminal_summary(terminalreporter) -> None:
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    called = [report for report in reports if getattr(report, "when", None) == "call"]
    counted = [line for r in called for name, line in r.user_properties if name == "counted"]
    if counted:
        terminalreporter.section("counted")
        for line in counted:
            terminalreporter.line(line)
