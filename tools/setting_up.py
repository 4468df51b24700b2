"""The environment in .venv: made once, filled with the versions that constraints.txt names.

Only Python's own library is used here, for nothing else is there yet. What goes wrong while
packages are fetched is said in one sentence; where we do not know it, pip's own words stand.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# What each extra fetches, and takes on the disk, in MB: measured on Linux with Python 3.11.
FETCHED = {"notebooks": 90, "keras": 605, "test": 70, "book": 60, "lite": 20, "dev": 25}
ON_DISK = {"notebooks": 420, "keras": 2000, "test": 250, "book": 340, "lite": 20, "dev": 80}

NO_NETWORK = (
    "No network, or the package index does not answer. Packages are fetched once; "
    "run the same command again when you are connected."
)
REASONS = (
    (
        "No space left on device|not enough space on the disk|Disk quota exceeded",
        "The disk is full. Make room, and run the same command again.",
    ),
    ("Permission denied|Access is denied|Read-only file system", "No permission to write there."),
    (
        "NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|ProxyError"
        "|getaddrinfo failed|connection broken|Temporary failure in name resolution",
        NO_NETWORK,
    ),
)


def set_up(extras: list[str]) -> None:
    """Make .venv hold these extras, unless it already does."""
    wanted = hashlib.sha256(str(ROOT).encode())  # an environment does not survive a move
    for name in ("pyproject.toml", "constraints.txt"):
        wanted.update((ROOT / name).read_bytes())
    stamps = [ENVIRONMENT / f".installed-{extra}" for extra in extras]
    if all(stamp.exists() and stamp.read_text() == wanted.hexdigest() for stamp in stamps):
        return
    try:
        check_room(extras)
        make_environment()
        # Those that are there already move along, where the versions moved.
        there = {path.name.removeprefix(".installed-") for path in ENVIRONMENT.glob(".installed-*")}
        extras = sorted(there & FETCHED.keys() | set(extras))
        install(extras)
        for extra in extras:
            (ENVIRONMENT / f".installed-{extra}").write_text(wanted.hexdigest())
    except OSError as error:
        sys.exit(explain(str(error)) or f"Setting up {ENVIRONMENT.name}: {error}")


def check_room(extras: list[str]) -> None:
    """End with a sentence where the disk has too little room: half an environment helps nobody."""
    new = [extra for extra in extras if not (ENVIRONMENT / f".installed-{extra}").exists()]
    needed = sum(ON_DISK[extra] + FETCHED[extra] for extra in new)
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < needed:
        sys.exit(
            f"The disk is full: the set-up needs {needed:,} MB, and {free:,} MB are free. "
            "Make room, and run the same command again."
        )


def make_environment() -> None:
    """Have a .venv with pip: a new one, or the one that is there, whoever made it."""
    new_enough = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not succeeds([PYTHON, "-c", new_enough]):  # there is none, or its Python is gone or old
        try:
            venv.create(ENVIRONMENT, with_pip=True, clear=True)
        except subprocess.CalledProcessError:
            sys.exit("This Python cannot make environments. Debian: apt install python3-venv")
    elif not succeeds([PYTHON, "-m", "pip", "--version"]):  # uv makes them without pip
        if not succeeds([PYTHON, "-m", "ensurepip"]):
            sys.exit(f"There is no pip in {ENVIRONMENT.name}. Remove that folder: make clean")


def install(extras: list[str]) -> None:
    """Let pip install minigrad with these extras, in the versions of constraints.txt."""
    about = sum(FETCHED[e] for e in extras if not (ENVIRONMENT / f".installed-{e}").exists())
    later = "; TensorFlow comes with lecture 05" if extras == ["notebooks"] else ""
    what = f", once: about {about} MB to fetch{later}." if about else " anew."
    print(f"Setting up {ENVIRONMENT.name} ({', '.join(extras)}){what}", flush=True)
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2"]
    pip += ["--constraint", ROOT / "constraints.txt"]
    # The build tool is pinned as well: it is installed first, and used in place of a newer one.
    fetch([*pip, "setuptools"])
    fetch([*pip, "--no-build-isolation", "--editable", f"{ROOT}[{','.join(extras)}]"])
    if "lite" in extras:  # in a folder of its own: JupyterLab would load it as well, and complain
        apart = ["--no-deps", "--upgrade", "--target", ENVIRONMENT / "lite"]
        fetch([*pip, *apart, "jupyterlite-pyodide-kernel"])


def fetch(command: list) -> None:
    """Run pip and show how far it is; where it fails, end with a sentence, or with its own words."""
    with tempfile.TemporaryDirectory(dir=ENVIRONMENT, prefix="fetched-") as folder:
        said = Path(folder) / "said.txt"
        # pip unpacks where there is room for what it installs: /tmp is small on some machines
        environment = os.environ | {"TMPDIR": folder, "TEMP": folder, "TMP": folder}
        with said.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                watch(process, Path(folder), said)
            finally:
                process.wait()
        text = said.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        sys.exit(explain(text) or f"{text[-3000:]}\npip could not install what is needed.")


def watch(process: subprocess.Popen, folder: Path, said: Path) -> None:
    """Until pip has ended: what it does, and how much it has fetched, as one line or a few."""
    shown, megabytes, steady = "", 0, not sys.stdout.isatty()
    width = shutil.get_terminal_size().columns - 1
    while True:
        try:
            process.wait(0.5)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        megabytes = max(megabytes, size(folder))
        if steady:  # a file or a notebook: a line now and then
            line = f"  {megabytes // 50 * 50} MB fetched" if megabytes >= 50 else ""
            if re.search(b"\nInstalling .*minigrad", said.read_bytes()):
                line = "  installing"
        else:
            does = re.findall(
                r"^ *([A-Z].*)\n", said.read_text(encoding="utf-8", errors="replace"), re.M
            )
            line = f"  {megabytes:4} MB  {does[-1] if does else ''}"[:width]
        if line != shown and not ended and line:
            print(line if steady else f"\r{line:{width}}", end="\n" if steady else "", flush=True)
            shown = line
        if ended:
            print(end="" if steady else f"\r{'':{width}}\r", flush=True)
            return


def size(folder: Path) -> int:
    """Megabytes of the packages in a folder just now, while pip adds and takes away."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in (name for name in names if name.endswith((".whl", ".gz"))):
            with contextlib.suppress(OSError):
                total += os.path.getsize(os.path.join(where, name))
    return total // 1_000_000


def explain(text: str) -> str | None:
    """One sentence for what pip or the system says, where we know it."""
    for pattern, sentence in REASONS:
        if found := re.search(f"[^\n]*({pattern})[^\n]*", text):
            return sentence if sentence is not REASONS[1][1] else f"{sentence} ({found[0].strip()})"
    return None


def succeeds(command: list) -> bool:
    """Whether a command can be run at all, and says that all is well."""
    try:
        return subprocess.run([str(part) for part in command], capture_output=True).returncode == 0
    except OSError:
        return False


def run(command: list) -> None:
    """Run a command from the repository; where it fails, end with its exit code."""
    sys.stdout.flush()  # in a file, what was said before it comes before it
    code = subprocess.run([str(part) for part in command], cwd=ROOT).returncode
    if code:
        sys.exit(code)
