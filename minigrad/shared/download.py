"""Fetching a file: with a progress bar, within a time limit, stored whole or not at all."""

import io
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minigrad.shared import files
from minigrad.shared.console import moves

SILENCE = 30.0  # seconds a server may stay silent
DEADLINE = 900.0  # seconds one file may take altogether
MOST = 1 << 27  # bytes of one file; the largest of ours has 26 MB


def cache_folder() -> Path:
    """Return the user's cache: MINIGRAD_CACHE, XDG_CACHE_HOME, or where this system keeps caches.

    Example:
        >>> os.environ["MINIGRAD_CACHE"] = "somewhere"
        >>> cache_folder().name
        'somewhere'
        >>> del os.environ["MINIGRAD_CACHE"]
    """
    if "MINIGRAD_CACHE" in os.environ:
        return Path(os.environ["MINIGRAD_CACHE"])
    if "XDG_CACHE_HOME" in os.environ:
        return Path(os.environ["XDG_CACHE_HOME"]) / "minigrad"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "minigrad"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/minigrad"
    return Path.home() / ".cache/minigrad"


def download(url: str) -> bytes:
    """Fetch a file with a progress bar, within the time limits; store nothing.

    Args:
        url: Where the file is.

    Returns:
        All its bytes, unchecked.

    Raises:
        ConnectionError: There is no network, no such file, the answer breaks off or does not end.
        TimeoutError: Nothing came for ``SILENCE`` seconds, or not all within ``DEADLINE``.

    Example:
        >>> download("http://127.0.0.1:9/file.gz")
        Traceback (most recent call last):
        ConnectionError: http://127.0.0.1:9/file.gz: ... Is there a network? ...
    """
    import http.client

    end = time.monotonic() + DEADLINE
    by_hand = "Or fetch it by hand and name its folder: load_data(path=folder)"
    parts, received = [], 0
    try:
        with opener(end).open(url, timeout=SILENCE) as response:
            length = response.headers.get("Content-Length") or "0"
            wanted = int(length) if length.isdecimal() else 0
            with progress(url.rsplit("/", 1)[-1], wanted) as advance:
                for part in iter(lambda: response.read1(1 << 16), b""):
                    parts.append(part)
                    received += len(part)
                    if received > MOST:
                        raise OSError(f"more than {MOST:,} bytes came, which no file of ours has")
                    advance(len(part))
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a broken URL
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise TimeoutError(f"{url}: no answer in time. Try again later. {by_hand}") from None
        raise ConnectionError(f"{url}: {reason}. Is there a network? {by_hand}") from None
    packed = b"".join(parts)
    if len(packed) < wanted:
        raise ConnectionError(
            f"{url}: truncated, {len(packed)} of {wanted} bytes arrived. {by_hand}"
        )
    return packed


def opener(end: float) -> Any:
    """What opens addresses, and reads no answer longer than until ``end``, headers included."""
    import http.client
    import urllib.request

    class Answer(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
            super().__init__(sock, *arguments, **options)
            self.fp.close()
            self.fp = io.BufferedReader(Patient(sock, end))

    def connection(kind: type) -> Any:
        return type(kind.__name__, (kind,), {"response_class": Answer})

    class Plain(urllib.request.HTTPHandler):
        def http_open(self, request: Any) -> Any:
            return self.do_open(connection(http.client.HTTPConnection), request)

    class Encrypted(urllib.request.HTTPSHandler):
        def https_open(self, request: Any) -> Any:
            return self.do_open(connection(http.client.HTTPSConnection), request)

    return urllib.request.build_opener(Plain, Encrypted)


class Patient(io.RawIOBase):
    """A socket that is waited for until a time: what sends a byte now and then ends, too."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self.sock, self.end, self.bytes = sock, end, sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(min(SILENCE, left))
        return self.bytes.readinto(buffer)  # type: ignore[attr-defined, no-any-return]

    def close(self) -> None:
        self.bytes.close()
        super().close()


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show how far a download is: tqdm's bar or one line of text; in a file, what was fetched."""
    if not moves(sys.stderr):
        yield lambda count: None
        print(f"{title}: fetched", file=sys.stderr)
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            print(f"\r{title}: {done / 1e6:.1f} of {total / 1e6:.1f} MB", end="", file=sys.stderr)

        yield advance
        print(file=sys.stderr)
    else:
        with tqdm(desc=title, total=total or None, unit="B", unit_scale=True) as bar:
            yield bar.update


def store(packed: bytes, file: Path) -> None:
    """Write a file whole or not at all: under another name first, then renamed.

    Args:
        packed: What to write.
        file: Its final name; missing folders are made.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store(b"abc", Path(folder) / "new" / "file.gz")
        ...     [file.name for file in Path(folder).rglob("*.gz*")]
        ['file.gz']
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    files.replace(file, lambda opened: opened.write(packed))
