"""Pictures that say what they show, to readers who cannot see them.

Notebook programs ignore the alternative text in an image's metadata (JupyterLab 4.6, nbconvert
7.17), so a picture is sent as HTML as well, where it has its place. Programs that show no HTML
take the image.
"""

import html
import re
from base64 import b64encode
from typing import Any

__all__ = ["bundle", "escape", "image_tag"]

# What no XML may contain: control characters, and halves of surrogate pairs.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    r"""A name or a sentence as it may stand in SVG and HTML, whatever is in it.

    Args:
        text: Any text.

    Example:
        >>> from minigrad.display.described import escape
        >>> escape("<b> & \x00") == "&lt;b&gt; &amp; \ufffd"
        True
    """
    return html.escape(FORBIDDEN.sub("\ufffd", text))


def image_tag(data: bytes, alt: str, width: float | None = None, kind: str = "png") -> str:
    """An ``<img>`` that holds the picture itself and its alternative text.

    Args:
        data: The bytes of the file.
        alt: What the picture shows, in a sentence.
        width: In pixels; by default the picture's own.
        kind: ``"png"`` or ``"svg+xml"``.

    Example:
        >>> from minigrad.display.described import image_tag
        >>> image_tag(b"", "a & b", width=80)
        '<img alt="a &amp; b" width="80" style="max-width:100%" src="data:image/png;base64,">'
    """
    wide = "" if width is None else f'width="{width:.0f}" '
    source = f"data:image/{kind};base64,{b64encode(data).decode()}"
    return f'<img alt="{escape(alt)}" {wide}style="max-width:100%" src="{source}">'


def bundle(text: str, png: bytes, alt: str, width: float | None = None) -> Any:
    """The forms of a picture among which a notebook program chooses, and their metadata.

    Args:
        text: Its text form.
        png: The bytes of a PNG file.
        alt: What it shows, in a sentence.
        width: In pixels; by default the picture's own.
    """
    look: dict[str, Any] = {"alt": alt} | ({} if width is None else {"width": width})
    data = {"text/plain": text, "text/html": image_tag(png, alt, width), "image/png": png}
    return data, {"image/png": look}
