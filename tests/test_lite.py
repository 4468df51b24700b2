"""The site of the lectures that run in a browser: it is built without a network, and whole."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import extras
import pytest

import minigrad

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the tools belong to no package

from tools import own_copy  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built as `make lite` does, where nothing but this machine can be reached."""
    extras.need("lite", "jupyterlite_core")
    folder = tmp_path_factory.mktemp("lite")
    built = "from pathlib import Path; from tools.lite import build; import sys; "
    built += "build(*map(Path, sys.argv[1:]))"
    nowhere = {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all")}
    command = [sys.executable, "-c", built, folder / "site", folder / "work"]
    environment = {**os.environ, **nowhere}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def wheels(site) -> dict[str, zipfile.ZipFile]:
    """The wheels that the site's own index offers, by project, as the kernel looks them up."""
    config = json.loads((site / "jupyter-lite.json").read_text(encoding="utf-8"))
    (settings,) = (
        kernel
        for name, kernel in config["jupyter-config-data"]["litePluginSettings"].items()
        if "pyodide-kernel" in name
    )
    (address,) = (url for url in settings["pipliteUrls"] if url.startswith("./pypi/"))
    index = json.loads((site / "pypi" / "all.json").read_text(encoding="utf-8"))
    assert hashlib.sha256((site / "pypi" / "all.json").read_bytes()).hexdigest() in address
    found = {}
    for project in ("minigrad", "minigrad-data"):
        (release,) = index[project]["releases"][minigrad.__version__]
        file = site / "pypi" / release["url"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == release["digests"]["sha256"]
        found[project] = zipfile.ZipFile(file)
    return found


def test_it_has_the_settings_of_make_lab(site):
    config = json.loads((site / "jupyter-lite.json").read_text(encoding="utf-8"))
    settings = config["jupyter-config-data"]["settingsOverrides"]
    assert settings == json.loads(
        (ROOT / "tools/jupyter/labconfig/default_setting_overrides.json").read_text()
    )


def notebook(site: Path, name: str) -> list[dict]:
    return json.loads((site / "files" / name).read_text(encoding="utf-8"))["cells"]


def test_every_lecture_is_there_with_its_solutions_and_what_it_links(site):
    for source in own_copy.sources(ROOT):
        name = source.relative_to(ROOT).as_posix()
        assert (site / "files" / name).is_file(), name
        folder, _, file = name.rpartition("/")
        listed = json.loads((site / "api" / "contents" / folder / "all.json").read_text("utf-8"))
        assert file in [entry["name"] for entry in listed["content"]]


def test_a_cell_on_top_installs_what_the_site_has_in_its_version_alone(site, wheels):
    for path in sorted(ROOT.glob("notebooks/**/*.ipynb")):
        name = path.relative_to(ROOT).as_posix()
        first, *rest = notebook(site, name)
        assert rest == json.loads(path.read_text(encoding="utf-8"))["cells"]
        if path.name[:2] in ("05", "06"):
            assert "does not run in a browser" in first["source"][0]
            continue
        (line,) = re.findall(r"^%pip install -q (.*)$", "".join(first["source"]), re.MULTILINE)
        pinned = dict(word.split("==") for word in line.split() if "==" in word)
        assert pinned == dict.fromkeys(wheels, minigrad.__version__)


def test_the_wheel_is_this_minigrad(wheels):
    names = {name for name in wheels["minigrad"].namelist() if name.endswith(".py")}
    ours = [*ROOT.glob("minigrad/**/*.py"), *ROOT.glob("minigrad_course/**/*.py")]
    assert names == {path.relative_to(ROOT).as_posix() for path in ours}
    for path in ours:
        assert wheels["minigrad"].read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


def test_installed_together_the_data_are_found(wheels, tmp_path):
    """In the folder that both are unpacked to, with nothing else of ours and no network."""
    for wheel in wheels.values():
        wheel.extractall(tmp_path)
    code = (
        "import minigrad as mg; (x, y), _ = mg.datasets.fashion_mnist.load_data(); "
        "print(mg.__file__, x.shape)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.split(" ", 1) == [f"{tmp_path}/minigrad/__init__.py", "(60000, 28, 28)\n"]


def test_sliders_and_the_kernel_come_with_the_site(site):
    extensions = site / "extensions"
    assert (extensions / "@jupyter-widgets" / "jupyterlab-manager" / "package.json").is_file()
    assert (extensions / "@jupyterlite" / "pyodide-kernel-extension" / "package.json").is_file()
