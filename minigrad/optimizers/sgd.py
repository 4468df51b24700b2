"""Stochastic gradient descent."""

from typing import Any

from minigrad.graph import Variable, recordable
from minigrad.optimizers.base import Optimizer
from minigrad.shared.arguments import flag, number
from minigrad.shared.settings import argument

__all__ = ["SGD"]


@recordable
class SGD(Optimizer):
    """Stochastic gradient descent: a step against the gradient, perhaps with momentum.

        v ← momentum·v − learning_rate·g,    w ← w + v

    Source: Sutskever et al. (2013), eq. 1 to 4; written as Keras writes it.

    Args:
        learning_rate: How far to go.
        momentum: Part of the last step that is taken again, from 0 to 1.
        nesterov: Whether the gradient counts as taken after the momentum.
        common: See :class:`Optimizer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.optimizers.SGD().learning_rate
        0.01
    """

    learning_rate: Any = argument(default=0.01)
    momentum: float = argument(number, 0.0, least=0, most=1)
    nesterov: bool = argument(flag, False)

    @property
    def slots(self) -> int:  # type: ignore[override]
        """How many arrays are kept for each weight (the velocity, where there is momentum)."""
        return 1 if self.momentum else 0

    def update(self, variable: Variable, gradient: Any) -> None:
        step = gradient * self.learning_rate
        if not self.momentum:
            variable.value = variable.value - step
            return
        (velocity,) = self.state(variable)
        velocity *= self.momentum
        velocity -= step
        if self.nesterov:
            variable.value = variable.value - step + velocity * self.momentum
        else:
            variable.value = variable.value + velocity
