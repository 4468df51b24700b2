"""The notebooks as they are stored: executed, in order, and free of what a machine leaves behind.

Strict nbval does not compare a cell whose stored execution count is empty, so a notebook without
outputs would pass whatever it computes. These tests close that door.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(ROOT.glob("notebooks/**/*.ipynb"))
NOTEBOOKS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]
LONGEST_CELL = 25  # lines

# Absolute paths under a home, a temporary or a working folder, on any system.
MACHINE_PATH = re.compile(
    r"(?<![\w.:/])(/(home|root|tmp|usr|opt|work|Users|private|var|mnt)/\w[^\s'\"<>]*"
    r"|[A-Z]:\\(Users|Temp|Windows)\\[^\s'\"<>]*)"
)


def faults(notebook: dict) -> Iterator[str]:
    """Say everything that is wrong with a stored notebook."""
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    if "widgets" in notebook["metadata"]:
        yield "the state of widgets is stored"

    count = 0
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        tags = cell["metadata"].get("tags", [])
        if source.strip() and "skip-execution" not in tags:
            count += 1
            if cell["execution_count"] != count:
                yield f"cell {number}: execution count {cell['execution_count']}, wanted {count}"
        if ("nbval-skip" in tags) != ("skip-execution" in tags):
            yield f"cell {number}: nbval-skip and skip-execution go together"
        if "execution" in cell["metadata"]:
            yield f"cell {number}: timestamps are stored"
        if (lines := len(source.splitlines())) > LONGEST_CELL:
            yield f"cell {number}: {lines} lines, at most {LONGEST_CELL}"
        for output in cell["outputs"]:
            if output["output_type"] == "error" and "raises-exception" not in tags:
                yield f"cell {number}: an error that is not tagged raises-exception"
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                yield f"cell {number}: a widget is stored, which nobody sees without a kernel"
            if found := MACHINE_PATH.search("\n".join(texts(output))):
                yield f"cell {number}: a path of a machine, {found[0]}"


def texts(output: dict) -> Iterator[str]:
    """Every text of an output; pictures are encoded and left out."""
    yield "".join(output.get("text", ""))
    yield from output.get("traceback", [])
    for kind, data in output.get("data", {}).items():
        if not kind.startswith("image/") or kind == "image/svg+xml":
            yield "".join(data) if isinstance(data, (str, list)) else json.dumps(data)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_notebook_is_stored_executed_and_clean(path):
    assert list(faults(json.loads(path.read_text(encoding="utf-8")))) == []


def notebook_of(*cells: dict, **metadata: object) -> dict:
    return {"metadata": {"kernelspec": {"name": "python3"}, **metadata}, "cells": list(cells)}


def code(source: str, count: int | None, *outputs: dict, **metadata: object) -> dict:
    return {
        "cell_type": "code",
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
        "metadata": metadata,
    }


def printed(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


WIDGET = {"data": {"application/vnd.jupyter.widget-view+json": {}}, "output_type": "display_data"}
ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["no"]}


def test_a_clean_notebook_has_no_fault():
    clean = notebook_of(
        code("print(1)", 1, printed("1\n")),
        code("", None),
        code("1 / 0", 2, ERROR, tags=["raises-exception"]),
    )
    assert list(faults(clean)) == []


@pytest.mark.parametrize(
    ("notebook", "complaint"),
    [
        (notebook_of(code("1", None)), "execution count None, wanted 1"),
        (notebook_of(code("1", 1), code("2", 3)), "execution count 3, wanted 2"),
        (notebook_of(code("1 / 0", 1, ERROR)), "not tagged raises-exception"),
        (notebook_of(widgets={}), "state of widgets"),
        (notebook_of(code("1", 1, WIDGET)), "a widget is stored"),
        (notebook_of(kernelspec={"name": "julia-1.9"}), "not python3"),
        (notebook_of(code("1", 1, execution={})), "timestamps"),
        (notebook_of(code("x\n" * 26, 1)), "26 lines"),
        (notebook_of(code("1", 1, printed("saved /home/someone/x.npz"))), "path of a machine"),
        (notebook_of(code("1", 1, printed(r"saved C:\Users\someone\x"))), "path of a machine"),
        (notebook_of(code("1", None, tags=["skip-execution"])), "go together"),
    ],
)
def test_each_fault_is_found(notebook, complaint):
    assert any(complaint in fault for fault in faults(notebook))
