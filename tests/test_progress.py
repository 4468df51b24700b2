"""The line that shows how far an epoch is."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest

import minigrad as mg
from minigrad.model import progress
from minigrad.model.progress import WIDTH, ProgressLine


class Screen(io.StringIO):
    """A terminal, or a file, and a clock that the test moves."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal, self.now = terminal, 100.0

    encoding = "utf-8"

    def isatty(self):
        return self.terminal


@pytest.fixture
def screen(monkeypatch, request):
    made = Screen(request.param)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: made.now)
    return made  # redirected to by the test itself: pytest changes stdout after this


def run(screen, verbose):
    """Four steps of three seconds each."""
    with redirect_stdout(screen):
        line = ProgressLine(4, verbose)
        for step in range(1, 5):
            screen.now += 3
            line.step(step, lambda: {"loss": 0.5})
        line.finish({"loss": 0.25})
    return screen.getvalue()


@pytest.mark.parametrize("screen", [True], indirect=True)
@pytest.mark.parametrize("verbose", [1, "auto"])
def test_on_a_terminal_it_moves_and_says_how_long_it_will_take(screen, verbose):
    one, two, three, four, last = run(screen, verbose).lstrip("\r").rstrip("\n").split("\r")
    assert one.startswith("1/4 ") and " 9s 3s/step - loss: 0.5" in one
    assert two.startswith("2/4 ") and " 6s 3s/step" in two
    assert three.startswith("3/4 ") and " 3s 3s/step" in three
    assert " 0s 3s/step" in four
    assert " 12s 3s/step - loss: 0.25" in last
    assert [line.count("━") for line in (one, two, four)] == [WIDTH // 4, WIDTH // 2, WIDTH]


@pytest.mark.parametrize("screen", [False], indirect=True)
def test_in_a_file_it_is_written_once(screen):
    text = run(screen, 1)
    assert text.count("/step") == 1 and "\r" not in text and text.endswith("loss: 0.2500\n")


@pytest.mark.parametrize("screen", [True, False], indirect=True)
@pytest.mark.parametrize("verbose, lines", [(0, 0), (2, 1)])
def test_silence_and_a_line_an_epoch(screen, verbose, lines):
    text = run(screen, verbose)
    assert text.count("\n") == lines and text.count("4/4 - 12s - 3s/step") == lines


@pytest.mark.parametrize("screen", [True], indirect=True)
def test_it_is_not_drawn_more_often_than_anybody_looks(screen):
    with redirect_stdout(screen):
        line = ProgressLine(1000, 1)
        for step in range(1, 101):
            screen.now += progress.INTERVAL / 40
            line.step(step, dict)
    assert screen.getvalue().count("\r") == 2


@pytest.mark.parametrize("kernel", ["ipykernel.iostream", "pyodide_kernel.display"])
@pytest.mark.parametrize("screen", [False], indirect=True)
def test_in_a_notebook_it_moves_though_that_is_no_terminal(screen, kernel, monkeypatch):
    monkeypatch.setattr(Screen, "__module__", kernel)
    assert run(screen, 1).count("\r") == 5


@pytest.mark.parametrize("screen", [True], indirect=True)
def test_prediction_shows_how_far_it_is(screen, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0)
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    with redirect_stdout(screen):
        model.predict(np.ones((6, 2)), batch_size=2, verbose=1)
    one, two, three, _ = screen.getvalue().strip().split("\r")
    assert one.startswith("1/3 ") and two.startswith("2/3 ") and three.startswith("3/3 ")
