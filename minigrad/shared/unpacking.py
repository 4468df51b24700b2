"""Reading files of others: packed or not, never more than is wanted, and a word for what is wrong."""

import gzip
import io
import zlib
from typing import BinaryIO

PART = 1 << 20  # bytes that are read at a time

# What people hand over by mistake, by how it begins.
OTHERS = {
    b"PK": "a zip archive (.npz and .xlsx are such): unpack it first",
    b"BZh": "packed with bzip2: unpack it first",
    b"\xfd7zXZ": "packed with xz: unpack it first",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8",
    b"version https://git-lfs": "a pointer of Git LFS, not the file: git lfs pull fetches it",
}


class DataError(ValueError):
    """A data file that is not what it should be; the message names the file and the row.

    Example:
        >>> issubclass(DataError, ValueError)
        True
    """


class Unpacked:
    """The content of a file, gzipped or not, read bit by bit.

    A packed file of a megabyte may hold a gigabyte. So whoever reads says how much, and no more
    than that is unpacked.

    Args:
        raw: The file, at its beginning.
        source: What to call it in errors.

    Raises:
        DataError: When it is packed in another way, or is not gzip although its name says so.

    Example:
        >>> import gzip, io
        >>> Unpacked(io.BytesIO(gzip.compress(b"abc")), "file.gz").read(2)
        b'ab'
    """

    def __init__(self, raw: BinaryIO, source: object) -> None:
        self.source = source
        begin = raw.read(24)
        raw.seek(0)
        for mark, what in OTHERS.items():
            if begin.startswith(mark):
                raise DataError(f"{source}: this is {what}")
        packed = begin.startswith(b"\x1f\x8b")
        if str(source).endswith(".gz") and not packed:
            raise DataError(f"{source}: not gzip, it begins with {begin[:12]!r}")
        self.stream: BinaryIO = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore
        self.text: io.TextIOWrapper | None = None

    def read(self, count: int) -> bytes:
        """The next bytes, or fewer where the content ends.

        Args:
            count: How many.

        Raises:
            DataError: When the packed data are damaged or end too early.
        """
        parts: list[bytes] = []  # a file may say that it holds much, and hold little
        try:
            while count > 0 and (part := self.stream.read(min(count, PART))):
                parts.append(part)
                count -= len(part)
            return b"".join(parts)
        except (OSError, EOFError, zlib.error) as error:
            raise self.fault(error) from None

    def line(self, longest: int) -> str:
        """The next line with its end, or nothing after the last; a longer one comes in parts.

        Args:
            longest: How many characters at the most.

        Raises:
            DataError: When the packed data are damaged or end too early.
        """
        if self.text is None:
            self.text = io.TextIOWrapper(self.stream, "utf-8-sig", "replace", newline=None)
        try:
            return self.text.readline(longest)
        except (OSError, EOFError, zlib.error) as error:
            raise self.fault(error) from None

    def fault(self, error: Exception) -> DataError:
        if isinstance(error, EOFError):
            return DataError(f"{self.source}: truncated, the packed data end too early")
        return DataError(f"{self.source}: damaged ({error})")
