"""Lecture 02: the impatient backward sweep beside the sorted one, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import minigrad as mg
from minigrad.display import Explorer, draw

__all__ = ["impatient"]


@dataclass(frozen=True)
class Moment:
    """What a sweep has done up to now: who hands on what, and who holds which gradient."""

    text: str
    node: Any
    gradients: dict[Any, float]
    handed: dict[tuple[Any, int], str]


def impatient(step: int = 0) -> Explorer:
    """Step through both sweeps over b = a + a, c = b + b.

    Args:
        step: Where to begin.

    Returns:
        An explorer with one control, ``"step"``.

    Example:
        >>> from minigrad_course import explorers
        >>> explorers.impatient(step=4)
        <Explorer: step 4 of 4. Sorted: done; a has 4. Impatient: b has 2 by now, and hands 2 along each edge again; a has 6.>
    """
    import ipywidgets as widgets

    picture, values, patient, hasty = story()

    def paint(figure: Any, step: int) -> str:
        figure.set_layout_engine("none")
        for bottom, title, now in ((0.5, "Sorted", patient[step]), (0.0, "Impatient", hasty[step])):
            axes = figure.add_axes((0.16, bottom + 0.10, 0.82, 0.38))
            picture.with_state(
                values,
                now.gradients,
                highlight=[now.node] if now.node is not None else [],
                notes=now.handed,
                backward=True,
            ).paint(axes)
            figure.text(0.02, bottom + 0.29, title, size=14, weight="bold", va="center")
            figure.text(0.57, bottom + 0.05, now.text, size=12, ha="center", va="center")
        return f"step {step} of 4. Sorted: {patient[step].text}. Impatient: {hasty[step].text}."

    slider = widgets.IntSlider(step, 0, 4, description="step", layout={"width": "60%"})
    return Explorer(paint, {"step": slider}, size=(9.0, 4.8))


def story() -> tuple[Any, dict[Any, Any], list[Moment], list[Moment]]:
    """The graph, its values, and what happens in the sorted sweep and in the impatient one."""
    a = mg.Variable(1.0, name="a")
    b = mg.operators.Add(a, a, name="b")
    c = mg.operators.Add(b, b, name="c")
    order = mg.topological_sort(c)
    mg.forward(order)
    mg.backward(order)
    picture = draw(c)  # its boxes have room for value and gradient
    values = {node: node.value for node in order}
    patient = [
        Moment("both start at c, with 1", c, {c: 1}, {}),
        Moment("c hands 1 along each edge; b has 2", c, {c: 1, b: 2}, both(c, "1")),
        Moment("b hands 2 along each edge; a has 4", b, {c: 1, b: 2, a: 4}, both(b, "2")),
        Moment("done; a has 4", None, {c: 1, b: 2, a: 4}, {}),
        Moment("done; a has 4", None, {c: 1, b: 2, a: 4}, {}),
    ]
    hasty = [
        Moment("both start at c, with 1", c, {c: 1}, {}),
        Moment("c hands 1 along its first edge; b has 1", c, {c: 1, b: 1}, {(c, 0): "1"}),
        Moment("b hands on 1 at once; a has 2", b, {c: 1, b: 1, a: 2}, both(b, "1")),
        Moment("c hands 1 along its second edge; b has 2", c, {c: 1, b: 2, a: 2}, {(c, 1): "1"}),
        Moment(
            "b has 2 by now, and hands 2 along each edge again; a has 6",
            b,
            {c: 1, b: 2, a: 6},
            both(b, "2"),
        ),
    ]
    return picture, values, patient, hasty


def both(node: Any, part: str) -> dict[tuple[Any, int], str]:
    return {(node, 0): part, (node, 1): part}
