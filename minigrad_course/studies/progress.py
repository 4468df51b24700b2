"""How far a command is: a bar in a terminal, and plain lines in a file or a pipe."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator

from minigrad.shared.console import moves

__all__ = ["progress"]


@contextlib.contextmanager
def progress(
    total: int, unit: str, done: int = 0
) -> Iterator[tuple[Callable[[str], object], Callable[[], object]]]:
    """Show on the error stream how much of a long work is done.

    In a terminal it is tqdm's bar, which leaves nothing behind. Where there is no tqdm, and in a
    file or a pipe, each part is a line when it begins.

    Args:
        total: How many parts the work has.
        unit: What a part is called: ``"run"``.
        done: How many of them are done already.

    Yields:
        Two functions: one that is told what begins, and one that is called when a part is done.

    Example:
        >>> with contextlib.redirect_stderr(sys.stdout), progress(2, "run", done=1) as (begin, end):
        ...     begin("the second")
        ...     end()
        2/2 the second
    """
    if moves(sys.stderr) and importlib.util.find_spec("tqdm"):
        from tqdm import tqdm

        with tqdm(total=total, initial=done, unit=unit, leave=False, dynamic_ncols=True) as bar:
            yield bar.set_description, bar.update
        return

    def begin(what: str) -> None:
        nonlocal done
        done += 1
        print(f"{done}/{total} {what}", file=sys.stderr, flush=True)

    yield begin, lambda: None
