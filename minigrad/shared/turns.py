"""Turns: one step at a time changes a weight, whoever asks for it, in whichever thread.

A model has a lock, its weights know it, and models that share a weight come to share their locks.
A ``with`` names the lock twice, ``with turn_of(weights), turn_of(weights):``, since it may have
been joined with another one while the thread waited for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

FREE: AbstractContextManager[Any] = nullcontext()
helping = threading.local()  # ``hand``: whether this thread works for one that has the turn


class Lock:
    """A lock that its holder may take again, that a forked process finds open, and that copies anew.

    Example:
        >>> import copy
        >>> from minigrad.shared.turns import Lock
        >>> lock = Lock()
        >>> with lock.own, lock.own:
        ...     copy.deepcopy(lock).take_if_free()
        True
    """

    def __init__(self) -> None:
        self.process, self.lock = os.getpid(), threading.RLock()
        self.into: Lock | None = None  # the one that is taken in its place

    @property
    def own(self) -> Any:
        """What a ``with`` takes: of Python's own, so that Ctrl-C comes before it or within."""
        if hasattr(helping, "hand"):
            return FREE
        lock = self.first
        if lock.process != os.getpid():  # the thread that held it is in the other process
            lock.process, lock.lock = os.getpid(), threading.RLock()
        return lock.lock

    @property
    def first(self) -> Lock:
        """The lock that is taken for this one."""
        lock = self
        while lock.into is not None:
            lock = lock.into
        return lock

    def take_if_free(self) -> bool:
        """Take the lock if no other thread holds it, and say whether."""
        return bool(self.own.acquire(blocking=False))

    def release(self) -> None:
        """Give the lock back."""
        self.own.release()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()


joining = Lock()  # also that of weights that no model has computed with


def join(lock: Lock, owners: Iterable[Any]) -> None:
    """Have one lock for what a model changes, and for all that share some of it with the model.

    Args:
        lock: The model's, which the thread does not hold.
        owners: Weights, and an optimizer; each remembers its lock as ``_turn``.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.turns import Lock, join
        >>> shared, one, other = mg.Variable(1.0), Lock(), Lock()
        >>> join(one, [shared])
        >>> join(other, [shared])
        >>> one.own is other.own
        True
    """
    for owner in owners:
        with joining.own:
            if owner._turn is None:
                owner._turn = lock
            old, lost, first = lock.own, lock.first, owner._turn.first
            if lost is first:
                continue
            lost.into = first
        with old:  # a step that has begun with it ends before another begins
            pass


def turn_of(owners: Iterable[Any]) -> Any:
    """What a ``with`` takes to have the turn of some weights."""
    return next((owner._turn for owner in owners if owner._turn is not None), joining).own


def in_turn(method: Method) -> Method:
    """A method of a model that no step of another thread interrupts."""

    @wraps(method)
    def taken(self: Any, *arguments: Any, **options: Any) -> Any:
        join(self._turn, self.weights)
        with self._turn.own, self._turn.own:
            return method(self, *arguments, **options)

    return taken  # type: ignore[return-value]
