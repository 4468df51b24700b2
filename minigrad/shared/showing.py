"""How things show themselves: the call that makes them, and tables in a terminal and a notebook."""

import inspect
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from minigrad.shared.arguments import brief, configuration
from minigrad.shared.console import shown

PLAIN = (bool, int, float, str, tuple, type(None))


def as_call(thing: Any, hidden: Sequence[str] = ("name",)) -> str:
    """The call that makes such an object, with what differs from the defaults.

    Args:
        thing: An optimizer, a loss, a metric, an initializer, a callback.
        hidden: Arguments that are not shown.

    Example:
        >>> import minigrad as mg
        >>> mg.optimizers.SGD(0.01, momentum=0.9)
        SGD(learning_rate=0.01, momentum=0.9)
        >>> mg.callbacks.EarlyStopping(patience=3)
        EarlyStopping(monitor='val_loss', patience=3)
    """
    kind, has, words = type(thing), configuration(thing), []
    for parameter in inspect.signature(kind).parameters.values():
        if parameter.name in has and parameter.name not in hidden:
            value, usual = has[parameter.name], parameter.default
            as_usual = value is usual or (isinstance(value, PLAIN) and value == usual)
            if not as_usual or parameter.name in ("learning_rate", "monitor"):
                name = getattr(value, "__name__", None)  # a function of the user's
                words.append(f"{parameter.name}={name or brief(value)}")
    return f"{kind.__name__}({', '.join(words)})"


def figure(value: Any) -> str:
    """A metric as the progress line and the table of epochs write it.

    Example:
        >>> from minigrad.shared.showing import figure
        >>> figure(0.123456), figure(0.000123456)
        ('0.1235', '1.2346e-04')
    """
    try:
        return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"
    except (TypeError, ValueError):  # a callback of the user's may note anything
        return brief(value)


class Table(NamedTuple):
    """A table that shows itself; in a notebook as HTML, which needs no kernel and has no colors.

    Attributes:
        title: Stands above it.
        heads: Names of the columns.
        rows: The cells.
        numbers: Names of the columns that are set to the right.
        notes: Lines that stand below.

    Example:
        >>> from minigrad.shared.showing import Table
        >>> Table("Two numbers", ("name", "value"), [("a", "1"), ("b", "10")], ("value",))
        Two numbers
        name  value
        ────  ─────
        a         1
        b        10
    """

    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: Sequence[str] = ()
    notes: Sequence[str] = ()

    def _placed(self) -> list[list[str]]:
        """The cells, heads first, all of a column of one width."""
        columns = zip(self.heads, *self.rows, strict=True)
        widths = [max(map(len, column)) for column in columns]
        aligns = [">" if name in self.numbers else "<" for name in self.heads]
        return [
            [
                f"{cell:{align}{width}}"
                for cell, align, width in zip(row, aligns, widths, strict=True)
            ]
            for row in (self.heads, *self.rows)
        ]

    def __repr__(self) -> str:
        heads, *rows = self._placed()
        lines = [heads, ["─" * len(head) for head in heads], *rows]
        table = ["  ".join(line).rstrip() for line in lines]
        return shown("\n".join([self.title, *table, *self.notes]))

    def boxed(self) -> str:
        """The table in a box, as Keras draws it."""
        heads, *rows = self._placed()

        def rule(left: str, line: str, cross: str, right: str) -> str:
            return left + cross.join(line * (len(head) + 2) for head in heads) + right

        def text(row: Sequence[str], bar: str) -> str:
            return f"{bar} " + f" {bar} ".join(row) + f" {bar}"

        between = f"\n{rule('├', '─', '┼', '┤')}\n"
        table = [rule("┏", "━", "┳", "┓"), text(heads, "┃"), rule("┡", "━", "╇", "┩")]
        table += [between.join(text(row, "│") for row in rows)] * bool(rows)
        notes = [f" {note}" for note in self.notes]
        return "\n".join([self.title, *table, rule("└", "─", "┴", "┘"), *notes])

    def _repr_html_(self) -> str:
        sides = ["right" if name in self.numbers else "left" for name in self.heads]

        def line(tag: str, cells: Sequence[str]) -> str:
            placed = zip(cells, sides, strict=True)
            return "".join(
                f'<{tag} style="text-align:{side}">{escape(c)}</{tag}>' for c, side in placed
            )

        body = "".join(f"<tr>{line('td', row)}</tr>" for row in self.rows)
        notes = "<br>".join(map(escape, self.notes))
        return (
            f"<table><caption>{escape(self.title)}</caption>"
            f"<thead><tr>{line('th', self.heads)}</tr></thead><tbody>{body}</tbody></table>"
            + (f"<p>{notes}</p>" if notes else "")
        )
