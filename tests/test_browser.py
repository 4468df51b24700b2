"""A real browser: JupyterLab opens the lectures, runs them, and hands move what can be moved.

What nbval cannot see: whether the front end shows what the kernel sends. By mouse and in the light
theme first, by keyboard and in the dark one then; and an exercise wrong, hinted and right. Skipped where there is
no Chromium. The notebooks are laid out as `make lab` does it, and its settings hold.
"""

import json
import os
import re
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
sys.path.insert(0, str(ROOT))  # make.py and its tools belong to no package

from minigrad_course import lessons  # noqa: E402
from tools import own_copy  # noqa: E402

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
    # cells that are out of sight are there all the same
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
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def lab(home: Path) -> Iterator[str]:
    """JupyterLab on this machine only, for as long as this module's tests; its address."""
    environment = {name: str(home / folder) for name, folder in FOLDERS.items()}
    environment["JUPYTER_CONFIG_PATH"] = str(ROOT / "tools" / "jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        own_copy.lay_out(ROOT, home)
    for name, settings in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.root_dir={home}", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    command += ["--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
    environment = os.environ | environment
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


def run_cells(page: playwright.Page) -> list[dict]:
    """Run all cells; return for each one of code its count and what went wrong in it."""
    page.set_default_timeout(300_000)  # an evaluation takes as long as the cells do
    return page.evaluate(
        """async () => {
            const { commands, shell } = window.jupyterapp;
            await commands.execute('notebook:clear-all-cell-outputs');  // stored ones prove nothing
            await commands.execute('notebook:run-all-cells');
            const cells = [...shell.currentWidget.content.model.cells];
            return cells.filter(cell => cell.type === 'code').map(cell => ({
                count: cell.executionCount,
                errors: cell.outputs.toJSON().filter(output => output.output_type === 'error')
                    .map(error => `${error.ename}: ${error.evalue}`),
            }));
        }"""
    )


@pytest.fixture
def console(page: playwright.Page) -> list[str]:
    """What goes wrong on the page, as its console tells it."""
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def complaints(page: playwright.Page) -> list[str]:
    """What JupyterLab says to the reader unasked."""
    boxes = ".jp-Dialog", ".Toastify__toast"
    return [text for box in boxes for text in page.locator(box).all_inner_texts()]


def test_nothing_alarms_a_beginner_in_the_terminal(lab, home, page):
    """No remark about news, trust, encryption or servers that nobody asked for.

    The first test of all: of the pages that the others close in mid-sentence, the server
    says that they no longer answer.
    """
    open_notebook(page, lab, "00_start_here.ipynb")
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(3000)
    assert complaints(page) == []
    said = (home / "log.txt").read_text()
    assert "Kernel started" in said and "Saving file" in said
    wrong = re.findall(r"^\[[WE] .*|.*WARNING.*|.*Skipped.*|.*not trusted.*", said, re.MULTILINE)
    # the test's own settings: no token
    assert [line for line in wrong if "authentication is disabled" not in line] == []


# For each lecture: how many explorers it has, the guess that a reader types at its first question
# and what JupyterLab then shows.
LECTURES = {
    "00_start_here": (0, None, None),
    "01_derivatives_four_ways": (2, "1e-5", "You said 1e-05. It is 1e-08."),
    "02_graph_nodes": (2, "4", "You said 4. It is 3."),
    "03_proof_of_concept": (2, "27", "You said 27, and so it is."),
    "04_optimised_version": (1, "4", "You said 4. It is 272.098."),
    "05_keras_reference": (1, '"yes"', "You said yes. It is no."),
    "06_experiments": (2, "26", "You said 26, and so it is."),
    "07_going_further": (4, '"all"', "You said all. It is convolutional."),
    "08_derivatives_of_chance": (2, "1", "You said 1. It is 0."),
}


@pytest.mark.parametrize("name", LECTURES)
def test_a_lecture_opens_runs_and_answers(lab, page, console, name):
    explorers, guess, answer = LECTURES[name]
    open_notebook(page, lab, f"{name}.ipynb")
    assert complaints(page) == []

    cells = run_cells(page)
    assert [cell for cell in cells if cell["errors"]] == []
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert complaints(page) == []
    assert cut_off(page) == []
    assert page.locator(".jp-OutputArea img").evaluate_all(ALL_DRAWN)

    found = page.locator(".widget-vbox", has=page.locator(".widget-image"))
    playwright.expect(found).to_have_count(explorers)
    for explorer in found.all():
        if explorer.locator(".noUi-handle").count():
            follows_its_slider(page, explorer)
    if guess is not None:
        type_a_guess(page, guess, answer)

    page.evaluate(
        "window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached", timeout=60_000)
    for explorer in found.all():
        follows_the_keyboard(page, explorer)
    if guess is not None:
        wrong_then_hinted_then_right(page)
    assert complaints(page) == [] and console == []
    page.evaluate(
        "window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})"
    )
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


STOPPED = """\
import numpy as np, minigrad as mg
from minigrad_course import explorers
live = explorers.live_training()
display(live.explorer)
model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(1)])
model.compile("sgd", "mse")
history = model.fit(np.ones((100, 4)), np.ones(100), 1, 100_000, verbose=0, callbacks=[live])"""


def test_the_button_stops_a_training_while_its_cell_runs(lab, page):
    page.goto(f"{lab}lab?reset")
    page.wait_for_function("window.jupyterapp?.serviceManager?.contents")
    page.evaluate(
        """source => window.jupyterapp.serviceManager.contents.save('notebooks/stop.ipynb', {
            type: 'notebook', format: 'json', content: {
                nbformat: 4, nbformat_minor: 5, metadata: {kernelspec: {name: 'python3'}},
                cells: [{cell_type: 'code', id: 'one', source, metadata: {}, outputs: [],
                         execution_count: null}],
            },
        })""",
        STOPPED,
    )
    open_notebook(page, lab, "stop.ipynb")
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    button = page.get_by_role("button", name="Stop training")
    told = page.locator("[role=status]", has_text="The loss of")
    playwright.expect(told).to_be_visible(timeout=60_000)  # it trains
    button.click()
    playwright.expect(told).to_contain_text("Stopped by hand.", timeout=60_000)
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def follows_its_slider(page: playwright.Page, explorer: playwright.Locator) -> None:
    """Drag the first slider: the number beside it changes, and the picture."""
    image, reading = explorer.locator("img"), explorer.locator(".widget-readout").first
    before, number = image.get_attribute("src"), reading.inner_text()
    drag(page, explorer.locator(".noUi-handle").first)
    playwright.expect(image).not_to_have_attribute("src", before, timeout=30_000)
    assert reading.inner_text() != number
    # A drag asks for several pictures; each takes the place of one that may not be decoded yet.
    page.wait_for_function(f"image => ({ALL_DRAWN})([image])", arg=image.element_handle())


# What an explorer can be moved by, and the key that moves it.
CONTROLS = (
    (".noUi-handle", "ArrowLeft"),
    ("input[type=checkbox]", "Space"),
    ("select", "ArrowDown"),
)


def follows_the_keyboard(page: playwright.Page, explorer: playwright.Locator) -> None:
    """Press a key on the first control: the picture changes. (Live training has a button only.)"""
    for control, key in CONTROLS:
        if explorer.locator(control).count():
            image = explorer.locator("img")
            before = image.get_attribute("src")
            explorer.locator(control).first.focus()
            page.keyboard.press(key)
            playwright.expect(image).not_to_have_attribute("src", before, timeout=30_000)
            return


def wrong_then_hinted_then_right(page: playwright.Page) -> None:
    """Answer the first exercise by fives, ask for a hint, then give its solution."""
    source = run_exercise(page, "source => source.replaceAll('...', '5')")
    key, first = re.search(r'exercise\("(.+?)"\)', source)[1], page.locator(".jp-OutputArea")
    playwright.expect(first.get_by_text(f"✗ {key} is not right yet:")).to_be_visible()
    run_exercise(page, f"source => source + '\\nlessons.hint(\"{key}\")'")
    playwright.expect(first.get_by_text(f"{key}, hint 1 of")).to_be_visible()
    checked = next(n for n, line in enumerate(source.splitlines()) if "lessons.exercise" in line)
    rest = "\n".join(source.splitlines()[checked:])
    run_exercise(page, f"source => {json.dumps(lessons.exercise(key).code + chr(10) + rest)}")
    playwright.expect(first.get_by_text(f"✓ {key} is right.")).to_be_visible()


def run_exercise(page: playwright.Page, change: str) -> str:
    """Change the source of the first cell with an exercise, run it, and return what it was."""
    return page.evaluate(
        """async change => {
            const { commands, shell } = window.jupyterapp;
            const notebook = shell.currentWidget.content;
            const at = notebook.widgets.findIndex(cell => cell.model.type === 'code' &&
                cell.model.sharedModel.source.includes('lessons.exercise('));
            const shared = notebook.widgets[at].model.sharedModel;
            const before = shared.source;
            shared.setSource(eval(change)(before));
            notebook.activeCellIndex = at;
            await commands.execute('notebook:run-cell');
            return before;
        }""",
        change,
    )


def type_a_guess(page: playwright.Page, guess: str, answer: str) -> None:
    """Put a guess in place of the first question's ``None``, and run the cells until it is told."""
    assert page.get_by_text(answer).count() == 0
    line = page.locator(".jp-CodeCell .cm-line", has_text="= predict(").first
    none = line.locator("span").get_by_text("None", exact=True)
    none.dblclick()
    page.keyboard.type(guess)
    assert f", {guess})" in line.inner_text()
    told = page.locator(".jp-OutputArea").get_by_text(answer)
    running = page.locator(".jp-InputPrompt", has_text="[*]")
    for _ in range(5):  # the answer may come some cells later
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(500)  # until the star is there
        playwright.expect(running).to_have_count(0, timeout=300_000)
        try:
            playwright.expect(told).to_be_visible(timeout=3_000)
            return
        except AssertionError:
            continue
    raise AssertionError(f"{answer!r} was not told")


# Whether every picture is there and has a size.
ALL_DRAWN = "images => images.every(image => image.complete && image.naturalWidth > 0)"


def cut_off(page: playwright.Page) -> list[str]:
    """Outputs and texts that are wider than the page: a reader has to scroll to see the rest."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output, .jp-RenderedMarkdown')]
            .filter(box => box.scrollWidth > box.clientWidth + 2)
            .map(box => box.innerText.slice(0, 80))"""
    )


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
