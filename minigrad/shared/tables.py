"""Tables of pictures: a label and 784 pixels in each row, as text."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator

import numpy as np

from minigrad.shared.unpacking import DataError, Unpacked

COLUMNS = 1 + 28 * 28  # the label, then the pixels row by row
LONGEST = 32 * COLUMNS  # characters of a row: a header has the longest
AT_A_TIME = 4096  # rows


def read_table(content: Unpacked) -> tuple[np.ndarray, np.ndarray]:
    """The pictures and labels of a table.

    Args:
        content: The file.

    Returns:
        uint8 pictures ``(n, 28, 28)`` and uint8 labels ``(n,)``.

    Raises:
        DataError: When a row is wrong; it names the first one. Rows count from 1, the header
            included; rows that are empty, or of nothing but commas, are passed over.
    """
    rows, label, tables = numbered_rows(content), 0, []
    part: list[tuple[int, str]] = []
    for number, line in rows:
        if number == 1 and is_header(line):
            label = label_column(content, line)
            continue
        part.append((number, line))
        if len(part) == AT_A_TIME:
            tables.append(parsed(content, part, label))
            part = []
    if part:
        tables.append(parsed(content, part, label))
    if not tables:
        raise DataError(f"{content.source}: no rows of data")
    table = np.concatenate(tables)
    pictures = np.delete(table, label, axis=1) if label else table[:, 1:]
    return np.ascontiguousarray(pictures).reshape(-1, 28, 28), table[:, label].copy()


def numbered_rows(content: Unpacked) -> Iterator[tuple[int, str]]:
    number = 0
    while line := content.line(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise DataError(f"{content.source}, row {number}: longer than {LONGEST} characters")
        if line.strip(", \t\r\n"):  # spreadsheets add rows of nothing but commas
            yield number, line.rstrip("\n")


def cells_of(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(",")]


def is_header(line: str) -> bool:
    # names, and not numbers of which some are damaged: no cell is a whole number
    cells = cells_of(line)
    return len(cells) == COLUMNS and not any(re.fullmatch(r"[+-]?\d+", cell) for cell in cells)


def label_column(content: Unpacked, header: str) -> int:
    """Which column a header calls the label: the one whose name is not like all the others."""
    stems = [re.sub(r"\d+", "", cell.lower()) for cell in cells_of(header)]
    count = Counter(stems)
    odd = [column for column, stem in enumerate(stems) if count[stem] == 1]
    if len(odd) != 1 or len(count) != 2:
        raise DataError(
            f"{content.source}: the header does not tell the label from the pixels; wanted are "
            "names such as label,pixel1,pixel2,… (or no header, with the label first)"
        )
    return odd[0]


def parsed(content: Unpacked, part: list[tuple[int, str]], label: int) -> np.ndarray:
    lines = [line for _, line in part]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # NumPy < 2.3 would cut 7.5 to 7
            table = np.loadtxt(lines, np.int64, delimiter=",", ndmin=2, comments=None)
    except (ValueError, DeprecationWarning):
        raise first_fault(content, part, label) from None
    numbers = table.shape[1] == COLUMNS and table.min() >= 0 and table.max() <= 255
    if not numbers or table[:, label].max() > 9:
        raise first_fault(content, part, label)
    return table.astype(np.uint8)


def first_fault(content: Unpacked, part: list[tuple[int, str]], label: int) -> DataError:
    """What is wrong with the first bad row."""
    for number, line in part:
        where, cells = f"{content.source}, row {number}", line.split(",")
        if len(cells) != COLUMNS:
            return DataError(f"{where}: {len(cells)} columns, wanted {COLUMNS} (label, 784 pixels)")
        for column, cell in enumerate(cells):
            if not re.fullmatch(r"\s*[0-9]+\s*", cell) or int(cell.strip()) > 255:
                wanted = "wanted a whole number 0 to 255"
                return DataError(f"{where}, column {column + 1}: {cell!r}, {wanted}")
        if int(cells[label].strip()) > 9:
            return DataError(f"{where}: label {cells[label]}, wanted 0 to 9")
    return DataError(f"{content.source}, rows {part[0][0]} to {part[-1][0]}: cannot be read")
