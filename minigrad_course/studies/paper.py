"""The paper's six charts as numbers; ``data/paper/README.md`` says how they were read."""

from __future__ import annotations

import csv

from minigrad_course.repository import stored

__all__ = ["FIGURES", "PICTURES", "figure"]

FIGURES = {
    1: "figure_1_keras_learning_time.csv",
    2: "figure_2_julia_learning_time.csv",
    3: "figure_3_keras_loss.csv",
    4: "figure_4_julia_loss.csv",
    5: "figure_5_python_memory.csv",
    6: "figure_6_julia_memory.csv",
}
PICTURES = (10, 30, 50, 80, 100)  # the training sets of the paper's tests 1 to 5
EPOCHS = 100  # in each of them


def figure(number: int) -> dict[str, list[float]]:
    """The numbers of one of the paper's charts.

    Args:
        number: 1 to 6, as the paper counts its figures.

    Returns:
        A list for each column, in the order of the file.

    Raises:
        KeyError: There is no such figure.
        FileNotFoundError: This is not the repository, where the charts are.

    Example:
        >>> figure(1)
        {'pictures': [10.0, 30.0, 50.0, 80.0, 100.0], 'seconds': [0.95, 2.59, 4.03, 6.07, 8.31]}
    """
    with open(stored(f"paper/{FIGURES[number]}"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}
