"""Finished measurements, each in a file of its own: what makes a long run resumable.

A file is written whole or not at all, so whenever the run is killed, what lies in the folder is
finished. The next run reads it in place of measuring again, if it is of the same machine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minigrad_course.studies.measure import write_json
from minigrad_course.studies.studies import Measurement

__all__ = ["Store", "fingerprint"]


class Store:
    """A folder of finished measurements.

    Args:
        folder: The folder; made when there is none.
        machine: What :func:`minigrad_course.studies.machine.describe` says of this machine.

    Example:
        >>> import tempfile
        >>> from minigrad_course.studies.machine import describe
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(Path(folder), describe())
        ...     measurement = Measurement("learning_time", "minigrad", 10, 1, 1)
        ...     store.keep(measurement, {"seconds": 1.5})
        ...     store.find(measurement)
        {'seconds': 1.5}
    """

    def __init__(self, folder: Path, machine: dict[str, Any]) -> None:
        self.folder, self.fingerprint = folder, fingerprint(machine)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")  # the merged results are what is kept
        for unfinished in folder.glob("*.part"):  # of a run that was killed while it wrote
            unfinished.unlink(missing_ok=True)

    def path(self, measurement: Measurement) -> Path:
        return self.folder / f"{measurement.name}.json"

    def keep(self, measurement: Measurement, result: dict[str, Any]) -> None:
        """Write a result whole or not at all."""
        content = {
            "settings": asdict(measurement),
            "machine": self.fingerprint,
            "result": result,
        }
        write_json(self.path(measurement), content)

    def find(self, measurement: Measurement) -> dict[str, Any] | None:
        """The result, if this machine measured it already with these settings."""
        try:
            content = json.loads(self.path(measurement).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        same = content.get("settings") == asdict(measurement)
        return content["result"] if same and content["machine"] == self.fingerprint else None

    def forget(self) -> None:
        """Throw all results away."""
        for path in self.folder.glob("*.json"):
            path.unlink()


def fingerprint(machine: dict[str, Any]) -> str:
    """A few letters that differ where the machine or the libraries do.

    Args:
        machine: What :func:`minigrad_course.studies.machine.describe` says.

    Example:
        >>> from minigrad_course.studies.machine import describe
        >>> fingerprint(describe()) == fingerprint(describe())
        True
    """
    lasting = {name: machine[name] for name in ("processor", "cores", "python", "libraries")}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:12]
