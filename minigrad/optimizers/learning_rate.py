"""A learning rate as scripts use it, and the numbers that optimizers take."""

from typing import Any, Self

from minigrad.shared.arguments import number
from minigrad.shared.results import Number


def below_1(owner: str, argument: str, value: Any) -> float:
    """How much of something old is remembered: at 1 nothing new would ever be."""
    if value == 1:
        raise ValueError(f"{owner}: {argument} is a number from 0 to less than 1, got {value!r}")
    return number(owner, argument, value, 0, 1)


def amount(owner: str, argument: str, value: Any) -> float | None:
    """A number of at least 0, or ``None``, for which ``False`` stands as well."""
    return None if value is False else number(owner, argument, value, 0)


class LearningRate(Number):
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

    def assign(self, value: Any) -> Any:
        """Change the optimizer's learning rate."""
        if self.owner is None:
            raise TypeError("a learning rate that follows a schedule cannot be set")
        self.owner.learning_rate = value
        return self.owner.learning_rate
