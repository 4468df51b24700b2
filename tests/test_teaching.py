"""The page for lecturers says what is so, slides are set, and submissions get the grades they earn."""

import csv
import json
import re
from pathlib import Path

import nbformat
import pytest
from schema import complaints

from minigrad.__main__ import main
from minigrad_course import grading
from minigrad_course.lessons import report
from tools.set_slides import kind, lectures, set_slides

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "notebooks" / "teaching" / "README.md").read_text(encoding="utf-8")
KEY = re.compile(r"\b(0\d\.\w)\b")


def part(heading: str, level: str = "##") -> str:
    """What stands below a heading of the page."""
    begin = re.search(rf"^{level} {re.escape(heading)}.*$", PAGE, re.MULTILINE)
    rest = PAGE[begin.end() :]
    end = re.search(rf"^#{{2,{len(level)}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def text_of(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


LECTURES = {path.name[:2]: text_of(path) for path in lectures()}


# -- the page -----------------------------------------------------------------------------
def test_every_exercise_has_one_outcome_and_every_outcome_has_exercises_that_exist():
    mapped = KEY.findall(part("Outcomes"))
    assert sorted(mapped) == sorted(report())


@pytest.mark.parametrize("number", LECTURES)
def test_each_lecture_has_four_outcomes(number):
    assert len(re.findall(rf"^\| {number} \|.*\*\*", part("Outcomes"), re.MULTILINE)) == 4


@pytest.mark.parametrize("number", LECTURES)
def test_a_plan_has_90_minutes_and_a_short_one_45(number):
    rows = re.findall(r"^\| (\d+) \| (\d+|–) \| 0", part(number, "###"), re.MULTILINE)
    assert sum(int(long) for long, _ in rows) == 90
    assert sum(int(short) for _, short in rows if short != "–") == 45
    assert all(int(short) <= int(long) for long, short in rows if short != "–")


def test_every_section_that_the_page_names_is_there():
    for number, section in set(re.findall(r"\b(0\d) §(\d+)", PAGE)):
        assert re.search(rf"^## {section} · ", LECTURES[number], re.MULTILINE), (number, section)


def test_every_exercise_that_the_page_names_is_there():
    assert set(KEY.findall(PAGE)) <= set(report())


@pytest.mark.parametrize("number", [number for number in LECTURES if number != "00"])
def test_every_question_on_your_own_has_an_answer(number):
    asked = LECTURES[number].split("## On your own")[1].split("\n## ")[0]
    answered = part("Answers to *On your own*").split(f"### {number}\n")[1].split("\n### ")[0]
    numbers = re.compile(r"^(\d+)\. ", re.MULTILINE)
    assert numbers.findall(answered) == numbers.findall(asked)


def test_each_of_twelve_questions_has_four_choices_and_one_right_answer():
    test = part("A test, before and after")
    questions = re.split(r"^\d+\. ", test.split("<details>")[0], flags=re.MULTILINE)[1:]
    answers = dict(re.findall(r"(\d+) ([a-d])\b", test.split("<details>")[1].split("\n\n")[1]))
    assert list(answers) == [str(n) for n in range(1, 13)]
    for question in questions:
        assert re.findall(r"^ +- ([a-d])\) \S", question, re.MULTILINE) == list("abcd")
    assert len(questions) == 12
    assert len(set(answers.values())) == 4  # nobody passes with one letter


# -- slides -------------------------------------------------------------------------------
@pytest.mark.parametrize("path", lectures(), ids=lambda path: path.name)
def test_every_cell_says_what_it_is_on_a_slide(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert not set_slides(notebook), "run python tools/set_slides.py"


def cell(text: str, cell_type: str = "markdown") -> dict:
    return {"cell_type": cell_type, "source": text, "metadata": {}}


def test_a_heading_begins_a_slide_and_an_answer_is_a_fragment():
    answer = cell("guess.reveal(3)", "code")
    assert kind(cell("## 1 · The pictures"), []) == "slide"
    assert kind(cell("It is so.\n\n## 2 · Next"), []) == "slide"
    assert kind(cell("**Predict.** How many?"), []) == "subslide"
    assert kind(answer, [cell("x = 1", "code")]) == "fragment"
    assert kind(cell("Three, indeed."), [answer]) == "fragment"
    assert kind(cell("word " * 200), [answer]) == "notes"
    assert kind(cell("import numpy", "code"), []) == "skip"


# -- grading ------------------------------------------------------------------------------
IMPORT = "from minigrad_course import lessons"
RIGHT = "import math\nmachine = (3 * math.cos(6) + 1, 2 * math.cos(6))"
CHECK = 'lessons.exercise("02.1").check(machine)'


def submit(folder: Path, name: str, *cells: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbformat.write(notebook, folder / name)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_is_graded_and_no_file_keeps_the_others_from_counting(tmp_path, capsys):
    folder = tmp_path / "submissions"
    folder.mkdir()
    submit(folder, "empty_02_.ipynb")
    submit(folder, "raises.ipynb", IMPORT, "1 / 0", RIGHT, CHECK)
    submit(folder, "right.ipynb", IMPORT, RIGHT, CHECK)
    submit(folder, "wrong.ipynb", IMPORT, "machine = (1.0, 2.0)", CHECK, CHECK)
    (folder / "broken.ipynb").write_text("PK not a notebook", encoding="utf-8")
    written = tmp_path / "grades.json"
    words = ["--csv", str(tmp_path / "grades.csv"), "--json", str(written)]
    assert main(["grade", str(folder), *words]) == 0
    assert complaints(json.loads(written.read_text("utf-8")), "grade") == []

    found = rows(tmp_path / "grades.csv")
    states = {
        row["file"]: (row["state"], row["tries"])
        for row in found
        if row["exercise"] in ("02.1", "")
    }
    assert states == {
        "broken.ipynb": ("", ""),
        "empty_02_.ipynb": ("not attempted", "0"),
        "raises.ipynb": ("right", "1"),
        "right.ipynb": ("right", "1"),
        "wrong.ipynb": ("wrong", "2"),
    }
    problems = {row["file"]: row["problem"] for row in found}
    assert problems["broken.ipynb"].startswith("is no notebook")
    assert problems["raises.ipynb"] == "cell 1: ZeroDivisionError: division by zero"
    assert problems["right.ipynb"] == problems["wrong.ipynb"] == ""
    assert len([row for row in found if row["file"] == "right.ipynb"]) == len(report("02"))
    assert "1 of 7  02.1 ✓" in capsys.readouterr().out


def test_a_cell_that_never_ends_is_interrupted_and_the_next_one_counts(tmp_path):
    submit(tmp_path, "slow.ipynb", IMPORT, "while True: pass", RIGHT, CHECK)
    graded = grading.grade(tmp_path / "slow.ipynb", timeout=6)
    assert graded.exercises["02.1"]["state"] == "right"
    assert graded.problem == "cell 1: interrupted after 6 s"


def test_a_kernel_that_dies_is_told(tmp_path):
    submit(tmp_path, "dies.ipynb", IMPORT, "import os; os._exit(1)", CHECK)
    graded = grading.grade(tmp_path / "dies.ipynb")
    assert graded.exercises == {}
    assert graded.problem == "was not run to its end: Kernel died"


def test_in_an_exam_the_answer_of_the_lecture_is_wrong(tmp_path):
    submit(tmp_path, "smith.ipynb", IMPORT, RIGHT, CHECK)
    words = tmp_path / "words.csv"
    words.write_text("file,student\nsmith.ipynb,4711\n", encoding="utf-8")
    target = tmp_path / "grades.csv"
    arguments = ["grade", str(tmp_path / "smith.ipynb"), "--csv", str(target), "--wide"]
    assert main([*arguments, "--students", str(words)]) == 0
    assert [(row["student"], row["02.1"], row["right"]) for row in rows(target)] == [
        ("4711", "wrong", "0")
    ]


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch, capsys):
    def one_then_stop(path, name, *rest):
        if name == "b.ipynb":
            raise KeyboardInterrupt
        return grading.Grade(name, exercises={"02.1": {"state": "right", "tries": 1}})

    for name in ("a.ipynb", "b.ipynb", "c.ipynb"):
        submit(tmp_path, name)
    monkeypatch.setattr(grading, "grade", one_then_stop)
    assert main(["grade", str(tmp_path), "--csv", str(tmp_path / "grades.csv")]) == 130
    assert [row["file"] for row in rows(tmp_path / "grades.csv")] == ["a.ipynb"]
    assert "1 of 3 files were graded" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "there is no file and no folder"),
        (["."], "there is no notebook in"),
        (["a.ipynb", "--csv", "nowhere/grades.csv"], "there is no folder nowhere"),
        (["a.ipynb", "--students", "words.csv"], "needs the columns file and student"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_runs(
    tmp_path, monkeypatch, capsys, arguments, complaint
):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    if "a.ipynb" in arguments:
        submit(Path(), "a.ipynb")
    Path("words.csv").write_text("name,word\n", encoding="utf-8")
    monkeypatch.setattr(grading, "grade", lambda *_: pytest.fail("it ran"))
    assert main(["grade", *arguments]) == 1
    assert complaint in capsys.readouterr().err
