"""The lock of a model: one step at a time, whoever asks for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


class Lock:
    """A lock that its holder may take again, that a forked process finds open, and that copies anew.

    Example:
        >>> import copy
        >>> from minigrad.model.lock import Lock
        >>> lock = Lock()
        >>> with lock.own, lock.own:
        ...     copy.deepcopy(lock).take_if_free()
        True
    """

    def __init__(self) -> None:
        self.process, self.lock = os.getpid(), threading.RLock()

    @property
    def own(self) -> threading.RLock:
        """What a ``with`` takes: of Python's own, so that Ctrl-C comes before it or within."""
        if self.process != os.getpid():  # the thread that held it is in the other process
            self.process, self.lock = os.getpid(), threading.RLock()
        return self.lock

    def take_if_free(self) -> bool:
        """Take the lock if no other thread holds it, and say whether."""
        return self.own.acquire(blocking=False)

    def release(self) -> None:
        """Give the lock back."""
        self.own.release()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()


def in_turn(method: Method) -> Method:
    """A method of a model that no step of another thread interrupts."""

    @wraps(method)
    def taken(self: Any, *arguments: Any, **options: Any) -> Any:
        with self._lock.own:
            return method(self, *arguments, **options)

    return taken  # type: ignore[return-value]
