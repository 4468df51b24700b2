"""Explorers: controls beside a picture that follows them.

With a kernel, the controls live. Without one (on GitHub, in an exported page, in a notebook
that was not run yet) the picture as it was last stands still in the same place. The
picture comes from a pure function of the controls' values, so that an explorer can be
tested by setting a control from code.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from minigrad.display.described import bundle, escape
from minigrad.display.plots import style

__all__ = ["Explorer"]


class Explorer(widgets.VBox):
    """Controls and a picture that is drawn anew whenever one of them moves.

    Args:
        draw: Called as ``draw(figure, **values)`` with an empty figure of matplotlib and
            the values of the controls; returns what the picture shows, in words.
        controls: For each argument of ``draw``, the widget that sets it.
        size: Width and height of the picture in inches.
        columns: How many controls stand side by side.

    Attributes:
        controls: The controls by name. ``explorer.controls["step"].value = 3`` moves one.
        text: What the picture shows, in words.
        png: The picture, as the bytes of a PNG file.

    Example:
        >>> import ipywidgets as widgets, minigrad as mg
        >>> def line(figure, slope):
        ...     figure.add_subplot().plot([0, slope])
        ...     return f"a line of slope {slope}"
        >>> explorer = mg.display.Explorer(line, {"slope": widgets.IntSlider(1)})
        >>> explorer.controls["slope"].value = 2
        >>> explorer
        <Explorer: a line of slope 2>
    """

    def __init__(
        self,
        draw: Callable[..., str],
        controls: Mapping[str, Any],
        size: tuple[float, float] = (9.0, 4.5),
        columns: int = 1,
    ) -> None:
        self.draw, self.controls, self.size = draw, dict(controls), size
        self.image = widgets.Image(format="png", layout={"max_width": "100%"})
        self.image.layout.width = f"{size[0] * 96:.0f}px"
        self.said = widgets.HTML()
        layout = {"grid_template_columns": f"repeat({columns}, minmax(0, 1fr))"}
        grid = widgets.GridBox(list(self.controls.values()), layout=layout)
        super().__init__([grid, self.image, self.said])
        for control in self.controls.values():
            control.observe(self.update, names="value")
        self.update()

    def update(self, change: Any = None) -> None:
        """Draw the picture for the present values of the controls."""
        with style():
            figure = Figure(figsize=self.size, dpi=110)
            canvas = FigureCanvasAgg(figure)
            values = {name: control.value for name, control in self.controls.items()}
            self.text = self.draw(figure, **values)
            buffer = io.BytesIO()
            canvas.print_png(buffer, metadata={"Description": self.text})  # draws once
        self.png = buffer.getvalue()
        self.image.value = self.png
        # what a screen reader announces when a control has moved, and everybody may read
        self.said.value = f'<div role="status" aria-live="polite">{escape(self.text)}</div>'

    def __repr__(self) -> str:
        return f"<Explorer: {self.text}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        live = super()._repr_mimebundle_(**options) or {}
        data, metadata = live if isinstance(live, tuple) else (live, {})
        still, look = bundle(repr(self), self.png, self.text, self.size[0] * 96)
        return {**data, **still}, {**metadata, **look}
