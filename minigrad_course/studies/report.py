"""The report: charts as files, and one HTML page that holds everything and needs no network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from minigrad_course.studies.charts import save
from minigrad_course.studies.charts.studies import CHARTS, draw
from minigrad_course.studies.studies import LABELS
from minigrad_course.studies.verdicts import megabytes

__all__ = ["html", "write_report"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
figcaption { font-size: .95rem; color: #444; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .95rem; margin: 1rem 0; }
th, td { border-bottom: 1px solid #ccc; padding: .35rem .7rem; text-align: left; vertical-align: top; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.verdict { font-weight: 600; white-space: nowrap; }
"""


def write_report(result: dict[str, Any], folder: Path) -> None:
    """Write the charts as SVG and PNG, and ``report.html``.

    Args:
        result: What ``results.json`` holds.
        folder: Where to.
    """
    from minigrad_course.studies.measure import write_text

    pictures = {}
    for name in CHARTS:
        drawn = draw(name, result["summary"])
        if drawn is not None:
            figure, alt = drawn
            svg, _ = save(figure, folder / f"{name}.svg")
            pictures[name] = svg.read_bytes(), alt
    write_text(folder / "report.html", html(result, pictures))


INTRODUCTION = (
    "<h1>Three studies of a small convolutional network, repeated</h1>"
    "<p>Szczepański and Zieliński, <cite>Creation of the library used in training of "
    "convolutional neural networks</cite> (2023), compared a Keras program with one of their "
    "own in Julia: learning time, loss and allocation. Here the same network runs in Keras, "
    "in minigrad node by node (their proof of concept) and by minigrad's plan. Keras is trained "
    "with plain <code>fit</code>, as in the paper's script; at the paper's largest size it is "
    "timed with <code>steps_per_execution=32</code> as well, one argument that lets it work "
    "faster. Diamonds are the paper's points. Julia was not run.</p>"
)


def html(result: dict[str, Any], pictures: dict[str, tuple[bytes, str]]) -> str:
    """The page.

    Args:
        result: What ``results.json`` holds.
        pictures: SVG files with their alternative texts, by name in :data:`CHARTS`.

    Returns:
        HTML that refers to nothing outside itself.

    Example:
        >>> from minigrad_course.studies.reproduce import merge
        >>> page = html(merge([], {}, quick=True), {})
        >>> "src=" in page, "://" in page
        (False, False)
    """
    summary = result["summary"]
    parts = [
        INTRODUCTION,
        f"<p>{escape(conditions(result))}</p>",
        "<h2>Verdicts</h2>",
        table(
            ["the paper says", "measured here", "", "because"],
            [
                [v["claim"], v["evidence"], ("verdict", v["verdict"]), v["why"]]
                for v in result["verdicts"]
            ],
        ),
        "<h2>Charts</h2>",
        *(figure_of(name, *pictures[name]) for name in CHARTS if name in pictures),
        "<h2>Learning time</h2>",
        "<p>Seconds of <code>fit</code>. The repeats are spread over the whole run. The median of "
        "another run on this machine, with as many repeats, lies in the interval in 95 of 100 runs: "
        "formed on the logarithms with Student’s t, and never narrower than what one run’s pace "
        "differs from another’s.</p>",
        times_table(summary["learning_time"]),
        "<h2>Fixed cost and cost of a step</h2>",
        "<p>Straight lines through the learning times, with standard errors. The fixed cost at "
        "batch size 1 contains what each of the epochs costs by itself.</p>",
        lines_table(summary["learning_time"]["lines"]),
        "<h2>Memory</h2>",
        memory_table(summary["allocation"]["rows"]),
        "<h2>What this cannot decide</h2>",
        "<p>Julia was not run, and the machine is another one. The runs behind the paper's charts "
        "probably differed in details from the script that was published. The sizes behind the bar "
        "charts are inferred from the legends of the others.</p>",
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Three studies, repeated</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def conditions(result: dict[str, Any]) -> str:
    """On what, when and how it was measured, in a sentence or two."""
    machine = result["machine"]
    if not machine:
        return ""
    libraries = ", ".join(f"{name} {v}" for name, v in machine["libraries"].items() if v)
    memory = f", {machine['memory'] / 2**30:.0f} GiB" if machine["memory"] else ""
    return (
        f"Measured {result['date']} ({result['mode']} run, {len(result['measurements'])} "
        f"measurements, each in a process of its own) on {machine['processor']}, "
        f"{machine['cores']} cores{memory}, {machine['system']}, Python {machine['python']}, "
        f"{libraries}."
    )


def figure_of(name: str, svg: bytes, alt: str) -> str:
    source = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
    return (
        f'<figure id="{name}"><img src="{source}" alt="{escape(alt)}">'
        f"<figcaption><b>{escape(CHARTS[name][0])}.</b> {escape(alt)}.</figcaption></figure>"
    )


def table(heading: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; a cell is text, or a pair of its class and text."""
    lines = ["<tr>" + "".join(f"<th>{escape(text)}</th>" for text in heading) + "</tr>"]
    for row in rows:
        cells = (cell if isinstance(cell, tuple) else ("", cell) for cell in row)
        lines.append(
            "<tr>"
            + "".join(f'<td class="{kind}">{escape(text)}</td>' for kind, text in cells)
            + "</tr>"
        )
    return '<div class="wide"><table>' + "\n".join(lines) + "</table></div>"


def number(text: str) -> tuple[str, str]:
    """A cell of a table, set to the right."""
    return "number", text


def times_table(study: dict[str, Any]) -> str:
    ratios = {
        (row["program"], row["batch"], row["pictures"]): f"{row['times']:.2f}"
        for row in study["faster"]
    }

    def cells(row: dict[str, Any]) -> list[Any]:
        seconds = row["seconds"]
        between = "{:.3f} – {:.3f}".format
        interval = seconds["expected"]
        key = row["program"], row["batch"], row["pictures"]
        return [
            LABELS[row["program"]],
            *(number(f"{row[name]:,}") for name in ("batch", "pictures", "epochs")),
            number(f"{seconds['count']}"),
            number(f"{seconds['median']:.3f}"),
            number(between(seconds["low"], seconds["high"])),
            number(between(*interval) if interval else "–"),
            number(ratios.get(key, "–")),
        ]

    return table(
        [
            "program",
            "batch size",
            "pictures",
            "epochs",
            "repeats",
            "median, s",
            "lowest – highest",
            "expected of another run",
            "times as fast as Keras",
        ],
        [cells(row) for row in study["rows"]],
    )


def lines_table(lines: Sequence[dict[str, Any]]) -> str:
    return table(
        ["program", "batch size", "fixed cost, s", "a step, ms", "R²"],
        [
            [
                LABELS[line["program"]],
                number(f"{line['batch']}"),
                number(f"{line['fixed']:.3f} ± {line['fixed_error']:.3f}"),
                number(f"{line['slope'] * 1e3:.3f} ± {line['slope_error'] * 1e3:.3f}"),
                number(f"{line['r_squared']:.4f}"),
            ]
            for line in lines
        ],
    )


def memory_table(rows: Sequence[dict[str, Any]]) -> str:
    names = ("allocated", "memray_peak", "tracemalloc_peak", "resident_peak")
    return table(
        [
            "program",
            "pictures",
            "allocated in total",
            "live peak, native included",
            "live peak that Python sees",
            "resident",
        ],
        [
            [
                LABELS[row["program"]],
                ("number", f"{row['pictures']}"),
                *(("number", megabytes(row[n]) if n in row else "–") for n in names),
            ]
            for row in rows
        ],
    )
