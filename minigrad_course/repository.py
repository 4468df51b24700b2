"""What the course reads from the repository: the paper's charts, and results that were measured."""

from __future__ import annotations

from pathlib import Path

__all__ = ["REPOSITORY", "stored"]

REPOSITORY = Path(__file__).resolve().parents[1]


def stored(name: str) -> Path:
    """The path of a file or folder in ``data/``.

    Args:
        name: Its path from there.

    Raises:
        FileNotFoundError: It is not there, as where the package was installed without the
            repository.

    Example:
        >>> stored("paper").name
        'paper'
    """
    path = REPOSITORY / "data" / name
    if not path.exists():
        raise FileNotFoundError(
            f"data/{name} belongs to the repository of minigrad, and minigrad_course is not "
            "installed from one: pip install --editable . in its folder"
        )
    return path
