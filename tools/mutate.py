"""Mutation testing: break the code in one place, and see whether a test notices.

``python -m tools.mutate 200 --seed 1`` draws 200 mutants of graph, operators, engine, optimizers
and model, and runs the tests of each part on them, one mutant after another, in a copy of the
repository. What becomes of each is printed with its line and the test that found it. A mutant that
all tests pass is equivalent, or a test is missing; one that takes too long is undecided.
Comparisons, arithmetic, numbers, truth values, conditions, statements and results are mutated;
messages, annotations and docstrings are not.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ["minigrad", "minigrad_course", "tests", "tools", "conftest.py", "pyproject.toml"]
TIMEOUT = 900  # seconds that the tests of one part may take
HANGS = "undecided"

# The tests of each part, those that find most first. The doctests of a mutated file come before.
MODEL = (
    "model functional layers callbacks resume right_or_refused right_losses right_callbacks "
    "bad_input weight_files diverging"
)
GRAPHS = "graph_dtypes graph_memory graph_misuse no_derivative numpy_signatures"
TESTS = {
    "graph": f"graph operators {GRAPHS} gradcheck recording engine model",
    "operators": f"operators {GRAPHS} gradcheck layers engine engine_own model",
    "engine": "engine_products engine_verify recording engine_workload plan_table diverging "
    "engine_from_outside engine_threads engine_own engine engine_random engine_networks "
    "engine_interrupt engine_life engine_memory batch_normalization engine_loans",
    "optimizers": "optimizers engine_interrupt model right_or_refused bad_input resume engine",
    "model": MODEL
    + f" {GRAPHS} fit_data sample_weights nothing_to_learn several_outputs showing progress engine_life train_command interop ordinary_scripts",
}
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
LEFT_ALONE = (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Assert)


def mutable(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that say what is computed: no messages, annotations and names of exports."""
    if isinstance(node, LEFT_ALONE):
        return
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("__"):
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from mutable(child)


def mutated(node: ast.AST) -> Iterator[str]:
    """The source of what a node could have been."""
    match node:
        case ast.Compare(ops=[operation]) | ast.BinOp(op=operation) | ast.BoolOp(op=operation):
            if type(operation) in SWAPPED:
                other = ast.parse(ast.unparse(node), mode="eval").body
                if isinstance(other, ast.Compare):
                    other.ops = [SWAPPED[type(operation)]()]  # type: ignore[list-item]
                else:
                    other.op = SWAPPED[type(operation)]()  # type: ignore[attr-defined]
                yield f"({ast.unparse(other)})"
        case ast.Constant(value=bool() | int() | float() as value):
            yield str(not value) if isinstance(value, bool) else f"({value + 1})"
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            swapped = ast.IfExp(test, orelse, body)
            yield f"({ast.unparse(ast.fix_missing_locations(swapped))})"
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield "return None"
        case ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield "pass"


class Mutant:
    """A file in which one node is another."""

    def __init__(self, file: Path, source: str, node: ast.AST, text: str) -> None:
        self.file, self.line = file, node.lineno  # type: ignore[attr-defined]
        lines = source.encode().splitlines(keepends=True)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        begin = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        whole = source.encode()
        self.source = (whole[:begin] + text.encode() + whole[end:]).decode()
        before = " ".join(whole[begin:end].decode().split())
        self.title = f"{file.relative_to(ROOT)}:{self.line}: {before}  →  {text}"


def mutants(part: str) -> Iterator[Mutant]:
    """All that can be made of a part of the library."""
    place = ROOT / "minigrad" / part
    for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        source = file.read_text("utf-8")
        for node in mutable(ast.parse(source)):
            for text in mutated(node):
                yield Mutant(file, source, node, text)


def fault(part: str, place: Path, copy: Path, files: int | None) -> str:
    """What the tests of a part find in a copy of the repository; nothing if all of them pass."""
    tests = [str(place), *(f"tests/test_{name}.py" for name in TESTS[part].split()[:files])]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", "-o", "addopts="]
    command = [sys.executable, "-m", "pytest", *options, "--doctest-modules", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, timeout=TIMEOUT, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return HANGS
    if not done.returncode:
        return ""
    said = done.stdout.decode("utf-8", "replace").splitlines()
    return next((line for line in said if line.startswith(("FAILED", "ERROR"))), said[-1])[:120]


def found_by(mutant: Mutant, part: str, copy: Path, files: int | None) -> str:
    """Which of the tests of its part fails on a mutant; nothing if all of them pass."""
    place = copy / mutant.file.relative_to(ROOT)
    place.write_text(mutant.source, "utf-8")
    try:
        return fault(part, place, copy, files)
    finally:
        shutil.copy(mutant.file, place)


def main() -> None:
    """Draw mutants, test each, and say which survive."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tools.mutate")
    parser.add_argument("count", type=int, help="how many mutants to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of those to be tried")
    parser.add_argument("--files", type=int, help="how many of the test files; all by default")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(TESTS)}; all by default"
    )
    options = parser.parse_intermixed_args()
    made = [(part, mutant) for part in options.parts or TESTS for mutant in mutants(part)]
    drawn = random.Random(options.seed).sample(made, min(options.count, len(made)))
    print(f"{len(drawn)} of {len(made)} mutants, seed {options.seed}", flush=True)
    tried: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="minigrad-mutants-") as folder:
        for name in COPIED:
            place = ROOT / name
            (shutil.copytree if place.is_dir() else shutil.copy)(place, Path(folder) / name)
        (Path(folder) / "data").symlink_to(ROOT / "data")
        for part in dict.fromkeys(part for part, _ in drawn):
            if found := fault(part, Path(folder) / "minigrad" / part, Path(folder), options.files):
                sys.exit(f"the tests of {part} fail with nothing mutated: {found}")
        for number, (part, mutant) in enumerate(drawn):
            if options.only and number not in options.only:
                continue
            test = found_by(mutant, part, Path(folder), options.files)
            tried[part] += 1
            killed[part] += bool(test) and test != HANGS
            print(f"{number} {mutant.title}: {test or 'SURVIVES'}", flush=True)
    for part, count in tried.items():
        print(f"{part}: {killed[part]} of {count} killed")
    print(f"all: {killed.total()} of {tried.total()} killed")


if __name__ == "__main__":
    main()
