"""A stored notebook as a page of the website: pictures as files, exercises folded."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import posixpath
import re
from pathlib import Path
from typing import Any

PICTURES = "pictures"  # the folder of the website that the notebooks' pictures go to
DATA = re.compile(r'src="data:image/(png|svg\+xml);base64,([^"]+)"')
EXERCISE = re.compile(
    r"\*\*(?P<name>Exercise (?P<key>\d\d\.\d+): .+?)\.?\*\*( (?P<effort>\(★.+?\))\.? )?"
)
SOLUTION = re.compile(r"^## (?=(\d\d\.\d+) )", re.M)
STILL = "<figcaption>A still. In the notebook this picture has controls.</figcaption>"


class Notebook:
    """One notebook on its way to the website.

    Args:
        path: The stored notebook.
        page: Where it stands in the website: ``"notebooks/02_graph_nodes.ipynb"``.
        site: The folder that pictures are written to, as if it were the website's.
    """

    def __init__(self, path: Path, page: str, site: Path) -> None:
        self.stored = json.loads(path.read_text(encoding="utf-8"))
        self.page, self.site = page, site

    @property
    def cells(self) -> list[dict[str, Any]]:
        """Its cells, as nbformat writes them."""
        return self.stored["cells"]

    def solutions(self) -> set[str]:
        """Keys of the exercises that are solved here: ``{"02.1", …}``."""
        return {key for c in self.cells for key in SOLUTION.findall("".join(c["source"]))}

    def text(self, solved: set[str]) -> str:
        """The notebook as the website wants it; exercises in ``solved`` link their solution."""
        cells, folded = [], False
        for cell in self.cells:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                source, folded = fold(mark_solutions(source), solved)
                cells.append({**cell, "source": source})
            else:
                cells.append({**cell, "source": source, "outputs": self.outputs(cell)})
                if folded:
                    cells.append({"cell_type": "markdown", "metadata": {}, "source": "</details>"})
                folded = False
        for number, cell in enumerate(cells):
            cell["id"] = f"cell-{number}"
        return json.dumps({**self.stored, "cells": cells})

    def outputs(self, cell: dict[str, Any]) -> list[dict[str, Any]]:
        """The outputs of a code cell, each picture a file with its alternative text."""
        return [
            {**output, "data": self.data(output["data"])} if "data" in output else output
            for output in cell.get("outputs", [])
        ]

    def data(self, data: dict[str, Any]) -> dict[str, Any]:
        """One output: what a browser shows without a kernel, and nothing that needs one."""
        said = "".join(data.get("text/plain", ""))
        explorer = said.startswith("<Explorer")
        page = "".join(data.get("text/html", "")) or as_html(data, said)
        if "<img" not in page:
            return data
        page = DATA.sub(lambda found: f'loading="lazy" src="{self.write(*found.groups())}"', page)
        if explorer:
            page = f'<figure class="explorer">{page}{STILL}</figure>'
        return {"text/html": page, "text/plain": said}

    def write(self, kind: str, encoded: str) -> str:
        """Write a picture to a file of its own, and return its address as the page sees it."""
        content = base64.b64decode(encoded)
        name = f"{PICTURES}/{hashlib.sha256(content).hexdigest()[:16]}.{kind.split('+')[0]}"
        file = self.site / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return posixpath.relpath(name, posixpath.dirname(self.page))


def as_html(data: dict[str, Any], said: str) -> str:
    """A picture that was stored without HTML, its description taken from its text."""
    if "image/png" not in data:
        return ""
    encoded = "".join("".join(data["image/png"]).split())
    described = said.removesuffix(">").partition(": ")[2] or said
    return f'<img alt="{html.escape(described)}" src="data:image/png;base64,{encoded}">'


def mark_solutions(source: str) -> str:
    """Give each solution's heading a name that the exercise can link."""
    return SOLUTION.sub(lambda found: f"({target(found[1])})=\n## ", source)


def target(key: str) -> str:
    """Name of the place of a solution: ``"solution-02-1"``."""
    return f"solution-{key.replace('.', '-')}"


def fold(source: str, solved: set[str]) -> tuple[str, bool]:
    """Fold the exercises at the end of a text, with a link to their solutions.

    Returns:
        The text, and whether a fold was opened: it ends after the code cell that follows.
    """
    exercises = list(EXERCISE.finditer(source))
    if not exercises:
        return source, False
    titles = [f"{e['name']} {e['effort'] or ''}".strip() for e in exercises]
    links = [f"[{e['key']}](#{target(e['key'])})" for e in exercises if e["key"] in solved]
    # Where the sentence goes on after the bold words, they stay.
    text = EXERCISE.sub(lambda e: "" if e["effort"] and len(exercises) == 1 else e[0], source)
    start = exercises[0].start()
    opened = f'<details class="exercise"><summary>{" · ".join(titles)}</summary>'
    solution = f"\n\nSolution: {', '.join(links)}" if links else ""
    return f"{source[:start]}{opened}\n\n{text[start:]}{solution}", True
