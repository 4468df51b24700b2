"""Promises about the project as a whole: what an import costs, what is documented, what is written."""

import ast
import importlib.metadata
import importlib.util
import inspect
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.specifiers import SpecifierSet

import minigrad
from minigrad.__main__ import COMMANDS, main
from minigrad.datasets import DataError
from minigrad.graph import NUMPY_FUNCTIONS

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "matplotlib",
    "ipywidgets",
    "IPython",
    "tensorflow",
    "keras",
    "tqdm",
    "torch",
    "jax",
    "scipy",
)


def python(code: str) -> str:
    # as for a user: with compiled files, whatever the settings here
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment,
    )
    return done.stdout


# Importing


def test_import_brings_in_nothing_but_numpy():
    code = f"import sys, minigrad; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code).strip() == "[]"


def test_import_is_quick():
    """At most twice NumPy's own, in the same process; both take about 55 ms here, on one core."""
    code = (
        "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; from time import process_time as now; "
        "start = now(); import numpy; middle = now(); import minigrad; "
        "print((now() - middle) / (middle - start))"
    )
    python(code)  # writes the compiled files
    # the least of several, since what else runs on the machine can only add to it
    assert min(float(python(code)) for _ in range(9)) < 2


def modules_of_the_core() -> list[Path]:
    outside = {"display", "interop", "__main__.py"}
    folder = ROOT / "minigrad"
    return [
        path
        for path in sorted(folder.rglob("*.py"))
        if path.relative_to(folder).parts[0] not in outside
    ]


@pytest.mark.parametrize("path", modules_of_the_core(), ids=lambda path: path.name)
def test_core_needs_numpy_alone(path):
    """tqdm and IPython may be asked for, inside a function; tests/test_architecture.py has the rooms."""
    forbidden = set(HEAVY) - {"tqdm", "IPython"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        else:
            continue
        assert not names & forbidden, f"line {node.lineno}"


# Documentation


def public_names() -> dict[str, object]:
    """Everything that a user reaches through ``import minigrad as mg``, by its dotted name."""
    found: dict[str, object] = {}

    def collect(module: ModuleType, prefix: str) -> None:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            found[f"{prefix}.{name}"] = value
            if inspect.ismodule(value):
                collect(value, f"{prefix}.{name}")

    collect(minigrad, "minigrad")
    return found


PUBLIC = public_names()


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_documented(name):
    value = PUBLIC[name]
    if not (inspect.ismodule(value) or inspect.isclass(value) or inspect.isroutine(value)):
        return  # an instance, which its class documents
    document = inspect.getdoc(value) or ""
    assert document, "no docstring"
    called_by_numpy = value in NUMPY_FUNCTIONS.values()  # np.sin(node) is how one builds a Sin
    if not inspect.ismodule(value) and not called_by_numpy:
        assert ">>>" in document, "no example that runs"
    if inspect.isclass(value):
        for method, member in vars(value).items():
            if not method.startswith("_") and inspect.isfunction(member):
                assert inspect.getdoc(getattr(value, method)), f"{method}: no docstring"


@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.ismodule(PUBLIC[name])])
def test_public_module_says_what_is_public(name):
    assert PUBLIC[name].__all__


def test_every_module_begins_with_a_sentence():
    for path in sorted((ROOT / "minigrad").rglob("*.py")):
        if path.name != "conftest.py":  # pytest's, not the library's
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name


def test_readme_opens_with_a_picture_and_the_two_commands():
    opening = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    assert 0 < opening.index("![") < opening.index("make lab") < opening.index("make test") < 500


def test_links_in_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), target


def test_first_example_in_the_readme_gives_the_numbers_beside_it():
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)[1]
    promised = [float(number) for number in re.findall(r"# (-?\d+\.\d+)", example)]
    names: dict[str, object] = {}
    exec(example, names)
    computed = [names["y"].value, names["x"].gradient]
    assert computed == pytest.approx(promised, abs=1e-14)


# The command line


def test_commands_explain_themselves():
    done = subprocess.run(
        [sys.executable, "-m", "minigrad", "--help"], capture_output=True, text=True, check=True
    )
    for command in COMMANDS:
        assert command in done.stdout


@pytest.fixture
def command(monkeypatch):
    """A command ``try`` whose run() does what the test wants."""

    def define(run) -> None:
        module = ModuleType("try_command")
        module.add_arguments = lambda parser: parser.add_argument("--epochs", type=int, default=1)
        module.run = run
        monkeypatch.setitem(sys.modules, "try_command", module)
        monkeypatch.setitem(COMMANDS, "try", ("try_command", "try it"))
        monkeypatch.setitem(COMMANDS, "absent", ("no_such_module", "is not imported"))

    return define


def test_command_gets_its_options_and_gives_the_exit_code(command):
    command(lambda arguments: arguments.epochs)
    assert main(["try", "--epochs", "7"]) == 7


def test_missing_data_are_one_line_and_no_traceback(command, capsys):
    def run(arguments):
        raise DataError("x.gz: truncated")

    command(run)
    assert main(["try"]) == 1
    assert capsys.readouterr().err == "minigrad try: x.gz: truncated\n"


def test_interrupting_a_command_is_no_error(command):
    def run(arguments):
        raise KeyboardInterrupt

    command(run)
    assert main(["try"]) == 130


# Versions


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(
        line.split(";")[0].strip().lower().split("==") for line in lines if not line.startswith("#")
    )


def test_every_direct_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = itertools.chain(project["dependencies"], *extras)
    names = [re.match(r"[\w-]+", requirement)[0].lower() for requirement in wanted]
    assert [name for name in names if name not in pins()] == []


def test_every_pinned_version_runs_on_the_oldest_python_that_is_promised():
    """On 3.11.0, that is: Debian 12 has 3.11.2, and some packages ask for 3.11.5."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=") + ".0"
    pinned = pins()
    too_new = [
        f"{found.name}=={found.version} asks for Python {asked}"
        for found in importlib.metadata.distributions()
        if pinned.get((found.name or "").lower()) == found.version
        and (asked := found.metadata.get("Requires-Python"))
        and not SpecifierSet(asked).contains(oldest)
    ]
    assert too_new == []


def test_no_file_of_the_setup_names_a_host_but_the_data_and_the_documentation():
    for name in ("constraints.txt", "pyproject.toml", "environment.yml", "make.py", "Makefile"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8"), name


def test_no_tracked_file_names_a_path_of_a_machine():
    try:
        tracked = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    pattern = re.compile(r"(?<![\w./~$}])/(?:home|root|work|Users)/[A-Za-z]")
    faults = []
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix not in {".py", ".md", ".toml", ".txt", ".yml", ".cfg", ".json", ".csv"}:
            continue
        if path.name == "test_notebooks_stored.py" or not path.exists():
            continue  # the test that shows such paths to be found
        if found := pattern.search(path.read_text(encoding="utf-8")):
            faults.append(f"{name}: {found[0]}")
    assert faults == []


def test_the_readme_shows_the_benchmark_that_is_committed():
    specification = importlib.util.spec_from_file_location(
        "write_benchmark", ROOT / "tools" / "write_benchmark.py"
    )
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == script.filled(readme, script.section())


BRITISH = re.compile(
    r"\b\w*(colour|centre|neighbour|favour|behaviour|greyscale)\w*\b"
    r"|\b\w*(optim|summar|normal|recogn|initial|general|real|organ|vectori|minim)is(e[ds]?|ing|ation)\b"
    r"|\bgrey\b",
    re.IGNORECASE,
)


def test_the_spelling_is_american():
    """As Keras's names are; the lectures' file names alone stay as they were."""
    files = [
        path
        for pattern in (
            "minigrad*/**/*.py",
            "tests/*.py",
            "tools/*.py",
            "*.md",
            "notebooks/**/*.ipynb",
        )
        for path in ROOT.glob(pattern)
        if path != Path(__file__) and ".ipynb_checkpoints" not in path.parts
    ]
    assert len(files) > 200
    for path in files:
        text = path.read_text(encoding="utf-8").replace("04_optimised_version", "")
        found = [m[0] for m in BRITISH.finditer(text) if m[0].lower() not in ("realise",)]
        assert not found, f"{path.relative_to(ROOT)}: {found}"


def test_readme_counts_the_verdicts_as_the_committed_run_gives_them():
    results = json.loads((ROOT / "data/results/reproduce/results.json").read_text(encoding="utf-8"))
    count = [row["verdict"] for row in results["verdicts"]].count
    words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (
        f"Of {words[len(results['verdicts'])]} claims {words[count('holds')]} hold, "
        f"{words[count('holds in part')]} hold in part, {words[count('does not hold')]} does not, "
        f"and {words[count('a matter of words')]} is a matter of words"
    ) in text
