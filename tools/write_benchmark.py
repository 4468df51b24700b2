"""Write the results of the benchmark into the README, between its two marks.

Those of few cores are in data/results/bench.json, those of many in bench_cores.json beside it.

A test compares the README with what this script would write, so no figure there can be older
than the benchmark that is committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "data" / "results"
README = ROOT / "README.md"
BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"
NAMES = {
    "minigrad": "**minigrad**",
    "minigrad_bytes": "**minigrad**, pictures kept as bytes",
    "minigrad_eager": "minigrad, node by node",
    "keras": "Keras, `steps_per_execution=32`",
    "keras_plain": "Keras, plain `fit`",
    "torch": "PyTorch",
    "jax": "JAX",
    "floor": "*floor: the products alone*",
}
TITLES = {"reference": "reference", "lenet": "LeNet-like"}
COLUMNS = [("reference", 1), ("reference", 32), ("reference", 128), ("lenet", 32), ("lenet", 128)]


def few_cores(result: dict[str, Any]) -> str:
    """The README's text about a benchmark."""
    rows = result["summary"]

    def cell(peer: str, name: str, write: Any, **case: Any) -> str:
        for row in rows:
            if row["peer"] == peer and name in row and case.items() <= row.items():
                return write(row[name]["median"])
        return "–"

    speeds = [
        [
            cell(peer, "speed", "{:,.0f}".format, question="speed", network=n, batch=b, busy=False)
            for n, b in COLUMNS
        ]
        for peer in NAMES
    ]
    whole = {"question": "size", "pictures": 60_000}
    others = [
        [
            cell(peer, "whole", "{:.1f} s".format, **whole),
            cell(peer, "peak_memory", lambda v: f"{v / 1e6:,.0f} MB", **whole),
            cell(peer, "goal", "{:.0f} s".format, question="goal"),
        ]
        for peer in NAMES
    ]
    machine, libraries = result["machine"], result["machine"]["libraries"]
    lines = [
        f"Measured on {result['date']} by `python -m minigrad bench`: {machine['processor']}, "
        f"{result['threads']} cores, Python {machine['python']}, "
        + ", ".join(f"{name} {version}" for name, version in libraries.items() if version)
        + f"; float32, {result['rounds']} rounds, medians; node by node once. "
        "The reference network is the paper's; the LeNet-like one has two convolutions and two "
        "max-poolings. The floor is what the machine's own rate of multiplying matrices would allow "
        "if a step were its products and nothing else. Every measurement is a process of its own, and the peers take turns. "
        "Spreads, settings and all single measurements are in "
        "[data/results/bench.json](data/results/bench.json).",
        "",
        "| training, pictures per second | reference, batch 1 | 32 | 128 | LeNet-like, 32 | 128 |",
        "|---|--:|--:|--:|--:|--:|",
        *(f"| {NAMES[p]} | {' | '.join(s)} |" for p, s in zip(NAMES, speeds, strict=True)),
        "",
        "| from the start of the process | one epoch of 60,000, reference | peak memory "
        "| LeNet-like to 90 % test accuracy |",
        "|---|--:|--:|--:|",
        *(
            f"| {NAMES[p]} | {' | '.join(o)} |"
            for p, o in zip(NAMES, others, strict=True)
            if set(o) != {"–"}
        ),
        "",
        "![Training speed, time to one epoch by size of the set, peak memory and time to 90 % "
        "test accuracy, for minigrad, Keras, PyTorch and JAX](data/results/bench.png)",
    ]
    return "\n".join(lines)


def many_cores(result: dict[str, Any]) -> str:
    """The README's text about the speed with several numbers of threads."""
    machine, libraries = result["machine"], result["machine"]["libraries"]
    speeds = {
        (row["network"], row["batch"], row["threads"], row["peer"]): row["speed"]["median"]
        for row in result["summary"]
    }
    threads = [4, 8, 16]
    versions = [f"{name} {libraries[name]}" for name in ("numpy", "torch", "jax")]
    lines = [
        f"With more cores: {machine['processor']}, {machine['cores']} cores, Python "
        f"{machine['python']}, {', '.join(versions)}, {result['date']}, {result['rounds']} round, "
        "each process kept to as many cores as it may use threads. Pictures per second, "
        "minigrad / PyTorch / JAX (TensorFlow was not to be had there; [all measurements](data/results/bench_cores.json), "
        "[chart](data/results/bench_cores.png)):",
        "",
        f"| cores | {' | '.join(map(str, threads))} |",
        "|---|--:|--:|--:|",
    ]
    for network, batch in dict.fromkeys(case[:2] for case in speeds):
        cells = []
        for n in threads:
            three = [speeds.get((network, batch, n, peer)) for peer in ("minigrad", "torch", "jax")]
            best = max(filter(None, three))
            words = [f"{v:,.0f}" if v else "–" for v in three]
            cells.append(
                " / ".join(
                    f"**{w}**" if v == best else w for w, v in zip(words, three, strict=True)
                )
            )
        lines.append(f"| {TITLES[network]}, batch {batch} | {' | '.join(cells)} |")
    return "\n".join(lines)


def section() -> str:
    """All of the README's text about benchmarks."""
    return "\n\n".join(
        write(json.loads((RESULTS / name).read_text(encoding="utf-8")))
        for name, write in (("bench.json", few_cores), ("bench_cores.json", many_cores))
    )


def filled(readme: str, text: str) -> str:
    """The README with the text between the marks."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> None:
    readme = README.read_text(encoding="utf-8")
    README.write_text(filled(readme, section()), encoding="utf-8")


if __name__ == "__main__":
    main()
