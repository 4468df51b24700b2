"""The lectures as slides, by nbconvert: reveal.js lies beside them, so that no network is asked."""

import json
import posixpath
import re
import shutil
from importlib.metadata import files
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from traitlets.config import Config

from tools.book.notebooks import Notebook

REVEAL = "_static/revealjs"  # where it is in the package that brings it, and in the website
USED = ("dist/reveal.css", "dist/reveal.js", "dist/theme/white.css", "LICENSE")
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?")


def write_slides(notebook: Notebook, file: Path) -> None:
    """Write a lecture's slides: what each cell is on them stands in the notebook.

    Args:
        notebook: The lecture.
        file: The page to write. It stands beside the folder of the lectures' pages.
    """
    folder = posixpath.dirname(notebook.page)

    def settle(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("..", folder, found[1] or notebook.page))
        if found[1].endswith("/"):
            path += "/index.html"
        return re.sub(r"\.(ipynb|md)$", ".html", path)

    cells = []
    for cell in notebook.cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cells.append({**cell, "source": LINK.sub(settle, source)})
        else:
            cells.append({**cell, "source": source, "outputs": notebook.outputs(cell)})
    stored = nbformat.reads(json.dumps({**notebook.stored, "cells": cells}), as_version=4)
    settings = Config()
    settings.SlidesExporter.extra_template_basedirs = [str(Path(__file__).parent / "templates")]
    settings.SlidesExporter.template_name = "deck"
    settings.SlidesExporter.exclude_anchor_links = True
    settings.SlidesExporter.reveal_theme = "white"
    settings.SlidesExporter.reveal_url_prefix = f"../{REVEAL}"
    name = {"metadata": {"name": file.stem}}
    page, _ = SlidesExporter(config=settings).from_notebook_node(stored, resources=name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")


def add_reveal(static: Path) -> None:
    """Copy reveal.js from the package that brings it.

    Args:
        static: The folder that becomes the website's ``_static``.
    """
    for file in files("sphinx-revealjs") or ():
        part = file.as_posix().partition(f"{REVEAL}/")[2]
        if part in USED or part.startswith(("plugin/notes/", "dist/theme/fonts/source-sans-pro/")):
            place = static / "revealjs" / part
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), place)
