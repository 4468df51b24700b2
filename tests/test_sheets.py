"""Work sheets: two pages a lecture, every exercise and every question on them, and no answer."""

import re
import sys
from pathlib import Path

import extras
import pytest

from minigrad_course import lessons

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the tools belong to no package
extras.need("book", "markdown_it")

from tools import sheets  # noqa: E402


@pytest.mark.parametrize("number", sheets.LECTURES)
def test_a_sheet_has_every_exercise_and_every_question(number):
    page = sheets.sheet(number)
    (lecture,) = ROOT.glob(f"notebooks/{number}_*.ipynb")
    asked = re.findall(r"(?<![.\w])predict\(", lecture.read_text(encoding="utf-8"))
    guesses = page.split('<ul class="guesses">')[1].split("</ul>")[0]
    assert guesses.count("<li>") == len(asked)
    exercises = re.findall(r"<strong>Exercise (0\d\.\w):", page)
    assert sorted(exercises) == sorted(lessons.report(number))


@pytest.mark.parametrize("number", sheets.LECTURES)
def test_no_formula_is_left_as_it_was_typed(number):
    assert "$" not in re.sub(r"base64,[^\"]+", "", sheets.sheet(number))


def test_the_sheets_by_hand_are_without_their_answers():
    by_hand = "".join(text for number in sheets.LECTURES for text in sheets.drawn(number))
    assert "02.1 Be the machine" in by_hand and "04.1 The window matrix" in by_hand
    assert "Answer" not in by_hand and "→ 7" not in by_hand


@pytest.mark.browser
@pytest.mark.parametrize(("number", "pages"), [("02", 3), ("03", 2)])
def test_chromium_prints_two_pages_and_those_to_be_filled_in(number, pages, chromium, tmp_path):
    (pdf,) = sheets.build(tmp_path, (number,))
    printed = pdf.read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", printed)) == pages
    assert b"MathJax" in printed  # the formulas are set, in fonts of their own
    assert [file.name for file in tmp_path.iterdir()] == [pdf.name]


def test_without_a_browser_the_pages_are_left(monkeypatch, tmp_path):
    monkeypatch.setattr(sheets, "browser", lambda: None)
    (page,) = sheets.build(tmp_path, ("01",))
    assert page.suffix == ".html" and r"\(J^{\mathsf T} w\)" in page.read_text(encoding="utf-8")
