"""Downloads from servers on this machine, most of which misbehave."""

import contextlib
import dataclasses
import functools
import gzip
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from long_forms import has_a_long_form, times
from small_sets import FILES, idx, write

from minigrad.datasets import DataError
from minigrad.shared import download


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


def test_download_is_checked_stored_and_used_again(small, contents, tmp_path, serve):
    small = dataclasses.replace(small, address=serve(files_of(write(tmp_path / "up", contents))))
    first = small.load_data()
    assert cached(tmp_path) == sorted(f"{name}.gz" for name in FILES)
    offline = dataclasses.replace(small, address="http://127.0.0.1:9/")
    again = offline.load_data()
    assert np.array_equal(first[0][0], again[0][0])


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("with_tqdm", [True, False])
def test_download_shows_progress(
    small, contents, tmp_path, serve, capsys, monkeypatch, with_tqdm, terminal
):
    """A line that moves in a terminal, a line for each file in a log."""
    if not with_tqdm:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    small = dataclasses.replace(small, address=serve(files_of(write(tmp_path / "up", contents))))
    small.load_data()
    said = capsys.readouterr().err
    assert "train-images-idx3-ubyte.gz" in said and ("\r" in said) == terminal


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


# Servers that speak no HTTP, or never come to an end


@pytest.fixture
def speak():
    """Start a server that answers each connection by a function of its own; return its address."""
    listening, over = [], threading.Event()

    def start(say) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def answer(connection):
            with contextlib.suppress(OSError), connection:
                connection.recv(1 << 16)
                say(connection, over)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield start
    over.set()
    for server in listening:
        server.close()


def endlessly(piece: bytes, first: bytes = b"", pause: float = 0.01):
    def say(connection, over):
        connection.sendall(first)
        while not over.wait(pause):
            connection.sendall(piece)

    return say


ENDLESS = {
    "a status line byte by byte": endlessly(b"H"),
    "an empty line after another": endlessly(b"\r\n"),
    "100 Continue for ever": endlessly(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "one header byte by byte": endlessly(b"x", b"HTTP/1.1 200 OK\r\nX-A: "),
    "one header line, quickly": endlessly(b"x" * 4096, b"HTTP/1.1 200 OK\r\nX-A: ", pause=0.0),
    "header after header": endlessly(b"X-A: b\r\n", b"HTTP/1.1 200 OK\r\n"),
    "a body byte by byte": endlessly(b"x", b"HTTP/1.1 200 OK\r\n\r\n"),
    "chunks of nothing known": endlessly(
        b"1;" + b"x" * 50 + b"\r\nx\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "nothing": endlessly(b""),
}


@pytest.mark.parametrize("say", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_an_end_is_left_in_time(speak, monkeypatch, say):
    monkeypatch.setattr(download, "DEADLINE", 0.4)
    start = time.monotonic()
    with pytest.raises((TimeoutError, ConnectionError), match=r"127\.0\.0\.1"):
        download.download(speak(say) + "file.gz")
    assert time.monotonic() - start < 5  # it would not have ended at all


def test_redirects_in_a_circle_end(speak):
    def say(connection, over):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(ConnectionError):
        download.download(speak(say))


@pytest.mark.parametrize("where", ["file:///etc/hostname", "ftp://127.0.0.1:9/x", "data:,x"])
def test_a_redirect_out_of_http_is_not_followed(speak, where):
    def say(connection, over):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + where.encode() + b"\r\n\r\n")

    with pytest.raises(ConnectionError):
        download.download(speak(say))


def mutated(generator, content: bytes) -> bytes:
    """The bytes with some of them changed, cut, doubled or moved."""
    data = bytearray(content)
    for _ in range(generator.integers(1, 4)):
        a, b = sorted(generator.integers(0, len(data) + 1, 2).tolist())
        match generator.integers(5):
            case 0:
                data[a : a + 1] = generator.bytes(1)
            case 1:
                del data[a : min(b, a + 40)]
            case 2:
                data[a:a] = data[b : b + 40]
            case 3:
                del data[a:]
            case 4:
                data[a:a] = generator.choice([b"\r\n", b"\r\n\r\n", b":", b"\0", b"9" * 30])
        if not data:
            break
    return bytes(data)


@has_a_long_form
def test_damaged_answers_give_the_file_or_a_clear_error(
    small, contents, tmp_path, speak, monkeypatch, capsys, figures
):
    monkeypatch.setattr(download, "DEADLINE", 2.0)
    generator, name = np.random.default_rng(0), FILES[0]
    packed = gzip.compress(contents[name])[:3000]
    whole = (
        b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: application/gzip\r\n"
        b"Content-Length: %d\r\n\r\n" % len(packed)
    )
    cases, right = times(60, 2000), 0
    answers = iter([])

    def say(connection, over):
        connection.sendall(next(answers))

    address = speak(say)
    for _ in range(cases):
        # the head more often than its length would have it
        head = mutated(generator, whole) if generator.random() < 0.7 else whole
        body = packed if generator.random() < 0.7 else mutated(generator, packed)
        answers = iter([head + body] * 12)
        try:
            right += download.download(address + name) == packed
        except (ConnectionError, TimeoutError) as error:
            assert "127.0.0.1" in str(error)
    capsys.readouterr()
    assert 0 < right < cases
    figures(f"downloads: {cases} damaged answers, {right} of them the file, else a clear error")
