"""Adagrad and those that forget: each gradient divided by the size of those before it."""

from operator import attrgetter
from typing import Any

import numpy as np

from minigrad.graph import Variable, recordable
from minigrad.optimizers.base import Optimizer, average
from minigrad.optimizers.learning_rate import below_1
from minigrad.shared.arguments import flag, number
from minigrad.shared.settings import argument

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


@recordable
class Adagrad(Optimizer):
    """Each gradient divided by the root of the sum of its squares: the steps become shorter.

        a ← a + g²,    w ← w − learning_rate · g / √(a + ε)

    Source: Duchi et al. (2011), JMLR 12, eq. 1 with diagonal matrices.

    Args:
        learning_rate: How far the first steps go, about.
        initial_accumulator_value: What the sum begins with.
        epsilon: Keeps the quotient finite.
        common: See :class:`Optimizer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(1.0)
        >>> adagrad = mg.optimizers.Adagrad(0.5, initial_accumulator_value=7.0)
        >>> adagrad.apply([np.array(3.0)], [x])
        >>> round(float(x.value), 6)
        0.625
    """

    slots = 1

    learning_rate: Any = argument(default=0.001)
    initial_accumulator_value: float = argument(number, 0.1, least=0)
    epsilon: float = argument(number, 1e-7, least=0)
    _fresh = property(attrgetter("initial_accumulator_value"))  # type: ignore[assignment]

    def update(self, variable: Variable, gradient: Any) -> None:
        (squares,) = self.state(variable)
        squares += gradient * gradient
        step = gradient / np.sqrt(squares + self.epsilon)
        variable.value = variable.value - step * self.learning_rate


@recordable
class RMSprop(Optimizer):
    """Each gradient divided by the root of the mean of its squares, perhaps with momentum.

        v ← ρv + (1 − ρ)g²,    w ← w − learning_rate · g / √(v + ε)

    Source: Hinton (2012), "Neural networks for machine learning", lecture 6e; Graves,
    arXiv 1308.0850, eq. 38 to 45, for the centered form.

    Args:
        learning_rate: About how far a weight goes in a step.
        rho: How long the mean of the squares is remembered, from 0 to 1.
        momentum: Part of the last step that is taken again.
        epsilon: Keeps the quotient finite.
        centered: Whether the square of the gradients' mean is subtracted from v, which leaves
            their variance.
        common: See :class:`Optimizer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(1.0)
        >>> mg.optimizers.RMSprop(rho=0.75).apply([np.array(50.0)], [x])
        >>> round(float(x.value), 6)
        0.998
    """

    learning_rate: Any = argument(default=0.001)
    rho: float = argument(below_1, 0.9)
    momentum: float = argument(number, 0.0, least=0, most=1)
    epsilon: float = argument(number, 1e-7, least=0)
    centered: bool = argument(flag, False)

    @property
    def slots(self) -> int:  # type: ignore[override]
        """How many arrays are kept for each weight: v, the last step, the mean.

        Each has its place, so that momentum can be given and taken between steps.
        """
        return 3 if self.centered else 2 if self.momentum else 1

    def update(self, variable: Variable, gradient: Any) -> None:
        v, *others = self.state(variable)
        average(v, gradient * gradient, self.rho)
        square = v + self.epsilon
        if self.centered:
            average(others[1], gradient, self.rho)
            square = v - others[1] * others[1] + self.epsilon
        step = gradient / np.sqrt(square) * self.learning_rate
        if self.momentum:
            others[0] *= self.momentum
            others[0] += step
            step = others[0]
        variable.value = variable.value - step


@recordable
class Adadelta(Optimizer):
    """Each gradient divided by its own size lately, times the size of the steps lately.

        a ← ρa + (1 − ρ)g²,    Δ = g · √((d + ε) / (a + ε))
        d ← ρd + (1 − ρ)Δ²,    w ← w − learning_rate · Δ

    Source: Zeiler, arXiv 1212.5701, algorithm 1, which has a learning rate of 1.

    Args:
        learning_rate: Part of the step that is taken.
        rho: How long the means of the squares are remembered, from 0 to 1.
        epsilon: Keeps the quotient finite, and lets the first step be one.
        common: See :class:`Optimizer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(1.0)
        >>> mg.optimizers.Adadelta(1.0, epsilon=0.01).apply([np.array(50.0)], [x])
        >>> round(float(x.value), 2)
        0.55
    """

    slots = 2

    learning_rate: Any = argument(default=0.001)
    rho: float = argument(below_1, 0.95)
    epsilon: float = argument(number, 1e-7, least=0)

    def update(self, variable: Variable, gradient: Any) -> None:
        gradients, steps = self.state(variable)
        average(gradients, gradient * gradient, self.rho)
        step = gradient * np.sqrt((steps + self.epsilon) / (gradients + self.epsilon))
        average(steps, step * step, self.rho)
        variable.value = variable.value - step * self.learning_rate
