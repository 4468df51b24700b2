"""Two runs of ``reproduce`` beside each other: the same digits, and times where they are expected.

Losses and accuracies of a run can be repeated to the last digit: same weights, same order, same
number of threads. Times cannot. Each run says where the median of another one is to be expected
(:mod:`minigrad_course.studies.spread`), and this tells whether it is there.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad_course.studies.spread import expected, pooled
from minigrad_course.studies.studies import LABELS, Measurement

__all__ = ["Comparison", "Digits", "Time", "compare", "read"]

# What a run repeats exactly, by study.
EXACT = {"loss_curves": ("losses", "test_accuracies"), "published_study": ("trainings",)}
TITLES = {"loss_curves": "loss and test accuracy", "published_study": "loss and accuracies"}
ENOUGH = 0.9  # of the times: 95 % are promised, and one run's times are slow or quick together


@dataclass(frozen=True)
class Digits:
    """What one program found in a study that can be repeated exactly.

    Attributes:
        study: The study's module.
        program: A key of :data:`~minigrad_course.studies.studies.LABELS`.
        compared: Measurements that both runs made.
        same: How many of them are the same to the last digit.
    """

    study: str
    program: str
    compared: int
    same: int


@dataclass(frozen=True)
class Time:
    """One measurement's time in both runs.

    Attributes:
        program: A key of :data:`~minigrad_course.studies.studies.LABELS`.
        batch: Pictures in a step.
        pictures: Pictures in the training set.
        epochs: How often they were gone through.
        median: Seconds in the first run.
        low: Where the first run expects the other's median at the least, in seconds.
        high: Where it expects it at the most.
        other: The other run's median.
    """

    program: str
    batch: int
    pictures: int
    epochs: int
    median: float
    low: float
    high: float
    other: float

    @property
    def inside(self) -> bool:
        """Whether the other median lies where it was expected."""
        return self.low <= self.other <= self.high


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common.

    Attributes:
        digits: A line for each study and program.
        times: A line for each measurement whose scatter the first run knows.
        machines: What the machines differ in; empty for the same machine and libraries.
    """

    digits: tuple[Digits, ...]
    times: tuple[Time, ...]
    machines: tuple[str, ...]

    @property
    def agree(self) -> bool:
        """Whether all digits are the same, and nine of ten times where they are expected."""
        inside = sum(time.inside for time in self.times)
        exact = all(line.same == line.compared for line in self.digits)
        return exact and inside >= ENOUGH * len(self.times)

    @property
    def pace(self) -> float | None:
        """How many times as long the other run took, at the median of all times."""
        ratios = [math.log(time.other / time.median) for time in self.times]
        return math.exp(statistics.median(ratios)) if ratios else None

    def __str__(self) -> str:
        lines = []
        if self.machines:
            lines.append(
                f"Not the same {', '.join(self.machines)}: neither digits nor times can be expected "
                "to agree."
            )
        lines.append("To the last digit:")
        for line in self.digits:
            name = f"{TITLES[line.study]}, {LABELS[line.program]}"
            lines.append(f"  {name:58} {line.same:3} of {line.compared} the same")
        lines.append(
            "Seconds: the median, where that of another run is to be expected (95 %), the other:"
        )
        for time in self.times:
            name = f"{LABELS[time.program]}, batch {time.batch}, {time.pictures:,} pictures"
            interval = f"{time.low:8.3f} to {time.high:8.3f}"
            place = "inside" if time.inside else "OUTSIDE"
            lines.append(f"  {name:62} {time.median:8.3f} {interval} {time.other:8.3f}  {place}")
        if self.times:
            inside = sum(time.inside for time in self.times)
            lines.append(
                f"{inside} of {len(self.times)} times inside. At the median the other run took "
                f"{self.pace:.3f} times as long."
            )
        return "\n".join(lines)


def read(folder: Path) -> dict[str, Any]:
    """What a run wrote.

    Args:
        folder: Folder of the run, or its ``results.json``.

    Returns:
        The content of ``results.json``.

    Raises:
        FileNotFoundError: There is no ``results.json``.
    """
    path = folder if folder.suffix == ".json" else folder / "results.json"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is not there; python -m minigrad reproduce --out {path.parent} makes it"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def compare(first: dict[str, Any], other: dict[str, Any]) -> Comparison:
    """Compare what both runs measured.

    Args:
        first: A run's results, as :func:`read` returns them. Its repeats tell where the other's
            medians are expected, for as many repeats as the other made.
        other: Another run's.

    Returns:
        The comparison; as a text, a table.

    Example:
        >>> from dataclasses import asdict
        >>> def run(*repeats):
        ...     same = [Measurement("learning_time", "minigrad", 10, 1, 100, k) for k in (0, 1, 2)]
        ...     pairs = zip(same, repeats)
        ...     return {"measurements": [
        ...         {"settings": asdict(m), "result": {"seconds": s}} for m, s in pairs]}
        >>> [time] = compare(run(1.00, 1.02, 0.97), run(1.05, 1.04, 1.01)).times
        >>> time.other, time.inside
        (1.04, True)
    """
    machines = [run.get("machine", {}) for run in (first, other)]
    differ = [
        name
        for name in ("processor", "cores", "python", "libraries")
        if machines[0].get(name) != machines[1].get(name)
    ]
    return Comparison(tuple(digits(first, other)), tuple(times(first, other)), tuple(differ))


def digits(first: dict[str, Any], other: dict[str, Any]) -> list[Digits]:
    """Whether what can be repeated exactly was."""
    found, again = by_settings(first), by_settings(other)
    same: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for measurement in found.keys() & again.keys():
        names = EXACT.get(measurement.study)
        if names:
            one, two = found[measurement], again[measurement]
            equal = all(one[name] == two[name] for name in names)
            same[measurement.study, measurement.program].append(equal)
    order = list(LABELS)
    return [
        Digits(study, program, len(same[study, program]), sum(same[study, program]))
        for study, program in sorted(same, key=lambda key: (key[0], order.index(key[1])))
    ]


def times(first: dict[str, Any], other: dict[str, Any]) -> list[Time]:
    """Whether the times of another run are where the first expects them."""
    found, again = seconds(first), seconds(other)
    kinds: dict[tuple[str, int], list[list[float]]] = defaultdict(list)
    for (program, batch, *_), values in found.items():
        kinds[program, batch].append(values)
    lines = []
    for key, values in found.items():
        repeated = again.get(key, [])
        scatter = pooled(kinds[key[:2]])
        interval = expected(values, len(repeated), scatter) if repeated else None
        if interval is not None:
            medians = statistics.median(values), statistics.median(repeated)
            lines.append(Time(*key, medians[0], *interval, medians[1]))
    order = list(LABELS)
    return sorted(lines, key=lambda t: (order.index(t.program), t.batch, t.pictures, t.epochs))


def seconds(run: dict[str, Any]) -> dict[tuple[str, int, int, int], list[float]]:
    """All repeats of each measurement that was timed."""
    repeats: dict[tuple[str, int, int, int], list[float]] = defaultdict(list)
    for m, result in by_settings(run).items():
        if m.study == "learning_time":
            repeats[m.program, m.batch, m.pictures, m.epochs].append(result["seconds"])
    return repeats


def by_settings(run: dict[str, Any]) -> dict[Measurement, dict[str, Any]]:
    return {Measurement(**m["settings"]): m["result"] for m in run["measurements"]}
