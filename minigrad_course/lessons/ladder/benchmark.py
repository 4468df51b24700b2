"""The committed benchmark as the lecture shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minigrad_course.repository import REPOSITORY

__all__ = ["committed_benchmark"]

FILE = REPOSITORY / "data" / "results" / "bench.json"


def committed_benchmark(file: Path = FILE) -> str:
    """Training speed of the reference network beside other frameworks, as it was measured.

    Args:
        file: What ``python -m minigrad bench --json`` wrote.

    Returns:
        The machine, and for each batch size a table with one line a framework; or, where the
        file is missing, how to make it.

    Example:
        >>> from pathlib import Path
        >>> from minigrad_course.lessons import ladder
        >>> ladder.committed_benchmark(Path("nowhere.json"))[:28]
        'No benchmark is stored here.'
    """
    if not file.exists():
        return (
            "No benchmark is stored here. Make one, in some minutes:\n"
            "    python -m minigrad bench --json data/results/bench.json"
        )
    from minigrad_course.studies.bench import table

    result = json.loads(file.read_text(encoding="utf-8"))
    machine = result["machine"]
    lines = [f"{machine['processor']}, {result['threads']} of {machine['cores']} cores"]
    cases: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in result["summary"]:
        if row["question"] == "speed" and row["network"] == "reference" and not row["busy"]:
            shown = {name: row[name] for name in ("peer", "speed", "advantage") if name in row}
            cases.setdefault((row["batch"], row["pictures"]), []).append(shown)
    for (batch, pictures), rows in sorted(cases.items()):
        lines += ["", f"batch {batch}, epochs of {pictures:,} pictures", *table(rows)]
    return "\n".join(lines)
