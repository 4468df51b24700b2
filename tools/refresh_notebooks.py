"""Execute the notebooks and store their outputs, as the tests want to find them.

    make notebooks                                  all of them
    make notebooks ARGS=notebooks/02_graph_nodes.ipynb      one

Each notebook runs from a fresh kernel in its own folder. Outputs, counts and cell ids are kept;
timestamps, widgets and the kernel's version, which differ every time, are not. An explorer's still
picture stands in for it until its cell is run.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from set_slides import lectures, set_slides

from minigrad_course.studies.machine import OPENBLAS_OVERRIDES

ROOT = Path(__file__).resolve().parents[1]
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def notebooks() -> list[Path]:
    """Every stored notebook: lectures first, then solutions."""
    return [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("notebooks/*/*.ipynb"))]


def strip(notebook: nbformat.NotebookNode) -> None:
    """Take out what differs from run to run; keep outputs, counts, ids and tags."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        cell.metadata.pop("collapsed", None)
        if cell.cell_type == "code":  # a progress bar that cleared itself leaves blanks
            cell.outputs = [o for o in cell.outputs if o.get("text") is None or o.text.strip()]
        for output in cell.get("outputs", []):  # without a kernel, JupyterLab shows an error there
            output.get("data", {}).pop(WIDGET, None)


def refresh(path: Path) -> None:
    """Execute one notebook in place; where a cell fails, the stored file stays as it was."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        startup_timeout=120,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # of a line that is written over itself, the last state is kept
        resources={"metadata": {"path": path.parent}},
    )
    client.execute()
    strip(notebook)
    if path in lectures():
        set_slides(notebook)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Execute the notebooks and store their outputs.")
    parser.add_argument("files", nargs="*", type=Path, help="by default all of notebooks/")
    files = parser.parse_args().files or notebooks()
    os.environ["PYTHONHASHSEED"] = "0"  # as in the tests
    os.environ.pop("MPLBACKEND", None)  # the kernel draws inline
    for name in OPENBLAS_OVERRIDES:  # the times are those of the benchmark's BLAS
        os.environ.pop(name, None)
    failed = 0
    for file in files:
        start = time.perf_counter()
        try:
            refresh(file.resolve())
        except CellExecutionError as error:
            failed += 1
            print(f"{file.name}: not stored\n{error}", file=sys.stderr)
        else:
            print(f"{file.name}: {time.perf_counter() - start:.1f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
