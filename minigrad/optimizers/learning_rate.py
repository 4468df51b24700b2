"""A learning rate as scripts use it, and the numbers that optimizers and schedules take."""

import math
from typing import Any, Self

import numpy as np

from minigrad.shared.arguments import number

OPTIONAL = ("weight_decay", "clipnorm", "clipvalue", "warmup_target")
BELOW_1 = {"beta_1", "beta_2", "rho"}  # at 1 nothing new would ever be remembered
LIMITS = {  # the smallest and the largest, where they are not 0 and infinity
    **dict.fromkeys(("beta_1", "beta_2", "momentum", "rho"), (0, 1)),
    "decay_steps": (1, math.inf),
}


def numbers(owner: Any, **given: Any) -> list[Any]:
    """The values, if each is a number that its argument can be, or ``None`` where that will do.

    Args:
        owner: Whose arguments.
        given: The values by the arguments' names.

    Raises:
        ValueError: When one is not.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.optimizers.learning_rate import numbers
        >>> numbers(mg.optimizers.SGD(), momentum=1.5)
        Traceback (most recent call last):
        ValueError: SGD: momentum is a number from 0 to 1, got 1.5
    """
    kind = type(owner).__name__
    for name in BELOW_1 & given.keys():
        if given[name] == 1:
            raise ValueError(
                f"{kind}: {name} is a number from 0 to less than 1, got {given[name]!r}"
            )
    return [
        number(kind, name, value, *LIMITS.get(name, (0, math.inf)))
        if name not in OPTIONAL or (value is not None and value is not False)
        else None
        for name, value in given.items()
    ]


class LearningRate(float):
    """A learning rate: a number that can be read and changed as Keras's are.

    Args:
        value: The number.
        owner: The optimizer whose rate it is; ``None`` if a schedule says it.

    Example:
        >>> import minigrad as mg
        >>> adam = mg.optimizers.Adam()
        >>> adam.learning_rate.assign(0.01)
        0.01
        >>> adam.learning_rate, float(adam.learning_rate.numpy())
        (0.01, 0.01)
    """

    owner: Any

    def __new__(cls, value: float, owner: Any = None) -> Self:
        self = super().__new__(cls, value)
        self.owner = owner
        return self

    def numpy(self) -> np.float64:
        """The number, as NumPy has it."""
        return np.float64(self)

    def assign(self, value: Any) -> Any:
        """Change the optimizer's learning rate."""
        if self.owner is None:
            raise TypeError("a learning rate that follows a schedule cannot be set")
        self.owner.learning_rate = value
        return self.owner.learning_rate
