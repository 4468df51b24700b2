"""Writing a file whole or not at all, as an ordinary file."""

import errno
import glob
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any


def replace(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file, which appears under its name only when it is complete.

    It has the permissions that any other new file would have, or those of the file that it
    replaces; a link is followed. What processes that were killed have left of this file is
    removed.

    Args:
        path: The file.
        write: Writes the contents into a file that is open.

    Raises:
        OSError: When it cannot be written; the file is as it was then, and the error names it.

    Example:
        >>> import tempfile
        >>> from minigrad.shared.files import replace
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     replace(Path(folder) / "a.txt", lambda file: file.write(b"abc"))
        ...     [file.name for file in Path(folder).iterdir()]
        ['a.txt']
    """
    target = Path(os.path.realpath(path))
    here = f".{target.name}.{socket.gethostname()}"
    beside = target.with_name(f"{here}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "it may only be read")
        remove_leftovers(target.parent, here)
        with open(beside, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(beside, target.stat().st_mode & 0o7777)
        os.replace(beside, target)
        keep_name(target.parent)
    except OSError as error:
        reason = f"{error.strerror or error}; nothing was written"
        if not target.parent.is_dir():
            reason = f"there is no folder {target.parent}"
        raise type(error)(error.errno, reason, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)  # it is there only if something went wrong


def remove_leftovers(folder: Path, beginning: str) -> None:
    """Remove what processes of this machine that live no more have begun to write."""
    if os.name != "posix":
        return  # there is no harmless way to ask whether a process lives
    for file in folder.glob(f"{glob.escape(beginning)}.*.part"):
        number = file.name.split(".")[-2].split("-")[0]
        if number.isdigit() and not lives(int(number)):
            file.unlink(missing_ok=True)


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def keep_name(folder: Path) -> None:
    """Have the folder's entries written, where a system can be asked to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # some file systems do not
                os.fsync(handle)
        finally:
            os.close(handle)
