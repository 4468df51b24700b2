"""Links between the lectures lead somewhere, and the map in lecture 00 is complete."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
LECTURES = sorted(NOTEBOOKS.glob("*.ipynb"))
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def prose(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.parametrize(
    "path",
    [*LECTURES, *sorted(NOTEBOOKS.glob("solutions/*.ipynb"))],
    ids=lambda path: path.relative_to(NOTEBOOKS).as_posix(),
)
def test_links_lead_somewhere(path):
    assert [link for link in LINK.findall(prose(path)) if not (path.parent / link).exists()] == []


def test_the_map_links_every_lecture_that_is_there():
    linked = LINK.findall(prose(NOTEBOOKS / "00_start_here.ipynb"))
    assert [path.name for path in LECTURES[1:] if path.name not in linked] == []


def test_each_lecture_has_solutions_and_names_them():
    for path in LECTURES[1:]:
        assert (NOTEBOOKS / "solutions" / path.name).exists(), path.name
        assert f"solutions/{path.name}" in prose(path), path.name
