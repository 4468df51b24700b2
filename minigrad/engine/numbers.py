"""An optimizer's numbers while its rule is recorded: a learning rate may change between steps.

A ``Number`` stands for a number that is looked up in every step, and computing with it makes
another one. Where it meets an array it becomes an array without axes, which is refilled before
each step. Where a rule decides by it (``if self.momentum:``) the decision is noted: a plan is made
anew when it would turn out otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.noted import CannotRecord, Noted


class Number(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for a number that may be another one in the next step.

    Args:
        numbers: Who notes what is decided by it.
        key: Says how it is computed: two numbers with the same are the same.
        look_up: Computes it.

    Example:
        >>> from minigrad.engine.numbers import Numbers
        >>> import minigrad as mg
        >>> optimizer = mg.optimizers.SGD(0.25)
        >>> rate = Numbers().number(optimizer, "learning_rate")
        >>> half = rate / 2
        >>> optimizer.learning_rate = 0.5
        >>> half.look_up()
        0.25
    """

    def __init__(self, numbers: Numbers, key: Any, look_up: Callable[[], Any]) -> None:
        self.numbers, self.key, self.look_up = numbers, key, look_up

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(value, Noted) for value in inputs):
            return NotImplemented  # an array's business
        if method != "__call__" or options or any(isinstance(v, np.ndarray) for v in inputs):
            raise CannotRecord(f"np.{ufunc.__name__} of an optimizer's number")
        compute = PYTHONS.get(ufunc, ufunc)
        key = ufunc, *(value.key if isinstance(value, Number) else value for value in inputs)
        return Number(self.numbers, key, lambda: compute(*map(looked_up, inputs)))

    def __bool__(self) -> bool:
        decided = bool(self.look_up())
        self.numbers.decided[self.key] = self, decided
        return decided

    def __float__(self) -> float:
        raise CannotRecord("the rule asks for the number itself")

    __int__ = __index__ = __array__ = __float__
    __hash__ = object.__hash__


# Python's own arithmetic for what a rule computes with Python's numbers, so that it is the same
PYTHONS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.power: operator.pow,
    np.negative: operator.neg,
}


def looked_up(value: Any) -> Any:
    return value.look_up() if isinstance(value, Number) else value


class Numbers:
    """The numbers that the rules of a plan read."""

    def __init__(self) -> None:
        self.arrays: dict[Any, tuple[Number, Any]] = {}
        self.decided: dict[Any, tuple[Number, bool]] = {}

    def number(self, owner: Any, name: str) -> Number:
        """Stands for an attribute of an optimizer."""
        return Number(self, name, lambda: getattr(owner, name))

    def array(self, number: Number, dtype: Any) -> Any:
        """An array without axes that holds the number in each step."""
        key = number.key, np.dtype(dtype)
        if key not in self.arrays:
            self.arrays[key] = number, np.array(number.look_up(), dtype)
        return self.arrays[key][1]

    def refresh(self) -> None:
        """Look all numbers up, which may have changed since the last step."""
        for number, array in self.arrays.values():
            array[...] = number.look_up()

    def are_stale(self) -> bool:
        """Whether a rule would decide otherwise by now."""
        return any(bool(number.look_up()) != was for number, was in self.decided.values())
