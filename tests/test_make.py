"""make.py: a student's own copy survives, and what goes wrong is one sentence."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # make.py and its tools belong to no package

from tools import commands, own_copy, setting_up  # noqa: E402

# A student's own copy


def notebook(*sources: str, outputs: str = "") -> str:
    cells = [
        {"cell_type": "code", "source": s, "metadata": {}, "outputs": [outputs]} for s in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def school(tmp_path, monkeypatch):
    """A small repository, and the function that lays the copy out and returns what it said."""
    monkeypatch.setattr(own_copy, "trust", lambda notebooks: None)
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    for name in ("00_start.ipynb", "01_next.ipynb", "solutions/01_next.ipynb"):
        (tmp_path / "notebooks" / name).write_text(notebook("1 + 1"))
    (tmp_path / "KERAS.md").write_text("what is covered")
    return tmp_path


@pytest.fixture
def lay_out(school, capsys):
    def once() -> str:
        own_copy.lay_out(school, school / "mine")
        return capsys.readouterr().out

    return once


def test_the_first_time_everything_is_laid_out_where_the_address_leads(school, lay_out):
    assert lay_out() == ("Your copy of the lectures is in mine/notebooks. git does not touch it.\n")
    for name in ("notebooks/00_start.ipynb", "notebooks/solutions/01_next.ipynb", "KERAS.md"):
        assert (school / "mine" / name).read_bytes() == (school / name).read_bytes()
    assert lay_out() == ""


def test_new_and_changed_lectures_come_in(school, lay_out):
    lay_out()
    (school / "notebooks" / "02_new.ipynb").write_text(notebook("2"))
    (school / "notebooks" / "01_next.ipynb").write_text(notebook("better"))
    assert lay_out() == (
        "Your copy of the lectures, mine/: new: 02_new.ipynb; changed: 01_next.ipynb.\n"
    )
    assert "better" in (school / "mine/notebooks/01_next.ipynb").read_text()


def test_what_was_edited_is_never_touched(school, lay_out):
    lay_out()
    mine = school / "mine/notebooks/01_next.ipynb"
    mine.write_text(notebook("my own answer"))
    assert lay_out() == ""  # nothing is newer
    (school / "notebooks" / "01_next.ipynb").write_text(notebook("better"))
    assert "You edited 01_next.ipynb, so yours stays." in lay_out()
    assert "my own answer" in mine.read_text()


def test_who_wants_the_new_one_renames_the_own(school, lay_out):
    test_what_was_edited_is_never_touched(school, lay_out)
    mine = school / "mine/notebooks/01_next.ipynb"
    mine.rename(mine.with_name("01_old.ipynb"))
    assert "new: 01_next.ipynb" in lay_out()
    assert "better" in mine.read_text()
    assert "my own answer" in mine.with_name("01_old.ipynb").read_text()


def test_to_have_run_a_lecture_is_not_to_have_edited_it(school, lay_out):
    lay_out()
    mine = school / "mine/notebooks/01_next.ipynb"
    mine.write_text(notebook("1 + 1", outputs="2"))
    (school / "notebooks" / "01_next.ipynb").write_text(notebook("better"))
    assert "changed: 01_next.ipynb" in lay_out()


@pytest.mark.parametrize("damage", ["", "not json", None])
def test_without_the_list_of_what_was_laid_out_everything_counts_as_edited(school, lay_out, damage):
    lay_out()
    listed = school / "mine" / own_copy.MANIFEST
    listed.unlink() if damage is None else listed.write_text(damage)
    (school / "notebooks" / "01_next.ipynb").write_text(notebook("better"))
    assert "You edited 01_next.ipynb" in lay_out()


def test_what_was_edited_in_the_repository_is_laid_out_and_counts_as_edited(school, lay_out):
    for words in ("init -q", "add .", "-c user.name=x -c user.email=x commit -qm x"):
        subprocess.run(["git", *words.split()], cwd=school, check=True)
    source = school / "notebooks" / "01_next.ipynb"
    source.write_text(notebook("answer, typed into the repository's"))
    lay_out()
    source.write_text(notebook("better"))
    assert "You edited 01_next.ipynb" in lay_out()
    assert "typed into" in (school / "mine/notebooks/01_next.ipynb").read_text()


def test_a_disk_that_is_full_loses_nothing(school, lay_out, monkeypatch):
    lay_out()
    (school / "notebooks" / "01_next.ipynb").write_text(notebook("better"))

    def full(source, target):
        Path(target).write_text("ha")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(SystemExit, match=r"^Your copy of the lectures, mine/, cannot be written: "):
        lay_out()
    assert (school / "mine/notebooks/01_next.ipynb").read_text() == notebook("1 + 1")
    assert not list((school / "mine/notebooks").glob(".*"))


def test_every_link_of_every_lecture_leads_somewhere_in_the_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(own_copy, "trust", lambda notebooks: None)
    own_copy.lay_out(ROOT, tmp_path / "mine")
    copies = sorted((tmp_path / "mine/notebooks").rglob("*.ipynb"))
    assert (tmp_path / "mine" / commands.START) in copies
    for path in copies:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
        here = ROOT / path.parent.relative_to(tmp_path / "mine")
        links = [link for link in links if (here / link).exists()]
        assert [link for link in links if not (path.parent / link).exists()] == [], path.name


def test_git_does_not_see_the_copy():
    command = ["git", "check-ignore", "mine/notebooks/00_start_here.ipynb", "uv.lock"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        pytest.skip("no git")
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert len(done.stdout.splitlines()) == 2


# What can go wrong


def test_an_old_python_can_read_make_and_is_told():
    text = (ROOT / "make.py").read_text(encoding="ascii")
    ast.parse(text, feature_version=(3, 4))
    assert "__future__" not in text and not re.search(r"""\bf["']|->|: \w+ =""", text)
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 18); "
        "runpy.run_path('make.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("minigrad needs Python 3.11 or newer; this is 3.8.18 (")
    assert "Traceback" not in done.stderr


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """The set-up in a folder of its own: a repository that has moved there, or is new."""
    monkeypatch.setattr(setting_up, "ROOT", tmp_path)
    monkeypatch.setattr(setting_up, "ENVIRONMENT", tmp_path / ".venv")
    python = tmp_path / ".venv" / setting_up.PYTHON.relative_to(ROOT / ".venv")
    monkeypatch.setattr(setting_up, "PYTHON", python)
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_no_network_is_a_sentence(fresh, monkeypatch):
    """Real pip, and an index that is not there."""
    (fresh / ".venv").mkdir()
    monkeypatch.setattr(setting_up, "PYTHON", Path(sys.executable))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    target = ["--target", fresh / "nowhere", "--retries", "1"]
    with pytest.raises(SystemExit) as ended:
        setting_up.fetch([sys.executable, "-m", "pip", "install", *target, "no-such-package"])
    assert ended.value.code == setting_up.NO_NETWORK


@pytest.mark.parametrize(
    ("pip", "sentence"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk is full. Make room, and run the same command again.",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'",
            "No permission to write there. (ERROR: Could not install packages due to an OSError: "
            "[Errno 13] Permission denied: 'x')",
        ),
        ("ERROR: Exception:\nsomething new", None),
    ],
)
def test_what_pip_says_is_told_in_a_sentence(pip, sentence):
    assert setting_up.explain(pip) == sentence


def test_what_pip_says_stands_where_we_know_no_sentence(fresh):
    (fresh / ".venv").mkdir()
    with pytest.raises(SystemExit, match="something new\n\npip could not install what is needed"):
        setting_up.fetch([sys.executable, "-c", "import sys; sys.exit('something new')"])


def test_a_disk_with_too_little_room_is_told_before_anything_is_fetched(fresh, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100_000_000))
    with pytest.raises(SystemExit, match=r"^The disk is full: .* and 100 MB are free"):
        setting_up.set_up(["notebooks"])
    assert not (fresh / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(fresh, monkeypatch):
    def create(*arguments, **options):
        raise PermissionError(13, "Permission denied", str(fresh / ".venv"))

    monkeypatch.setattr(setting_up.venv, "create", create)
    with pytest.raises(SystemExit, match=r"^No permission to write there"):
        setting_up.set_up(["dev"])


def environment_without_pip(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)


def test_an_environment_without_pip_as_uv_makes_it_gets_one(fresh):
    environment_without_pip(fresh)
    (fresh / ".venv" / "theirs").touch()
    setting_up.make_environment()
    assert setting_up.succeeds([setting_up.PYTHON, "-m", "pip", "--version"])
    assert (fresh / ".venv" / "theirs").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(fresh, monkeypatch):
    setting_up.PYTHON.parent.mkdir(parents=True)
    setting_up.PYTHON.symlink_to(fresh / "a-python-that-was-removed")
    asked = []
    monkeypatch.setattr(setting_up.venv, "create", lambda *a, **options: asked.append(options))
    setting_up.make_environment()
    assert asked == [{"with_pip": True, "clear": True}]


def test_after_a_move_or_with_other_versions_it_is_set_up_again(fresh, monkeypatch):
    installed = []
    monkeypatch.setattr(
        setting_up, "make_environment", lambda: (fresh / ".venv").mkdir(exist_ok=True)
    )
    monkeypatch.setattr(setting_up, "install", lambda extras: installed.append(extras))
    setting_up.set_up(["notebooks", "keras"])
    setting_up.set_up(["notebooks"])
    assert installed == [["keras", "notebooks"]]  # the second time it was there

    monkeypatch.setattr(setting_up, "ROOT", shutil.copytree(fresh, fresh.parent / "moved"))
    setting_up.set_up(["notebooks"])  # what was there moves along
    assert installed == 2 * [["keras", "notebooks"]]

    with (setting_up.ROOT / "constraints.txt").open("a") as pins:
        pins.write("other==1.0\n")
    setting_up.set_up(["notebooks"])
    assert installed == 3 * [["keras", "notebooks"]]


# The commands


@pytest.fixture
def called(monkeypatch):
    """What is set up and run, in place of doing it."""
    calls = []
    monkeypatch.setattr(commands, "set_up", lambda extras: calls.append(extras))
    monkeypatch.setattr(commands, "run", lambda command: calls.append([str(c) for c in command]))
    monkeypatch.setattr(own_copy, "lay_out", lambda: calls.append("laid out"))
    monkeypatch.setattr(commands.signal, "signal", lambda *arguments: None)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")

    def call(*words: str) -> list:
        calls.clear()
        monkeypatch.setattr(sys, "argv", ["make.py", *words])
        commands.main()
        return calls

    return call


def test_lab_serves_the_copy_without_tensorflow_on_this_machine_alone(called):
    extras, laid_out, command = called("lab", "--no-browser", "--port=9999")
    assert (extras, laid_out) == (["notebooks"], "laid out")
    assert command[1:3] == ["-m", "jupyterlab"]
    assert command[-2:] == ["--no-browser", "--port=9999"]
    assert f"--ServerApp.root_dir={ROOT / 'mine'}" in command
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command
    paths = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert paths == ["theirs", str(ROOT / "tools" / "jupyter")]


def test_lab_with_keras_installs_it_and_does_not_pass_the_word_on(called):
    extras, _, command = called("lab", "--keras")
    assert extras == ["notebooks", "keras"]
    assert "--keras" not in command


def test_test_installs_everything_and_passes_the_words_on(called):
    extras, command = called("test", "-k", "datasets")
    assert extras == ["notebooks", "keras", "test", "book", "lite"]
    assert command[1:3] == ["-m", "pytest"]
    assert command[-2:] == ["-k", "datasets"]


def test_two_processes_share_the_tests_and_none_has_part_of_a_file(called):
    _, command = called("test")
    options = " ".join(command)
    assert "--maxprocesses 2" in options and "--dist loadfile" in options


def test_the_long_forms_are_the_marked_tests_and_a_switch(called, monkeypatch):
    monkeypatch.setenv("MINIGRAD_LONG", "")
    extras, command = called("test-long", "-x")
    assert extras == ["notebooks", "keras", "test"]
    assert command[1:] == ["-m", "pytest", "tests", "-m", "long", "-x"]
    assert os.environ["MINIGRAD_LONG"] == "1"


def test_how_much_there_is_to_fetch_is_said_alike():
    lab = f"{setting_up.FETCHED['notebooks']} MB"
    about = f"{round(setting_up.FETCHED['keras'], -2)} MB"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`make lab` fetches {lab}" in readme and f"TensorFlow's {about}" in readme
    for name in ("minigrad_course/lessons/installing.py", "notebooks/05_keras_reference.ipynb"):
        assert about in (ROOT / name).read_text(encoding="utf-8")


def test_help_tells_what_each_command_does():
    done = subprocess.run(
        [sys.executable, "make.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name, does in commands.COMMANDS.items():
        assert f"  {name:10} {does.__doc__}" in done.stdout


def test_jupyter_does_not_ask_for_news_and_encrypts():
    file = ROOT / "tools/jupyter/labconfig/default_setting_overrides.json"
    settings = json.loads(file.read_text())["@jupyterlab/apputils-extension:notification"]
    assert settings["fetchNews"] == "false"
    config = pytest.importorskip("traitlets.config").PyFileConfigLoader(
        "jupyter_server_config.py", str(ROOT / "tools/jupyter")
    )
    assert config.load_config().KernelManager.transport_encryption == "auto"
