"""Data files that are damaged at random: the right numbers or our own error, and little memory."""

import gzip
import re
import struct
import tracemalloc

import numpy as np
from long_forms import has_a_long_form, times
from small_sets import idx

from minigrad.datasets import DataError, load_csv, read_idx

CASES = times(600, 20_000)
MUCH = 8 << 20  # bytes; the files have kilobytes, and may say that they hold a gigabyte


def some_files(generator):
    """A file of each kind, as bytes, with the ending of its name."""
    pictures = generator.integers(0, 256, (3, 28, 28), dtype=np.uint8)
    labels = generator.integers(0, 10, 3, dtype=np.uint8)
    rows = [",".join(map(str, [label, *p.ravel()])) for label, p in zip(labels, pictures)]  # noqa: B905
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    table = "\n".join([header, *rows] if generator.random() < 0.5 else rows).encode() + b"\n"
    for content, ending in ((idx(pictures), "idx"), (idx(labels), "idx"), (table, "csv")):
        yield content, ending
        yield gzip.compress(content), f"{ending}.gz"


def damaged(generator, content):
    """One to three places changed: bytes, numbers of the header, pieces cut, doubled or moved."""
    data = bytearray(content)
    for _ in range(generator.integers(1, 4)):
        near = min(len(data), 24 if generator.random() < 0.4 else len(data))
        a = int(generator.integers(0, near + 1))
        b = min(len(data), a + int(generator.integers(1, 200)))
        match generator.integers(7):
            case 0:
                data[a : a + 1] = generator.bytes(1)
            case 1:
                data[a : a + 4] = struct.pack(
                    ">I", generator.choice([0, 1, 2**16, 2**31, 2**32 - 1])
                )
            case 2:
                del data[a:b]
            case 3:
                data[a:a] = data[a:b]
            case 4:
                del data[a:]
            case 5:
                data[a:b] = generator.bytes(b - a)
            case 6:
                data[a:a] = generator.choice(
                    [b",", b"\n", b'"', b"-", b".5", b"nan", b"9" * 400, b" "]
                )
    return bytes(data)


def strictly(content, ending):
    """What the file holds, read in the plainest way; for files that were accepted."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if ending.startswith("idx"):
        axes = content[3]
        shape = struct.unpack(f">{axes}I", content[4 : 4 + 4 * axes])
        return (np.frombuffer(content[4 + 4 * axes :], np.uint8).reshape(shape),)
    lines = re.split("\r\n|\r|\n", content.decode("utf-8-sig", "replace"))
    rows = [line.split(",") for line in lines if line.strip(", \t")]
    if not any(cell.strip().strip('"').lstrip("+-").isdigit() for cell in rows[0]):
        rows = rows[1:]
    table = np.array([[int(cell.strip()) for cell in row] for row in rows])
    return table[:, 1:].reshape(-1, 28, 28), table[:, 0]


@has_a_long_form
def test_a_damaged_file_is_read_right_or_refused(tmp_path, figures):
    generator = np.random.default_rng(0)
    done = accepted = most = 0
    tracemalloc.start()
    try:
        while done < CASES:
            for content, ending in some_files(generator):
                content = damaged(generator, content)
                file = tmp_path / f"f.{ending}"
                file.write_bytes(content)
                tracemalloc.reset_peak()
                before = tracemalloc.get_traced_memory()[0]
                try:
                    found = read_idx(file) if ending.startswith("idx") else load_csv(file)
                except DataError as error:
                    assert file.name in str(error)
                else:
                    found = found if isinstance(found, tuple) else (found,)
                    for mine, right in zip(found, strictly(content, ending), strict=True):
                        np.testing.assert_array_equal(mine, right)
                    accepted += 1
                most = max(most, tracemalloc.get_traced_memory()[1] - before)
                assert most < MUCH, content[:40]
                done += 1
    finally:
        tracemalloc.stop()
    figures(
        f"damaged IDX, gzip and CSV files: {done}, of which {accepted} were harmless and read right; "
        f"at most {most / 1e6:.1f} MB at a time"
    )
