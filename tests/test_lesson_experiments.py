"""Lecture 06: its text holds no figure that was not computed, and its checks help."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minigrad_course import lessons
from minigrad_course.studies import learning_time, paper, results
from minigrad_course.studies.published_network import MENDED, PUBLISHED, PublishedNetwork
from minigrad_course.studies.studies import KERAS

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "06_experiments.ipynb"


@pytest.fixture(scope="module")
def cells():
    return json.loads(NOTEBOOK.read_text("utf-8"))["cells"]


def outputs(cells, id: str) -> str:
    """All text that the cell with this id has stored."""
    cell = next(cell for cell in cells if cell["id"] == id)
    texts = []
    for output in cell["outputs"]:
        texts += output.get("text", []) or []
        texts += output.get("data", {}).get("text/markdown", [])
    return "".join(texts)


# Figures


def test_verdicts_shown_are_those_of_the_committed_results(cells):
    assert str(results.verdict_table(results.committed())) in outputs(cells, "verdicts")


@pytest.mark.parametrize(
    ("cell", "figures"),
    [
        (
            "spread",
            lambda s: [
                f"| {row['seconds'][name]:.2f} |"
                for row in s["learning_time"]["rows"]
                if row["batch"] == 1
                for name in ("median", "low", "high")
            ],
        ),
        ("lines", lambda s: [f"{x['slope'] * 1e3:.3f} ±" for x in s["learning_time"]["lines"]]),
        ("verdicts", lambda s: [f"{s['keras_graph']['operations']} operations"]),
        (
            "whole-set",
            lambda s: [
                f"{c['test_accuracies'][-1][1]:.2%}"
                for c in s["loss_curves"]["curves"]
                if c["pictures"] == 60_000
            ],
        ),
    ],
)
def test_figures_shown_are_those_of_the_committed_results(cells, cell, figures):
    shown = outputs(cells, cell)
    wanted = figures(results.committed()["summary"])
    assert wanted and all(figure in shown for figure in wanted)


def test_the_text_holds_no_measured_figure(cells):
    """Times, sizes, ratios and percentages in the prose are the paper's, or follow from it."""
    gigabytes = paper.figure(6)["gigabytes"]
    published = PublishedNetwork(PUBLISHED).count_params()
    reference = PublishedNetwork(MENDED).count_params()
    known = {
        f"{max(gigabytes):.1f} GB",  # 3.48
        "5 MB",  # the paper's words
        "2 GB",  # the same, as everybody writes it
        "2GB",
        f"{100 * 100 / 60_000:.1g} %",  # 100 pictures of 60,000
        "10 %",  # guessing
        "90 %",  # the goal of lecture 07
        f"{reference // published} times",
        "ten times",
    }
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    units = r"(?:ms|µs|s|kB|KB|MB|GB|%|times)\b|%"
    found = set(re.findall(rf"(?:\d[\d.,]*|\bten)\s?(?:{units})", prose))
    assert found <= known, found - known
    assert f"{published:,}" in prose and f"{reference:,}" in prose


def test_the_papers_losses_are_told_as_its_charts_show_them(cells):
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    keras, julia = paper.figure(3), paper.figure(4)
    starts = [-loss for loss in julia["first_epoch"]]
    assert f"falls to about {keras['low'][-1]:.2f} in epoch {keras['epoch'][-1]:.0f}" in prose
    assert f"begins between −{max(starts):.1f} and −{min(starts):.0f} and" in prose


def test_memory_is_measured_at_as_many_sizes_as_the_text_says():
    rows = results.committed()["summary"]["allocation"]["rows"]
    for name, sizes in (
        ("allocated", 3),
        ("memray_peak", 3),
        ("tracemalloc_peak", 3),
        ("resident_peak", len(paper.PICTURES)),
    ):
        assert len({row["pictures"] for row in rows if name in row}) == sizes


def test_small_and_large_sets_cross_where_the_text_says():
    """Between the second and the first of the paper's sizes."""
    assert paper.PICTURES[0] < learning_time.paper_lines()["crossing"] < paper.PICTURES[1]


def test_the_walk_and_keras_cross_where_the_text_says():
    """At batch size 128: the walk is ahead on the smallest set, Keras on the largest."""
    study = results.committed()["summary"]["learning_time"]
    times = {
        row["pictures"]: row["times"]
        for row in study["faster"]
        if (row["program"], row["batch"]) == ("minigrad_eager", 128)
    }
    assert times[min(times)] > 1 > times[max(times)]
    fixed = {line["batch"]: line["fixed"] for line in study["lines"] if line["program"] == KERAS}
    assert fixed[1] > 2 * fixed[128]  # a bit for each of the hundred epochs


# Checks: what a reader is told for a typical mistake

MISTAKES = {
    "a mean in place of a difference": (
        "06.1",
        lambda steps, seconds: (0.0, seconds[0] / steps[0]),
        "the fixed cost for steps [10, 30]",
    ),
    "the pair turned round": (
        "06.1",
        lambda steps, seconds: (
            (seconds[1] - seconds[0]) / (steps[1] - steps[0]),
            seconds[0] - (seconds[1] - seconds[0]) / (steps[1] - steps[0]) * steps[0],
        ),
        "the two are swapped for steps [10, 30]",
    ),
    "the fixed cost shared out among the steps": (
        "06.1",
        lambda steps, seconds: (2.0, seconds[1] / steps[1]),
        "contains a part of the fixed cost",
    ),
    "never and at once confused": (
        "06.2",
        lambda first, second: (
            None
            if second[1] >= first[1] or second[0] <= first[0]
            else (second[0] - first[0]) / (first[1] - second[1])
        ),
        "0 was wanted, got None",
    ),
    "one number": ("06.1", lambda steps, seconds: 2.0, "a pair was wanted"),
    "never forgotten": (
        "06.2",
        lambda first, second: (second[0] - first[0]) / (first[1] - second[1]),
        "None was wanted",
    ),
    "before the start": (
        "06.2",
        lambda first, second: (
            None if second[1] >= first[1] else (second[0] - first[0]) / (first[1] - second[1])
        ),
        "faster from the start",
    ),
    "not mixed": ("06.3", lambda pictures: pictures, "come out as they went in"),
    "mixed along the wrong axis": (
        "06.3",
        lambda pictures: pictures.transpose(0, 2, 1),
        "no pixel goes into another picture",
    ),
    "the number last": (
        "06.3",
        lambda pictures: np.moveaxis(pictures, 0, -1).reshape(pictures.shape),
        "take every n-th pixel of the row of all",
    ),
    "all alike": (
        "06.3",
        lambda pictures: np.stack(
            [pictures.reshape(-1)[:: len(pictures)].reshape(28, 28) for _ in pictures]
        ),
        "k does not start at k",
    ),
    "in Fortran's order": (
        "06.3",
        lambda pictures: np.stack(
            [
                pictures.reshape(-1)[k :: len(pictures)].reshape((28, 28), order="F")
                for k in range(len(pictures))
            ]
        ),
        "but rows and columns of each mixed picture are swapped",
    ),
    "neighbors": (
        "06.3",
        lambda pictures: np.roll(pictures, 1),
        "the mixed pictures differs at",
    ),
    "one of the four left": (
        "06.4",
        replace(MENDED, score_as_loss=True, no_biases=True, one_filter=True),
        "It learns nothing, for one of the four that destroy learning is still on.",
    ),
    "the four alone": (
        "06.4",
        replace(
            PUBLISHED,
            score_as_loss=False,
            interleaved_pictures=False,
            divided_twice=False,
            uniform_weights=False,
        ),
        "The four that destroy learning are mended, and yet it hardly learns",
    ),
    "too many mended": ("06.4", MENDED, "you mended 12 peculiarities"),
    "no switches": ("06.4", 9, "switches were wanted"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(mistake, capsys):
    key, answer, told = MISTAKES[mistake]
    exercise = lessons.exercise(key)
    exercise.check(answer)
    assert exercise.state == "wrong"
    assert told in capsys.readouterr().out


def test_what_is_right_in_another_type_is_right(capsys):
    def as_an_array(steps, seconds):
        step = (seconds[1] - seconds[0]) / (steps[1] - steps[0])
        return np.array([seconds[0] - step * steps[0], step])

    def whole_steps(first, second):
        if second[1] >= first[1]:
            return None
        return max(0, int(np.ceil((second[0] - first[0]) / (first[1] - second[1]))))

    for key, answer in (("06.1", as_an_array), ("06.2", whole_steps)):
        lessons.exercise(key).check(answer)
        assert capsys.readouterr().out.startswith(f"✓ {key} is right.")


@pytest.mark.parametrize("key", ["06.1", "06.2", "06.3", "06.4"])
def test_solution_is_right_and_nothing_is_not_attempted(key):
    exercise = lessons.exercise(key)
    names: dict = {"np": np, "PUBLISHED": PUBLISHED}
    exec("from dataclasses import replace\n" + exercise.code, names)
    name = re.search(r"^(?:def )?(\w+)", exercise.code)[1]
    exercise.check(PUBLISHED if key == "06.4" else ...)
    assert exercise.state == "not attempted"
    exercise.check(names[name])
    assert exercise.state == "right"
