"""No loop turns back where Ctrl-C would pass by a handler.

At a loop's way back Python looks at signals. Where a loop stands inside a ``with`` or a ``try`` and
its way back follows a condition, the compilers of Python 3.12 and 3.13 leave that one instruction
out of the table of handlers. In 3.13 what should be given back there is then kept, a lock for ever:
of 3,137 interruptions of such a loop 3,112 left its lock taken (3.13.0), of 3,132 none (3.12.1).
"""

import ast
import dis
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

import minigrad

LIBRARY = Path(minigrad.__file__).parent
# What a drawing leaves behind goes with the generator that a ``with`` has let go.
FILES = [path for path in sorted(LIBRARY.rglob("*.py")) if "display" not in path.parts]


def guarded(tree: ast.AST) -> Iterator[int]:
    """The lines for which something has to be done whatever comes, Ctrl-C included."""
    for node in ast.walk(tree):
        catches = [getattr(h.type, "id", "") for h in getattr(node, "handlers", ())]
        last = bool(getattr(node, "finalbody", ())) or {*catches} & {
            "BaseException",
            "KeyboardInterrupt",
        }
        if isinstance(node, ast.With) or (isinstance(node, ast.Try) and last):
            yield from range(node.body[0].lineno, node.body[-1].end_lineno + 1)


def codes(code: CodeType) -> Iterator[CodeType]:
    """A code and those of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def ways_past(source: str) -> list[int]:
    """Lines whose way back is in no table of handlers, though it is guarded."""
    guards, found = set(guarded(ast.parse(source))), []
    for code in codes(compile(source, "<source>", "exec")):
        table = dis._parse_exception_table(code)
        for step in dis.get_instructions(code):
            covered = any(entry.start <= step.offset < entry.end for entry in table)
            if table and step.opname == "JUMP_BACKWARD" and not covered:
                found += {step.positions.lineno} & guards
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_way_back_passes_by_a_handler(path):
    assert ways_past(path.read_text("utf-8")) == []


@pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 12), (3, 13)), reason="others may leave none out"
)
def test_the_test_finds_one():
    assert ways_past("def f():\n with lock:\n  for x in y:\n   if x:\n    g()\n") == [4]
