"""What makes a lecture readable, counted over all of them; `python tests/test_lecture_counts.py` prints it.

A line is one that is not blank. A word is a word of the prose; a formula, or a piece of code in it,
is read as one. Of a link its text counts.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

LECTURES = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))

# What a lecture says of its time, in minutes.
TIMES = {
    "An hour": 60,
    "An hour and a quarter": 75,
    "An hour and a half": 90,
    "An hour and three quarters": 105,
    "Two hours": 120,
}
WORDS, LINES, PREDICTION, EXERCISE = 180, 10, 1.5, 8  # words and lines a minute, minutes for each

# What is counted, and what has to hold of it.
BARS: dict[str, Callable[[Any], bool]] = {
    "code cells": lambda n: 10 <= n <= 25,
    "median lines": lambda n: n <= 6,
    "longest": lambda n: n <= 20,
    "words a line": lambda n: 8 <= n <= 20,
    "predictions": lambda n: n >= 4,
    "exercises": lambda n: n >= 4,
    "explorers": lambda n: n >= 1,
    "silent figures": lambda n: n == 0,
    "bare asserts": lambda n: n == 0,
    "open boxes": lambda n: n == 0,
    "minutes": lambda n: 2 / 3 <= n[0] / n[1] <= 4 / 3,  # as counted, as stated
}

# Where a bar would make a lecture worse.
WELCOME = "it is the welcome, on one screen: ten pictures, two guesses and a map"
EXCEPTIONS = {
    ("00", "code cells"): WELCOME,
    ("00", "predictions"): WELCOME,
    ("00", "exercises"): WELCOME,
    ("00", "explorers"): WELCOME,
    ("00", "words a line"): "most of its words are tables for those who are in trouble",
    ("00", "minutes"): "it says how long the others take",
}


def counts(notebook: dict) -> dict[str, Any]:
    """Everything that the bars are about."""
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    prose = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"]
    lines = [sum(1 for line in cell.splitlines() if line.strip()) for cell in code]
    words = sum(len(words_of(cell)) for cell in prose)
    all_code = "\n".join(code)
    predictions = len(re.findall(r"(?<![.\w])predict\(", all_code))
    exercises = len(set(re.findall(r"\bexercise\(\"(.+?)\"\)", all_code)))
    counted = words / WORDS + sum(lines) / LINES + PREDICTION * predictions + EXERCISE * exercises
    return {
        "code cells": len(code),
        "median lines": median(lines),
        "longest": max(lines),
        "words a line": words / sum(lines),
        "predictions": predictions,
        "exercises": exercises,
        "explorers": sum(said(o).startswith("<Explorer") for o in outputs(notebook)),
        "silent figures": sum(is_figure(o) and not heard(o) for o in outputs(notebook)),
        "bare asserts": len(re.findall(r"^\s*assert\b", all_code, re.MULTILINE)),
        "open boxes": sum("<details>" not in box for cell in prose for box in boxes(cell)),
        "minutes": (counted, stated("\n".join(prose))),
    }


def words_of(markdown: str) -> list[str]:
    text = re.sub(r"<[^>]+>", " ", markdown)
    text = re.sub(r"\]\([^)]*\)", "]", text)  # where a link leads
    for formula_or_code in (r"\$\$.+?\$\$", r"\$[^$]+\$", r"`+[^`]+`+"):
        text = re.sub(formula_or_code, " x ", text, flags=re.DOTALL)
    return re.findall(r"\w[\w'’.,–-]*", text)


def boxes(markdown: str) -> Iterator[str]:
    """The quoted blocks that ask for a change."""
    for block in re.findall(r"(?:^>.*\n?)+", markdown, re.MULTILINE):
        if "**Change it" in block:
            yield block


def outputs(notebook: dict) -> Iterator[dict]:
    for cell in notebook["cells"]:
        yield from cell.get("outputs", [])


def said(output: dict) -> str:
    return "".join(output.get("data", {}).get("text/plain", ""))


def is_figure(output: dict) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def heard(output: dict) -> bool:
    """Whether the page that a figure is shown on holds words for it."""
    page = "".join(output["data"].get("text/html", ""))
    return bool(re.search(r'<img alt="[^"]', page))


def stated(prose: str) -> float:
    found = re.search(r"\*\*How long it takes\.\*\* (.+?)(?: with the exercises)", prose)
    return TIMES[found[1]] if found else float("nan")


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def table(counted: dict[str, dict[str, Any]]) -> str:
    rows = [f"{'':15}" + "".join(f"{number:>8}" for number in counted)]
    for bar in BARS:
        row = "".join(f"{written(counts[bar]):>8}" for counts in counted.values())
        rows.append(f"{bar:15}{row}")
    reasons = {f"{number}, {bar}: {why}" for (number, bar), why in EXCEPTIONS.items()}
    return "\n".join([*rows, "", "Excepted:", *sorted(reasons)])


def written(count: Any) -> str:
    if isinstance(count, tuple):
        return "/".join(f"{part:.0f}" for part in count)
    return f"{count:.3g}"


@pytest.fixture(scope="module")
def counted() -> dict[str, dict[str, Any]]:
    return {path.name[:2]: counts(read(path)) for path in LECTURES}


def test_every_lecture_is_within_the_bars(counted, capsys):
    with capsys.disabled():
        print(f"\n{table(counted)}")
    missed = {
        (number, bar)
        for number, lecture in counted.items()
        for bar, holds in BARS.items()
        if not holds(lecture[bar])
    }
    assert missed == set(EXCEPTIONS)


def test_what_is_counted():
    figure = {"image/png": "iVBOR", "text/plain": "<Figure: a V>", "text/html": '<img alt="a V">'}
    silent = {"image/png": "iVBOR", "text/plain": "<Explorer: a V>"}
    lecture = {
        "cells": [
            {
                "cell_type": "markdown",
                "source": "**How long it takes.** An hour with the exercises.\n\n"
                "See [the map](00.ipynb): $a + b$ is `a + b`.\n\n"
                "> **Change it.** Why?\n\n> **Change it and watch it break.** Why?\n> <details>No",
            },
            {
                "cell_type": "code",
                "source": 'guess = predict("?")\n\nmodel.predict(x)\nassert x',
                "outputs": [{"data": figure}, {"data": silent}],
            },
            {"cell_type": "code", "source": 'lessons.exercise("0.1").check(x)', "outputs": []},
        ]
    }
    found = counts(lecture)
    assert len(words_of(lecture["cells"][0]["source"])) == 26
    assert found.pop("words a line") == 26 / 4
    assert found.pop("minutes") == (26 / 180 + 4 / 10 + 1.5 + 8, 60)
    assert list(found.values()) == [2, 2, 3, 1, 1, 1, 1, 1, 1]


if __name__ == "__main__":
    print(table({path.name[:2]: counts(read(path)) for path in LECTURES}))
