"""The table that ``model.summary()`` prints: the same layers, shapes and counts as Keras's."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from minigrad.graph import Variable
from minigrad.shared.showing import Table

HEADS = ("Layer (type)", "Output Shape", "Param #", "Connected to", "Trainable")


def summarized(
    title: str,
    layers: Iterable[tuple[Any, ...]],
    trainable: Sequence[Variable],
    others: Sequence[Variable],
    show_trainable: bool = False,
) -> Table:
    """Layers, shapes and numbers of weights.

    Args:
        title: Stands above the table.
        layers: Each layer with the shape of its result (``None`` if that is not known yet), and
            what it is connected to, if that is to be shown; see also :func:`expanded`.
        trainable: The weights that training changes.
        others: The other weights.
        show_trainable: Whether a column says which layers are trained.

    Example:
        >>> import minigrad as mg
        >>> model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, name="d")], name="tiny")
        >>> model.summary()
        Model: "tiny"
        ┏━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
        ┃ Layer (type) ┃ Output Shape ┃ Param # ┃
        ┡━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
        │ d (Dense)    │ (None, 2)    │      10 │
        └──────────────┴──────────────┴─────────┘
         Total params: 10 (40.00 B)
         Trainable params: 10 (40.00 B)
         Non-trainable params: 0 (0.00 B)
    """
    rows = [HEADS]
    for layer, shape, source, *depth in layers:
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        inside = "   " * depth[0] + "└ " if depth else ""
        label = f"{inside}{layer.name} ({type(layer).__name__})"
        yes_or_no = ("Y" if layer.trainable else "N") if layer.weights else "-"
        rows.append((label, str(shape or "?"), count, source, yes_or_no))
    columns = [0, 1, 2, *[3] * any(row[3] for row in rows[1:]), *[4] * show_trainable]
    heads, *cells = (tuple(row[column] for column in columns) for row in rows)
    totals = [
        f"Total params: {amount([*trainable, *others])}",
        f"Trainable params: {amount(trainable)}",
        f"Non-trainable params: {amount(others)}",
    ]
    return Table(title, heads, cells, HEADS[2:3], totals)


def expanded(rows: Iterable[tuple[Any, ...]], depth: int = 0) -> Iterator[tuple[Any, ...]]:
    """Rows of a table, with those of the models among the layers after each of them.

    Args:
        rows: As :func:`summarized` takes them.
        depth: How many models they are inside of.
    """
    for row in rows:
        yield (*row, depth) if depth else row
        if hasattr(row[0], "_rows"):
            yield from expanded(row[0]._rows(), depth + 1)


def amount(weights: Sequence[Variable]) -> str:
    count = sum(weight.size for weight in weights)
    size = float(sum(weight.value.nbytes for weight in weights))
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{count:,} ({size:.2f} {unit})"
        size /= 1024
    return f"{count:,} ({size:.2f} GB)"
