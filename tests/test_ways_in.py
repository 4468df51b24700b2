"""Every way in, from a fresh clone to a network that has learned: minutes and a package index each.

They belong to ``make test-long``. What can be seen without a network, as that a wheel works
elsewhere, is in ``test_packaging.py`` and ``test_make.py``.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from long_forms import LONG, has_a_long_form

yaml = pytest.importorskip("yaml", reason="PyYAML comes with JupyterLab")
ROOT = Path(__file__).resolve().parents[1]
pytestmark = [
    has_a_long_form,
    pytest.mark.skipif(not LONG, reason="takes minutes and a network: make test-long"),
]
TRAIN = ["-m", "minigrad", "train", "--epochs", "1", "--pictures", "2000"]
LECTURE = ["-m", "jupyter", "execute", "notebooks/00_start_here.ipynb"]
# Of what Colab has installed, what the lectures use: its public list, as of August 2026.
COLAB = (
    "ipykernel==6.17.1 ipython==7.34.0 ipywidgets==7.7.1 jupyter_client==7.4.9 "
    "jupyterlab_widgets==3.0.16 matplotlib==3.10.0 nbclient numpy==2.1.3 psutil==5.9.5 setuptools "
    "threadpoolctl==3.6.0 tqdm==4.67.3 traitlets==5.7.1 widgetsnbextension==3.6.10"
)
# What is tried with the oldest and the newest versions; the workflow of CI runs everything.
PART = "graph operators dual layers model engine datasets display weight_files packaging"


def run(words: list, folder: Path, **environment: str) -> str:
    """What a program says, without the environment of this run; where it fails, all of that."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**ours, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"{shlex.join(map(str, words))}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture
def clone(tmp_path) -> Path:
    """The repository as it is committed, in a folder of its own."""
    run(["git", "clone", "--quiet", ROOT, tmp_path / "minigrad"], tmp_path)
    return tmp_path / "minigrad"


def python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def new_environment(folder: Path) -> Path:
    """The Python of a fresh environment."""
    run([sys.executable, "-m", "venv", folder], folder.parent)
    return python_of(folder)


@pytest.fixture(scope="module")
def uv(tmp_path_factory) -> Path:
    """uv, as pip installs it."""
    python = new_environment(tmp_path_factory.mktemp("uv") / "env")
    run([python, "-m", "pip", "install", "--quiet", "uv"], python.parent)
    return python.with_name("uv.exe" if os.name == "nt" else "uv")


@pytest.fixture
def noted(figures, request):
    """Note how long the way took."""
    start = time.perf_counter()
    yield
    figures(f"{request.node.name}: {time.perf_counter() - start:.0f} s")


def try_out(python: Path, clone: Path) -> None:
    """A network learns from the repository's data, and the first lecture runs."""
    assert "test accuracy" in run([python, *TRAIN], clone)
    run([python, *LECTURE], clone)
    assert run(["git", "status", "--porcelain"], clone) == ""


def test_pip_in_an_environment_of_ones_own(clone, noted):
    python = new_environment(clone / ".venv")
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", "constraints.txt"]
    run([*pip, "--editable", ".[notebooks]"], clone)
    run([python, "-m", "pip", "check"], clone)
    try_out(python, clone)


def test_uv(clone, uv, noted):
    run([uv, "venv"], clone)
    run([uv, "pip", "install", "--editable", ".[notebooks]"], clone)
    try_out(python_of(clone / ".venv"), clone)
    assert "test accuracy" in run([uv, "run", "python", *TRAIN], clone)
    # and what uv has made is good for make.py, which wants a pip
    assert run([sys.executable, "make.py", "lab", "--version"], clone)


def test_what_pip_installs_for_conda(clone, noted):
    listed = yaml.safe_load((clone / "environment.yml").read_text(encoding="utf-8"))
    (wanted,) = (part["pip"] for part in listed["dependencies"] if isinstance(part, dict))
    python = new_environment(clone / ".venv")
    file = clone / "condaenv.requirements.txt"  # beside environment.yml, as conda writes it
    file.write_text("\n".join(wanted), encoding="utf-8")
    run([python, "-m", "pip", "install", "-U", "-r", file, "--exists-action=b"], clone)
    file.unlink()
    run([python, "-m", "pip", "check"], clone)
    try_out(python, clone)
    run([python, "tools/own_copy.py"], clone)
    assert (clone / "mine" / "notebooks" / "00_start_here.ipynb").is_file()


def test_what_binder_reads_is_what_repo2docker_takes(clone, noted):
    """Up to the image, for which it would need docker: the recipe that it writes."""
    python = new_environment(clone.parent / "repo2docker")
    run([python, "-m", "pip", "install", "--quiet", "jupyter-repo2docker"], clone)
    words = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan", "."]
    recipe = run([python, "-m", "repo2docker", *words], clone)
    assert 'env update -p ${NB_PYTHON_PREFIX} --file ".binder/environment.yml"' in recipe
    assert "RUN ./.binder/postBuild" in recipe


def test_binder(clone, noted):
    python = new_environment(clone.parent / "binder")
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    run(["bash", ".binder/postBuild"], clone, PATH=path)
    try_out(python, clone)


def test_colabs_cell_with_colabs_versions(clone, noted):
    """README's cell above lecture 02, whose explorers need widgets: no minigrad is installed."""
    python = new_environment(clone.parent / "colab")
    run([python, "-m", "pip", "install", "--quiet", *COLAB.split()], clone)
    (row,) = re.findall(r"^\| Colab \|.*", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    cell = "\n".join(re.findall(r"`((?:!git|import sys)[^`]+)`", row))
    cell = cell.replace("https://github.com/OWNER/NAME", clone.as_uri())
    content = clone.parent / "content"
    content.mkdir()
    lecture = json.loads((clone / "notebooks" / "02_graph_nodes.ipynb").read_text("utf-8"))
    first = {"cell_type": "code", "id": "colab", "metadata": {}, "outputs": []}
    first |= {"execution_count": None, "source": cell.replace("/content", str(content))}
    lecture["cells"].insert(0, first)
    (content / "lecture.ipynb").write_text(json.dumps(lecture), encoding="utf-8")
    run([python, "-m", "jupyter", "execute", "lecture.ipynb"], content)
    assert (content / "minigrad" / "README.md").is_file()


def test_the_container_and_what_make_builds(clone, noted):
    container = json.loads((clone / ".devcontainer/devcontainer.json").read_text("utf-8"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    assert "Everything is there" in run(
        shlex.split(container["postCreateCommand"]), clone, PATH=path
    )
    serve = shlex.split(container["postAttachCommand"])
    assert answers([sys.executable, *serve[1:]], clone)
    for command in ("book", "lite"):
        assert f"build/{command}" in run([sys.executable, "make.py", command], clone)
    try_out(python_of(clone / ".venv"), clone)


def answers(command: list[str], folder: Path) -> bool:
    """Whether JupyterLab answers within a minute and a half; it is ended again."""
    port = 18_000 + os.getpid() % 1000
    words = [*command, f"--port={port}"]
    with subprocess.Popen(
        words, cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True
    ) as lab:
        try:
            for _ in range(90):
                time.sleep(1)
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api") as answer:
                        return answer.status == 200
                except OSError:
                    continue
            return False
        finally:
            os.killpg(lab.pid, signal.SIGTERM)  # make.py, and the server that it runs


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_release_that_is_built_and_used_elsewhere(clone, kind, noted):
    python = new_environment(clone.parent / "elsewhere")
    run([python, "-m", "pip", "install", "--quiet", "build"], clone)
    run([python, "-m", "build", f"--{kind}", "--outdir", clone.parent / "dist", "."], clone)
    (file,) = (clone.parent / "dist").iterdir()
    run([python, "-m", "pip", "install", "--quiet", f"minigrad @ {file.as_uri()}"], clone.parent)
    data = clone / "data" / "fashion-mnist"
    said = run([python, *TRAIN, "--data", data], clone.parent)
    assert "test accuracy" in said
    where = run([python, "-c", "import minigrad; print(minigrad.__file__)"], clone.parent)
    assert "elsewhere" in where


@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_the_oldest_and_the_newest_versions(clone, uv, resolution, noted, figures):
    run([uv, "venv", "--seed", "--python", sys.executable], clone)
    words = ["--resolution", resolution, "--editable", ".[notebooks,test,book,lite]", "setuptools"]
    run([uv, "pip", "install", *words], clone)
    tests = [f"tests/test_{name}.py" for name in PART.split()]
    options = ["-q", "-m", "not browser", "minigrad", *tests, "notebooks/02_graph_nodes.ipynb"]
    said = run([python_of(clone / ".venv"), "-m", "pytest", *options], clone, MINIGRAD_LONG="")
    versions = run([uv, "pip", "freeze"], clone)
    numpy = versions.split("numpy==")[1].split()[0]
    figures(f"{resolution}, NumPy {numpy}: {said.splitlines()[-1]}")
