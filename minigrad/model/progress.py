"""The progress line of ``fit``, ``evaluate`` and ``predict``.

It says what Keras's says: steps done and to do, time, time for a step, and the metrics.
On a terminal and in a notebook the line is written over itself; elsewhere (in a log) only
the finished line appears.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from minigrad.shared.console import moves
from minigrad.shared.showing import figure

WIDTH = 20  # of the bar
INTERVAL = 0.1  # seconds between two drawings


def describe(seconds: float) -> str:
    """A time for a step, in the unit that suits it.

    Example:
        >>> from minigrad.model.progress import describe
        >>> describe(2.0), describe(0.0123), describe(0.000045)
        ('2s', '12ms', '45us')
    """
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def numbers(logs: Mapping[str, float]) -> str:
    return "".join(f" - {name}: {figure(value)}" for name, value in logs.items())


def check_verbose(verbose: Any) -> None:
    """Refuse what is no ``verbose``.

    Args:
        verbose: What a user gave.

    Raises:
        ValueError: When it is not 0, 1, 2 or ``"auto"``.
    """
    if not isinstance(verbose, (int, str)) or verbose not in (0, 1, 2, "auto"):
        raise ValueError(f'verbose is 0, 1, 2 or "auto", got {verbose!r:.60}')


class ProgressLine:
    """One line for one epoch.

    Args:
        steps: How many steps the epoch has; ``None`` where nobody knows before its end.
        verbose: 0 for nothing, 1 or ``"auto"`` for a line that moves, 2 for one line at
            the end.

    """

    def __init__(self, steps: int | None, verbose: int | str = "auto") -> None:
        self.steps, self.verbose = steps, 1 if verbose == "auto" else int(verbose)
        self.done = 0
        self.moving = self.verbose == 1 and moves(sys.stdout)
        self.start = self.drawn = time.perf_counter()
        self.length = 0

    def step(self, done: int, logs: Callable[[], Mapping[str, float]]) -> None:
        """Draw the line, if it moves and the last drawing is old enough.

        Args:
            done: Steps done.
            logs: Gives the metrics; called only if the line is drawn.
        """
        self.done = done
        if not self.moving:
            return
        now = time.perf_counter()
        if now - self.drawn >= INTERVAL:
            self.drawn = now
            each = (now - self.start) / done
            left = f"{each * (self.steps - done):.0f}s " if self.steps else ""
            self.draw(done, f"{left}{describe(each)}/step{numbers(logs())}")

    def finish(self, logs: Mapping[str, float]) -> None:
        """Draw the finished line.

        Args:
            logs: The metrics of the epoch.
        """
        if not self.verbose:
            return
        self.steps = self.steps or self.done  # which is known at last
        took = time.perf_counter() - self.start
        each = f"{describe(took / max(self.steps, 1))}/step{numbers(logs)}"
        if self.verbose == 1:
            self.draw(self.steps, f"{took:.0f}s {each}")
            print(flush=True)
        else:
            print(f"{self.steps}/{self.steps} - {took:.0f}s - {each}", flush=True)

    def draw(self, done: int, rest: str) -> None:
        full = "━" if (sys.stdout.encoding or "").lower().startswith("utf") else "="
        filled = WIDTH * done // max(self.steps, 1) if self.steps else 0
        bar = full * filled + "·" * (WIDTH - filled) if full == "━" else "=" * filled
        steps = self.steps or "Unknown"
        count = f"{done:{len(str(steps))}d}/{steps}"
        line = f"{count} {bar:{WIDTH}} {rest}"
        print(("\r" if self.moving else "") + line.ljust(self.length), end="", flush=self.moving)
        self.length = len(line)
