"""A graph of nodes as a picture: SVG made with nothing but this file and ``layout.py``.

Anything with ``inputs`` can be drawn, so that nodes which a student has just written are
drawn as well as minigrad's own. The three kinds differ in shape and border, not in color
alone: constants are dashed rectangles, variables heavy rectangles, operators rounded.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, pairwise
from typing import Any

import numpy as np

from minigrad.display.described import escape, image_tag
from minigrad.display.layout import entries, layered
from minigrad.graph import topological_sort

__all__ = ["Box", "GraphPicture", "draw"]

FONT = "DejaVu Sans, Verdana, sans-serif"
TITLE, TEXT = 14.0, 12.0  # sizes of letters, in pixels
MARGIN = 12.0
LIMIT = 200  # nodes; a larger picture could not be read

INK, EDGE, LIT_FILL, LIT_EDGE = "#1a1a1a", "#555555", "#0b3c5d", "#d55e00"
FILL = {"constant": "#ffffff", "variable": "#fdf1c7", "operator": "#dcebf7"}
BORDER = {"constant": 1.2, "variable": 2.6, "operator": 1.4}


@dataclass(frozen=True)
class Box:
    """One node in the picture.

    Attributes:
        node: The node.
        kind: ``"constant"``, ``"variable"`` or ``"operator"``.
        lines: What is written in it, the title first.
        x: Left edge, in pixels.
        y: Upper edge.
        width: Width.
        height: Height.
        lit: Whether it is drawn highlighted.
    """

    node: Any
    kind: str
    lines: tuple[str, ...]
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    lit: bool = False


@dataclass(frozen=True)
class Line:
    # One edge: the points that it passes, where it enters, and what is written beside it.
    source: int
    target: int
    points: tuple[tuple[float, float], ...]
    note: str = ""
    lit: bool = False
    reverse: bool = False  # the arrow points at the source: a gradient on its way back


@dataclass(frozen=True)
class GraphPicture:
    """A drawn graph. Notebooks show it as SVG; its text form is its alternative text.

    Attributes:
        boxes: The nodes, in topological order.
        lines: The edges.
        across: Whether the graph flows from left to right; downward otherwise.
    """

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    across: bool
    size: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def alt(self) -> str:
        """What the picture shows, in words, for those who cannot see it."""
        names = titles = [box.lines[0] for box in self.boxes]
        if len(titles) > 12:
            titles = [*titles[:6], "…", *titles[-5:]]
        lit = [box.lines[0] for box in self.boxes if box.lit]
        times = Counter((line.source, line.target) for line in self.lines)
        several = [
            f"{names[source]} {'twice' if n == 2 else f'{n} times'} into {names[target]}"
            for (source, target), n in times.items()
            if n > 1
        ]
        return (
            f"Graph of {len(self.boxes)} nodes and {len(self.lines)} edges: {', '.join(titles)}"
            + (f"; {', '.join(several)}" if several else "")
            + (f"; highlighted: {', '.join(lit)}" if lit else "")
        )

    def __repr__(self) -> str:
        return f"<{self.alt}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        # SVG where the viewer trusts it, and a bitmap where it does not (a notebook that
        # was not run yet); without matplotlib the SVG alone.
        data: dict[str, Any] = {"text/plain": repr(self), "image/svg+xml": self.svg()}
        try:
            data["image/png"] = self.png()
        except ImportError:
            return data, {}
        width, height = self.size
        data["text/html"] = self.html()
        return data, {"image/png": {"alt": self.alt, "width": width, "height": height}}

    def _repr_svg_(self) -> str:
        return self.svg()

    def with_state(
        self,
        values: Mapping[Any, Any],
        gradients: Mapping[Any, Any],
        highlight: Iterable[Any] = (),
        notes: Mapping[tuple[Any, int], str] | None = None,
        backward: bool = False,
    ) -> GraphPicture:
        """The same picture, every box in its place, at another moment of a sweep.

        Args:
            values: Value of each node that has one at that moment.
            gradients: Gradient of each node that has one.
            highlight: Nodes to light; edges into them are lit as well.
            notes: What to write beside the edge into ``(node, port)``.
            backward: Whether lit edges point back at their source.

        Returns:
            A new picture.
        """
        lit = set(highlight)
        boxes = tuple(
            replace(
                box,
                lines=describe(
                    box.node, values.get(box.node), gradients.get(box.node), tall=self.across
                ),
                lit=box.node in lit,
            )
            for box in self.boxes
        )
        lines: list[Line] = []
        ports: dict[Any, int] = {}
        for line in self.lines:
            target = self.boxes[line.target].node
            port = ports[target] = ports.get(target, -1) + 1
            note = (notes or {}).get((target, port), "")
            on = target in lit
            lines.append(replace(line, note=note, lit=on, reverse=on and backward))
        return replace(self, boxes=boxes, lines=tuple(lines))

    def html(self) -> str:
        """The picture as an image of a page, with its alternative text."""
        return image_tag(self.svg().encode(), self.alt, self.size[0], kind="svg+xml")

    # -- two ways to put the same shapes on paper -------------------------------------
    def svg(self) -> str:
        """The picture as SVG text, on a white ground, with title and description."""
        width, height = self.size
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:g}" '
            f'height="{height:g}" viewBox="0 0 {width:g} {height:g}" '
            f'style="max-width:100%;height:auto" font-family="{FONT}">',
            f"<title>{escape(self.alt)}</title>",
            f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        ]
        for line in sorted(self.lines, key=lambda line: line.lit):
            color, stroke = (LIT_EDGE, 2.8) if line.lit else (EDGE, 1.4)
            curve = self.curve(line)
            path = f"M{curve[0][0]:g} {curve[0][1]:g}" + "".join(
                f" C{a[0]:g} {a[1]:g} {b[0]:g} {b[1]:g} {c[0]:g} {c[1]:g}"
                for a, b, c in zip(curve[1::3], curve[2::3], curve[3::3], strict=True)
            )
            parts.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{stroke}"/>')
            tip = " ".join(f"{x:g},{y:g}" for x, y in self.arrow(line))
            parts.append(f'<polygon points="{tip}" fill="{color}"/>')
        for box in self.boxes:
            fill = LIT_FILL if box.lit else FILL[box.kind]
            border = LIT_EDGE if box.lit else INK
            stroke = 3.4 if box.lit else BORDER[box.kind]
            dash = ' stroke-dasharray="5 3"' if box.kind == "constant" and not box.lit else ""
            parts.append(
                f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" '
                f'rx="{radius(box):g}" fill="{fill}" stroke="{border}" stroke-width="{stroke}"{dash}/>'
            )
            for text, x, y, size, weight in written(box):
                color = "#ffffff" if box.lit else INK
                parts.append(
                    f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" '
                    f'fill="{color}" text-anchor="middle">{escape(text)}</text>'
                )
        for text, x, y in self.notes():
            parts.append(
                f'<text x="{x:g}" y="{y:g}" font-size="{TEXT:g}" font-weight="bold" fill="{INK}" '
                f'stroke="#ffffff" stroke-width="4" paint-order="stroke" '
                f'text-anchor="middle">{escape(text)}</text>'
            )
        return "\n".join([*parts, "</svg>"])

    def png(self, dpi: float = 144.0) -> bytes:
        """The picture as the bytes of a PNG file; needs matplotlib."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(self.size[0] / 96, self.size[1] / 96), dpi=dpi)
        FigureCanvasAgg(figure)
        self.paint(figure.add_axes((0, 0, 1, 1)))
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        return buffer.getvalue()

    def paint(self, ax: Any) -> None:
        """Draw the picture on axes of matplotlib.

        Args:
            ax: The axes; their limits are set and their frame is taken off.
        """
        from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
        from matplotlib.path import Path
        from matplotlib.patheffects import withStroke

        ax.set_axis_off()
        ax.set(xlim=(0, self.size[0]), ylim=(self.size[1], 0))
        ax.set_aspect("equal")
        ax.apply_aspect()
        left, right = ax.transData.transform([(0, 0), (1, 0)])[:, 0]
        point = (right - left) * 72 / ax.figure.dpi  # one pixel of ours, in points
        for line in self.lines:
            color, stroke = (LIT_EDGE, 2.8) if line.lit else (EDGE, 1.4)
            curve = self.curve(line)
            codes = [Path.MOVETO] + [Path.CURVE4] * (len(curve) - 1)
            look = {"edgecolor": color, "linewidth": stroke * point, "zorder": 1 + line.lit}
            ax.add_patch(PathPatch(Path(curve, codes), facecolor="none", **look))
            ax.add_patch(Polygon(self.arrow(line), facecolor=color, linewidth=0, zorder=2))
        for box in self.boxes:
            ax.add_patch(
                FancyBboxPatch(
                    (box.x, box.y),
                    box.width,
                    box.height,
                    boxstyle=f"round,pad=0,rounding_size={max(radius(box), 0.01)}",
                    facecolor=LIT_FILL if box.lit else FILL[box.kind],
                    edgecolor=LIT_EDGE if box.lit else INK,
                    linewidth=(3.4 if box.lit else BORDER[box.kind]) * point,
                    linestyle="--" if box.kind == "constant" and not box.lit else "-",
                    zorder=3,
                )
            )
            for text, x, y, size, weight in written(box):
                look = {"size": size * point, "weight": weight, "ha": "center", "zorder": 4}
                ax.text(x, y, text, color="#ffffff" if box.lit else INK, **look)
        for text, x, y in self.notes():
            halo = [withStroke(linewidth=4 * point, foreground="#ffffff")]
            look = {"size": TEXT * point, "weight": "bold", "ha": "center", "zorder": 5}
            ax.text(x, y, text, color=INK, path_effects=halo, **look)

    def curve(self, line: Line) -> list[tuple[float, float]]:
        # Cubic Bézier pieces that leave and enter every point in the direction of flow.
        curve = [line.points[0]]
        for (x0, y0), (x1, y1) in pairwise(line.points):
            if self.across:
                middle = (x0 + x1) / 2
                curve += [(middle, y0), (middle, y1), (x1, y1)]
            else:
                middle = (y0 + y1) / 2
                curve += [(x0, middle), (x1, middle), (x1, y1)]
        return curve

    def arrow(self, line: Line) -> list[tuple[float, float]]:
        (x, y), back = (line.points[0], -1) if line.reverse else (line.points[-1], 1)
        if self.across:
            return [(x, y), (x - back * 9, y - 4.5), (x - back * 9, y + 4.5)]
        return [(x, y), (x - 4.5, y - back * 9), (x + 4.5, y - back * 9)]

    def notes(self) -> list[tuple[str, float, float]]:
        # beside the last gap that the edge crosses, clear of the arrow
        placed = []
        for line in self.lines:
            if line.note:
                flow = 0 if self.across else 1
                gaps = [(p, q) for p, q in pairwise(line.points) if abs(q[flow] - p[flow]) > 20]
                (x0, y0), (x1, y1) = gaps[-1]
                aside = (18 if y1 > y0 else -8) if self.across else 4
                placed.append((line.note, (x0 + x1) / 2, (y0 + y1) / 2 + aside))
        return placed


def draw(
    nodes: Any,
    values: bool = True,
    gradients: bool = True,
    highlight: Any = (),
    direction: str | None = None,
) -> GraphPicture:
    """Draw the graph that ends in a node, or in several.

    Args:
        nodes: A node or a sequence of nodes. All that they depend on is drawn.
        values: Whether to write the values of nodes of at most four elements.
        gradients: Whether to write their gradients, where a backward sweep left one.
        highlight: A node or nodes to light.
        direction: ``"right"`` or ``"down"``; by default to the right while the graph is short.

    Returns:
        A picture that a notebook shows as SVG.

    Raises:
        ValueError: When the direction is another, or the graph has more than 200 nodes.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(5.0, name="x")
        >>> mg.display.draw(np.sin(x * x))
        <Graph of 3 nodes and 3 edges: x, multiply, sin; x twice into multiply>
    """
    if direction not in (None, "right", "down"):
        raise ValueError(f'draw: direction is "right" or "down", got {direction!r}')
    orders = (topological_sort(node) for node in several(nodes))
    order: list[Any] = list(dict.fromkeys(chain.from_iterable(orders)))
    if len(order) > LIMIT:
        raise ValueError(
            f"draw: {len(order)} nodes are too many to read; at most {LIMIT} are drawn"
        )
    lit = set(several(highlight))
    number = {node: k for k, node in enumerate(order)}
    inputs = [[number[i] for i in node.inputs] for node in order]
    across = is_short(inputs) if direction is None else direction == "right"
    boxes = []
    for node in order:
        value, gradient = node.value if values else None, node.gradient if gradients else None
        lines = describe(node, value, gradient, tall=across)
        boxes.append(Box(node, kind_of(node), lines, lit=node in lit))
    return placed(boxes, inputs, across)


def is_short(inputs: Sequence[Sequence[int]]) -> bool:
    steps = [0] * len(inputs)
    for k, sources in enumerate(inputs):
        steps[k] = 1 + max((steps[s] for s in sources), default=-1)
    return max(steps) < 7


def placed(boxes: Sequence[Box], inputs: Sequence[Sequence[int]], across: bool) -> GraphPicture:
    boxes = [replace(box, width=width_of(box.lines), height=height_of(box.lines)) for box in boxes]
    widths, heights = [box.width for box in boxes], [box.height for box in boxes]
    layout = (
        layered(inputs, widths, heights, gap_along=58)
        if across
        else layered(inputs, heights, widths, gap_along=18)
    )

    def point(along: float, over: float) -> tuple[float, float]:
        x, y = (along, over) if across else (over, along)
        return round(x + MARGIN, 2), round(y + MARGIN, 2)

    centers = [point(a, c) for a, c in zip(layout.along, layout.across, strict=True)]
    boxes = [
        replace(box, x=round(x - box.width / 2, 2), y=round(y - box.height / 2, 2))
        for box, (x, y) in zip(boxes, centers, strict=True)
    ]
    lines, enters = [], entries(inputs)
    for target, sources in enumerate(inputs):
        for port, source in enumerate(sources):
            a, b = boxes[source], boxes[target]
            aside = enters[target, port]
            (ax, ay), (bx, by) = centers[source], centers[target]
            start = (a.x + a.width, ay) if across else (ax, a.y + a.height)
            end = (b.x, by + aside * b.height) if across else (bx + aside * b.width, b.y)
            bends = [point(*bend) for bend in layout.bends[target, port]]
            passed = [key for key, _ in groupby((start, *bends, end))]  # none twice
            lines.append(Line(source, target, tuple(passed)))
    size = (
        max([b.x + b.width for b in boxes] + [x for ln in lines for x, _ in ln.points]) + MARGIN,
        max([b.y + b.height for b in boxes] + [y for ln in lines for _, y in ln.points]) + MARGIN,
    )
    return GraphPicture(tuple(boxes), tuple(lines), across, size)


def several(nodes: Any) -> list[Any]:
    # one node or a sequence of them; a node of minigrad can be iterated over, so ask first
    return [nodes] if hasattr(nodes, "inputs") else list(nodes)


def kind_of(node: Any) -> str:
    if node.inputs:
        return "operator"
    names = {parent.__name__ for parent in type(node).__mro__}
    return "variable" if "Variable" in names else "constant"


def describe(
    node: Any, value: Any = None, gradient: Any = None, tall: bool = True
) -> tuple[str, ...]:
    """The lines in a node's box: its title, and what there is of shape, value, gradient.

    Args:
        node: The node.
        value: The value to write, or ``None``.
        gradient: The gradient to write, or ``None``.
        tall: Whether the shape has a line of its own. Where the graph flows downward it stands
            beside the title: a network of a dozen operators then fits on a screen.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.display.graph import describe
        >>> describe(mg.Variable([1.0, 2.0], name="w"), value=[1.0, 2.0])
        ('w', 'shape (2,)', 'value 1, 2')
        >>> describe(mg.Constant(3.0), value=3.0)
        ('3',)
    """
    label = getattr(node, "label", type(node).__name__.lower())
    name = getattr(node, "name", None)
    operator = kind_of(node) == "operator"
    if value is not None and kind_of(node) == "constant" and not name and np.ndim(value) == 0:
        return (number(value),)  # a number in the expression
    title = f"{label} “{name}”" if name and operator else name or label
    shape = getattr(node, "shape", np.shape(value) if value is not None else ())
    lines = [title]
    if shape and tall:
        lines.append(f"shape {tuple(shape)}")
    elif shape:
        lines = [f"{title} {tuple(shape)}"]
    for word, content in (("value", value), ("gradient", gradient)):
        if content is not None and 1 <= np.size(content) <= 4:
            lines.append(f"{word} {', '.join(number(n) for n in np.ravel(content))}")
    return tuple(lines)


def number(value: Any) -> str:
    """A number in four digits, with a true minus sign.

    Example:
        >>> from minigrad.display.graph import number
        >>> number(-0.13235175), number(25.0)
        ('−0.1324', '25')
    """
    return f"{float(value):.4g}".replace("-", "−")


def width_of(lines: Sequence[str]) -> float:
    longest = max([0.70 * TITLE * len(lines[0])] + [0.60 * TEXT * len(line) for line in lines[1:]])
    return round(max(longest, 34) + 24)


def height_of(lines: Sequence[str]) -> float:
    return 32 + 16 * (len(lines) - 1)


def radius(box: Box) -> float:
    return {"operator": 16.0, "variable": 4.0, "constant": 0.0}[box.kind]


def written(box: Box) -> list[tuple[str, float, float, float, str]]:
    # text, x, y of its base line, size, weight; centered however many lines there are
    middle = box.x + box.width / 2
    first = box.y + box.height / 2 - 8 * (len(box.lines) - 1) + 5
    return [
        (text, middle, first + 16 * k, TEXT if k else TITLE, "normal" if k else "bold")
        for k, text in enumerate(box.lines)
    ]
