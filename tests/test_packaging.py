"""What others install: built as a release is, and used elsewhere, without the repository."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import minigrad

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("setuptools", reason="make.py installs it, to build minigrad")
# What a checkout has, and what a build may put into a distribution.
SOURCES = ("minigrad", "minigrad_course", "tests", "tools", "notebooks")
FILES = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "make.py", "conftest.py")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    return built("sdist", source, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory) -> Path:
    """Built from the source distribution, so that nothing is missing there."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    return built("wheel", next(unpacked.iterdir()), tmp_path_factory.mktemp("wheel"))


def built(what: str, source: Path, folder: Path) -> Path:
    code = f"from setuptools import build_meta; build_meta.build_{what}({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True)
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Run Python in a fresh environment that has NumPy and the wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, wheel], check=True, capture_output=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True)
    for part in Path(np.__file__).parents[1].glob("numpy*"):  # as pip would, without a network
        if part.is_dir():
            shutil.copytree(part, Path(done.stdout.strip()) / part.name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment |= {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    environment |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder), "LOCALAPPDATA": str(folder)}

    def run(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [python, *words], cwd=folder, env=environment, capture_output=True, text=True
        )

    return run


def test_the_source_distribution_has_no_tests_that_could_not_run(sdist):
    with tarfile.open(sdist) as archive:
        names = {Path(name).parts[1] for name in archive.getnames() if len(Path(name).parts) > 1}
    assert {"minigrad", "minigrad_course", "pyproject.toml", "README.md", "LICENSE"} <= names
    assert not names & {"tests", "tools", "notebooks", "conftest.py"}


def test_the_wheel_has_both_packages_their_types_and_no_test(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for package in ("minigrad", "minigrad_course"):
        ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")}
        assert ours <= names
        assert f"{package}/py.typed" in names
    assert "minigrad_course/studies/results.schema.json" in names
    assert not [name for name in names if "conftest" in name or "/test" in name]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"minigrad", "minigrad_course"}


def test_it_works_without_the_repository(installed):
    code = "import minigrad as mg; print(mg.__file__); print(mg.Sequential([mg.Input((3,)), mg.layers.Dense(2)]).predict([[1, 2, 3]], verbose=0).shape)"
    done = installed("-c", code)
    assert done.stderr == ""
    file, shape = done.stdout.splitlines()
    assert "elsewhere" in file and shape == "(1, 2)"


def test_data_that_are_not_there_and_cannot_be_fetched_are_one_sentence(installed):
    done = installed("-m", "minigrad", "train", "--epochs", "1")
    assert done.returncode == 1
    assert done.stderr.startswith("minigrad train: ") and "Traceback" not in done.stderr
    assert "load_data(path=" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--version"], f"minigrad {minigrad.__version__}\n"),
        (["train", "--help"], "usage: python -m minigrad train"),
        (["reproduce", "--help"], "usage: python -m minigrad reproduce"),
        (["bench", "--help"], "usage: python -m minigrad bench"),
    ],
)
def test_the_command_is_there(installed, words, said):
    done = installed("-m", "minigrad", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(said)


def test_what_the_studies_want_from_the_repository_is_one_sentence(installed):
    for code in ("paper; paper.figure(1)", "results; results.committed()"):
        done = installed("-c", f"from minigrad_course.studies import {code}")
        last = done.stderr.splitlines()[-1]
        assert last.startswith("FileNotFoundError: data/") and "pip install --editable" in last
