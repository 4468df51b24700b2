"""What is written to: whether it knows a character, and whether a line on it can move."""

import sys
from typing import Any

# Lines and signs, and what stands for them where there is ASCII only.
PLAIN = str.maketrans(
    {
        **dict.fromkeys("━─", "-"),
        **dict.fromkeys("┃│", "|"),
        **dict.fromkeys("┏┳┓┡╇┩├┼┤└┴┘", "+"),
        **dict.fromkeys("×·", "x"),
        **dict.fromkeys("–−", "-"),
        "…": "...",
    }
)


def shown(text: str) -> str:
    """The text as the console that is written to can show it.

    Args:
        text: What is to be printed.

    Returns:
        The text itself, or with plain characters in place of those that the console lacks.

    Example:
        >>> import contextlib, io
        >>> from minigrad.shared.console import shown
        >>> with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "cp1252")):
        ...     text = shown("├─ 3×3 …")
        >>> text
        '+- 3x3 ...'
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    return text


def moves(stream: Any) -> bool:
    """Whether a line on a stream can be written over: on a terminal and in a notebook, in no file.

    Args:
        stream: ``sys.stdout`` or ``sys.stderr``; the second is ``None`` where there is no console.

    Example:
        >>> import io
        >>> from minigrad.shared.console import moves
        >>> moves(io.StringIO())
        False
    """
    kernel = type(stream).__module__.startswith(("ipykernel", "pyodide_kernel"))
    return kernel or bool(stream and stream.isatty())
