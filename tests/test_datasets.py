"""The data: the same arrays from every form, and a clear word about whatever is wrong."""

import dataclasses
import gc
import gzip
import hashlib
import struct
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from small_sets import FILES, TRAIN_LABELS, idx, write

from minigrad import datasets
from minigrad.datasets import DataError, fashion_mnist, load_csv, mnist, read_idx
from minigrad.shared import download

# What the repository holds


def test_repository_holds_the_upstream_files():
    folder = Path(__file__).resolve().parents[1] / "data" / "fashion-mnist"
    sums = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sorted(sums) == sorted(f"{name}.gz" for name in FILES)
    for name, wanted in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
    # The MD5 sums that Zalando prints beside the download.
    assert (
        hashlib.md5((folder / "train-images-idx3-ubyte.gz").read_bytes()).hexdigest()
        == "8d4fb7e6c68d591d4c3dfef9ec88bf0d"
    )


def test_fashion_mnist_is_what_keras_returns():
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    assert (x_train.shape, y_train.shape) == ((60000, 28, 28), (60000,))
    assert (x_test.shape, y_test.shape) == ((10000, 28, 28), (10000,))
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    # Known facts: balanced classes, the set's published mean and deviation, the first labels.
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_test).tolist() == [1000] * 10
    assert round(x_train.mean() / 255, 4) == 0.2860
    assert round(x_train.std() / 255, 4) == 0.3530
    assert y_train[:5].tolist() == [9, 0, 0, 3, 0]
    assert x_train.flags.writeable


def test_mnist_has_the_same_structure_and_other_sums():
    assert list(mnist.sums) == FILES
    assert not set(mnist.sums.values()) & set(fashion_mnist.sums.values())
    assert len(mnist.class_names) == len(fashion_mnist.class_names) == 10


# Where files are looked for


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", ["named", "repository/small", "cache/small"])
def test_every_place_is_looked_in(small, contents, tmp_path, place, packed):
    folder = write(tmp_path / place, contents, packed)
    (x_train, _), (_, y_test) = small.load_data(folder if place == "named" else None)
    assert idx(x_train) == contents["train-images-idx3-ubyte"]
    assert idx(y_test) == contents["t10k-labels-idx1-ubyte"]


def test_named_folder_comes_before_the_repository(small, contents, tmp_path):
    named = write(tmp_path / "named", contents)
    write(tmp_path / "repository" / "small", {name: b"never read" for name in contents})
    small.load_data(named)


def test_named_folder_that_does_not_exist(small, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing"):
        small.load_data(tmp_path / "missing")


def test_a_named_folder_that_lacks_a_file_is_not_made_up_for(small, contents, tmp_path):
    """Pictures from elsewhere would be none of those that were asked for."""
    write(tmp_path / "repository" / "small", contents)
    named = write(tmp_path / "named", {k: v for k, v in contents.items() if k != TRAIN_LABELS})
    with pytest.raises(FileNotFoundError, match=f"named lacks {TRAIN_LABELS}"):
        small.load_data(named)


def test_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("MINIGRAD_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert download.cache_folder() == tmp_path / "minigrad"
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "mine"))
    assert download.cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("MINIGRAD_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert Path.home() in download.cache_folder().parents


# Files that are not what they should be


def test_mnist_under_the_name_of_fashion_mnist(small, contents, tmp_path, monkeypatch):
    """A file of another known set is called by its name."""
    folder = write(tmp_path / "named", contents)
    monkeypatch.setattr(datasets, "mnist", dataclasses.replace(mnist, sums=small.sums))
    impostor = dataclasses.replace(small, sums=fashion_mnist.sums)
    with pytest.raises(DataError, match=r"images.*not small, it is the file of that name from mni"):
        impostor.load_data(folder)


def test_damage_in_the_repository_is_not_passed_over(small, contents, tmp_path):
    folder = write(tmp_path / "repository" / "small", contents)
    (folder / f"{TRAIN_LABELS}.gz").write_bytes(b"")
    with pytest.raises(DataError, match=f"{TRAIN_LABELS}.gz: not gzip"):
        small.load_data()


def test_truncated_gzip(small, contents, tmp_path):
    folder = write(tmp_path / "named", contents)
    file = folder / f"{TRAIN_LABELS}.gz"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match=f"{TRAIN_LABELS}.gz: truncated"):
        small.load_data(folder)


def test_damaged_gzip(small, contents, tmp_path):
    folder = write(tmp_path / "named", contents)
    file = folder / f"{TRAIN_LABELS}.gz"
    damaged = bytearray(file.read_bytes())
    damaged[-6] ^= 255  # in the checksum that gzip keeps
    file.write_bytes(damaged)
    with pytest.raises(DataError, match=f"{TRAIN_LABELS}.gz: damaged"):
        small.load_data(folder)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda c: c[:-1], "truncated, 14 bytes, wanted 15"),
        (lambda c: c + b"\0", "too long, wanted 15"),
        (lambda c: b"\0\0\x08\x03" + c[4:], "magic number 2051, wanted 2049"),
        (lambda c: b"", "magic number 0, wanted 2049"),
        (lambda c: c[:10] + b"\x0b" + c[11:], r"row 3 \(index 2\): label 11, wanted 0 to 9"),
    ],
)
def test_idx_file_that_is_wrong(small, contents, tmp_path, spoil, complaint):
    contents[TRAIN_LABELS] = spoil(contents[TRAIN_LABELS])
    folder = write(tmp_path / "named", contents, packed=False)
    with pytest.raises(DataError, match=f"{TRAIN_LABELS}.*{complaint}"):
        small.load_data(folder)


def test_read_idx_takes_pictures_of_any_size(tmp_path):
    pictures = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "mine.idx").write_bytes(idx(pictures))
    assert np.array_equal(read_idx(tmp_path / "mine.idx"), pictures)
    (tmp_path / "mine.idx").write_bytes(b"\0\0\x0d\x03" + idx(pictures)[4:])
    with pytest.raises(DataError, match="magic number 3331, wanted 2051 or 2049"):
        read_idx(tmp_path / "mine.idx")


# The same data as a table


HEADER = ",".join(["label", *(f"pixel{i}" for i in range(1, 785))])


def as_csv(pictures: np.ndarray, labels: np.ndarray) -> list[str]:
    return [
        ",".join(map(str, [label, *picture.ravel()]))
        for label, picture in zip(labels.tolist(), pictures, strict=True)
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@pytest.mark.parametrize("header", [[], [HEADER]])
def test_csv_gives_the_same_arrays(tmp_path, header, suffix, ending):
    (_, _), (x, y) = fashion_mnist.load_data()
    text = "".join(line + ending for line in header + as_csv(x[:50], y[:50])).encode()
    file = tmp_path / f"table{suffix}"
    file.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    pictures, labels = load_csv(file)
    assert pictures.dtype == labels.dtype == np.uint8
    assert np.array_equal(pictures, x[:50])
    assert np.array_equal(labels, y[:50])


ROW = ",".join(["3"] + ["7"] * 784)


@pytest.mark.parametrize("header", [[], [HEADER]])
@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (ROW[:-2], "784 columns, wanted 785"),
        (ROW + ",0", "786 columns, wanted 785"),
        ("10" + ROW[1:], "label 10, wanted 0 to 9"),
        ("-1" + ROW[1:], "column 1: '-1', wanted a whole number 0 to 255"),
        (ROW[:-1] + "256", "column 785: '256', wanted a whole number 0 to 255"),
        (ROW[:-1] + "0.5", "column 785: '0.5', wanted a whole number 0 to 255"),
        (ROW[:-1], "column 785: '', wanted a whole number 0 to 255"),
    ],
)
def test_csv_row_that_is_wrong(tmp_path, header, row, complaint):
    file = tmp_path / "table.csv"
    lines = [*header, ROW, row, ROW]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=rf"table\.csv, row {len(header) + 2}.*{complaint}"):
        load_csv(file)
    file.write_text("\n".join([*header, row]))  # also where every row is wrong in the same way
    with pytest.raises(DataError, match=rf"table\.csv, row {len(header) + 1}.*{complaint}"):
        load_csv(file)


def test_a_table_that_is_not_there_is_told_with_the_folder_one_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as refused:
        load_csv("mnist.csv")
    assert str(refused.value) == f"load_csv: there is no file mnist.csv, seen from {tmp_path}"


def test_whatever_white_space_a_table_has_the_row_that_is_wrong_is_named(tmp_path):
    (tmp_path / "a.csv").write_text(f"{ROW}\x1c\n\x1f{ROW[:-2]}\n")
    with pytest.raises(DataError, match="row 2: 784 columns, wanted 785"):
        load_csv(tmp_path / "a.csv")


@pytest.mark.parametrize("first", ["O", "x3", "nan", "1e0", "3.0", ""])
def test_a_damaged_first_row_is_no_header(tmp_path, first):
    (tmp_path / "table.csv").write_text(f"{first}{ROW[1:]}\n{ROW}\n")
    with pytest.raises(DataError, match=r"table\.csv, row 1, column 1"):
        load_csv(tmp_path / "table.csv")


PIXELS = [f"pixel{i}" for i in range(1, 785)]


@pytest.mark.parametrize(
    ("names", "row"),
    [
        (["label", *PIXELS], "7" + 784 * ",9"),
        ([*PIXELS, "class"], 784 * "9," + "7"),  # OpenML's mnist_784.csv
        (['"label"', *(f'"{i}x{j}"' for i in range(28) for j in range(28))], "7" + 784 * ",9"),
    ],
)
def test_the_header_says_which_column_is_the_label(tmp_path, names, row):
    (tmp_path / "table.csv").write_text(",".join(names) + f"\n{row}\n")
    pictures, labels = load_csv(tmp_path / "table.csv")
    assert labels.tolist() == [7] and set(pictures.ravel()) == {9}


@pytest.mark.parametrize("names", [["a", "b", *PIXELS[:783]], ["pixel0", *PIXELS]])
def test_a_header_that_does_not_say_it_is_refused(tmp_path, names):
    (tmp_path / "table.csv").write_text(",".join(names) + f"\n{ROW}\n")
    with pytest.raises(DataError, match="does not tell the label from the pixels"):
        load_csv(tmp_path / "table.csv")


def test_a_spreadsheet_s_empty_rows_are_passed_over(tmp_path):
    (tmp_path / "table.csv").write_text(f"{ROW}\r\n \t \r\n{784 * ','}\r\n{ROW}\r\n{784 * ','}\r\n")
    assert load_csv(tmp_path / "table.csv")[1].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("begin", "told"),
    [
        (b"PK\x03\x04", "a zip archive"),
        (b"BZh91AY", "packed with bzip2"),
        ("label".encode("utf-16"), "UTF-16"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
    ],
)
@pytest.mark.parametrize("read", [load_csv, read_idx])
def test_other_kinds_of_files_are_called_by_their_name(tmp_path, read, begin, told):
    (tmp_path / "file").write_bytes(begin + 40 * b"x")
    with pytest.raises(DataError, match=f"file: this is .*{told}"):
        read(tmp_path / "file")


@pytest.mark.parametrize("read", [load_csv, read_idx])
@pytest.mark.parametrize("begin", [b"", struct.pack(">4I", 2051, 1, 28, 28)])
def test_a_small_file_that_holds_very_much_is_not_unpacked(tmp_path, read, begin):
    """200 MB of zeros in 200 kB: what is looked at stays a small multiple of what is wanted."""
    file = tmp_path / "bomb.gz"
    with gzip.open(file, "wb") as out:
        out.write(begin)
        for _ in range(200):
            out.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(DataError):
        read(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6


@pytest.mark.parametrize(
    "shape", [(1 << 31, 1 << 31, 4), (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF), (1 << 16, 1 << 16, 1)]
)
def test_a_shape_that_no_memory_holds_is_refused(tmp_path, shape):
    (tmp_path / "file").write_bytes(struct.pack(">4I", 2051, *shape))
    with pytest.raises(DataError, match="says that it holds"):
        read_idx(tmp_path / "file")


@pytest.mark.parametrize("text", ["", HEADER + "\n"])
def test_csv_without_rows(tmp_path, text):
    (tmp_path / "empty.csv").write_text(text)
    with pytest.raises(DataError, match=r"empty\.csv: no rows"):
        load_csv(tmp_path / "empty.csv")


def test_sixty_thousand_rows_are_read_in_seconds(tmp_path):
    (x, y), _ = fashion_mnist.load_data()
    file = tmp_path / "train.csv"
    file.write_text("\n".join(as_csv(x[:6000], y[:6000]) * 10))
    start = time.process_time()
    pictures, _ = load_csv(file)
    assert time.process_time() - start < 15  # 1.6 s where it was written
    assert pictures.shape == x.shape


def test_a_table_leaves_no_file_open(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("7," + ",".join("0" * 784) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with pytest.MonkeyPatch.context() as patch:
            seen = []
            patch.setattr(sys, "unraisablehook", seen.append)
            assert load_csv(path)[1].tolist() == [7]
            gc.collect()
    assert seen == []


def test_a_file_that_is_no_archive_of_arrays_is_named(tmp_path):
    (tmp_path / "empty.npz").write_bytes(b"")
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    for name in ("empty.npz", "one.npz"):
        with pytest.raises(DataError, match=name):
            mnist.load_data(str(tmp_path / name))
