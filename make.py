"""Set minigrad up and use it: ``python make.py lab`` or ``python make.py test``.

Needs Python 3.11 or newer and nothing else, on Linux, macOS and Windows; the Makefile only calls
this script. The first call makes an environment in .venv and installs the versions that
constraints.txt names; later calls find it there and start at once.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
START = "notebooks/00_start_here.ipynb"

# The extras of pyproject.toml that each command installs.
EXTRAS = {
    "lab": ["notebooks", "keras"],
    "test": ["notebooks", "keras", "test"],
    "notebooks": ["notebooks", "keras", "test"],
    "lint": ["dev"],
    "set-up": ["notebooks", "keras", "test"],
}


def set_up(extras: list[str]) -> None:
    """Make .venv hold these extras, unless it already does."""
    wanted = hashlib.sha256(str(ROOT).encode())  # an environment does not survive a move
    for name in ("pyproject.toml", "constraints.txt"):
        wanted.update((ROOT / name).read_bytes())
    stamps = [ENVIRONMENT / f".installed-{extra}" for extra in extras]
    if all(stamp.exists() and stamp.read_text() == wanted.hexdigest() for stamp in stamps):
        return

    print(f"Setting up {ENVIRONMENT.name} ({', '.join(extras)}): once, a few minutes.", flush=True)
    if not succeeds([PYTHON, "-m", "pip", "--version"]):
        try:
            venv.create(ENVIRONMENT, with_pip=True)
        except subprocess.CalledProcessError:
            sys.exit("This Python cannot make environments. Debian: apt install python3-venv")
    install = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--constraint", ROOT / "constraints.txt"]
    # The build tool is pinned as well: it is installed first, and used in place of a newer one.
    run([*install, "setuptools"])
    run([*install, "--no-build-isolation", "--editable", f"{ROOT}[{','.join(extras)}]"])
    for stamp in stamps:
        stamp.write_text(wanted.hexdigest())


def succeeds(command: list) -> bool:
    """Whether a command can be run at all, and says that all is well."""
    try:
        return subprocess.run([str(part) for part in command], capture_output=True).returncode == 0
    except OSError:
        return False


def run(command: list) -> None:
    """Run a command from the repository; where it fails, end with its exit code."""
    code = subprocess.run([str(part) for part in command], cwd=ROOT).returncode
    if code:
        sys.exit(code)


def lab(arguments: list[str]) -> None:
    """Serve JupyterLab on this machine only, behind a token, opened on the first lecture."""
    command = [PYTHON, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--LabApp.default_url=/lab/tree/{START}"]
    command += ["--LabApp.news_url=None"]  # do not ask the network for news
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # as in a container, where root is the only user
    run([*command, *arguments])


def test(arguments: list[str]) -> None:
    """Run the tests, the examples in the docstrings and the notebooks."""
    run([PYTHON, "-m", "pytest", *arguments])


def notebooks(arguments: list[str]) -> None:
    """Execute the notebooks and store their outputs."""
    run([PYTHON, ROOT / "tools/refresh_notebooks.py", *arguments])


def lint(arguments: list[str]) -> None:
    """Check style and types."""
    run([PYTHON, "-m", "ruff", "check", *arguments])
    run([PYTHON, "-m", "ruff", "format", "--check", *arguments])
    run([PYTHON, "-m", "mypy"])


def set_up_only(arguments: list[str]) -> None:
    """Have everything there for the other commands, as a container wants it."""
    print("Everything is there. make lab opens the lectures, make test runs the tests.")


COMMANDS = {
    "lab": lab,
    "test": test,
    "notebooks": notebooks,
    "lint": lint,
    "set-up": set_up_only,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Set minigrad up and use it.",
        epilog="commands:\n"
        + "\n".join(f"  {name:10} {does.__doc__}" for name, does in COMMANDS.items())
        + "\n\nWhatever follows the command is passed on, to JupyterLab or pytest for instance.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    options, rest = parser.parse_known_args()
    set_up(EXTRAS[options.command])
    # Ctrl-C is for the program that runs: JupyterLab asks before it stops, pytest sums up.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    COMMANDS[options.command](rest)


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        found = ".".join(str(number) for number in sys.version_info[:3])
        sys.exit(
            f"minigrad needs Python 3.11 or newer; this is {found} ({sys.executable}).\n"
            "Name another one: make PYTHON=python3.12 lab"
        )
    main()
