"""Printing that looks well in a notebook, and says the same everywhere else."""

from __future__ import annotations

import sys

__all__ = ["show"]


def show(text: str, html: str) -> None:
    """Show a page where there is one to show it on, and print its text elsewhere.

    Args:
        text: What is printed in a terminal.
        html: The same for a notebook.

    Example:
        >>> from minigrad_course.lessons.pages import show
        >>> show("six", "<b>six</b>")
        six
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, "text/html": html}, raw=True)
