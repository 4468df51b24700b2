"""Build the website of the series from what is stored: nothing is executed, nothing is fetched."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from tools.book.pages import ROOT, Source

HERE = Path(__file__).resolve().parent


def build(site: Path, work: Path, *options: str) -> int:
    """Build it; what Sphinx warns of is an error.

    Args:
        site: The folder that becomes the website.
        work: The folder for what is needed on the way.
        options: More for Sphinx.

    Returns:
        0 where all went well.
    """
    source = Source(work / "source")
    source.lay_out()
    settings = [f"-Dhtml_static_path={HERE / 'static'},{source.static}"]
    settings += [f"-Dhtml_extra_path={source.site}"]
    folders = ["-c", str(HERE), "-d", str(work / "doctrees"), str(source.pages), str(site)]
    return sphinx(["-W", "--keep-going", "-q", *settings, *options, *folders])


def main() -> None:
    """Build it in build/book."""
    code = build(ROOT / "build" / "book", ROOT / "build" / "book-work", *sys.argv[1:])
    if code == 0:
        print(f"The website is in {ROOT / 'build' / 'book'}: open index.html there.")
    sys.exit(code)


if __name__ == "__main__":
    main()
