"""Say of every cell of a lecture what it is on a slide, so that nobody edits this by hand.

    python tools/set_slides.py                                  all lectures
    python tools/set_slides.py notebooks/02_graph_nodes.ipynb   one
    make book                                                   builds them, in build/book/slides

A heading begins a slide, and so do a question, a box and an exercise, below it. What answers a
question is a fragment, which comes at the next key. What is long is a note for the lecturer, and
what nobody wants to see projected is skipped. `make notebooks` does the same for what it stores.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 120  # words of an explanation that fit under what it explains
ASIDES = ("When something is off", "How to use it", "Further reading")
HEADING = re.compile(r"^#{1,2} +(.+)$", re.MULTILINE)
STARTS = ("**Predict", "**Exercise", "> **Change it", "**Play with it", "**Step through it")


def lectures() -> list[Path]:
    """The stored lectures, without their solutions."""
    return sorted(ROOT.glob("notebooks/*.ipynb"))


def kind(cell: Any, before: list[Any]) -> str:
    """What a cell is on a slide, from its text and from the cells before it."""
    text = "".join(cell["source"])
    if cell["cell_type"] == "code":
        return kind_of_code(text, before)
    headings = HEADING.findall(text)
    if headings:
        return "skip" if headings[0].startswith(ASIDES) else "slide"
    if any(line.startswith(STARTS) for line in text.splitlines()):
        return "subslide"
    if len(text.split()) > LONGEST:
        return "notes"
    return "fragment" if before and answers(before[-1]) else "subslide"


def kind_of_code(text: str, before: list[Any]) -> str:
    if not any(cell["cell_type"] == "code" for cell in before) and "import " in text:
        return "skip" if "draw" not in text and "show" not in text else "-"
    return "fragment" if ".reveal(" in text else "-"


def answers(cell: Any) -> bool:
    return cell["cell_type"] == "code" and ".reveal(" in "".join(cell["source"])


def set_slides(notebook: Any) -> bool:
    """Write ``slideshow`` into the metadata of every cell; return whether anything changed."""
    changed = False
    cells = notebook["cells"]
    for number, cell in enumerate(cells):
        wanted = {"slide_type": kind(cell, cells[:number])}
        changed |= cell["metadata"].get("slideshow") != wanted
        cell["metadata"]["slideshow"] = wanted
    return changed


def main() -> int:
    parser = argparse.ArgumentParser(description="Set what each cell is on a slide.")
    parser.add_argument("files", nargs="*", type=Path, help="by default all lectures")
    for path in parser.parse_args().files or lectures():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if set_slides(notebook):
            text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
            path.write_text(text + "\n", encoding="utf-8")
            print(f"{path.name}: set")
    return 0


if __name__ == "__main__":
    sys.exit(main())
