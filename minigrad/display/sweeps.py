"""The two sweeps over a graph, step by step, in pictures."""

import inspect
import textwrap
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as widgets
import numpy as np

from minigrad.display.explorer import Explorer
from minigrad.display.graph import GraphPicture, draw, number
from minigrad.graph import accumulate, topological_sort, unbroadcast

__all__ = ["Step", "steps", "sweep_explorer"]


@dataclass(frozen=True)
class Step:
    """One moment of the sweeps.

    Attributes:
        text: What happens, in words.
        rule: The operator's own line of code that is at work, or ``""``.
        node: The node that is lit, or ``None`` before the first step.
        values: The value of each node that has one by now.
        gradients: The gradient of each node that has one by now.
        parts: For each input of the lit node, the gradient that it is handed.
        backward: Whether this is a step of the backward sweep.
    """

    text: str
    rule: str = ""
    node: Any = None
    values: dict[Any, Any] = field(default_factory=dict)
    gradients: dict[Any, Any] = field(default_factory=dict)
    parts: dict[int, Any] = field(default_factory=dict)
    backward: bool = False


def steps(result: Any) -> list[Step]:
    """Run a forward and a backward sweep and note what each step did.

    Args:
        result: A scalar node, of minigrad or written by a student. Its graph is computed,
            and holds values and gradients afterward.

    Returns:
        A step for the graph as it is given, for each operator forward, for the seed, and
        for each operator backward.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad.display.sweeps import steps
        >>> x = mg.Variable(5.0, name="x")
        >>> for step in steps(np.sin(x * x)):
        ...     print(step.text)
        The graph before the sweeps: only constants and variables have a value.
        Forward: multiply takes 5 and 5, and gives 25.
        Forward: sin takes 25, and gives −0.1324.
        Backward: the last node, sin, starts with the gradient 1.
        Backward: sin has gradient 1, and hands 0.9912 to multiply.
        Backward: multiply has gradient 0.9912, and hands 4.956 to x, 4.956 to x.
    """
    order: list[Any] = topological_sort(result)
    values = {node: node.value for node in order if not node.inputs}
    text = "The graph before the sweeps: only constants and variables have a value."
    shown = [Step(text, values=values)]
    for node in order:
        if node.inputs:
            node.value = node.forward(*(i.value for i in node.inputs))
            values = {**values, node: node.value}
            taken = " and ".join(brief(i.value) for i in node.inputs)
            text = f"Forward: {called(node)} takes {taken}, and gives {brief(node.value)}."
            shown.append(Step(text, rule(node, "forward"), node, values))

    for node in order:
        node.gradient = None
    result.gradient = np.ones(np.shape(result.value))[()]
    gradients = {result: result.gradient}
    text = f"Backward: the last node, {called(result)}, starts with the gradient 1."
    shown.append(Step(text, "", result, values, gradients, {}, True))
    for node in reversed(order):
        if node.inputs and node.gradient is not None:
            parts = hand_back(node)
            gradients = gradients | {s: s.gradient for s in node.inputs if s.gradient is not None}
            handed = ", ".join(
                f"{brief(part)} to {called(node.inputs[port])}" for port, part in parts.items()
            )
            text = (
                f"Backward: {called(node)} has gradient {brief(node.gradient)}, and hands {handed}."
            )
            shown.append(Step(text, rule(node, "backward"), node, values, gradients, parts, True))
    return shown


def hand_back(node: Any) -> dict[int, Any]:
    # what a node hands to each of its inputs, by port; the inputs have it afterward
    parts = node.backward(node.gradient, *(i.value for i in node.inputs))
    handed = {}
    for port, part in enumerate(parts if isinstance(parts, (tuple, list)) else (parts,)):
        source = node.inputs[port]
        if part is not None and getattr(source, "needs_gradient", True):
            handed[port] = unbroadcast(part, np.shape(source.value))
            accumulate(source, handed[port])
    return handed


def sweep_explorer(result: Any, step: int = 0) -> Any:
    """Step through the forward and the backward sweep with a slider.

    The node at work is lit; its value, its gradient, what it hands to its inputs and the
    line of code that says so are shown.

    Args:
        result: A scalar node that ends a graph of at most 200 nodes.
        step: Where to begin.

    Returns:
        An explorer with one control, ``"step"``.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(5.0, name="x")
        >>> explorer = mg.display.sweep_explorer(np.sin(x * x))
        >>> explorer.controls["step"].value = 2
        >>> explorer
        <Explorer: step 2 of 5. Forward: sin takes 25, and gives −0.1324.>
    """
    shown = steps(result)
    final = draw(result)  # its boxes have room for the value and the gradient
    slider = widgets.IntSlider(step, 0, len(shown) - 1, description="step", layout={"width": "60%"})

    def picture(figure: Any, step: int) -> str:
        now = shown[step]
        paint(figure, final, now)
        return f"step {step} of {len(shown) - 1}. {now.text}"

    width = min(max(final.size[0] / 80, 7.5), 11.0)
    height = min(final.size[1] / final.size[0] * width, 8.0) + 1.1
    return Explorer(picture, {"step": slider}, size=(width, height))


def paint(figure: Any, final: GraphPicture, now: Step) -> None:
    figure.set_layout_engine("none")  # the parts are placed by hand
    height = figure.get_size_inches()[1]
    graph = figure.add_axes((0.01, 1.0 / height, 0.98, 1 - 1.0 / height))
    final.with_state(
        now.values,
        now.gradients,
        highlight=[now.node] if now.node is not None else [],
        notes={(now.node, port): brief(part) for port, part in now.parts.items()},
        backward=now.backward,
    ).paint(graph)
    figure.text(0.02, 0.68 / height, "\n".join(textwrap.wrap(now.text, 95)), size=12, va="center")
    if now.rule:
        figure.text(0.02, 0.24 / height, now.rule, size=12, va="center", family="DejaVu Sans Mono")


def called(node: Any) -> str:
    return str(getattr(node, "name", None) or getattr(node, "label", type(node).__name__.lower()))


def brief(value: Any) -> str:
    if np.size(value) <= 4:
        numbers = ", ".join(number(n) for n in np.ravel(value))
        return f"[{numbers}]" if np.ndim(value) else numbers
    return f"an array of shape {np.shape(value)}"


def rule(node: Any, method: str) -> str:
    # The line that returns the value or the gradients, as it stands in the class.
    try:
        lines = inspect.getsource(getattr(type(node), method)).splitlines()
    except (OSError, TypeError):
        return ""
    returned = [line.strip() for line in lines if line.strip().startswith("return ")]
    head = lines[0].strip().rstrip(":").removeprefix("def ")
    return f"{head}:  {returned[-1]}" if returned else ""
