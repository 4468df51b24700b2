"""The lectures in a browser, with nothing installed: a site of JupyterLite's in build/lite.

    make lite

Python runs in the browser itself (Pyodide). The site holds the notebooks, minigrad, and the data
of ``load_data``; a cell on top of each notebook installs them there. Pyodide, with NumPy and
Matplotlib, and ipywidgets come from their own addresses when a notebook is first run. Lectures
that need TensorFlow are there to be read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZIP_STORED

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell
from wheel.wheelfile import WheelFile

import minigrad
from tools import own_copy
from tools.commands import SETTINGS

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build" / "lite"
NEED_KERAS = ("05_", "06_")  # TensorFlow is not built for the browser

# The versions are named, so that no other project of these names is ever taken.
VERSION = minigrad.__version__
INSTALL = f"""\
# Here Python runs in your browser, and fetches minigrad first: that takes half a minute.
%pip install -q minigrad=={VERSION} minigrad-data=={VERSION} matplotlib ipywidgets tqdm"""
READ = (
    "*This lecture compares with Keras, which does not run in a browser. Here it can be read; "
    "to run it, install minigrad.*"
)
# What brings Python into the page lies apart, since JupyterLab would load it too: see
# tools/setting_up.py.
APART = Path(sys.prefix) / "lite"
PYODIDE = APART / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"
KERNEL = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
METADATA = f"Metadata-Version: 2.1\nName: minigrad-data\nVersion: {VERSION}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: minigrad\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build(site: Path, work: Path) -> None:
    """Build the site.

    Args:
        site: The folder that becomes it.
        work: The folder for what is needed on the way.

    Raises:
        FileNotFoundError: When the kernel is not installed.
        subprocess.CalledProcessError: A step failed; it has said why.
    """
    if not PYODIDE.exists():
        raise FileNotFoundError(
            f"JupyterLite's kernel is not in {APART}; `make lite` puts it there"
        )
    for folder in (site, work):
        shutil.rmtree(folder, ignore_errors=True)
    contents, wheels = work / "contents", work / "wheels"
    lay_out(contents)
    wheels.mkdir()
    pack_minigrad(wheels, work / "source")
    pack_data(wheels)
    shutil.copy(SETTINGS / "labconfig/default_setting_overrides.json", work / "overrides.json")
    command = [sys.executable, "-m", "jupyterlite_core", "build", f"--lite-dir={work}"]
    command += [f"--contents={contents}", f"--piplite-wheels={wheels}", f"--output-dir={site}"]
    command += [f"--LiteBuildApp.federated_extensions={PYODIDE}", "--apps=lab"]
    run([*command, "--no-unused-shared-packages", "--no-sourcemaps"], work)


def run(command: list[str], folder: Path) -> None:
    """Run a program; where it fails, show what it said."""
    paths = os.pathsep.join(filter(None, [str(APART), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    done.check_returncode()


def lay_out(folder: Path) -> None:
    """Write the lectures and their solutions, each with the cell that it needs in a browser."""
    for source in own_copy.sources(ROOT):
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".ipynb":
            notebook = nbformat.read(source, as_version=4)
            notebook.cells.insert(0, first_cell(source.name))
            notebook.metadata.kernelspec = KERNEL
            nbformat.write(notebook, target)
        else:
            shutil.copyfile(source, target)


def first_cell(name: str) -> nbformat.NotebookNode:
    """The cell on top of a notebook."""
    if name.startswith(NEED_KERAS):
        return new_markdown_cell(READ, id="read")
    return new_code_cell(INSTALL, id="install")


def pack_minigrad(wheels: Path, source: Path) -> None:
    """Build minigrad's wheel, from a copy: what an earlier build left behind stays out of it."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("minigrad", "minigrad_course"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(wheels)!r})"
    run([sys.executable, "-c", code], source)


def pack_data(wheels: Path) -> None:
    """Write a wheel of the data: beside the package, where ``load_data`` looks first."""
    # The files are compressed already.
    with WheelFile(wheels / f"minigrad_data-{VERSION}-py3-none-any.whl", "w", ZIP_STORED) as wheel:
        for file in sorted((ROOT / "data" / "fashion-mnist").iterdir()):
            wheel.write(file, file.relative_to(ROOT).as_posix())
        wheel.writestr(f"{wheel.dist_info_path}/METADATA", METADATA)
        wheel.writestr(f"{wheel.dist_info_path}/WHEEL", WHEEL)


def main() -> None:
    """Build it in build/lite."""
    with tempfile.TemporaryDirectory(prefix="minigrad-lite-") as work:
        build(SITE, Path(work))
    print(f"The site is in {SITE}. To look at it: python -m http.server --directory build/lite")


if __name__ == "__main__":
    main()
