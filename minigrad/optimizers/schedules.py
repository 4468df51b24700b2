"""Schedules: learning rates that change with the steps.

One is given as ``learning_rate``, and asked in each step by how many have been taken.

Example:
    >>> import minigrad as mg
    >>> halving = mg.optimizers.schedules.ExponentialDecay(0.8, decay_steps=100, decay_rate=0.5)
    >>> [float(halving(step)) for step in (0, 100, 200)]
    [0.8, 0.4, 0.2]
    >>> float(mg.optimizers.Adam(halving).learning_rate)
    0.8
"""

import math
from bisect import bisect_left
from typing import Any

import numpy as np

from minigrad.optimizers.learning_rate import LearningRate, amount
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, number
from minigrad.shared.settings import Configured, argument

__all__ = [
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


NAME = argument(default=None, usual=lambda schedule: type(schedule).__name__)


class LearningRateSchedule(Configured):
    """A learning rate for each step; the base class of those below.

    Example:
        One of one's own says the rate of a step, counted from 0:

        >>> import minigrad as mg
        >>> class Warming(mg.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 * min(1, (step + 1) / 5)
        >>> float(mg.optimizers.SGD(Warming()).learning_rate)
        0.02
    """

    def __call__(self, step: Any) -> Any:
        """The rate of a step.

        Args:
            step: How many have been taken before.

        Raises:
            ValueError: When it is no number of at least 0.
        """
        return LearningRate(self._at(number(type(self).__name__, "step", step, 0)))

    def _at(self, step: float) -> float:
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method yet")


class ExponentialDecay(LearningRateSchedule):
    """The initial rate, times the same factor after the same number of steps.

    Args:
        initial_learning_rate: The rate of the first step.
        decay_steps: After how many steps.
        decay_rate: What it is multiplied with by then.
        staircase: Whether it falls at once by then, in place of little by little.
        name: What to call it.

    Raises:
        ValueError: For arguments that make no sense.

    Example:
        >>> import minigrad as mg
        >>> rate = mg.optimizers.schedules.ExponentialDecay(0.8, 10, 0.5, staircase=True)
        >>> [float(rate(step)) for step in (9, 10)]
        [0.8, 0.4]
    """

    initial_learning_rate: float = argument(number, least=0)
    decay_steps: float = argument(number, least=1)
    decay_rate: float = argument(number, least=0)
    staircase: bool = argument(default=False)
    name: str = NAME

    def _passed(self, step: float) -> float:
        passed = step / self.decay_steps
        return math.floor(passed) if self.staircase else passed

    def _at(self, step: float) -> float:
        return float(self.initial_learning_rate * self.decay_rate ** self._passed(step))


class InverseTimeDecay(ExponentialDecay):
    """The initial rate, divided by a number that grows evenly.

    Args:
        initial_learning_rate: The rate of the first step.
        decay_steps: After how many steps.
        decay_rate: By how much the divisor, which begins with 1, has grown by then.
        staircase: Whether it grows at once by then, in place of little by little.
        name: What to call it.

    Raises:
        ValueError: For arguments that make no sense.

    Example:
        >>> import minigrad as mg
        >>> rate = mg.optimizers.schedules.InverseTimeDecay(0.6, decay_steps=10, decay_rate=1.0)
        >>> [float(rate(step)) for step in (0, 10, 20)]
        [0.6, 0.3, 0.2]
    """

    def _at(self, step: float) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * self._passed(step))


class PolynomialDecay(LearningRateSchedule):
    """From the initial rate to the last one, along a power of the steps that are left.

    Args:
        initial_learning_rate: The rate of the first step.
        decay_steps: After how many steps the last rate is reached.
        end_learning_rate: The last rate.
        power: The power; 1 for a straight line.
        cycle: Whether ``decay_steps`` grows by itself each time that it has passed.
        name: What to call it.

    Raises:
        ValueError: For arguments that make no sense.

    Example:
        >>> import minigrad as mg
        >>> rate = mg.optimizers.schedules.PolynomialDecay(0.5, 10, end_learning_rate=0.0)
        >>> [float(rate(step)) for step in (0, 5, 10, 15)]
        [0.5, 0.25, 0.0, 0.0]
    """

    initial_learning_rate: float = argument(number, least=0)
    decay_steps: float = argument(number, least=1)
    end_learning_rate: float = argument(number, 0.0001, least=0)
    power: float = argument(number, 1.0, least=0)
    cycle: bool = argument(default=False)
    name: str = NAME

    def _at(self, step: float) -> float:
        steps, last = self.decay_steps, self.end_learning_rate
        if self.cycle:
            steps *= max(math.ceil(step / steps), 1)
        left: float = (1 - min(step, steps) / steps) ** self.power
        return (self.initial_learning_rate - last) * left + last


class CosineDecay(LearningRateSchedule):
    """Half a wave from the initial rate down, perhaps after a rise.

    Source: Loshchilov and Hutter, arXiv 1608.03983, eq. 5.

    Args:
        initial_learning_rate: The rate of the first step.
        decay_steps: How many steps the way down takes.
        alpha: Part of the highest rate that is left in the end.
        name: What to call it.
        warmup_target: The rate at the end of the rise; ``None`` for no rise.
        warmup_steps: How many steps the rise takes.

    Raises:
        ValueError: For arguments that make no sense.

    Example:
        >>> import minigrad as mg
        >>> rate = mg.optimizers.schedules.CosineDecay(0.5, decay_steps=10)
        >>> [round(float(rate(step)), 6) for step in (0, 5, 10, 15)]
        [0.5, 0.25, 0.0, 0.0]
    """

    initial_learning_rate: float = argument(number, least=0)
    decay_steps: float = argument(number, least=1)
    alpha: float = argument(number, 0.0, least=0)
    name: str = NAME
    warmup_target: float | None = argument(amount, None)
    warmup_steps: float = argument(number, 0, least=0)

    def _at(self, step: float) -> float:
        first, top, rise = self.initial_learning_rate, self.warmup_target, self.warmup_steps
        if top is None:
            top, rise = first, 0
        if step < rise:
            return (top - first) * step / rise + first
        wave = 0.5 * (1 + math.cos(math.pi * min((step - rise) / self.decay_steps, 1)))
        return top * ((1 - self.alpha) * wave + self.alpha)


def row_of_numbers(owner: str, argument: str, values: Any) -> list[float]:
    return [number(owner, argument, each, 0) for each in np.ravel(values).tolist()]


class PiecewiseConstantDecay(LearningRateSchedule):
    """One rate up to a step, another up to the next, and so on.

    Args:
        boundaries: The last step of each rate but for the last rate, in order.
        values: The rates, one more.
        name: What to call it.

    Raises:
        ValueError: For arguments that make no sense.

    Example:
        >>> import minigrad as mg
        >>> rate = mg.optimizers.schedules.PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01])
        >>> [float(rate(step)) for step in (0, 10, 11, 21)]
        [0.1, 0.1, 0.05, 0.01]
    """

    boundaries: list[float] = argument(row_of_numbers)
    values: list[float] = argument(row_of_numbers)
    name: str = argument(default="PiecewiseConstant")

    def _agree(self) -> None:
        kind = type(self).__name__
        if not 0 < len(self.boundaries) == len(self.values) - 1:
            raise ValueError(
                f"{kind}: values are one more than boundaries, got {len(self.values)} values for "
                f"{len(self.boundaries)} boundaries"
            )
        if self.boundaries != sorted(self.boundaries):
            raise ValueError(f"{kind}: boundaries stand in order, got {brief(self.boundaries)}")

    def _at(self, step: float) -> float:
        return self.values[bisect_left(self.boundaries, step)]


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as a dictionary, the same as Keras's.

    Args:
        learning_rate_schedule: The schedule.

    Example:
        >>> import minigrad as mg
        >>> S = mg.optimizers.schedules
        >>> S.serialize(S.PolynomialDecay(0.1, 10))["class_name"]
        'PolynomialDecay'
    """
    return {
        "module": "keras.optimizers.schedules",
        "class_name": type(learning_rate_schedule).__name__,
        "config": learning_rate_schedule.get_config(),
        "registered_name": None,
    }


def deserialize(config: dict[str, Any]) -> LearningRateSchedule:
    """The schedule of a dictionary, of :func:`serialize` here or in Keras.

    Args:
        config: The dictionary.

    Raises:
        ValueError: When there is no such schedule.

    Example:
        >>> import minigrad as mg
        >>> S = mg.optimizers.schedules
        >>> float(S.deserialize(S.serialize(S.PolynomialDecay(0.1, 10)))(0))
        0.1
    """
    known = {name: globals()[name] for name in __all__ if "Decay" in name}
    kind = lookup.find("schedule", config.get("class_name"), known)
    return kind.from_config(config["config"])  # type: ignore[no-any-return]


__getattr__, __dir__ = lookup.public("optimizers.schedules", __all__)
