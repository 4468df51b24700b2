"""A lecture that needs TensorFlow installs it where `make lab` made the environment, and only there."""

import importlib.util
import sys

import pytest

from minigrad_course.lessons import installing, need_keras


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository whose environment this is, without TensorFlow until its make.py has run."""
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(installing, "REPOSITORY", tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    there = tmp_path / "tensorflow"
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: (there.exists() or None) if name == "tensorflow" else find(name),
    )
    return tmp_path


def make(repository, *lines: str) -> None:
    text = "\n".join(("import sys", *lines))
    (repository / "make.py").write_text(text, encoding="utf-8")


def test_it_is_installed_once_and_what_is_done_is_shown(repository, capfd):
    make(repository, "print('  50 MB fetched', sys.argv[1:])", "open('tensorflow', 'w')")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        assert need_keras()
    said = capfd.readouterr().out
    assert "600 MB" in said and said.endswith("  50 MB fetched ['keras']\n")
    make(repository, "sys.exit('not again')")
    assert need_keras()
    assert capfd.readouterr().out == ""


def test_what_went_wrong_is_shown(repository, capfd):
    make(repository, "sys.exit('The disk is full.')")
    assert not need_keras()
    assert capfd.readouterr().out.endswith("The disk is full.\n")


def test_where_tensorflow_is_not_built_it_is_said(repository, capfd):
    make(repository)
    assert not need_keras()
    assert "not built for this Python" in capfd.readouterr().out


def test_in_an_environment_of_ones_own_nothing_is_installed(repository, monkeypatch, capfd):
    monkeypatch.setattr(sys, "prefix", str(repository / "conda"))
    make(repository, "open('tensorflow', 'w')")
    assert not need_keras()
    said = capfd.readouterr().out
    assert said.count("\n") == 1 and "pip install --constraint constraints.txt" in said
