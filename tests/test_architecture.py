"""The house: which room may know which, and that nothing is walled in where nobody finds it.

Imports are read from the files, those inside functions and under TYPE_CHECKING as well.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each room may import from those before it, and from itself.
LIBRARY = [
    "shared",
    "config",
    "graph",
    "operators",
    "dual",
    "symbolic",
    "gradcheck",
    "activations",
    "initializers",
    "regularizers",
    "losses",
    "metrics",
    "optimizers",
    "layers",
    "engine",
    "callbacks",
    "display",
    "model",
    "utils",
    "models",
    "datasets",
    "interop",
    "__init__",
    "keras",
    "__main__",
]
COURSE = [
    "repository",
    "series",
    "chance",
    "studies",
    "lessons",
    "explorers",
    "grading",
    "__init__",
]


def modules(package: str) -> dict[str, Path]:
    folder = ROOT / package
    found = {}
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = {**modules("minigrad"), **modules("minigrad_course")}


def imports_of(name: str) -> set[str]:
    """The modules of ours that a module names in its import statements."""
    named = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                named.add(whole if whole in MODULES else node.module)
    return {other for other in named if other in MODULES and other != name}


IMPORTS = {name: imports_of(name) for name in MODULES}


def room(name: str) -> str:
    """The folder or file at the top of the package in which a module lives."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def circles() -> list[set[str]]:
    """Sets of modules each of which reaches all others by imports."""
    reach = {}
    for start in IMPORTS:
        seen, waiting = set(), list(IMPORTS[start])
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting.extend(IMPORTS[here])
        reach[start] = seen
    found = defaultdict(set)
    for name, seen in reach.items():
        if name in seen:
            found[frozenset(other for other in seen if name in reach[other])].add(name)
    return [set(circle) for circle in found]


def test_at_the_top_of_the_library_there_are_few_modules():
    top = [path.stem for path in (ROOT / "minigrad").glob("*.py") if not path.stem.startswith("__")]
    assert len(top) <= 12, top


@pytest.mark.parametrize(
    "package, rooms",
    [("minigrad", LIBRARY), ("minigrad_course", COURSE)],
    ids=["library", "course"],
)
def test_every_room_is_on_the_list(package, rooms):
    here = {room(name) for name in MODULES if name.split(".")[0] == package}
    assert here == set(rooms)


@pytest.mark.parametrize("name", MODULES)
def test_no_arrow_leads_back_up(name):
    package = name.split(".")[0]
    rooms = LIBRARY if package == "minigrad" else COURSE
    allowed = set(rooms[: rooms.index(room(name)) + 1])
    for other in IMPORTS[name]:
        if other.split(".")[0] == package:
            assert room(other) in allowed, f"{name} imports {other}"
        else:
            assert package == "minigrad_course", f"the library imports {other} of the course"


def test_hardly_any_import_goes_round_in_circles():
    """One does: an expression prints itself, and what prints it looks at expressions."""
    assert [sorted(circle) for circle in circles()] in (
        [],
        [["minigrad.symbolic.expression", "minigrad.symbolic.printing"]],
    )


def test_readme_names_every_room():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in (*LIBRARY, *COURSE):
        assert name.startswith("__") or f"{name}/" in text or f"{name}.py" in text, name
