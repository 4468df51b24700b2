"""The files at the door say what the project does: citation, hooks, container, workflows, security."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import commands  # noqa: E402

yaml = pytest.importorskip("yaml", reason="PyYAML comes with JupyterLab")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_readme_and_citation_name_the_same_works():
    """CITATION.cff is the home: whatever README cites stands there, with its year and authors."""
    cited = yaml.safe_load(text("CITATION.cff"))["references"]
    entries = re.findall(r"@\w+\{.*?\n\}", text("README.md"), re.DOTALL)
    assert len(entries) == len(cited)
    for entry, work in zip(entries, cited, strict=True):
        fields = dict(re.findall(r"(\w+)\s*=\s*\{(.*)\},", entry))
        assert (fields["title"], fields["year"]) == (work["title"], str(work["year"]))
        names = [f"{author['given-names']} {author['family-names']}" for author in work["authors"]]
        assert fields["author"].split(" and ") == names


def test_the_citation_is_of_this_version():
    assert yaml.safe_load(text("CITATION.cff"))["version"] == minigrad.__version__


def test_the_change_log_has_this_version_or_the_next():
    newest = re.search(r"^## (\d+\.\d+\.\d+)(, unreleased)?", text("CHANGELOG.md"), re.MULTILINE)
    assert newest[2] or newest[1] == minigrad.__version__
    assert f"## {minigrad.__version__}" in text("CHANGELOG.md")


def test_the_hooks_do_what_lint_does_and_fetch_nothing():
    (repository,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    hooks = [hook["entry"].split()[:2] for hook in repository["hooks"]]
    linted = inspect.getsource(commands.lint)
    assert [hook[0] for hook in hooks] == re.findall(r'"-m", "(\w+)"', linted)
    assert all(hook["language"] == "system" for hook in repository["hooks"])


def test_the_container_runs_the_commands_that_are_there():
    container = json.loads(text(".devcontainer/devcontainer.json"))
    for moment in ("postCreateCommand", "postAttachCommand"):
        script, command = container[moment].split()[1:3]
        assert script == "make.py" and command in commands.COMMANDS


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("github-workflows", ".github/workflows/*.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/[!c]*.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        ("citation-file-format", "CITATION.cff"),
    ],
)
def test_what_a_public_server_reads_is_as_its_schema_says(kind, pattern):
    pytest.importorskip("check_jsonschema", reason="it belongs to the extra `test`")
    files = [str(path) for path in ROOT.glob(pattern)]
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{kind}"]
    done = subprocess.run([*command, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_integration_runs_the_commands_of_everybody():
    assert "make lint\nmake test ARGS=" in text(".ci/run")
    workflow = yaml.safe_load(text(".github/workflows/test.yml"))
    jobs = workflow["jobs"]
    weekly = jobs.pop("long")
    assert weekly["if"] == "github.event_name == 'schedule'"
    assert "make.py test-long" in weekly["steps"][-1]["run"]
    assert all(job["timeout-minutes"] <= 60 for job in jobs.values())
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    for command in ("lab", "lint", "test", "book"):
        assert any(f"make.py {command}" in step for step in steps), command


@pytest.mark.parametrize("folder", ["minigrad", "minigrad_course"])
def test_nothing_is_run_that_came_out_of_a_file(folder):
    """What SECURITY.md promises."""
    forbidden = re.compile(
        r"(?<![\w.])(eval|exec)\(|os\.system|shell=True|import pickle|allow_pickle=True"
    )
    for path in sorted((ROOT / folder).rglob("*.py")):
        assert not forbidden.search(path.read_text(encoding="utf-8")), path.name
