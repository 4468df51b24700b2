"""A real browser: JupyterLab opens the lectures, runs them, and a hand moves a slider.

What nbval cannot see: whether the front end shows what the kernel sends. Skipped where there is
no Chromium. The notebooks are copied, so that whatever JupyterLab saves is not the repository's.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the test extra")
pytest.importorskip("jupyterlab", reason="JupyterLab is in the extra for notebooks")
pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
QUIET = [
    "--no-sandbox",  # a container has no other user to become
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    # no network for news; and cells that are out of sight are there all the same
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
# All that JupyterLab keeps or reads, so that neither it nor the user's own sees the other's.
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on this machine only, for as long as this module's tests; its address."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(
        ROOT / "notebooks", home / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints")
    )
    for name, settings in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.root_dir={home}", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    command += ["--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
    environment = os.environ | {name: str(home / folder) for name, folder in FOLDERS.items()}
    log = home / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=home, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield address(server, home / "runtime", log)
    finally:
        server.terminate()  # takes its kernels along
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    for _ in range(600):
        for file in runtime.glob("jpserver-*.json"):
            if text := file.read_text():
                return json.loads(text)["url"]
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, headless=True, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: playwright.Browser) -> Iterator[playwright.Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(60_000)
    yield page
    page.close()


def open_notebook(page: playwright.Page, lab: str, name: str) -> None:
    """Open a notebook, and wait until its kernel is there and has nothing to do."""
    page.goto(f"{lab}lab/tree/notebooks/{name}?reset")
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp?.shell.currentWidget;
            return panel?.sessionContext?.session?.kernel?.status === 'idle' && panel.content.model;
        }"""
    )


def run_cells(page: playwright.Page, first: int | None) -> list[dict]:
    """Run the first code cells, or all; return each one's count and the kinds of its outputs."""
    return page.evaluate(
        """async (first) => {
            const { commands, shell } = window.jupyterapp;
            const notebook = shell.currentWidget.content;
            const cells = [...notebook.model.cells];
            const wanted = cells.filter(cell => cell.type === 'code').slice(0, first ?? undefined);
            await commands.execute('notebook:clear-all-cell-outputs');  // stored ones prove nothing
            if (first === null) {
                await commands.execute('notebook:run-all-cells');
            } else {
                notebook.activeCellIndex = cells.indexOf(wanted.at(-1)) + 1;
                await commands.execute('notebook:run-all-above');
            }
            return wanted.map(cell => ({
                count: cell.executionCount,
                outputs: [...Array(cell.outputs.length).keys()].map(i => cell.outputs.get(i).type),
            }));
        }""",
        first,
    )


def complaints(page: playwright.Page) -> list[str]:
    """What JupyterLab says to the reader unasked."""
    boxes = ".jp-Dialog", ".Toastify__toast--error", ".Toastify__toast--warning"
    return [text for box in boxes for text in page.locator(box).all_inner_texts()]


# Lecture 03 trains for a while after its explorer; nbval runs that as well, without a browser.
@pytest.mark.parametrize(
    ("name", "first"),
    [("00_start_here", None), ("02_graph_nodes", None), ("03_proof_of_concept", 6)],
)
def test_a_lecture_opens_runs_and_follows_its_sliders(lab, page, name, first):
    open_notebook(page, lab, f"{name}.ipynb")
    assert complaints(page) == []

    cells = run_cells(page, first)
    assert len(cells) == first or first is None
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not [cell for cell in cells if "error" in cell["outputs"]]
    assert complaints(page) == []

    explorers = page.locator(".widget-vbox", has=page.locator(".widget-image"))
    assert explorers.count() == (name != "00_start_here")
    for explorer in explorers.all():
        before = explorer.locator("img").get_attribute("src")
        reading = explorer.locator(".widget-readout").first.inner_text()
        drag(page, explorer.locator(".noUi-handle").first)
        playwright.expect(explorer.locator("img")).not_to_have_attribute(
            "src", before, timeout=30_000
        )
        assert explorer.locator(".widget-readout").first.inner_text() != reading
        assert explorer.locator("img").evaluate("image => image.decode().then(() => image.width)")


def drag(page: playwright.Page, handle: playwright.Locator) -> None:
    """Take a slider's handle with the mouse, and move it a good way to where there is room."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    rail = handle.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]").bounding_box()
    aim = rail["x"] + rail["width"] * (0.2 if x > rail["x"] + rail["width"] / 2 else 0.8)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(aim, y, steps=5)
    page.mouse.up()
