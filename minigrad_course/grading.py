"""``python -m minigrad grade``: run submitted notebooks, and write down how the exercises stand.

Each file runs in a kernel of its own. At its end the kernel is asked for ``lessons.report()``. A
cell that fails or takes too long ends that cell and nothing else, and a file that cannot be read
gets a line that says so. What students send is *run*, with your rights: grade in a container, or
under an account that may read and write nothing of value.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minigrad_course.repository import REPOSITORY
from minigrad_course.studies.progress import progress

__all__ = ["Grade", "add_arguments", "grade", "run"]

MARKS = {"right": "✓", "wrong": "✗", "not attempted": "○"}
KEY = re.compile(r"exercise\(\s*[\"'](\d\d)\.\w+[\"']")
COLUMNS = ("file", "student", "exercise", "state", "tries", "hints", "solution_seen", "problem")


@dataclass
class Grade:
    """How one submitted notebook stands.

    Attributes:
        file: Its name.
        student: The word that its exam was set for; empty where it was none.
        exercises: What ``lessons.report`` says; empty where the notebook could not be run.
        problem: What went wrong first, in a line; empty where nothing did.
    """

    file: str
    student: str = ""
    exercises: dict[str, dict[str, Any]] = field(default_factory=dict)
    problem: str = ""

    @property
    def right(self) -> int:
        """How many exercises are right."""
        return sum(one["state"] == "right" for one in self.exercises.values())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what can be asked of the command."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--csv", type=Path, help="write a row for each file and exercise")
    parser.add_argument("--wide", action="store_true", help="in the CSV, one row for each file")
    parser.add_argument("--json", type=Path, help="write everything as JSON")
    parser.add_argument("--lecture", help="its number, if neither cells nor file names tell")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for a cell (120)")
    parser.add_argument("--exam", default="", metavar="STUDENT", help="the word of an exam")
    parser.add_argument(
        "--students", type=Path, metavar="CSV", help="an exam's words: columns file and student"
    )


def run(arguments: argparse.Namespace) -> int:
    """Grade what the command line names; Ctrl-C keeps what is done.

    Returns:
        0 when all files were run, 1 where Jupyter is missing, 130 after Ctrl-C.

    Raises:
        FileNotFoundError: A file, or the folder of a file to be written, is not there.
    """
    if importlib.util.find_spec("nbclient") is None:
        print('Grading runs notebooks: pip install "minigrad[notebooks]"', file=sys.stderr)
        return 1
    files = submissions(arguments.paths)
    students = students_of(arguments.students) if arguments.students else {}
    for target in filter(None, (arguments.csv, arguments.json)):
        if not target.resolve().parent.is_dir():
            raise FileNotFoundError(f"there is no folder {target.parent} to write {target.name} to")
    grades: list[Grade] = []
    code = 0
    try:
        with progress(len(files), "notebook") as (begin, finish):
            for name, path in files:
                begin(name)
                student = students.get(path.name, students.get(name, arguments.exam))
                grades.append(grade(path, name, student, arguments.lecture, arguments.timeout))
                finish()
    except KeyboardInterrupt:
        print(f"Stopped: {len(grades)} of {len(files)} files were graded.", file=sys.stderr)
        code = 130
    print(summary(grades))
    if arguments.csv:
        write_csv(arguments.csv, grades, arguments.wide)
    if arguments.json:
        text = json.dumps([asdict(one) for one in grades], indent=1, ensure_ascii=False)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return code


# -- which files --------------------------------------------------------------------------
def submissions(paths: list[Path]) -> list[tuple[str, Path]]:
    """Names and paths of the notebooks: those named, and all those in folders that are named."""
    found = []
    for path in paths:
        if path.is_dir():
            inside = [
                p for p in sorted(path.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts
            ]
            found += [(p.relative_to(path).as_posix(), p) for p in inside]
        elif path.is_file():
            found.append((path.name, path))
        else:
            raise FileNotFoundError(f"there is no file and no folder {path}")
    if not found:
        raise FileNotFoundError(f"there is no notebook in {', '.join(map(str, paths))}")
    return found


def students_of(table: Path) -> dict[str, str]:
    """Whose exam each file is, from a CSV with the columns ``file`` and ``student``."""
    with table.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        if not {"file", "student"} <= set(rows.fieldnames or ()):
            columns = ", ".join(rows.fieldnames or ()) or "none"
            raise FileNotFoundError(
                f"{table} needs the columns file and student, and has {columns}"
            )
        return {row["file"]: row["student"] for row in rows}


# -- one file -----------------------------------------------------------------------------
def grade(
    path: Path,
    name: str = "",
    student: str = "",
    lecture: str | None = None,
    timeout: int = 120,
) -> Grade:
    """Run one notebook in a fresh kernel, in its own folder, and ask how its exercises stand.

    Args:
        path: The notebook. It is read, and not written.
        name: What it is called in the result; by default the file's name.
        student: The word of an exam; empty for none.
        lecture: Number of the lecture, such as ``"02"``; by default that of the exercises in it.
        timeout: Seconds after which a cell is interrupted.

    Returns:
        How its exercises stand. Whatever is wrong with the notebook is told in ``problem``.

    Raises:
        ImportError: nbclient is missing.

    Example:
        >>> from pathlib import Path
        >>> from minigrad_course.grading import grade
        >>> grade(Path("smith_02.ipynb")).problem                   # doctest: +SKIP
        ''
    """
    import nbformat

    result = Grade(name or path.name, student)
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # whatever a student may send: empty, a PDF, half a download
        result.problem = f"is no notebook: {first_line(error)}"
        return result
    lecture = lecture or lecture_of(notebook, path)
    if lecture is None:
        result.problem = "holds no exercise; name the lecture with --lecture"
        return result
    ask = f"{secrets.token_hex(8)} "
    notebook.cells.append(nbformat.v4.new_code_cell(REPORT.format(mark=ask, lecture=lecture)))
    stopped = execute(notebook, path, environment(student), timeout)
    said = [line for line in printed(notebook.cells[-1]) if line.startswith(ask)]
    result.exercises = json.loads(said[-1].removeprefix(ask)) if said else {}
    result.problem = stopped or first_error(notebook, timeout)
    return result


# `builtins.print`: a notebook may have a `print` of its own
REPORT = (
    "import builtins, json\nfrom minigrad_course import lessons\n"
    "builtins.print({mark!r} + json.dumps(lessons.report({lecture!r})))"
)


def lecture_of(notebook: Any, path: Path) -> str | None:
    """The lecture whose exercises a notebook checks, or that its file is named after."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    found = KEY.findall(code) or re.findall(r"(?<!\d)(0\d)_", path.name)
    return max(set(found), key=found.count) if found else None


def environment(student: str) -> dict[str, str]:
    """The kernel's: with the minigrad that grades, and the exam's word and no other."""
    found = {key: value for key, value in os.environ.items() if key != "MINIGRAD_EXAM"}
    if student:
        found["MINIGRAD_EXAM"] = student
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (str(REPOSITORY), found.get("PYTHONPATH"))))
    return found


def execute(notebook: Any, path: Path, env: dict[str, str], timeout: int) -> str:
    """Run all cells; return what ended the run early, if something did."""
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook,
        timeout=timeout,
        startup_timeout=120,
        kernel_name="python3",
        allow_errors=True,
        interrupt_on_timeout=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )

    def go() -> str:
        try:
            client.execute(env=env, stderr=subprocess.DEVNULL)
        except Exception as error:  # the kernel died, or did not start
            return f"was not run to its end: {first_line(error)}"
        return ""

    def end() -> None:
        manager: Any = client.km
        manager.provisioner.process.kill()

    return interruptible(go, end)


def interruptible(work: Callable[[], str], end: Callable[[], None]) -> str:
    # In the main thread nbclient takes Ctrl-C for itself: it ends the kernel and goes on.
    with ThreadPoolExecutor(1) as pool:
        future: Future[str] = pool.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            try:
                end()
            except AttributeError:
                pass  # no kernel yet
            raise


def printed(cell: Any) -> list[str]:
    return "".join(output.get("text", "") for output in cell.get("outputs", ())).splitlines()


def first_error(notebook: Any, timeout: int) -> str:
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and output.ename == "KeyboardInterrupt":
                return f"cell {number}: interrupted after {timeout} s"
            if output.output_type == "error":
                return f"cell {number}: {first_line(f'{output.ename}: {output.evalue}')}"
    return ""


def first_line(error: object) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:120]


# -- what is written ----------------------------------------------------------------------
def summary(grades: list[Grade]) -> str:
    """A line for each file: how many are right, a mark for each exercise, and what went wrong."""
    width = max((len(one.file) for one in grades), default=4)
    lines = []
    for one in grades:
        marks = " ".join(f"{key} {MARKS[e['state']]}" for key, e in one.exercises.items())
        count = f"{one.right} of {len(one.exercises)}" if one.exercises else "–"
        lines.append(f"{one.file:{width}}  {count:>7}  {marks}  {one.problem}".rstrip())
    return "\n".join([*lines, "✓ right  ✗ wrong  ○ not attempted"])


def write_csv(path: Path, grades: list[Grade], wide: bool) -> None:
    """Write a row for each file and exercise, or one for each file."""
    keys = sorted({key for one in grades for key in one.exercises})
    columns = ("file", "student", "right", *keys, "problem") if wide else COLUMNS
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(row for one in grades for row in rows_of(one, wide))


def rows_of(one: Grade, wide: bool) -> Iterator[dict[str, Any]]:
    common = {"file": one.file, "student": one.student, "problem": one.problem}
    if wide:
        states = {key: entry["state"] for key, entry in one.exercises.items()}
        yield {**common, "right": one.right if states else "", **states}
        return
    if not one.exercises:
        yield common
    for key, entry in one.exercises.items():
        yield {**common, "exercise": key, **entry}
