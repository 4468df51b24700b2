"""The series: which lectures there are, what each asks, and which builds on which."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["SERIES", "Lecture", "draw_series"]


class Lecture(NamedTuple):
    """One notebook of the series.

    Attributes:
        file: Its name in ``notebooks/``, without the ending.
        title: What it is called.
        question: What it answers.
        runs: How long its code takes on two cores.
        after: Numbers of the lectures that it builds on.
        at: Where it stands on the map: column and row.
    """

    file: str
    title: str
    question: str
    runs: str
    after: tuple[str, ...]
    at: tuple[float, float]

    @property
    def number(self) -> str:
        """Its number: ``"02"``."""
        return self.file[:2]


SERIES = (
    Lecture(
        "00_start_here",
        "Start here",
        "What will I be able to do?",
        "seconds",
        (),
        (0, 1),
    ),
    Lecture(
        "01_derivatives_four_ways",
        "Derivatives four ways",
        "How can a computer differentiate a program?",
        "half a minute",
        ("00",),
        (1, 1),
    ),
    Lecture(
        "02_graph_nodes",
        "Graph nodes",
        "How does reverse mode work on a graph?",
        "a few seconds",
        ("01",),
        (2, 1),
    ),
    Lecture(
        "03_proof_of_concept",
        "Proof of concept",
        "What is a convolutional network, as a graph?",
        "half a minute",
        ("02",),
        (3, 1),
    ),
    Lecture(
        "04_optimised_version",
        "Optimized version",
        "Where does the time go, and how do we get it back?",
        "a minute",
        ("03",),
        (4, 0),
    ),
    Lecture(
        "05_keras_reference",
        "Keras reference",
        "Does the framework do anything else?",
        "a minute",
        ("03",),
        (4, 1),
    ),
    Lecture(
        "06_experiments",
        "Experiments",
        "What did the paper find, and does it hold?",
        "a minute or two",
        ("04", "05"),
        (5, 0.5),
    ),
    Lecture(
        "07_going_further",
        "Going further",
        "How far does this take me?",
        "a minute",
        ("03",),
        (4, 2),
    ),
    Lecture(
        "08_derivatives_of_chance",
        "Derivatives of chance",
        "What if the program throws dice?",
        "half a minute",
        ("01",),
        (2, 2),
    ),
)


def draw_series() -> Any:
    """The map of the series: an arrow leads from a lecture to those that build on it.

    Returns:
        A picture, for the last line of a notebook's cell.

    Example:
        >>> from minigrad_course.series import draw_series
        >>> draw_series()                                           # doctest: +ELLIPSIS
        <Figure: Map of the lectures: 00 Start here → 01 Derivatives four ways → 02 ...>
    """
    import textwrap

    from matplotlib.figure import Figure

    import minigrad as mg

    with mg.display.style():
        figure = Figure(figsize=(11.0, 3.3))
        ax = figure.subplots()
        ax.set_axis_off()
        ax.set(xlim=(-0.5, 5.5), ylim=(2.45, -0.45))
        look: Any = {"boxstyle": "round,pad=0.5", "facecolor": "#dce9f7", "edgecolor": "#1a1a1a"}
        arrow: Any = {
            "arrowstyle": "-|>",
            "color": "#555555",
            "lw": 1.6,
            "shrinkA": 0,
            "shrinkB": 2,
        }
        boxes: dict[str, Any] = {}
        for lecture in SERIES:
            name = textwrap.fill(lecture.title, 14)
            text = f"{lecture.number}\n{name}"
            where: Any = {"ha": "center", "va": "center", "fontsize": 12.5}
            boxes[lecture.number] = ax.text(*lecture.at, text, bbox=look, **where)
        for lecture in SERIES:
            for before in (boxes[number] for number in lecture.after):  # from edge to edge
                ends = {
                    "patchA": before.get_bbox_patch(),
                    "patchB": boxes[lecture.number].get_bbox_patch(),
                }
                ax.annotate("", lecture.at, before.get_position(), arrowprops={**arrow, **ends})
    return mg.display.show(
        figure,
        alt="Map of the lectures: 00 Start here → 01 Derivatives four ways → 02 Graph nodes → 03 "
        "Proof of concept → 04 Optimized version and 05 Keras reference → 06 Experiments; from 03 "
        "also → 07 Going further, and from 01 also → 08 Derivatives of chance",
    )
