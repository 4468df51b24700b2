"""The commands of make.py: what each installs, and what it runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from tools import own_copy
from tools.setting_up import PYTHON, ROOT, run, set_up

START = "notebooks/00_start_here.ipynb"
SETTINGS = ROOT / "tools" / "jupyter"  # what keeps JupyterLab from asking and warning

# pytest-xdist: two processes at most, each file in one of them, in the order in which they stand.
# A process with TensorFlow takes up to two GB.
SIDE_BY_SIDE = ["-n", "logical", "--maxprocesses", "2", "--dist", "loadfile"]
SIDE_BY_SIDE += ["--no-loadscope-reorder"]

# The extras of pyproject.toml that each command installs. TensorFlow is most of what there is to
# fetch, and the lectures that need it ask for it: `lab` does without.
EXTRAS = {
    "lab": ["notebooks"],
    "test": ["notebooks", "keras", "test", "book", "lite"],
    "test-long": ["notebooks", "keras", "test"],
    "notebooks": ["notebooks", "keras", "test"],
    "book": ["book"],
    "lite": ["notebooks", "lite"],
    "sheets": ["book"],
    "lint": ["dev"],
    "keras": ["notebooks", "keras"],
    "set-up": ["notebooks", "keras", "test", "book", "lite"],
}


def lab(arguments: list[str]) -> None:
    """Open your copy of the lectures in JupyterLab; --keras installs TensorFlow at once."""
    own_copy.lay_out()
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        filter(None, [os.environ.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)])
    )
    command = [PYTHON, "-m", "jupyterlab", f"--ServerApp.root_dir={own_copy.COPY}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--LabApp.default_url=/lab/tree/{START}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # as in a container, where root is the only user
    run([*command, *arguments])


def test(arguments: list[str]) -> None:
    """Run the tests, the examples in the docstrings and the notebooks."""
    run([PYTHON, "-m", "pytest", *SIDE_BY_SIDE, *arguments])


def test_long(arguments: list[str]) -> None:
    """Run the long forms of the tests that have one: thousands of cases, for an hour or two."""
    os.environ["MINIGRAD_LONG"] = "1"
    run([PYTHON, "-m", "pytest", "tests", "-m", "long", *arguments])


def notebooks(arguments: list[str]) -> None:
    """Execute the notebooks and store their outputs."""
    run([PYTHON, ROOT / "tools/refresh_notebooks.py", *arguments])


def book(arguments: list[str]) -> None:
    """Build the website of the series in build/book."""
    run([PYTHON, "-m", "tools.book.build", *arguments])


def lite(arguments: list[str]) -> None:
    """Build the site of the lectures that run in a browser, in build/lite."""
    run([PYTHON, "-m", "tools.lite", *arguments])


def sheets(arguments: list[str]) -> None:
    """Print the lectures' work sheets to build/sheets."""
    run([PYTHON, "-m", "tools.sheets", *arguments])


def lint(arguments: list[str]) -> None:
    """Check style and types."""
    run([PYTHON, "-m", "ruff", "check", *arguments])
    run([PYTHON, "-m", "ruff", "format", "--check", *arguments])
    run([PYTHON, "-m", "mypy"])


def keras(arguments: list[str]) -> None:
    """Install TensorFlow, which lectures 05 and 06 compare with."""
    print("Keras and TensorFlow are there.")


def everything(arguments: list[str]) -> None:
    """Have everything there for the other commands, as a container wants it."""
    own_copy.lay_out()
    print("Everything is there. make lab opens the lectures, make test runs the tests.")


COMMANDS = {
    "lab": lab,
    "test": test,
    "test-long": test_long,
    "notebooks": notebooks,
    "book": book,
    "lite": lite,
    "sheets": sheets,
    "lint": lint,
    "keras": keras,
    "set-up": everything,
}


def main() -> None:
    """Set up what the command needs, and run it."""
    parser = argparse.ArgumentParser(
        prog="make.py",
        description="Set minigrad up and use it.",
        epilog="commands:\n"
        + "\n".join(f"  {name:10} {does.__doc__}" for name, does in COMMANDS.items())
        + "\n\nWhatever follows the command is passed on, to JupyterLab or pytest for instance.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    options, rest = parser.parse_known_args()
    extras = EXTRAS[options.command]
    if options.command == "lab" and "--keras" in rest:
        rest.remove("--keras")
        extras = EXTRAS["keras"]
    try:
        set_up(extras)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command begins again.")
    # Ctrl-C is for the program that runs: JupyterLab asks before it stops, pytest sums up.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    COMMANDS[options.command](rest)
