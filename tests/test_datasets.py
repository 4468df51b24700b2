"""The data: the same arrays from every form, and a clear word about whatever is wrong."""

import contextlib
import dataclasses
import functools
import gzip
import hashlib
import struct
import sys
import threading
import time
import tracemalloc
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from minigrad import datasets
from minigrad.datasets import DataError, fashion_mnist, load_csv, mnist, read_idx
from minigrad.shared import download

FILES = list(fashion_mnist.sums)
TRAIN_LABELS = "train-labels-idx1-ubyte"


def idx(values: np.ndarray) -> bytes:
    """An IDX file written by its definition: magic number, axes, bytes."""
    return struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def contents() -> dict[str, bytes]:
    """The four files of a set of 7 and 3 pictures."""
    random = np.random.default_rng(0)
    made = {}
    for part, count in (("train", 7), ("t10k", 3)):
        pictures = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        made[f"{part}-images-idx3-ubyte"] = idx(pictures)
        made[f"{part}-labels-idx1-ubyte"] = idx(random.integers(0, 10, count, dtype=np.uint8))
    return made


@pytest.fixture
def small(contents, tmp_path, monkeypatch) -> datasets.Dataset:
    """A small set that lies nowhere yet: not in the repository, and the cache is empty."""
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "REPOSITORY", tmp_path / "repository")
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    nowhere = "http://127.0.0.1:9/"
    return dataclasses.replace(fashion_mnist, name="small", address=nowhere, sums=sums)


def write(folder: Path, contents: dict[str, bytes], packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        file = folder / (f"{name}.gz" if packed else name)
        file.write_bytes(gzip.compress(content) if packed else content)
    return folder


def cached(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


@pytest.fixture
def serve():
    """Start a server on this machine with a given handler; return its address."""
    servers = []

    def start(handler) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def files_of(folder: Path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments): ...

    return functools.partial(Quiet, directory=folder)


def answer(respond):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            respond(self)

        def log_message(self, *arguments): ...

    return Handler


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


# Downloads, from a server on this machine


def test_download_is_checked_stored_and_used_again(small, contents, tmp_path, serve):
    small = dataclasses.replace(small, address=serve(files_of(write(tmp_path / "up", contents))))
    first = small.load_data()
    assert cached(tmp_path) == sorted(f"{name}.gz" for name in FILES)
    offline = dataclasses.replace(small, address="http://127.0.0.1:9/")
    again = offline.load_data()
    assert np.array_equal(first[0][0], again[0][0])


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_download_shows_progress(small, contents, tmp_path, serve, capsys, monkeypatch, with_tqdm):
    if not with_tqdm:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    small = dataclasses.replace(small, address=serve(files_of(write(tmp_path / "up", contents))))
    small.load_data()
    assert "train-images-idx3-ubyte.gz" in capsys.readouterr().err


def test_wrong_content_from_upstream_is_refused(small, contents, tmp_path, serve):
    other = bytearray(contents["train-images-idx3-ubyte"])
    other[-1] ^= 1
    contents["train-images-idx3-ubyte"] = bytes(other)
    small = dataclasses.replace(small, address=serve(files_of(write(tmp_path / "up", contents))))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: not small.*SHA-256"):
        small.load_data()
    assert cached(tmp_path) == []


def test_page_of_a_proxy_is_refused(small, tmp_path, serve):
    def page(request):
        request.send_response(200)
        request.end_headers()
        request.wfile.write(b"<html>Please sign in</html>")

    small = dataclasses.replace(small, address=serve(answer(page)))
    with pytest.raises(DataError, match=r"not gzip, it begins with b'<html"):
        small.load_data()
    assert cached(tmp_path) == []


def test_download_that_breaks_off(small, contents, tmp_path, serve):
    def half(request):
        packed = gzip.compress(contents["train-images-idx3-ubyte"])
        request.send_response(200)
        request.send_header("Content-Length", str(len(packed)))
        request.end_headers()
        request.wfile.write(packed[: len(packed) // 2])

    small = dataclasses.replace(small, address=serve(answer(half)))
    with pytest.raises(ConnectionError, match=r"train-images-idx3-ubyte\.gz: truncated, \d+ of"):
        small.load_data()
    assert cached(tmp_path) == []


@pytest.mark.parametrize("limit", ["SILENCE", "DEADLINE"])
def test_download_has_a_time_limit(small, tmp_path, serve, monkeypatch, limit):
    """A server that says nothing, and one that sends a byte now and then."""
    over = threading.Event()

    def slow(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        for _ in range(200):  # four seconds, so that a missing limit fails and does not hang
            if over.wait(0.02):
                return
            if limit == "DEADLINE":
                request.wfile.write(b"x")

    monkeypatch.setattr(download, limit, 0.2)
    small = dataclasses.replace(small, address=serve(answer(slow)))
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="no answer in time"):
        small.load_data()
    over.set()
    assert time.monotonic() - start < 2.5
    assert cached(tmp_path) == []


def test_a_server_that_does_not_end_is_left(small, tmp_path, serve, monkeypatch):
    monkeypatch.setattr(download, "MOST", 1 << 20)

    def respond(handler):
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(bytes(1 << 16))

    small = dataclasses.replace(small, address=serve(answer(respond)))
    with pytest.raises(ConnectionError, match="more than 1,048,576 bytes came"):
        small.load_data()
    assert cached(tmp_path) == []


@pytest.mark.parametrize("length", ["abc", "-1", "1e3"])
def test_a_length_that_is_no_number_is_not_believed(small, contents, tmp_path, serve, length):
    def respond(handler):
        body = gzip.compress(contents[handler.path.strip("/").removesuffix(".gz")])
        handler.send_response(200)
        handler.send_header("Content-Length", length)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    small = dataclasses.replace(small, address=serve(answer(respond)))
    try:
        (x_train, _), _ = small.load_data()
    except ConnectionError:
        assert cached(tmp_path) == []  # Python's own client may refuse such a length
    else:
        assert idx(x_train) == contents["train-images-idx3-ubyte"]


def test_a_redirect_to_a_broken_address_is_a_failed_connection(small, serve):
    def respond(handler):
        handler.send_response(302)
        handler.send_header("Location", "http://[broken")
        handler.end_headers()

    small = dataclasses.replace(small, address=serve(answer(respond)))
    with pytest.raises(ConnectionError):
        small.load_data()


def test_no_network_says_what_to_do(small):
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9.*by hand.*load_data\(path=folder\)"):
        small.load_data()


def test_missing_file_upstream(small, tmp_path, serve):
    (tmp_path / "empty").mkdir()
    small = dataclasses.replace(small, address=serve(files_of(tmp_path / "empty")))
    with pytest.raises(ConnectionError, match="not found"):
        small.load_data()


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
