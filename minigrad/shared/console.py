"""Text for a console that may not know every character."""

from __future__ import annotations

import sys

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
