"""Work sheets to print: two pages of A4 for each lecture, as PDF in build/sheets.

    make sheets

The first page has the lecture's formulas, its one picture, and its questions to be guessed; the
second its exercises, with room to write. What the lecturers' page draws for an exercise by hand
becomes a page of its own. All of it is taken from the stored lectures and that page. Chromium
prints (`MINIGRAD_BROWSER` names it where it is on no path); without it the pages are left as HTML.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from importlib.metadata import files
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

ROOT = Path(__file__).resolve().parents[1]
TEACHING = ROOT / "notebooks" / "teaching" / "README.md"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

LECTURES = ("01", "02", "03", "04", "05", "06", "07", "08")
# The one picture of each lecture, as its text begins: one that answers none of the questions. That
# of 02 is the empty graph on its third page.
PICTURES = {
    "01": "<Explorer: learning rate 0.0021",
    "03": "<Figure: three channels",
    "04": "<Figure: a 2×2 window",
    "05": "<Figure: minigrad's 20 points",
    "06": "<Figure: Learning time over pictures for minigrad",
    "07": "<Explorer: After 40 steps",
    "08": "<Explorer: p = 0.30",
}
EXERCISE = re.compile(r"^\*\*Exercise .+?(?=^\*\*|^> |^#|\Z)", re.MULTILINE | re.DOTALL)
GUESS = re.compile(r"(?<![.\w])predict\(\"(.+?)\",")

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<script>MathJax = {{startup: {{typeset: true}}}}</script><script src="{mathjax}"></script>
<style>
@page {{ size: A4; margin: 14mm 16mm; }}
body {{ font: 10pt/1.35 "DejaVu Sans", Arial, sans-serif; margin: 0; color: #000; }}
h1 {{ font-size: 15pt; margin: 0 0 2mm; }} h2 {{ font-size: 11.5pt; margin: 4mm 0 1.5mm; }}
header {{ align-self: flex-end; font-size: 9pt; }} p, ul {{ margin: 1mm 0; }}
section {{ height: 268mm; overflow: hidden; display: flex; flex-direction: column; }}
section + section {{ break-before: page; }}
img {{ display: block; margin: 0 auto; max-width: 100%; max-height: 78mm; filter: grayscale(1); }}
.guesses {{ list-style: none; padding: 0; flex: 1; display: flex; flex-direction: column; }}
.guesses li, .exercise {{ flex: 1 1 auto; border-bottom: 0.3pt solid #888; padding-top: 1mm; }}
.exercise {{ font-size: {size}pt; }} code {{ font: 0.92em "DejaVu Sans Mono", monospace; }}
pre {{ line-height: 1.1; }} pre code {{ font-size: 9.5pt; }}
table {{ border-collapse: collapse; margin: 3mm 0; width: 100%; }}
td, th {{ border: 0.3pt solid #888; padding: 2.2mm; }}
</style>
{pages}
</html>"""


def sheet(number: str) -> str:
    """The pages of a lecture's sheet.

    Args:
        number: Of the lecture, such as ``"02"``.

    Returns:
        A page of HTML that a browser prints.
    """
    (path,) = ROOT.glob(f"notebooks/{number}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    title = f"{number} · {prose[0].splitlines()[0].removeprefix('# ')}"
    head = f"<header>Name ______________________</header><h1>{written(title, inline=True)}</h1>"
    guesses = "".join(f"<li>{written(guess, inline=True)}</li>" for guess in GUESS.findall(code))
    exercises = [found for text in prose for found in EXERCISE.findall(text)]
    first = f"{head}<h2>Formulas</h2>{written(formulas(number))}{picture(number, cells)}"
    first += f'<h2>Your guesses, before you run the cell</h2><ul class="guesses">{guesses}</ul>'
    second = head + "".join(f'<div class="exercise">{written(text)}</div>' for text in exercises)
    pages = [first, second, *(head + written(text) for text in drawn(number))]
    words = sum(len(text.split()) for text in exercises)
    return PAGE.format(
        title=escape(title),
        mathjax=mathjax().as_uri(),
        size=9.5 if words < 400 else 8.5,
        pages="\n".join(f"<section>{page}</section>" for page in pages),
    )


def written(text: str, inline: bool = False) -> str:
    """Markdown as HTML; formulas stay as they are, for MathJax."""

    def formula(content: str, options: dict[str, Any]) -> str:
        return escape(rf"\[{content}\]" if options["display_mode"] else rf"\({content}\)")

    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=formula)
    return parser.renderInline(text) if inline else parser.render(text)


def picture(number: str, cells: list[dict[str, Any]]) -> str:
    """The lecture's one picture, as it is stored, where it has one."""
    if number not in PICTURES:
        return ""
    for output in (output for cell in cells for output in cell.get("outputs", ())):
        data = output.get("data", {})
        text = "".join(data.get("text/plain", ""))
        if text.startswith(PICTURES[number]) and "image/png" in data:
            png = "".join(data["image/png"].split())
            return f'<img alt="{escape(text[1:-1])}" src="data:image/png;base64,{png}">'
    raise LookupError(f"lecture {number} has no picture that begins with {PICTURES[number]!r}")


# -- from the page for lecturers --------------------------------------------------------------
def formulas(number: str) -> str:
    """The line of a lecture in the table of formulas, a formula a line."""
    (found,) = re.findall(rf"^\| {number} \| (\$.+|\(.+|[a-z].+\$.*) \|$", teaching(), re.MULTILINE)
    return "\n".join(f"- {part}" for part in found.split(" · "))


def drawn(number: str) -> Iterator[str]:
    """What the page has to be filled in by hand for exercises of a lecture, without answers."""
    for text in re.split(r"^### ", teaching(), flags=re.MULTILINE)[1:]:
        if re.match(rf"{number}\.\w ", text):
            yield "## " + text.split("<details>")[0]


def teaching() -> str:
    text = TEACHING.read_text(encoding="utf-8")
    return text.split("## Work sheets to print")[1].split("\n## ")[0]


# -- printing ---------------------------------------------------------------------------------
def mathjax() -> Path:
    """What sets formulas, from the package that brings it: no page asks a network."""
    for file in files("sphinx-mathjax-offline") or ():
        if file.as_posix().endswith("static/mathjax/tex-chtml.js"):
            return Path(str(file.locate()))
    raise FileNotFoundError("sphinx-mathjax-offline is in the extra for the website")


def browser() -> str | None:
    """Path of a Chromium or Chrome."""
    named = os.environ.get("MINIGRAD_BROWSER")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def print_pdf(page: Path, chromium: str) -> Path:
    """Print a page of HTML beside itself."""
    pdf = page.with_suffix(".pdf")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += ["--allow-file-access-from-files", "--virtual-time-budget=20000"]
    command += [f"--user-data-dir={page.parent / 'profile'}", f"--print-to-pdf={pdf}"]
    subprocess.run([*command, page.resolve().as_uri()], check=True, capture_output=True)
    return pdf


def build(folder: Path, numbers: tuple[str, ...] = LECTURES) -> list[Path]:
    """Write the sheets.

    Args:
        folder: Where to; it is made.
        numbers: Of which lectures.

    Returns:
        The files, PDF where there is a browser and HTML elsewhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chromium, made = browser(), []
    for number in numbers:
        page = folder / f"{number}.html"
        page.write_text(sheet(number), encoding="utf-8")
        made.append(print_pdf(page, chromium) if chromium else page)
        if chromium:
            page.unlink()
    shutil.rmtree(folder / "profile", ignore_errors=True)
    return made


def main() -> None:
    """Build them in build/sheets."""
    made = build(ROOT / "build" / "sheets")
    print(f"{len(made)} work sheets are in {made[0].parent}.")
    if made[0].suffix == ".html":
        print("They are pages of HTML: no Chromium was found to print them. Your browser can.")
        sys.exit(1)


if __name__ == "__main__":
    main()
